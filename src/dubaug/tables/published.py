"""What the paper prints, in workflow/resources/paper: scores by table, tasks, and other methods' scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dubaug.tables.layout import TABLE_A3
from dubaug.tabular import read_records, read_rows

OWN = "Ours"
"""What the paper calls its own method in Tables A1 to A3."""
METHODS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "a1": ("external_a1_vggsound.csv", {"vggsound": "accuracy"}),
    "a2": ("external_a2_tut18.csv", {"tut18": "accuracy"}),
    "a3": ("external_a3_hear.csv", {task: task for task in TABLE_A3}),
}
"""Of each table that has other methods: the file, and its column of each task's scores."""


@dataclass(frozen=True, kw_only=True)
class PublishedScore:
    """A score that the paper prints; `std` is None where it prints none."""

    table: str
    """1, 2 or D6."""
    task: str
    variant: str
    metric: str
    mean: float
    std: float | None


@dataclass(frozen=True, kw_only=True)
class PublishedTask:
    """A row of Table B5, with the class count of the published data where the paper says another one."""

    task: str
    dataset: str
    kind: str
    type: str
    classes: str
    classes_paper: str
    """Empty where the paper gives no count."""
    suites: str
    implementation: str
    motivation: str


@dataclass(frozen=True, kw_only=True)
class PublishedMethod:
    """A row of Table A1, A2 or A3: a method (`OWN` is the paper's) with its scores by task."""

    method: str
    architecture: str
    scores: Mapping[str, float]
    supervised: bool
    """Whether it was pretrained with labels, as far as the table says."""

    @property
    def label(self) -> str:
        """What it is called beside this run's own."""
        return "Ours, as published" if self.method == OWN else self.method + "§" * self.supervised


def read_published_scores(folder: Path) -> tuple[PublishedScore, ...]:
    """Return the scores in results.csv, in its order: a task's may stand in several tables."""
    return read_records(folder / "results.csv", PublishedScore, what="list of published scores")


def read_published_tasks(folder: Path) -> tuple[PublishedTask, ...]:
    """Return the tasks in tasks_b5.csv, in the paper's order."""
    return read_records(folder / "tasks_b5.csv", PublishedTask, what="list of tasks")


def read_published_methods(folder: Path, table: str) -> tuple[PublishedMethod, ...]:
    """Return the rows of Table A1, A2 or A3, in the paper's order."""
    name, columns = METHODS[table]
    rows = read_rows(folder / name, ("method", "architecture", *columns.values()), what="list of published methods")
    return tuple(
        PublishedMethod(
            method=row["method"],
            architecture=row["architecture"],
            scores={task: float(row[column]) for task, column in columns.items()},
            supervised=row.get("supervised_pretraining") == "yes",
        )
        for row in rows
    )
