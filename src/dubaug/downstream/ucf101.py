"""UCF101: clips of 101 actions, three splits that keep the clips of one source video together."""

from pathlib import Path

from dubaug.downstream.lists import class_numbers, read_lines, require_distinct, require_files, require_folder, unlike
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.errors import DubaugError

LISTS = "ucfTrainTestlist"
VIDEOS = "UCF-101"


def load(path: Path) -> Dataset:
    """Return the three splits of `ucfTrainTestlist/{train,test}list0<n>.txt`; videos are in `UCF-101/<Action>/`.

    The class of a clip is its folder, checked against the number in the training lists (`classInd.txt`). There is no
    validation set. Raises `DubaugError`.
    """
    require_folder(path / LISTS, "UCF101's lists")
    require_folder(path / VIDEOS, "UCF101's videos")
    by_number = _classes(path / LISTS / "classInd.txt")
    actions = tuple(by_number.values())
    numbers: dict[str, int] = {}
    splits = []
    for split in (1, 2, 3):
        members: dict[str, list[int]] = {}
        by_list: dict[Path, list[str]] = {}
        for part in ("train", "test"):
            listed_in = path / LISTS / f"{part}list0{split}.txt"
            clips = [_clip(line, by_number, listed_in) for line in read_lines(listed_in)]
            require_files((path / VIDEOS / clip for clip in clips), listed_in)
            by_list[listed_in] = clips
            members[part] = [numbers.setdefault(clip, len(numbers)) for clip in clips]
        require_distinct(by_list)
        splits.append(Split(name=f"split{split}", train=tuple(members["train"]), valid=(), test=tuple(members["test"])))
    return Dataset(
        items=tuple(Item(id=clip, audio=None, video=path / VIDEOS / clip, group=_source(clip)) for clip in numbers),
        splits=tuple(splits),
        kind="multiclass",
        classes=(actions,),
        targets=class_numbers([clip.split("/")[0] for clip in numbers], actions),
        metrics=("top1_acc",),
        grouped_by="source video",
    )


def _classes(path: Path) -> dict[str, str]:
    """Return the actions by their numbers, from lines `<number> <Action>`."""
    entries = [line.split() for line in read_lines(path)]
    wrong = [entry for entry in entries if len(entry) != 2 or not entry[0].isdigit()]
    if wrong or not entries:
        raise DubaugError(f"{path}: {wrong[:1]}, expected lines of a number and an action")
    in_order = sorted((int(number), name) for number, name in entries)
    return {str(number): name for number, name in in_order}


def _source(clip: str) -> str:
    """Return the source video of a clip `<Action>/v_<Action>_g<group>_c<clip>.avi`: all before the clip's number."""
    return clip.rpartition("_c")[0] or clip


def _clip(line: str, by_number: dict[str, str], listed_in: Path) -> str:
    """Return the clip of a line `<Action>/<file>` or `<Action>/<file> <number>`."""
    clip, *number = line.split()
    action = clip.split("/")[0]
    if action not in by_number.values() or (number and by_number.get(number[0]) != action):
        raise DubaugError(
            f"{listed_in}: {line!r} does not fit the actions and numbers of "
            f"classInd.txt{unlike(action, by_number.values())}"
        )
    return clip
