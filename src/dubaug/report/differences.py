"""comparisons.csv: each dub-augmented variant beside its baseline on the same test items, by task."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dubaug.config import Experiment
from dubaug.report.inputs import read_table
from dubaug.statistics.estimate import SIGNIFICANCE
from dubaug.suites.registry import metric
from dubaug.tabular import number_or_none

COLUMNS = (
    "task", "metric", "variant_a", "variant_b", "score_a", "score_b", "difference", "low", "high", "p", "p_holm",
    "n_items", "over", "grouped_by", "note",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One task, two variants, by their labels: `difference` is of the scores, a less b."""

    variant_a: str
    variant_b: str
    score_a: float | None
    score_b: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    n_items: int
    over: str
    """What the error is over: items, or seeds and items."""
    grouped_by: str
    """What items are grouped by; empty where they are taken as independent."""
    note: str
    """Why there is no p; empty where there is one."""

    @property
    def settled(self) -> bool:
        """Whether chance alone is an unlikely reason, after the correction for the number of tests."""
        return self.p_holm is not None and self.p_holm < SIGNIFICANCE


@dataclass(frozen=True, kw_only=True)
class TaskDifferences:
    """All comparisons on one task, in the file's order."""

    task: str
    metric: str
    rows: tuple[Difference, ...]

    @property
    def better(self) -> int:
        """1 if a difference above zero is an improvement, -1 if one below it is."""
        return metric(self.metric).sign

    @property
    def shares_scale(self) -> bool:
        """Whether the score lies between 0 and 1, as most do: differences of others have a scale of their own."""
        bounds = metric(self.metric)
        return (bounds.low, bounds.high) == (0.0, 1.0)


def read_differences(path: Path | None, experiment: Experiment) -> list[TaskDifferences] | None:
    """Return the comparisons by task, in the configuration's order of tasks; None where no file is."""
    rows = read_table(path, COLUMNS)
    if rows is None:
        return None
    configured = list(experiment.tasks)
    named = sorted(
        dict.fromkeys((row["task"], row["metric"]) for row in rows),
        key=lambda key: configured.index(key[0]) if key[0] in configured else len(configured),
    )
    return [
        TaskDifferences(
            task=task_label(experiment, task),
            metric=measured,
            rows=tuple(
                _difference(row, path, experiment) for row in rows if (row["task"], row["metric"]) == (task, measured)
            ),
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


def of_these_trainings(tasks: Sequence[TaskDifferences]) -> bool:
    """Return whether some comparison is of networks with one seed: of these trainings, not of the methods."""
    return any(row.over != "seeds and items" for task in tasks for row in task.rows)


def _difference(row: dict[str, str], path: Path | None, experiment: Experiment) -> Difference:
    def value(column: str) -> float | None:
        return number_or_none(row[column], f"{path}, column {column}")

    return Difference(
        variant_a=variant_label(experiment, row["variant_a"]),
        variant_b=variant_label(experiment, row["variant_b"]),
        score_a=value("score_a"),
        score_b=value("score_b"),
        difference=value("difference"),
        low=value("low"),
        high=value("high"),
        p=value("p"),
        p_holm=value("p_holm"),
        n_items=int(row["n_items"]),
        over=row["over"],
        grouped_by=row["grouped_by"],
        note=row["note"],
    )


def task_label(experiment: Experiment, task: str) -> str:
    """Return the task's name as the tables have it; its own where it is not configured."""
    return experiment.tasks[task].label if task in experiment.tasks else task


def variant_label(experiment: Experiment, variant: str) -> str:
    """Return the variant's name as the tables have it; its own where it is not configured."""
    return experiment.variants[variant].label if variant in experiment.variants else variant
