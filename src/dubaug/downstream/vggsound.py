"""VGGSound: 10 s of video, its sound seen. What can still be downloaded of it differs from year to year."""

import os
from pathlib import Path

from dubaug.downstream.lists import class_numbers, read_rows, require_folder, walk
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.errors import DubaugError

SUFFIXES = (".mp4", ".mkv", ".webm")


def load(path: Path) -> Dataset:
    """Return the clips of `vggsound.csv` (`youtube_id,start_s,label,split`, no header) that are on disk.

    A clip's file is `<youtube_id>_<start, six digits>.mp4` (or .mkv, .webm) in any folder below `path`; it holds the
    ten seconds, not the whole video. Clips without a file are in `missing`; nothing is evaluated unless
    `tasks.<name>.absent_files` lists them (`dubaug.downstream.checks`). Classes are all that the list names. There is
    no validation set. Raises `DubaugError`.
    """
    require_folder(path, "VGGSound: vggsound.csv and the videos")
    listed_in = path / "vggsound.csv"
    on_disk = _videos(path)
    items: list[Item] = []
    labels: list[str] = []
    missing: dict[str, str] = {}
    members: dict[str, list[int]] = {"train": [], "test": []}
    classes: set[str] = set()
    lines: dict[str, int] = {}
    for number, row in enumerate(read_rows(listed_in), start=1):
        if len(row) != 4 or row[3] not in members or not row[1].isdigit():
            raise DubaugError(f"{listed_in}, line {number}: {row}, expected youtube_id,start_s,label,train|test")
        clip = f"{row[0]}_{int(row[1]):06d}"
        if lines.setdefault(clip, number) != number:
            raise DubaugError(f"{listed_in}, line {number}: {clip} stands in line {lines[clip]} already")
        classes.add(row[2])
        if clip not in on_disk:
            missing[clip] = row[3]
            continue
        members[row[3]].append(len(items))
        items.append(Item(id=clip, audio=on_disk[clip], video=on_disk[clip], group=row[0]))
        labels.append(row[2])
    try:
        split = Split(name="test", train=tuple(members["train"]), valid=(), test=tuple(members["test"]))
    except DubaugError as error:
        absent = f" ({len(missing)} listed clips are not on disk, such as {next(iter(missing))})" if missing else ""
        raise DubaugError(f"{path}: {error}{absent}") from error
    ordered = tuple(sorted(classes))
    return Dataset(
        items=tuple(items),
        splits=(split,),
        kind="multiclass",
        classes=(ordered,),
        targets=class_numbers(labels, ordered),
        metrics=("top1_acc",),
        missing=missing,
        may_lack_items=True,
        grouped_by="video",
    )


def _videos(path: Path) -> dict[str, Path]:
    """Return the video files below `path`, links followed, by their names without suffix."""
    found: dict[str, Path] = {}
    for parent, _, files in walk(path):
        for file in files:
            stem, suffix = os.path.splitext(file)  # noqa: PTH122 - 200,000 files
            if suffix in SUFFIXES and not file.startswith("."):
                if stem in found:
                    raise DubaugError(f"{found[stem]} and {parent / file} are the same clip: remove one")
                found[stem] = parent / file
    return found
