# What outputs depend on, as hashes: rules have them as parameters, so that a changed key makes what it must and no more.
# Paths are not among them: another path is another input, whose rules find by content what they have made already.


def films_digest():
    """Return the hash of what the generated films depend on."""
    return digest(
        EXPERIMENT.demo.seed, EXPERIMENT.demo.films, generator_sha256(tasks=False)
    )


def generated_films():
    """Return the hash of the generated films where they are the corpus: equal catalogues may be of other films."""
    return films_digest() if EXPERIMENT.generates_films else None


def corpus_digest():
    """Return the hash of what the choice of titles depends on."""
    return digest(
        EXPERIMENT.corpus.tracks,
        EXPERIMENT.clips.duration_s,
        EXPERIMENT.alignment.speeds,
        generated_films(),
    )


def shards_digest():
    """Return the hash of what the shards depend on, beyond the titles."""
    return digest(
        EXPERIMENT.corpus.tracks, EXPERIMENT.clips, EXPERIMENT.mel, generated_films()
    )


def alignment_digest():
    """Return the hash of what the alignment of dubs depends on, beyond the titles."""
    return digest(
        EXPERIMENT.corpus.tracks,
        EXPERIMENT.alignment,
        EXPERIMENT.clips.batches,
        generated_films(),
    )


def separated_digest():
    """Return the hash of what the separated shards depend on, beyond the titles."""
    return digest(
        EXPERIMENT.corpus.tracks,
        EXPERIMENT.clips,
        EXPERIMENT.mel,
        EXPERIMENT.separation.result_settings(),
        generated_films(),
    )


def pretraining_experiment(wildcards):
    """Return the hash of what a run's weights depend on."""
    return pretraining_digest(EXPERIMENT, variant_of(wildcards), seed_of(wildcards))


def kept_epochs(wildcards):
    """Return the epochs whose weights a run keeps: no weights depend on them, but its manifest names them."""
    return EXPERIMENT.checkpoints_of(variant_of(wildcards))


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
    """Return a function: the hash of what a run's results on the suite depend on, and the suite's tasks."""

    def of_run(wildcards):
        return digest(
            result_digest(EXPERIMENT, variant_of(wildcards), seed_of(wildcards), suite),
            [
                downstream_digest(EXPERIMENT, task, variant=variant_of(wildcards))
                for task in EVALUATED.suites[suite]
            ],
        )

    return of_run


def report_experiment():
    """Return the hash of what the tables and figures show besides results: labels, suites, sizes in the footer."""
    return drawing_digest(EXPERIMENT)


def whole_configuration():
    """Return the hash of all keys, which the report page quotes."""
    return digest(to_mapping(EXPERIMENT))


def demo_tasks_digest():
    """Return the hash of what the generated data sets depend on."""
    return digest(
        EXPERIMENT.demo.seed,
        EXPERIMENT.demo.items_per_class,
        generator_sha256(tasks=True),
    )
