"""`dubaug data`: which data sets are there. `dubaug features`: data sets to windows of log-mels and frames."""

import argparse
import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from dubaug.errors import DubaugError
from dubaug.hardware import process_count, usable_cores

if TYPE_CHECKING:
    from dubaug.config import Experiment


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands' parsers."""
    data = subparsers.add_parser(
        "data",
        help="list the tasks' data sets: where they are expected, whether they are there, where to get them",
        description="List every task's data set: where it is expected, whether it is found, its clips and labels "
        "beside the published counts, where to get it, its licence. Lists are read; no recording is opened.",
    )
    data.add_argument(
        "--config",
        type=Path,
        nargs="+",
        required=True,
        help="the resolved configuration (results/config.yaml); with --workflow: config.yaml and what lies on it",
    )
    data.add_argument("--workflow", type=Path, help="the folder `workflow`, to resolve files that no run has resolved")
    data.add_argument("--scale", choices=("demo", "paper"), help="with --workflow: instead of the files' own scale")
    form = data.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")
    form.add_argument("--page", action="store_true", help="print docs/data.md; nothing on disk is looked at")
    form.add_argument(
        "--absent",
        metavar="TASK",
        help="print the items that this task's lists name and that are not on disk, one a "
        "line, as tasks.<name>.absent_files takes them",
    )
    data.add_argument("--strict", action="store_true", help="exit with 1 unless every data set is found and whole")
    data.set_defaults(run=run_data)
    parser = subparsers.add_parser(
        "features",
        help="decode a suite's data sets into windows that all checkpoints share",
        description="Decode every recording of a suite's data sets once: 3 s windows as log-mels and, for video, "
        "frames. Data sets that have not changed since the last time are taken from the work directory. Data that "
        "are not whole are an error that names task, split and file; a data set is never evaluated in part.",
    )
    parser.add_argument("--config", type=Path, required=True, help="the resolved configuration (results/config.yaml)")
    parser.add_argument("--suite", required=True, help="whose tasks")
    parser.add_argument("--work-dir", type=Path, required=True, help="folder for the shards, shared by all suites")
    parser.add_argument("--out", type=Path, required=True, help="manifest to write (JSON)")
    parser.add_argument(
        "--separated-task",
        metavar="NAME=DIR",
        action="append",
        default=[],
        help="folder of a task's data set with speech removed (`dubaug separate-task`); may be repeated",
    )
    parser.add_argument(
        "--missing", nargs="+", metavar="TASK", default=[], help="tasks to leave out because their data are not there"
    )
    parser.add_argument(
        "--jobs", type=process_count, default=usable_cores(), help="decoding threads (default: one a core)"
    )
    parser.set_defaults(run=run_features)


def run_data(options: argparse.Namespace) -> None:
    """Run `dubaug data`."""
    from dubaug.downstream.listing import to_csv, to_mapping, to_page, to_text
    from dubaug.downstream.survey import absent_items, survey

    experiment = _experiment(options)
    if options.page:
        prose = resources.files("dubaug.downstream").joinpath("data_page.md").read_text(encoding="utf-8")
        print(to_page(experiment, prose), end="")
        return
    if options.absent:
        print("".join(f"{item}\n" for item in absent_items(experiment, options.absent)), end="")
        return
    tasks = survey(experiment)
    if options.json:
        print(json.dumps([to_mapping(task) for task in tasks], indent=2, ensure_ascii=False))
    else:
        print(to_csv(tasks) if options.csv else to_text(tasks), end="")
    lacking = [task.task for task in tasks if task.state != "found"]
    if options.strict and lacking:
        raise DubaugError(f"{len(lacking)} of {len(tasks)} tasks lack data: {', '.join(lacking)}")


def _experiment(options: argparse.Namespace) -> "Experiment":
    """Return the experiment of a resolved configuration, or of the files that a run would resolve."""
    from dubaug.config import load, resolve_files

    if options.workflow is not None:
        return resolve_files(options.config, options.workflow, scale=options.scale)
    if options.scale or len(options.config) > 1:
        raise DubaugError("--scale and several files need --workflow: a resolved configuration is complete")
    return load(options.config[0])


def run_features(options: argparse.Namespace) -> None:
    """Run `dubaug features`."""
    from dubaug.config import load

    experiment = load(options.config)
    if options.suite not in experiment.suites:
        raise DubaugError(f"--suite {options.suite}: {options.config} has: {', '.join(experiment.suites)}")
    separated = dict(_name_and_folder(text) for text in options.separated_task)
    if options.jobs < 1:
        raise DubaugError(f"--jobs must be at least 1; got {options.jobs}")

    import torch

    from dubaug.downstream.features import extract_suite

    torch.set_num_threads(1)  # the threads decode side by side; each spectrogram is too small to be shared
    extract_suite(
        experiment,
        options.suite,
        work_dir=options.work_dir,
        manifest=options.out,
        separated=separated,
        jobs=options.jobs,
        missing=options.missing,
    )


def _name_and_folder(text: str) -> tuple[str, Path]:
    name, equals, folder = text.partition("=")
    if not (name and equals and folder):
        raise DubaugError(f"--separated-task {text}: expected NAME=DIR")
    return name, Path(folder)
