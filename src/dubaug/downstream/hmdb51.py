"""HMDB51: short clips of 51 actions, three splits."""

from pathlib import Path

from dubaug.downstream.lists import class_numbers, read_lines, require_distinct, require_files, require_folder
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.errors import DubaugError

LISTS = "testTrainMulti_7030_splits"
PARTS = {"1": "train", "2": "test", "0": None}
"""What the lists' marks mean; 0 leaves a clip out of that split (some are out of all)."""


def load(path: Path) -> Dataset:
    """Return the three splits of `testTrainMulti_7030_splits/<action>_test_split<n>.txt`.

    The videos lie as the archives unpack, `<action>/<clip>.avi`, in `path` itself, `videos` or `hmdb51_org`.
    There is no validation set. Raises `DubaugError`.
    """
    require_folder(path / LISTS, "HMDB51's lists")
    actions = sorted(list_.name.removesuffix("_test_split1.txt") for list_ in (path / LISTS).glob("*_test_split1.txt"))
    if not actions:
        raise DubaugError(f"{path / LISTS} has no <action>_test_split1.txt")
    videos = next(
        (folder for folder in (path / "videos", path / "hmdb51_org", path) if (folder / actions[0]).is_dir()), path
    )
    numbers: dict[str, int] = {}
    splits = []
    for split in (1, 2, 3):
        members: dict[str, list[int]] = {"train": [], "test": []}
        by_list: dict[Path, list[str]] = {}
        for action in actions:
            listed_in = path / LISTS / f"{action}_test_split{split}.txt"
            listed = [_entry(line, action, listed_in) for line in read_lines(listed_in)]
            require_files((videos / clip for clip, _ in listed), listed_in)
            by_list[listed_in] = [clip for clip, _ in listed]
            for clip, part in listed:
                if part is not None:
                    members[part].append(numbers.setdefault(clip, len(numbers)))
        require_distinct(by_list)
        splits.append(Split(name=f"split{split}", train=tuple(members["train"]), valid=(), test=tuple(members["test"])))
    return Dataset(
        items=tuple(Item(id=clip, audio=None, video=videos / clip, group=_film(clip)) for clip in numbers),
        splits=tuple(splits),
        kind="multiclass",
        classes=(tuple(actions),),
        targets=class_numbers([clip.split("/")[0] for clip in numbers], actions),
        metrics=("top1_acc",),
        grouped_by="film",
    )


def _film(clip: str) -> str:
    """Return the film or video of a clip `<action>/<film>_<action>_<six marks>.avi`."""
    action, _, file = clip.partition("/")
    return file.rpartition(f"_{action}_")[0] or file


def _entry(line: str, action: str, listed_in: Path) -> tuple[str, str | None]:
    """Return the clip (`<action>/<file>`) and its part in a line `<file> <mark>`."""
    file, _, mark = line.rpartition(" ")
    if mark not in PARTS or not file:
        raise DubaugError(f"{listed_in}: {line!r}, expected a file's name and 0, 1 or 2")
    return f"{action}/{file.strip()}", PARTS[mark]
