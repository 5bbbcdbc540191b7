"""Fluent Speech Commands: spoken commands with an action, an object and a location; right only if all three are."""

from pathlib import Path

import numpy as np

from dubaug.downstream.lists import class_numbers, read_table, require_distinct, require_files, require_folder, unlike
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.errors import DubaugError

HEADS = ("action", "object", "location")


def load(path: Path) -> Dataset:
    """Return the published split: `data/{train,valid,test}_data.csv`, one head each for action, object, location.

    Classes are those of the training list, sorted. Raises `DubaugError`.
    """
    require_folder(path, "fluent_speech_commands_dataset")
    members: dict[str, tuple[int, ...]] = {}
    rows: list[dict[str, str]] = []
    by_list: dict[Path, list[str]] = {}
    for part in ("train", "valid", "test"):
        listed_in = path / "data" / f"{part}_data.csv"
        listed = read_table(listed_in, ("path", "speakerId", *HEADS))
        require_files((path / row["path"] for row in listed), listed_in)
        by_list[listed_in] = [row["path"] for row in listed]
        members[part] = tuple(range(len(rows), len(rows) + len(listed)))
        rows += listed
    require_distinct(by_list)
    classes = tuple(tuple(sorted({rows[number][head] for number in members["train"]})) for head in HEADS)
    for head, known in zip(HEADS, classes, strict=True):
        unknown = next((row for row in rows if row[head] not in known), None)
        if unknown is not None:
            listed_in = next(list_ for list_, names in by_list.items() if unknown["path"] in names)
            raise DubaugError(
                f"{listed_in}: {unknown['path']} has the {head} {unknown[head]!r}, which no training item "
                f"has{unlike(unknown[head], known)}"
            )
    targets = [class_numbers([row[head] for row in rows], known) for head, known in zip(HEADS, classes, strict=True)]
    return Dataset(
        items=tuple(Item(id=row["path"], audio=path / row["path"], video=None, group=row["speakerId"]) for row in rows),
        splits=(Split(name="test", **members),),
        kind="multihead",
        classes=classes,
        targets=np.stack(targets, axis=1),
        metrics=("top1_acc",),
        grouped_by="speaker",
    )
