"""The paper's own numbers in workflow/resources/paper: scores by table (results.csv) and tasks (tasks_b5.csv)."""

from dataclasses import dataclass, fields
from pathlib import Path

from dubaug.tabular import read_rows


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


def read_published_scores(folder: Path) -> tuple[PublishedScore, ...]:
    """Return the scores in results.csv, in its order: a task's may stand in several tables."""
    columns = tuple(field.name for field in fields(PublishedScore))
    return tuple(
        PublishedScore(
            **{column: row[column] for column in ("table", "task", "variant", "metric")},
            mean=float(row["mean"]),
            std=float(row["std"]) if row["std"] else None,
        )
        for row in read_rows(folder / "results.csv", columns, what="list of published scores")
    )


def read_published_tasks(folder: Path) -> tuple[PublishedTask, ...]:
    """Return the tasks in tasks_b5.csv, in the paper's order."""
    columns = tuple(field.name for field in fields(PublishedTask))
    rows = read_rows(folder / "tasks_b5.csv", columns, what="list of tasks")
    return tuple(PublishedTask(**{column: row[column] for column in columns}) for row in rows)
