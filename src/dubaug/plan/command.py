"""`dubaug plan`: what a run would take, before it is started."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dubaug.errors import DubaugError

if TYPE_CHECKING:
    from dubaug.config import Experiment
    from dubaug.plan.jobs import DryRun, PlannedJob
    from dubaug.plan.rates import Rate
    from dubaug.plan.render import Plan

CLUSTER_CORES = 100_000
"""With a profile, or on GPUs, jobs run elsewhere: no job's threads are limited by this machine's cores."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "plan",
        help="jobs by rule, core-hours, GPU-hours, time and disk of a run, from measured rates",
        description="Ask Snakemake which jobs it would run (a dry run), and say what they take: core-hours and "
        "GPU-hours as reserved, time by the clock, disk by folder. Rates are of earlier runs of these results if "
        "there are any, else of the files given with --rates; what was never measured is unknown. Without a "
        "catalogue of films it plans as if all input data were there.",
    )
    parser.add_argument(
        "--config", type=Path, nargs="+", required=True, help="config.yaml and what lies on it, the last one on top"
    )
    parser.add_argument("--workflow", type=Path, required=True, help="the folder `workflow`")
    parser.add_argument("--snakefile", type=Path, required=True)
    parser.add_argument("--paper", type=Path, required=True, help="folder with the paper's published numbers")
    parser.add_argument("--scale", choices=("demo", "paper"), help="instead of the files' own scale")
    parser.add_argument("--profile", help="Snakemake's profile whose threads and resources count; needs --scale")
    parser.add_argument("--cores", type=int, help="cores of this machine to use (default: all); no job gets more")
    parser.add_argument("--rates", type=Path, nargs="*", default=[], metavar="FILE", help="rates measured elsewhere")
    parser.add_argument(
        "--clips-per-s-per-gpu", type=float, metavar="N", help="your own figure for pretraining, of each GPU"
    )
    parser.add_argument("--titles", type=int, help="how many films there will be")
    parser.add_argument("--film-hours", type=float, help="how long they will be together")
    parser.add_argument("--all", action="store_true", help="plan finished jobs, too, as if nothing had been run")
    parser.add_argument(
        "--out", type=Path, nargs="*", default=[], metavar="FILE", help="also write the plan: .json, .csv or .md"
    )
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="write what was measured here as rates for others, and no plan"
    )
    parser.add_argument("targets", nargs="+", metavar="TARGET", help="as Snakemake takes them: all_tables")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Make the plan and print it, or record rates."""
    _check(options)
    from dubaug.config import resolve_files
    from dubaug.files import write_json, write_text
    from dubaug.plan.render import to_csv, to_mapping, to_markdown, to_text

    experiment = resolve_files(options.config, options.workflow, scale=options.scale)
    if options.record is not None:
        _record(options, experiment)
        return
    plan = _plan(options, experiment)
    print(to_text(plan), end="")
    for path in options.out:
        if path.suffix == ".json":
            write_json(path, to_mapping(plan))
        else:
            write_text(path, to_csv(plan) if path.suffix == ".csv" else to_markdown(plan))


def _check(options: argparse.Namespace) -> None:
    """Raise `DubaugError` for options that do not go together."""
    if options.profile and not options.scale:
        raise DubaugError("--profile needs --scale: the scale that a profile names is not read from it")
    for path in options.out:
        if path.suffix not in {".json", ".csv", ".md"}:
            raise DubaugError(f"--out {path}: the name must end with .json, .csv or .md")
    for name in ("cores", "clips_per_s_per_gpu", "titles", "film_hours"):
        value = getattr(options, name)
        if value is not None and value <= 0:
            raise DubaugError(f"--{name.replace('_', '-')} must be more than 0; got {value}")


def _dry_run(options: argparse.Namespace, experiment: "Experiment") -> "DryRun":
    from dubaug.hardware import usable_cores
    from dubaug.plan.jobs import DryRun

    elsewhere = options.profile is not None or experiment.device == "cuda"
    return DryRun(
        snakefile=options.snakefile,
        config=options.config,
        scale=experiment.scale,
        targets=options.targets,
        cores=options.cores or (CLUSTER_CORES if elsewhere else usable_cores()),
        profile=options.profile,
    )


def _plan(options: argparse.Namespace, experiment: "Experiment") -> "Plan":
    from dubaug.downstream.experiment import missing_tasks, without_tasks
    from dubaug.plan.amounts import count
    from dubaug.plan.disk import spaces
    from dubaug.plan.estimate import estimates, rows, total
    from dubaug.plan.rates import recorded
    from dubaug.plan.render import Plan
    from dubaug.plan.work import work_of

    dry_run, remarks = _dry_run(options, experiment), []
    elsewhere = {str(path): recorded(path) for path in options.rates}
    rates = [rate for _, its in elsewhere.values() for rate in its]
    if not experiment.generates_films and not Path(experiment.corpus.catalogue).is_file():
        remarks.append(
            f"no catalogue at {experiment.corpus.catalogue}: planned as if all films and data sets were there"
        )
        jobs = every = _as_if_there(dry_run, experiment)
    else:
        missing = missing_tasks(experiment)
        remarks += [f"{name} is left out: {reason}" for name, reason in missing.items()]
        experiment = without_tasks(experiment, missing)
        every = dry_run.jobs(force=True)
        jobs = every if options.all else dry_run.jobs()
        rates += _measured_here(every, experiment, options.paper)
    amounts = count(experiment, every, options.paper, titles=options.titles, film_hours=options.film_hours)
    if options.clips_per_s_per_gpu is not None:
        rates.append(_given_speed(options.clips_per_s_per_gpu))
    found = estimates(jobs, lambda job: work_of(job, experiment, amounts), rates)
    return Plan(
        experiment=experiment,
        amounts=amounts,
        rows=rows(found),
        total=total(found),
        spaces=spaces(every, experiment, amounts, rates),
        cores=dry_run.cores if dry_run.cores < CLUSTER_CORES else None,
        machines={file: machine for file, (machine, _) in elsewhere.items()},
        remarks=remarks,
    )


def _as_if_there(dry_run: "DryRun", experiment: "Experiment") -> "Sequence[PlannedJob]":
    """Return the jobs of a whole run, planned in an empty folder with stand-ins for the input data.

    Raises `DubaugError` where input data that are not there have absolute paths.
    """
    folders = {task.path for task in experiment.tasks.values()} | {experiment.separation.repository or "."}
    files = {task.absent_files for task in experiment.tasks.values() if task.absent_files}
    paths = {experiment.corpus.catalogue, *files, *folders}
    absent = sorted(path for path in paths if Path(path).is_absolute() and not Path(path).exists())
    if absent:
        raise DubaugError(
            f"{absent[0]} is not there: put the data there, or plan with the configuration's own relative paths"
        )
    with tempfile.TemporaryDirectory() as folder:
        for path in folders:
            (Path(folder) / path).mkdir(parents=True, exist_ok=True)
        for file in (Path(folder) / path for path in {experiment.corpus.catalogue, *files}):
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("title_id,path\n", encoding="utf-8")
        return dry_run.jobs(directory=Path(folder))


def _measured_here(jobs: "Sequence[PlannedJob]", experiment: "Experiment", paper: Path) -> "list[Rate]":
    """Return the rates of earlier runs of these results, whose configuration lies beside them.

    What was measured before that configuration came may be of another one, and is left alone.
    """
    from dubaug.config import load
    from dubaug.downstream.experiment import missing_tasks, without_tasks
    from dubaug.plan.amounts import count
    from dubaug.plan.disk import measured_sizes
    from dubaug.plan.rates import finished, pooled
    from dubaug.plan.work import work_of

    resolved = Path(experiment.results_dir) / "config.yaml"
    if not resolved.is_file():
        return []
    earlier = load(resolved)
    earlier = without_tasks(earlier, missing_tasks(earlier))
    amounts, since_s = count(earlier, jobs, paper), resolved.stat().st_mtime
    known = [job for job in jobs if "run" not in job.wildcards or job.variant in earlier.variants]
    measured = finished(known, lambda job: work_of(job, earlier, amounts), since_s=since_s)
    return pooled(measured) + measured_sizes(jobs, earlier, amounts, since_s=since_s)


def _given_speed(clips_per_s: float) -> "Rate":
    from dubaug.plan.rates import Rate

    return Rate(
        rule="pretrain",
        quantity="seconds",
        unit="clips shown",
        settings={},
        a_unit=1 / clips_per_s,
        basis="given",
        source=f"--clips-per-s-per-gpu {clips_per_s:g}",
        amount=None,
    )


def _record(options: argparse.Namespace, experiment: "Experiment") -> None:
    """Write the rates that were measured here. Raises `DubaugError` if none were."""
    from dubaug.hardware import machine
    from dubaug.plan.rates import record
    from dubaug.progress import log_line

    rates = _measured_here(_dry_run(options, experiment).jobs(force=True), experiment, options.paper)
    if not rates:
        raise DubaugError(f"nothing was measured in {experiment.results_dir}: run the workflow first")
    record(options.record, rates, machine=machine())
    log_line(f"{len(rates)} rates written to {options.record}")
