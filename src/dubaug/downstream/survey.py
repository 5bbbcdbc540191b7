"""Which data sets are where the configuration expects them, and whether they are as they were published.

Lists are read and folders listed; no recording is opened.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from dubaug.config import Experiment, Task
from dubaug.downstream import load_dataset
from dubaug.downstream.checks import check_task
from dubaug.downstream.model import Dataset
from dubaug.downstream.published import Published, published_for
from dubaug.errors import DubaugError

State = Literal["found", "incomplete", "missing"]


@dataclass(frozen=True, kw_only=True)
class TaskData:
    """A task's data set on disk, beside what was published."""

    task: str
    label: str
    suite: str
    path: str
    state: State
    note: str
    """What else there is to say; mostly empty."""
    clips: int | None
    """None where the data set is missing or cannot be read."""
    splits: Mapping[str, int]
    labels: tuple[int, ...]
    published: Published | None
    """None for a task that is not the paper's."""


def survey(experiment: Experiment) -> list[TaskData]:
    """Return what there is for every task of the suites, in their order."""
    read = cache(_read)  # the data set of several tasks once
    return [_look(experiment, name, read) for tasks in experiment.suites.values() for name in tasks]


def absent_items(experiment: Experiment, name: str) -> list[str]:
    """Return the items that a task's lists name and that are not on disk, sorted. Raises `DubaugError`."""
    if name not in experiment.tasks:
        raise DubaugError(f"no task {name!r}; there are {', '.join(experiment.tasks)}")
    task = experiment.tasks[name]
    return sorted(load_dataset(task.layout, Path(task.path)).missing)


def count_splits(dataset: Dataset) -> dict[str, int]:
    """Return how many clips each part has: `fold00`, ... with folds, `train`, ... with one split, else `split1 train`.

    Folds are told from other repeated splits by their validation parts: each fold is tested once and validates once.
    """
    several = len(dataset.splits) > 1
    if several and all(split.valid for split in dataset.splits):
        return {split.name: len(split.test) for split in dataset.splits}
    return {
        f"{split.name} {part}" if several else part: len(getattr(split, part))
        for split in dataset.splits
        for part in ("train", "valid", "test")
        if getattr(split, part)
    }


def _look(experiment: Experiment, name: str, read: Callable[[str, str], Dataset | DubaugError | None]) -> TaskData:
    task, known, generated = experiment.tasks[name], published_for(name), experiment.generates(name)
    found = read(task.layout, task.path)
    state, note = _judge(found, name, task, known, generated)
    dataset = found if isinstance(found, Dataset) else None
    return TaskData(
        task=name,
        label=task.label,
        suite=task.suite,
        path=task.path,
        state=state,
        note=note,
        clips=dataset.n_items if dataset else None,
        splits=count_splits(dataset) if dataset else {},
        labels=tuple(len(names) for names in dataset.classes) if dataset and dataset.kind != "regression" else (),
        published=known,
    )


def _read(layout: str, path: str) -> Dataset | DubaugError | None:
    """Return the data set, or what is wrong with it; None where there is no folder."""
    try:
        return load_dataset(layout, Path(path)) if Path(path).is_dir() else None
    except DubaugError as error:
        return error


def _judge(
    found: Dataset | DubaugError | None, name: str, task: Task, known: Published | None, generated: bool
) -> tuple[State, str]:
    """Return the state of a data set (None where there is no folder) and the note."""
    if found is None:
        return "missing", "the workflow generates it when it is needed" if generated else ""
    if isinstance(found, DubaugError):
        return "incomplete", str(found)
    try:
        check_task(found, name, task)
    except DubaugError as error:
        return "incomplete", str(error)
    if generated:
        return "found", "a generated miniature: its counts are not the published ones"
    differing = _differences(found, known) if known else []
    words = [f"{what}: {ours} here, {theirs} published" for what, ours, theirs in differing]
    if found.missing:
        words.append(f"{len(found.missing)} listed clips are not on disk, as {task.absent_files} says")
    if found.note:
        words.append(found.note)
    fewer = any(ours < theirs for _, ours, theirs in differing)
    return "incomplete" if fewer else "found", "; ".join(words)


def _differences(found: Dataset, known: Published) -> list[tuple[str, int, int]]:
    """Return each published number that is another in the lists: what it counts, ours, theirs.

    Items that `absent_files` accepts count as if they were there: the published list has them.
    """
    splits, labels = Counter(count_splits(found)), [len(names) for names in found.classes]
    splits.update(found.missing.values())
    pairs = [(part, splits.get(part, 0), count) for part, count in known.splits.items()]
    pairs += [("labels", ours, theirs) for ours, theirs in zip(labels, known.labels, strict=False)]
    if known.clips is not None:
        pairs.insert(0, ("clips", found.n_items + len(found.missing), known.clips))
    return [(what, ours, theirs) for what, ours, theirs in pairs if ours != theirs]
