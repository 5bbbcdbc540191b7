"""What every task's data must have before anything is computed from them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dubaug.config import Task
from dubaug.downstream.lists import read_lines, unlike
from dubaug.downstream.model import Dataset
from dubaug.errors import DubaugError
from dubaug.files import why_no_file
from dubaug.suites.registry import SUITES

NAMED = 5
"""Classes, or files, that a message names."""


def check_task(dataset: Dataset, name: str, task: Task) -> None:
    """Raise `DubaugError` if the data set of the task called `name` cannot be evaluated as its protocol asks."""
    check_missing(dataset, name, task)
    needs_valid = SUITES[task.suite].protocol.needs_valid
    check_splits(dataset, needs_valid=needs_valid, absent_classes=task.absent_classes)


def check_missing(dataset: Dataset, name: str, task: Task) -> None:
    """Raise `DubaugError` unless the items that are not on disk are those that `absent_files` lists, no more, no less.

    So what was evaluated can be told, and a data set never shrinks by itself.
    """
    why = why_no_file(Path(task.absent_files)) if task.absent_files else None
    if why is not None:
        raise DubaugError(f"tasks.{name}.absent_files: there is no {task.absent_files}{why}: {_how_to_list(name)}")
    accepted = set(read_lines(Path(task.absent_files))) if task.absent_files else set()
    unknown = sorted(accepted - set(dataset.missing))
    if unknown:
        raise DubaugError(
            f"{task.absent_files} (tasks.{name}.absent_files) lists {_some(unknown)}"
            f"{unlike(unknown[0], dataset.missing)}, which the data set has on disk or does not list at all: make it "
            f"again, {_how_to_list(name)}"
        )
    surprising = [item for item in dataset.missing if item not in accepted]
    if surprising:
        parts = ", ".join(dict.fromkeys(dataset.missing[item] for item in surprising))
        raise DubaugError(
            f"split {dataset.splits[0].name!r} ({parts}): {len(surprising)} listed items are not on disk: "
            f"{_some(surprising)}. Get them, or if they cannot be had any more, list them in a file, one a line "
            f"({_how_to_list(name)}), and name it in tasks.{name}.absent_files"
        )


def _some(names: Sequence[str], what: str = "") -> str:
    more = f" and {len(names) - NAMED} more{what}" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _how_to_list(name: str) -> str:
    return f"`dubaug data --absent {name} --config ...` prints it"


def check_splits(dataset: Dataset, *, needs_valid: bool, absent_classes: bool) -> None:
    """Raise `DubaugError`, naming the split, for one that cannot be trained or scored as its protocol asks.

    Training and test parts must have every class of the vocabulary, unless `absent_classes`; where `needs_valid`, the
    probe is chosen by validation items. That all parts but this one have items, `Split` has seen to.
    """
    for split in dataset.splits:
        if needs_valid and not split.valid:
            raise DubaugError(f"split {split.name!r} has no valid items; this suite's protocol chooses probes by them")
        for part in () if absent_classes else ("train", "test"):
            absent = _absent(dataset, getattr(split, part))
            if absent:
                raise DubaugError(
                    f"split {split.name!r} has no {part} item of {_some(list(map(repr, absent)), ' classes')}: is the "
                    "data set whole? If it is published so, set tasks.<name>.absent_classes: true"
                )


def _absent(dataset: Dataset, numbers: Sequence[int]) -> list[str]:
    """Return the classes that none of these items has, of all heads."""
    targets = dataset.targets[list(numbers)]
    if dataset.kind == "regression":
        return []
    if dataset.kind == "multilabel":
        seen = [set(np.flatnonzero(targets.any(axis=0)).tolist())]
    else:
        seen = [set(head.tolist()) for head in targets.reshape(len(numbers), -1).T]
    return [
        name
        for names, present in zip(dataset.classes, seen, strict=True)
        for place, name in enumerate(names)
        if place not in present
    ]
