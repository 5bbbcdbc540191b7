# The configuration, checked once, and the names that the rules share. No rule stands here.
import re
import shlex
import signal
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

try:
    from dubaug.config import check_files, resolve, save, to_mapping
    from dubaug.digests import digest
    from dubaug.demo.generator import generator_sha256
    from dubaug.downstream.experiment import (
        downstream_digest,
        missing_tasks,
        without_tasks,
    )
    from dubaug.errors import ConfigError, DubaugError
    from dubaug.layout import RunName, epoch_name, of_old_layout
    from dubaug.pretrain.experiment import pretraining_digest
    from dubaug.pretrain.kept import costs_of_keeping_more
    from dubaug.probe.experiment import result_digest
    from dubaug.figures.names import sweep_figures, swept_tasks
    from dubaug.standing import keep_what_stands
    from dubaug.suites.registry import SUITES
    from dubaug.tables.experiment import drawing_digest
    from dubaug.tables.layout import suite_tables
    from dubaug.tracking.watch import Watcher
except ModuleNotFoundError as error:
    raise WorkflowError(
        f"Python cannot import {error.name}: activate the environment first (make install; . .venv/bin/activate)"
    )

keep_what_stands()

# The trainer answers USR1 (walltime near) by saving; Snakemake's inner process must not die of it.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)

if set("{}") & set(str(workflow.basedir)):
    raise WorkflowError(
        f"{workflow.basedir}: what stands in braces is a wildcard to Snakemake: rename the folder"
    )
# Snakemake reads configuration files itself, less strictly than we do; others may take the place of config.yaml.
OVERLAYS = workflow.overwrite_configfiles
OWN = [] if OVERLAYS and not Path("config.yaml").is_file() else [Path("config.yaml")]
try:
    check_files([*OWN, *OVERLAYS])
except ConfigError as error:
    raise WorkflowError(str(error))


configfile: "config.yaml"


try:
    EXPERIMENT = resolve(
        config,
        Path(workflow.basedir) / "workflow",
        files=[Path(name) for name in workflow.configfiles],
    )
except ConfigError as error:
    raise WorkflowError(str(error))

RESULTS = Path(EXPERIMENT.results_dir)
RESOLVED = RESULTS / "config.yaml"
PAPER = Path(workflow.basedir) / "workflow/resources/paper"
PAPER_SCALE = Path(workflow.basedir) / "workflow/config/paper.yaml"
VARIANTS = list(EXPERIMENT.variants)
UNTRAINED = [name for name, variant in EXPERIMENT.variants.items() if variant.untrained]
TRAINED = [name for name in VARIANTS if name not in UNTRAINED]

# Tasks whose data are not there are left out, and said so; the next run picks up what has appeared.
MISSING = missing_tasks(EXPERIMENT)
EVALUATED = without_tasks(EXPERIMENT, MISSING)
TASKS = [task for tasks in EVALUATED.suites.values() for task in tasks]
if workflow.is_main_process:
    for name, reason in MISSING.items():
        print(
            f"{name} is left out: {reason} (`dubaug data` says where to get it)",
            file=sys.stderr,
        )

# Runs are `efj/seed0`, ...: results/efj/seed0/hear.json comes from the probe, results/efj/hear.json from all seeds of `efj`.
RUN = RESULTS / "{run}"
RUNS = {
    str(run): run
    for run in (
        RunName(name, seed) for name in VARIANTS for seed in EXPERIMENT.seeds_of(name)
    )
}
if old := of_old_layout(RESULTS, VARIANTS):
    move = shlex.join(["mv", str(RESULTS), f"{RESULTS}.old"])
    raise WorkflowError(
        f"{old[0]} was made by an earlier version, which had no folder for each seed ({RESULTS}/<variant>/seed<S>/); "
        f"nothing was touched. Move the folder aside ({move}) and run again, or set `results_dir`"
    )

# Keeping fewer epochs costs nothing, and more of them a training: who asked should know before it starts.
if workflow.is_main_process:
    for line in costs_of_keeping_more(EXPERIMENT, RESULTS):
        print(line, file=sys.stderr)

# Suites whose probes go through all kept checkpoints; the others take the last one.
SWEPT = [name for name in EXPERIMENT.suites if SUITES[name].swept]

TABLE_FORMS = ["csv", "md", "tex", "html"]
TABLE_KINDS = ["", "_vs_paper"]  # by itself, and beside the paper's numbers
FIGURE_FORMS = ["pdf", "png"]
TABLES = collect(
    RESULTS / "tables/table{table}{kind}.{form}",
    table=["1", "2", "a1", "a2", "a3", "b4", "b5", "d6"],
    kind=TABLE_KINDS,
    form=TABLE_FORMS,
)
# The suites' own, which the paper does not have.
SUITE_TABLES = list(suite_tables(EXPERIMENT))
TABLES += collect(
    RESULTS / "tables/table{table}.{form}", table=SUITE_TABLES, form=TABLE_FORMS
)
COMPARISONS = collect(RESULTS / "comparisons.{form}", form=["csv", "json"])
CLAIMS = collect(RESULTS / "claims.{form}", form=["json", "md"])
# Figure C2 at the text's and at a column's width, and the same of variants with epochs of their own.
SWEEP_FIGURES = list(sweep_figures(EXPERIMENT))
DRAWN_SWEEPS = SWEEP_FIGURES if swept_tasks(EVALUATED) else []
FIGURES = collect(
    RESULTS / "figures/{figure}.{form}",
    figure=["b1", "mels", *DRAWN_SWEEPS, *map("{}_column".format, DRAWN_SWEEPS)],
    form=FIGURE_FORMS,
)
FIGURES += collect(RESULTS / "corpus/alignment.{form}", form=FIGURE_FORMS)


def one_of(names):
    """Return the pattern that matches these names and nothing else (nothing at all if there are none)."""
    return "|".join(map(re.escape, names)) or "(?!)"


def runs_of(variants):
    """Return the names of all runs of these variants."""
    return [name for name, run in RUNS.items() if run.variant in variants]


def swept_epochs(variant):
    """Return the epochs of a variant's sweep: all that it keeps, none for an untrained one."""
    return [epoch for epoch in EXPERIMENT.checkpoints_of(variant) if epoch]


wildcard_constraints:
    run=one_of(RUNS),
    variant=one_of(VARIANTS),
    task=one_of(EXPERIMENT.tasks),
    suite=one_of(EXPERIMENT.suites),
    batch=r"\d+",


def require_there(key, path, what):
    """End before any job if what a configuration key names is not there: an error would come as a traceback."""
    if path and not Path(path).exists():
        sys.exit(
            f"config key `{key}`: there is no {what} at {Path(path).absolute()}: put it there, or name another place"
        )


def films_input(wildcards):
    """Return the catalogue of films, which is there, was read before, or is generated."""
    catalogue, demo = EXPERIMENT.corpus.catalogue, EXPERIMENT.demo
    generated = demo and Path(demo.directory) / "films/catalogue.csv" == Path(catalogue)
    if not generated and not (RESULTS / "corpus/catalogue.csv").exists():
        what = "catalogue of films (docs/own-films.md)"
        require_there("corpus.catalogue", catalogue, what)
    return catalogue


def with_separator(path):
    """Return a function: that input, if the model that removes speech from it is there."""

    def checked(wildcards):
        require_there(
            "separation.repository",
            EXPERIMENT.separation.repository,
            "folder of Demucs models",
        )
        return path(wildcards) if callable(path) else path

    return checked


def variant_of(wildcards):
    """Return the run's variant."""
    return RUNS[wildcards.run].variant


def seed_of(wildcards):
    """Return the run's pretraining seed."""
    return RUNS[wildcards.run].seed


def demo_task_paths():
    """Return the folders of the generated data sets that this configuration uses."""
    return sorted(
        {EXPERIMENT.tasks[name].path for name in TASKS if EXPERIMENT.generates(name)}
    )


def clips_input(wildcards):
    """Return what a variant trains on: the clips' index, a second one where it is separated, and what it starts from."""
    variant = EXPERIMENT.variants[variant_of(wildcards)]
    inputs = {"clips": [RESULTS / "corpus/clips.json"]}
    if variant.separated:
        inputs["separated"] = [RESULTS / "corpus/separated.json"]
    if variant.start_from is not None:
        run = RunName(variant.start_from, seed_of(wildcards))
        inputs["start_from"] = [RESULTS / str(run) / "pretraining.json"]
    return inputs


def handed_on(variant, home, runs, lists):
    """Return what is made of finished runs: their manifests, all scores in `home`, and lists of the corpus trained on."""
    inputs = {"manifest": [RESULTS / run / "pretraining.json" for run in runs]}
    if suites := EVALUATED.suites_of(variant):
        inputs["scores"] = [RESULTS / home / f"{suite}.json" for suite in suites]
    its = EXPERIMENT.variants[variant]
    if not its.untrained:
        for name in lists:
            inputs[name] = [RESULTS / f"corpus/{name}.csv"]
        rejected = ["rejected", "rejected_separation"][: 1 + its.separated]
        inputs["rejected"] = [RESULTS / f"corpus/{name}.csv" for name in rejected]
    return inputs


def export_input(wildcards):
    """Return what a run's export is made of."""
    run = wildcards.run
    return handed_on(variant_of(wildcards), run, [run], ["titles"])


def card_input(wildcards):
    """Return what a variant's cards are made of, of all its seeds."""
    variant, lists = wildcards.variant, ["catalogue", "titles", "subsets", "alignment"]
    return handed_on(variant, variant, runs_of([variant]), lists)


def input_flags(wildcards, input):
    """Return flags that are called as the inputs are, each with its files; the manifest's stands in the rule."""
    return [
        word
        for name in input.keys()
        if name != "manifest"
        for word in (f"--{name.replace('_', '-')}", *input[name])
    ]


def task_path(wildcards):
    """Return the folder of a task's data set, as it is published."""
    return EXPERIMENT.tasks[wildcards.task].path


def task_paths(wildcards):
    """Return the folders of a suite's data sets: those that are there, or if none is, all, for Snakemake to name."""
    names = EVALUATED.suites[wildcards.suite] or EXPERIMENT.suites[wildcards.suite]
    for name in names:
        require_there(
            f"tasks.{name}.absent_files",
            EXPERIMENT.tasks[name].absent_files,
            "list of absent files",
        )
    tasks = [EXPERIMENT.tasks[name] for name in names]
    return sorted({task.path for task in tasks if not task.separated})


def separated_tasks(wildcards):
    """Return the folders of a suite's data sets with speech removed."""
    names = [
        name
        for name in EVALUATED.suites[wildcards.suite]
        if EXPERIMENT.tasks[name].separated
    ]
    return [RESULTS / f"features/separated/{name}" for name in names]


def separated_flags(wildcards, input):
    """Return the feature extractor's flags for those folders."""
    return [
        word
        for path in input.separated
        for word in ("--separated-task", f"{Path(path).name}={path}")
    ]


def missing_flags(wildcards):
    """Return the feature extractor's flags for the suite's tasks without data."""
    names = [name for name in EXPERIMENT.suites[wildcards.suite] if name in MISSING]
    return ["--missing", *names] if names else []


def evaluated_on(suite):
    """Return the variants that can be evaluated on a suite that has tasks (none otherwise)."""
    return [name for name in VARIANTS if suite in EXPERIMENT.suites_of(name)]


def variants_with_suites():
    """Return the pattern that matches a variant before the name of a result that it can have."""
    return "|".join(
        rf"{name}(?=/({one_of(EXPERIMENT.suites_of(name))})\.json)" for name in VARIANTS
    )


def predictions_files(suite):
    """Return the files of a suite's predictions beside its results (patterns over runs)."""
    return [RUN / f"predictions/{task}.arrow" for task in EVALUATED.suites[suite]]


def final_predictions():
    """Return the predictions of all runs' last checkpoints."""
    return [
        str(file).format(run=name)
        for name, run in RUNS.items()
        for suite in EVALUATED.suites_of(run.variant)
        for file in predictions_files(suite)
    ]


def seeds_results(wildcards):
    """Return the results of all seeds of a variant on a suite."""
    runs = runs_of([wildcards.variant])
    return [RESULTS / run / f"{wildcards.suite}.json" for run in runs]


def seeds_predictions(wildcards):
    """Return the predictions beside those results."""
    return collect(predictions_files(wildcards.suite), run=runs_of([wildcards.variant]))


def sweep_points():
    """Return the folders of all points of sweeps: of each run, and of a variant's seeds together."""
    homes = {**{name: name for name in VARIANTS}, **{r: RUNS[r].variant for r in RUNS}}
    return [
        f"{home}/{epoch_name(epoch)}"
        for home, variant in homes.items()
        for epoch in swept_epochs(variant)
    ]


def final_of_point(wildcards):
    """Return the result that names a point of a sweep; points are written first, so that their times say nothing."""
    return ancient(RESULTS / Path(wildcards.point).parent / f"{wildcards.suite}.json")


def sweep_flags(suite):
    """Return a function: the probe's flags for the files of a run's sweep."""

    def of_run(wildcards):
        epochs = swept_epochs(variant_of(wildcards)) if suite in SWEPT else []
        home = RESULTS / wildcards.run
        files = [f"{epoch}={home / epoch_name(epoch)}/{suite}.json" for epoch in epochs]
        return ["--sweep", *files] if files else []

    return of_run


def result_files(suites=tuple(EXPERIMENT.suites)):
    """Return the results of all variants on these suites, where a variant has them; those swept name their sweeps."""
    return [
        RESULTS / variant / f"{suite}.json"
        for variant in VARIANTS
        for suite in EVALUATED.suites_of(variant)
        if suite in suites
    ]


def all_results(wildcards):
    """Return the results of all variants; without any, what is made of them is told before any job."""
    if not TASKS:
        sys.exit("no task has its data: `dubaug data` says where to put them")
    return result_files()


def check_place():
    """Refuse folders whose names Snakemake itself quotes wrongly for the shells of a cluster."""
    for path in [workflow.basedir, Path.cwd(), *workflow.configfiles]:
        if workflow.non_local_exec and set("'\\") & set(str(path)):
            raise WorkflowError(
                f"{path}: on a cluster, Snakemake cannot quote a name with an apostrophe or a backslash: rename the folder"
            )


def say_where():
    """Tell the person who waited where to look."""
    places = {
        "all on one page": RESULTS / "report.html",
        "the claims": RESULTS / "claims.md",
        "tables": RESULTS / "tables/table1.md",
        "figures": RESULTS / "figures/c2.png",
        "rejected films": RESULTS / "corpus/rejected.csv",
    }
    for what, path in places.items():
        if path.is_file():
            shown = path.parent if path.parent.name in ("tables", "figures") else path
            print(f"{what + ':':<17}{shown}", file=sys.stderr)
