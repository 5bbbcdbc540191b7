"""The scores of exactly this network, out of the result files that were given. Light: no torch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dubaug.config import Experiment
from dubaug.digests import digest
from dubaug.errors import DubaugError
from dubaug.probe.experiment import task_digest
from dubaug.probe.results import Result, ScoredOnce, TaskResult, read_result
from dubaug.progress import log_line


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What tells a network's results from any other's."""

    variant: str
    seed: int
    epoch: int
    checkpoint_sha256: str

    def __str__(self) -> str:
        return f"{self.variant} with seed {self.seed} after epoch {self.epoch}"


@dataclass(frozen=True, kw_only=True)
class OverSeeds:
    """The variant's score on a task over several pretraining seeds; the deviation is of the seeds' means."""

    seeds: int
    mean: float
    std: float | None


@dataclass(frozen=True, kw_only=True)
class TaskScore:
    """The network's score on one task: `std` is over folds, None where there is one."""

    suite: str
    task: str
    label: str
    metric: str
    mean: float
    std: float | None
    n_folds: int
    n_train: int
    n_test: int
    generated: bool | None
    """Whether the data set is a generated miniature; None where no configuration was given that says so."""
    over_seeds: OverSeeds | None
    interval: tuple[float | None, float | None] | None = None
    """Bounds of the 95 % interval of `mean`, None for an infinite one; None where the result has none."""


def collect_scores(
    paths: Iterable[Path], identity: Identity, *, experiment: Experiment | None
) -> tuple[TaskScore, ...]:
    """Return the network's scores in result files, by task in the files' order.

    Files of the same run at other epochs are left out, and a line on stderr says so. A file that joins several seeds
    counts if this network is one of them. `experiment` gives the tasks' labels, and which are generated. Raises
    `DubaugError` for results of another variant, seed or training, for tasks of which two files say different
    things, and if `experiment` is another configuration than the results'.
    """
    found: dict[tuple[str, str], TaskScore] = {}
    for path in paths:
        result = read_result(path)
        if not _fits(path, result, identity):
            continue
        for task, entry in result.tasks.items():
            score = _score(path, result, task, entry, identity, experiment)
            key = result.suite, task
            found[key] = _joined(found[key], score, path) if key in found else score
    return tuple(found.values())


def collect_variant_scores(
    paths: Iterable[Path], networks: Sequence[Identity], *, experiment: Experiment | None
) -> tuple[TaskScore, ...]:
    """Return a variant's scores over all its seeds: the mean of the networks', its deviation over folds and over seeds.

    A variant with one network has that network's (see `collect_scores`). With several the files must be those that
    join exactly these networks. Raises `DubaugError` if they are not.
    """
    if len(networks) == 1:
        return collect_scores(paths, networks[0], experiment=experiment)
    first, expected = networks[0], {one.seed: one.checkpoint_sha256 for one in networks}
    found: dict[tuple[str, str], TaskScore] = {}
    for path in paths:
        result = read_result(path)
        joined = {one.seed: one.checkpoint_sha256 for one in result.seeds}
        if result.variant == first.variant and result.epoch != first.epoch:
            log_line(f"left out: {path} is of epoch {result.epoch}, the card is of epoch {first.epoch}")
            continue
        if result.variant != first.variant or joined != expected:
            raise DubaugError(
                f"{path} does not join the networks of {first.variant} with seeds {', '.join(map(str, expected))}: "
                "give the variant's own files (results/efj/hear.json, not results/efj/seed0/hear.json) and the "
                "manifests of all its seeds"
            )
        for task, entry in result.tasks.items():
            score = _score(path, result, task, entry, None, experiment)
            key = result.suite, task
            found[key] = _joined(found[key], score, path) if key in found else score
    return tuple(found.values())


def _fits(path: Path, result: Result, identity: Identity) -> bool:
    """Return whether the result is this network's. Raises `DubaugError` unless it is at least the same run's."""
    networks = result.networks
    if result.variant != identity.variant or identity.seed not in networks:
        seeds = ", ".join(map(str, networks))
        raise DubaugError(
            f"{path} is of {result.variant} with seed {seeds}, what is exported is {identity}: leave that file out"
        )
    if result.epoch != identity.epoch:
        log_line(f"left out: {path} is of epoch {result.epoch}, what is exported is {identity}")
        return False
    if networks[identity.seed] != identity.checkpoint_sha256:
        raise DubaugError(
            f"{path} is of another training of {identity}: its weights have SHA-256 {networks[identity.seed][:16]}..., "
            f"those exported {identity.checkpoint_sha256[:16]}.... Run the probes again"
        )
    return True


def _score(
    path: Path,
    result: Result,
    task: str,
    entry: TaskResult,
    identity: Identity | None,
    experiment: Experiment | None,
) -> TaskScore:
    """Return the network's own score (the variant's for None), and the joined one beside it where there are seeds."""
    own: ScoredOnce = entry
    over_seeds = None
    if entry.seeds:
        if identity is not None:
            (own,) = (one for one in entry.seeds if one.seed == identity.seed)
        if len(entry.seeds) > 1:
            over_seeds = OverSeeds(seeds=len(entry.seeds), mean=entry.mean, std=entry.std_seeds)
    if experiment is not None:
        _check_configuration(path, result, task, entry, experiment)
    return TaskScore(
        suite=result.suite,
        task=task,
        label=task if experiment is None else experiment.tasks[task].label,
        metric=entry.metric,
        mean=own.mean,
        std=own.std,
        n_folds=entry.n_folds,
        n_train=entry.n_train,
        n_test=entry.n_test,
        generated=None if experiment is None else experiment.generates(task),
        over_seeds=over_seeds,
        interval=(own.interval.low, own.interval.high) if own.interval else None,
    )


def _joined(one: TaskScore, other: TaskScore, path: Path) -> TaskScore:
    """Return one score for two of a task: they differ at most in what they know of other seeds and of the interval."""
    if replace(one, over_seeds=None, interval=None) != replace(other, over_seeds=None, interval=None):
        raise DubaugError(f"{path}: another file has {one.task} with {one.mean}, this one with {other.mean}: give one")
    return replace(one, over_seeds=one.over_seeds or other.over_seeds, interval=one.interval or other.interval)


def _check_configuration(path: Path, result: Result, task: str, entry: TaskResult, experiment: Experiment) -> None:
    """Raise `DubaugError` unless the task's score was computed with this configuration."""
    variant = result.variant
    known = variant in experiment.variants and task in experiment.tasks
    digests = [task_digest(experiment, variant, seed, task) for seed in result.networks] if known else []
    if entry.experiment != (digest(digests) if result.seeds else "".join(digests)):
        raise DubaugError(
            f"{path}: {task} was computed with another configuration than --config gives. Give that of the results, or "
            "leave --config out: the card then has the tasks' bare names"
        )
