"""TUT Urban Acoustic Scenes 2018, development set (DCASE 2018 task 1A): ten scenes, 10 s, stereo."""

from pathlib import Path

from dubaug.downstream.lists import (
    class_numbers,
    read_rows,
    read_table,
    require_distinct,
    require_files,
    require_folder,
    unlike,
)
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.errors import DubaugError


def load(path: Path) -> Dataset:
    """Return the official fold 1 (`evaluation_setup/fold1_{train,evaluate}.txt`); there is no validation set.

    HARES used a split that cannot be had any more; this is its documented substitute. Labels are checked against
    `meta.csv`. Raises `DubaugError`.
    """
    require_folder(path, "TUT-urban-acoustic-scenes-2018-development")
    meta_path = path / "meta.csv"
    rows = read_table(meta_path, ("filename", "scene_label", "identifier"), delimiter="\t")
    meta = {row["filename"]: row["scene_label"] for row in rows}
    places = {row["filename"]: f"{row['scene_label']} {row['identifier']}" for row in rows}
    classes = tuple(sorted(set(meta.values())))
    files: list[str] = []
    members: dict[str, tuple[int, ...]] = {}
    by_list: dict[Path, list[str]] = {}
    for part, name in (("train", "fold1_train.txt"), ("test", "fold1_evaluate.txt")):
        listed_in = path / "evaluation_setup" / name
        listed = [_checked(row, meta, listed_in) for row in read_rows(listed_in, delimiter="\t")]
        require_files((path / file for file in listed), listed_in)
        by_list[listed_in] = listed
        members[part] = tuple(range(len(files), len(files) + len(listed)))
        files += listed
    require_distinct(by_list)
    return Dataset(
        items=tuple(Item(id=file, audio=path / file, video=None, group=places[file]) for file in files),
        splits=(Split(name="fold1", train=members["train"], valid=(), test=members["test"]),),
        kind="multiclass",
        classes=(classes,),
        targets=class_numbers([meta[file] for file in files], classes),
        metrics=("top1_acc",),
        grouped_by="place",
    )


def _checked(row: list[str], meta: dict[str, str], listed_in: Path) -> str:
    """Return the file that a row of a fold's list names, its label compared with meta.csv's."""
    if len(row) < 2 or row[0] not in meta:
        raise DubaugError(f"{listed_in}: {' '.join(row)!r} is no file and scene of meta.csv{unlike(row[0], meta)}")
    if row[1] != meta[row[0]]:
        raise DubaugError(f"{listed_in}: {row[0]} is {row[1]!r}, meta.csv says {meta[row[0]]!r}")
    return row[0]
