"""VoxForge: which of six languages is spoken; the layout and the split of TensorFlow Datasets (voxforge 1.0.0)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dubaug.downstream.lists import class_numbers, read_lines, require_distinct, require_folder, unlike, walk
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.errors import DubaugError

LIST = "voxforge_urls.txt"
"""TFDS's list of archives (all before 2020), which `wget -i voxforge_urls.txt -x` downloads."""

LANGUAGES = ("de", "en", "es", "fr", "it", "ru")
ENGLISH_FOLDER = "SpeechCorpus"
"""What VoxForge's own server also calls the folder of the English recordings; TFDS's list has `en`."""

SHARES = (("train", 0.7), ("valid", 0.1), ("test", 0.2))
UNPACK = "find {path} -name '*.tgz' -execdir tar xzf '{{}}' ';'"


def load(path: Path) -> Dataset:
    """Return all WAV files of the unpacked archives `<language>/Trunk/.../<speaker>-<date>-<code>`, split by speaker.

    With TFDS's list in the folder (`voxforge_urls.txt`), the archives are those that it names, and all must be there,
    unpacked where `wget -x` puts them. Without it they are what is found, and `note` says so: the split follows from
    the speakers, so that an archive more or less changes it. Split as in TFDS: see `speaker_splits`; archives without
    WAV files (FLAC) count as speakers there too. Raises `DubaugError`.
    """
    require_folder(path, "VoxForge, as its list of archives is downloaded")
    listed = (path / LIST).is_file()
    sounds: list[tuple[Path, str, str]] = []
    speakers: set[str] = set()
    for folder in _listed_archives(path) if listed else _found_archives(path):
        language, speaker = _language(folder), folder.name.split("-")[0]
        speakers.add(speaker)
        found = (parent / name for parent, folders, files in walk(folder) for name in (*folders, *files))
        sounds += [(sound, language, speaker) for sound in sorted(found) if sound.name.endswith(".wav")]
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
        items=tuple(
            Item(id=sound.relative_to(path).as_posix(), audio=sound, video=None, group=speaker)
            for sound, _, speaker in sounds
        ),
        splits=(split,),
        kind="multiclass",
        classes=(LANGUAGES,),
        targets=class_numbers([language for _, language, _ in sounds], LANGUAGES),
        metrics=("top1_acc",),
        grouped_by="speaker",
        note="" if listed else f"no {LIST}: whether archives are missing cannot be told, nor that the split is TFDS's",
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


def _listed_archives(path: Path) -> list[Path]:
    """Return the folders of the archives that TFDS's list names, sorted. Raises `DubaugError` unless all are there."""
    listed_in = path / LIST
    archives = [_archive(line, listed_in) for line in read_lines(listed_in)]
    require_distinct({listed_in: archives})
    folders = sorted(path / archive.removesuffix(".tgz") for archive in archives)
    lacking = [folder.with_name(f"{folder.name}.tgz") for folder in folders if not folder.is_dir()]
    absent = [archive for archive in lacking if not archive.is_file()]
    if absent:
        there = absent[0].parent.iterdir() if absent[0].parent.is_dir() else ()
        alike = unlike(absent[0].stem, [folder.name for folder in there])
        raise DubaugError(
            f"{listed_in} names {absent[0].name}, and there is no {absent[0]} nor its folder{alike}; {len(absent)} of "
            f"{len(folders)} archives are absent. All are needed, since the split follows from the speakers: "
            f"cd {path}; wget -nc -i {LIST} -x"
        )
    _require_unpacked(path, lacking)
    return folders


def _archive(line: str, listed_in: Path) -> str:
    """Return where a line of the list says that its archive lies: the address without scheme and quotes."""
    address = line.replace('"', "").replace("'", "")
    archive = address.partition("://")[2] or address
    if not archive.endswith(".tgz") or "/Trunk/" not in archive or ".." in archive.split("/"):
        raise DubaugError(f"{listed_in}: {line!r}, expected <server>/.../<language>/Trunk/.../<archive>.tgz")
    return archive.lstrip("/")


def _found_archives(path: Path) -> list[Path]:
    """Return the unpacked archives' folders, sorted."""
    found: list[Path] = []
    packed: list[Path] = []
    for here, folders, files in walk(path):
        if "Trunk" in here.parts[len(path.parts) :] and {"wav", "flac", "etc"} & set(folders):
            found.append(here)
            folders.clear()
        else:
            packed += [here / file for file in files if file.endswith(".tgz") and file[:-4] not in folders]
    _require_unpacked(path, packed)
    return sorted(found)


def _require_unpacked(path: Path, packed: Sequence[Path]) -> None:
    if packed:
        raise DubaugError(f"{packed[0]} (and {len(packed) - 1} more) is still packed: {UNPACK.format(path=path)}")


def _language(folder: Path) -> str:
    """Return the language of an archive: the folder above `Trunk`."""
    above = folder.parts[len(folder.parts) - 1 - folder.parts[::-1].index("Trunk") - 1]
    language = "en" if above == ENGLISH_FOLDER else above
    if language not in LANGUAGES:
        raise DubaugError(f"{folder}: the folder above Trunk is {above!r}, expected one of {', '.join(LANGUAGES)}")
    return language
