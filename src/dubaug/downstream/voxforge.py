"""VoxForge: which of six languages is spoken; the layout and the split of TensorFlow Datasets (voxforge 1.0.0)."""

import os
from pathlib import Path

import numpy as np

from dubaug.downstream.lists import class_numbers, require_folder
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.errors import DubaugError

LANGUAGES = ("de", "en", "es", "fr", "it", "ru")
ENGLISH_FOLDER = "SpeechCorpus"
"""What VoxForge's own server calls the folder of the English recordings."""

SHARES = (("train", 0.7), ("valid", 0.1), ("test", 0.2))


def load(path: Path) -> Dataset:
    """Return all `<language>/Trunk/.../<speaker>-<date>-<code>/wav/*.wav` below `path`, split by speaker.

    The archives (`.tgz`) must have been unpacked where they lie. Split as in TFDS: see `speaker_splits`; archives
    without WAV files count as speakers there too. Raises `DubaugError`.
    """
    require_folder(path, "VoxForge, as its list of archives is downloaded")
    sounds: list[tuple[Path, str, str]] = []
    speakers: set[str] = set()
    for folder in _archives(path):
        language, speaker = _language(folder), folder.name.split("-")[0]
        speakers.add(speaker)
        sounds += [(sound, language, speaker) for sound in sorted((folder / "wav").glob("*.wav"))]
    if not sounds:
        raise DubaugError(f"{path} holds no <language>/Trunk/.../<speaker>-<date>-<code>/wav/*.wav")
    part_of = speaker_splits(speakers)
    members: dict[str, list[int]] = {part: [] for part, _ in SHARES}
    for number, (_, _, speaker) in enumerate(sounds):
        members[part_of[speaker]].append(number)
    try:
        split = Split(name="test", **{part: tuple(numbers) for part, numbers in members.items()})
    except DubaugError as error:
        raise DubaugError(f"{path}: {error}: {len(speakers)} speakers are too few") from error
    return Dataset(
        items=tuple(Item(id=sound.relative_to(path).as_posix(), audio=sound, video=None) for sound, _, _ in sounds),
        splits=(split,),
        kind="multiclass",
        classes=(LANGUAGES,),
        targets=class_numbers([language for _, language, _ in sounds], LANGUAGES),
        metrics=("top1_acc",),
    )


def speaker_splits(speakers: set[str]) -> dict[str, str]:
    """Return train, valid or test for each speaker: sorted, shuffled by RandomState(0), cut at 70 and 80 %.

    The cuts are TFDS's to the last bit: running sums of floats, truncated (0.7 + 0.1 is a little less than 0.8).
    """
    order = sorted(speakers)
    np.random.RandomState(0).shuffle(order)
    result: dict[str, str] = {}
    reached = 0.0
    for part, share in SHARES:
        start, reached = int(reached * len(order)), reached + share
        stop = len(order) if part == "test" else int(reached * len(order))
        result |= dict.fromkeys(order[start:stop], part)
    return result


def _archives(path: Path) -> list[Path]:
    """Return the unpacked archives' folders, sorted."""
    found: list[Path] = []
    packed: list[Path] = []
    for parent, folders, files in os.walk(path):
        here = Path(parent)
        if "Trunk" in here.parts[len(path.parts) :] and {"wav", "flac", "etc"} & set(folders):
            found.append(here)
            folders.clear()
        else:
            packed += [here / file for file in files if file.endswith(".tgz") and file[:-4] not in folders]
    if packed:
        raise DubaugError(
            f"{packed[0]} (and {len(packed) - 1} more) is still packed: "
            f"find {path} -name '*.tgz' -execdir tar xzf '{{}}' ';'"
        )
    return sorted(found)


def _language(folder: Path) -> str:
    """Return the language of an archive: the folder above `Trunk`."""
    above = folder.parts[len(folder.parts) - 1 - folder.parts[::-1].index("Trunk") - 1]
    language = "en" if above == ENGLISH_FOLDER else above
    if language not in LANGUAGES:
        raise DubaugError(f"{folder}: the folder above Trunk is {above!r}, expected one of {', '.join(LANGUAGES)}")
    return language
