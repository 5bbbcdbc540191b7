"""comparisons.csv: each dub-augmented variant beside its baseline on the same test items, by task."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dubaug.comparisons.compare import Comparison, read_comparisons
from dubaug.config import Experiment
from dubaug.suites.registry import metric


@dataclass(frozen=True, kw_only=True)
class TaskDifferences:
    """All comparisons on one task, in the file's order; variants by their labels."""

    task: str
    metric: str
    rows: tuple[Comparison, ...]

    @property
    def better(self) -> int:
        """1 if a difference above zero is an improvement, -1 if one below it is."""
        return metric(self.metric).sign

    def of(self, variant: str, baseline: str) -> Comparison | None:
        """The comparison of a variant with its baseline, if it was made."""
        return next((row for row in self.rows if (row.variant_a, row.variant_b) == (variant, baseline)), None)

    @property
    def shares_scale(self) -> bool:
        """Whether the score lies between 0 and 1, as most do: differences of others have a scale of their own."""
        bounds = metric(self.metric)
        return (bounds.low, bounds.high) == (0.0, 1.0)


def read_differences(path: Path, experiment: Experiment) -> list[TaskDifferences]:
    """Return the comparisons by task, in the configuration's order of tasks."""
    rows = read_comparisons(path)
    configured = list(experiment.tasks)
    named = sorted(
        dict.fromkeys((row.task, row.metric) for row in rows),
        key=lambda key: configured.index(key[0]) if key[0] in configured else len(configured),
    )
    return [
        TaskDifferences(
            task=experiment.task_label(task),
            metric=measured,
            rows=tuple(_labelled(row, experiment) for row in rows if (row.task, row.metric) == (task, measured)),
        )
        for task, measured in named
    ]


def baselines_of(tasks: Sequence[TaskDifferences]) -> dict[str, list[str]]:
    """Return each baseline with the variants that are compared with it, in the order of the rows."""
    baselines: dict[str, list[str]] = {}
    for row in (row for task in tasks for row in task.rows):
        variants = baselines.setdefault(row.variant_b, [])
        if row.variant_a not in variants:
            variants.append(row.variant_a)
    return baselines


@dataclass(frozen=True, kw_only=True)
class PairTally:
    """On how many tasks a variant was compared with its baseline, and on how many it was better; of these, settled."""

    variant: str
    baseline: str
    tasks: int
    better: int
    settled_better: int
    settled_worse: int


def tallies(tasks: Sequence[TaskDifferences]) -> list[PairTally]:
    """Return what each pair's comparisons come to, in the order of the rows."""
    gains: dict[tuple[str, str], list[tuple[bool, float]]] = {}
    for task in tasks:
        for row in task.rows:
            gains.setdefault((row.variant_a, row.variant_b), []).append((row.settled, task.better * row.difference))
    return [
        PairTally(
            variant=variant,
            baseline=baseline,
            tasks=len(its),
            better=sum(gain > 0 for _, gain in its),
            settled_better=sum(settled and gain > 0 for settled, gain in its),
            settled_worse=sum(settled and gain < 0 for settled, gain in its),
        )
        for (variant, baseline), its in gains.items()
    ]


def of_these_trainings(tasks: Sequence[TaskDifferences]) -> bool:
    """Return whether some comparison is of networks with one seed: of these trainings, not of the methods."""
    return any(row.over != "seeds and items" for task in tasks for row in task.rows)


def _labelled(row: Comparison, experiment: Experiment) -> Comparison:
    a, b = map(experiment.variant_label, (row.variant_a, row.variant_b))
    return replace(row, variant_a=a, variant_b=b)
