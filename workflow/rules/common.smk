# The configuration, checked once, and the names that the rules share. No rule stands here.
import re
import signal
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

try:
    from dubaug.config import digest, resolve, save, to_mapping
    from dubaug.demo.generator import generator_sha256
    from dubaug.downstream.experiment import (
        downstream_digest,
        missing_tasks,
        without_tasks,
    )
    from dubaug.errors import ConfigError
    from dubaug.pretrain.experiment import pretraining_digest
    from dubaug.probe.experiment import result_digest
except ModuleNotFoundError as error:
    raise WorkflowError(
        f"Python cannot import {error.name}: activate the environment first (make install; . .venv/bin/activate)"
    )

# The trainer answers USR1 (walltime near) by saving; Snakemake's inner process must not die of it.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)

try:
    EXPERIMENT = resolve(config, Path(workflow.basedir) / "workflow")
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

# One seed: results/efj/hear.json comes straight from the probe. Several: results/efj/seed0/hear.json does, and
# results/efj/hear.json aggregates them.
MANY_SEEDS = len(EXPERIMENT.seeds) > 1
RUN = RESULTS / ("{variant}/seed{seed}" if MANY_SEEDS else "{variant}")

TABLE_FORMS = ["csv", "md", "tex"]
FIGURE_FORMS = ["pdf", "png"]
TABLES = collect(
    RESULTS / "tables/table{table}.{form}",
    table=["1", "2", "a1", "a2", "a3", "b4", "b5", "d6"],
    form=TABLE_FORMS,
)
COMPARISONS = collect(RESULTS / "comparisons.{form}", form=["csv", "json"])
FIGURES = collect(
    RESULTS / "figures/{figure}.{form}",
    figure=["b1", "c2", "mels"] if EVALUATED.suites["hear"] else ["b1", "mels"],
    form=FIGURE_FORMS,
)
FIGURES += collect(RESULTS / "corpus/alignment.{form}", form=FIGURE_FORMS)


def one_of(names):
    """Return the pattern that matches these names and nothing else (nothing at all if there are none)."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    variant=one_of(VARIANTS),
    seed=one_of(map(str, EXPERIMENT.seeds)),
    task=one_of(EXPERIMENT.tasks),
    suite="hear|hares|visual",
    batch=r"\d+",
    epoch=r"\d+",


onstart:
    save(EXPERIMENT, RESOLVED)


def seed_of(wildcards):
    """Return the run's pretraining seed: its wildcard, or the only one."""
    return int(wildcards.get("seed", EXPERIMENT.seeds[0]))


def films_digest(_wildcards=None):
    """Return the hash of what the generated films depend on."""
    return digest(
        EXPERIMENT.demo.seed, EXPERIMENT.demo.films, generator_sha256(tasks=False)
    )


def generated_films():
    """Return the hash of the generated films where they are the corpus: equal catalogues may be of other films."""
    if EXPERIMENT.demo is None:
        return None
    home, catalogue = Path(EXPERIMENT.demo.directory), Path(EXPERIMENT.corpus.catalogue)
    return films_digest() if home in catalogue.parents else None


def corpus_digest(_wildcards=None):
    """Return the hash of what the choice of titles depends on."""
    return digest(
        EXPERIMENT.corpus,
        EXPERIMENT.clips.duration_s,
        EXPERIMENT.alignment.speeds,
        generated_films(),
    )


def shards_digest(_wildcards=None):
    """Return the hash of what the shards depend on, beyond the titles."""
    return digest(
        EXPERIMENT.corpus, EXPERIMENT.clips, EXPERIMENT.mel, generated_films()
    )


def alignment_digest(_wildcards=None):
    """Return the hash of what the alignment of dubs depends on, beyond the titles."""
    return digest(
        EXPERIMENT.corpus,
        EXPERIMENT.alignment,
        EXPERIMENT.clips.batches,
        generated_films(),
    )


def separated_digest(_wildcards=None):
    """Return the hash of what the separated shards depend on, beyond the titles."""
    return digest(
        EXPERIMENT.corpus,
        EXPERIMENT.clips,
        EXPERIMENT.mel,
        EXPERIMENT.separation.result_settings(),
        generated_films(),
    )


def pretraining_experiment(wildcards):
    """Return the hash of what a variant's weights depend on."""
    return pretraining_digest(EXPERIMENT, wildcards.variant, seed_of(wildcards))


def features_experiment(wildcards):
    """Return the hash of what a suite's features depend on: its tasks, one by one."""
    return digest(
        [
            downstream_digest(EXPERIMENT, task)
            for task in EVALUATED.suites[wildcards.suite]
        ]
    )


def separated_task_experiment(wildcards):
    """Return the hash of what a task's copy without speech depends on."""
    return digest(
        EXPERIMENT.tasks[wildcards.task].path, EXPERIMENT.separation.result_settings()
    )


def probe_experiment(suite):
    """Return a function: the hash of what a variant's results on the suite depend on, and the suite's tasks."""

    def of_run(wildcards):
        return digest(
            result_digest(EXPERIMENT, wildcards.variant, seed_of(wildcards), suite),
            [
                downstream_digest(EXPERIMENT, task, variant=wildcards.variant)
                for task in EVALUATED.suites[suite]
            ],
        )

    return of_run


def report_experiment(_wildcards=None):
    """Return the hash of what the tables and figures show besides results: labels, suites, sizes in the footer."""
    return digest(to_mapping(EXPERIMENT))


def demo_task_paths():
    """Return the folders of the generated data sets that this configuration uses."""
    home = Path(EXPERIMENT.demo.directory)
    used = {EXPERIMENT.tasks[name].path for name in TASKS}
    return sorted(path for path in used if home in Path(path).parents)


def demo_tasks_digest(_wildcards=None):
    """Return the hash of what the generated data sets depend on."""
    return digest(
        EXPERIMENT.demo.seed,
        EXPERIMENT.demo.items_per_class,
        generator_sha256(tasks=True),
    )


def clips_input(wildcards):
    """Return what a variant trains on: the clips' index, a second one where it is separated, and what it starts from."""
    variant = EXPERIMENT.variants[wildcards.variant]
    inputs = {"clips": RESULTS / "corpus/clips.json"}
    if variant.separated:
        inputs["separated"] = RESULTS / "corpus/separated.json"
    if variant.start_from is not None:
        run = str(RUN).format(variant=variant.start_from, seed=seed_of(wildcards))
        inputs["start_from"] = f"{run}/pretraining.json"
    return inputs


def clips_flags(wildcards, input):
    """Return the trainer's flags for those inputs."""
    return [
        word
        for name in ("clips", "separated", "start_from")
        if name in input.keys()
        for word in (f"--{name.replace('_', '-')}", input[name])
    ]


def export_input(wildcards):
    """Return what a run's export is made of: its manifest, all its scores, and the corpus that it was trained on."""
    run, variant = str(RUN).format(**wildcards), EXPERIMENT.variants[wildcards.variant]
    suites = EVALUATED.suites_of(wildcards.variant)
    inputs = {"manifest": f"{run}/pretraining.json"}
    if suites:
        inputs["scores"] = [f"{run}/{suite}.json" for suite in suites]
    if not variant.untrained:
        rejected = ["rejected", "rejected_separation"][: 1 + variant.separated]
        inputs["titles"] = [RESULTS / "corpus/titles.csv"]
        inputs["rejected"] = [RESULTS / f"corpus/{name}.csv" for name in rejected]
    return inputs


def export_flags(wildcards, input):
    """Return the exporter's flags for those inputs."""
    return [
        word
        for name in ("scores", "titles", "rejected")
        if name in input.keys()
        for word in (f"--{name}", *input[name])
    ]


def task_path(wildcards):
    """Return the folder of a task's data set, as it is published."""
    return EXPERIMENT.tasks[wildcards.task].path


def task_paths(wildcards):
    """Return the folders of a suite's data sets: those that are there, or if none is, all, for Snakemake to name."""
    names = EVALUATED.suites[wildcards.suite] or EXPERIMENT.suites[wildcards.suite]
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


def sweep_schedules():
    """Return the variants by the epochs that they keep: `{"2_4_6": ["av", ...], "0": ["rp"]}`."""
    schedules = {}
    for name in VARIANTS:
        epochs = EXPERIMENT.checkpoints_of(name)
        schedules.setdefault("_".join(map(str, epochs)), []).append(name)
    return schedules


def last_checkpoint_suites():
    """Return the suites other than HEAR that have tasks, each with the variants that can be evaluated on it."""
    fitting = {
        suite: [name for name in VARIANTS if suite in EXPERIMENT.suites_of(name)]
        for suite in ("hares", "visual")
    }
    return {suite: members for suite, members in fitting.items() if members}


def sweep_files(variant):
    """Return the sweep's result files of a variant (as patterns over runs): one an epoch, none for an untrained one."""
    return [
        RUN / f"epoch{epoch:02d}/hear.json"
        for epoch in EXPERIMENT.checkpoints_of(variant)
        if epoch
    ]


def predictions_in(folder, suite):
    """Return the files of a suite's predictions beside a result in `folder`."""
    return [folder / f"predictions/{task}.arrow" for task in EVALUATED.suites[suite]]


def predictions_files(suite, swept=None):
    """Return the files of a suite's predictions beside its results (patterns over runs), for a variant's sweep as well."""
    sweep = [path.parent for path in sweep_files(swept)] if swept else []
    return [file for folder in [RUN, *sweep] for file in predictions_in(folder, suite)]


def final_predictions():
    """Return the predictions of all variants' last checkpoints."""
    runs = [
        (variant, Path(str(RUN).format(variant=variant, seed=seed)))
        for variant in VARIANTS
        for seed in EXPERIMENT.seeds
    ]
    return [
        file
        for variant, run in runs
        for suite in EVALUATED.suites_of(variant)
        for file in predictions_in(run, suite)
    ]


def seeds_predictions(wildcards):
    """Return the predictions of all seeds that a joined result is made from."""
    runs = [
        Path(str(RUN).format(variant=wildcards.variant, seed=seed))
        for seed in EXPERIMENT.seeds
    ]
    epoch = wildcards.get("epoch")
    return [
        file
        for run in runs
        for file in predictions_in(
            run / f"epoch{epoch}" if epoch else run, wildcards.suite
        )
    ]


def sweep_flags(wildcards, output):
    """Return the probe's flags for the sweep's files."""
    epochs = [epoch for epoch in EXPERIMENT.checkpoints_of(wildcards.variant) if epoch]
    return ["--sweep", *map("{}={}".format, epochs, output.sweep)] if epochs else []


def result_files(wildcards=None, suites=("hear", "hares", "visual"), sweep=False):
    """Return the final results of all variants on these suites, where a variant has them; the HEAR sweep on demand."""
    finals = [
        RESULTS / variant / f"{suite}.json"
        for variant in VARIANTS
        for suite in EVALUATED.suites_of(variant)
        if suite in suites
    ]
    epochs = [
        RESULTS / variant / f"epoch{epoch:02d}/hear.json"
        for variant in VARIANTS
        for epoch in EXPERIMENT.checkpoints_of(variant)
        if sweep and epoch and EVALUATED.suites["hear"]
    ]
    return finals + epochs


def say_where():
    """Tell the person who waited where to look."""
    places = {
        "tables": RESULTS / "tables/table1.md",
        "figures": RESULTS / "figures/c2.png",
        "rejected films": RESULTS / "corpus/rejected.csv",
    }
    for what, path in places.items():
        if path.is_file():
            shown = path if path.suffix == ".csv" else path.parent
            print(f"{what + ':':<16}{shown}", file=sys.stderr)
    print(
        f"{'every run:':<16}mlflow ui --backend-store-uri {EXPERIMENT.tracking.uri}",
        file=sys.stderr,
    )
