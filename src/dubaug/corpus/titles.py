"""The titles that were found (catalogue.csv) or selected (titles.csv): what the media themselves say."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubaug.errors import DubaugError
from dubaug.files import write_text

COLUMNS = (
    "title_id", "path", "minutes", "languages", "original_language", "year", "genres", "clips", "tracks", "picture",
    "sound", "notes",
)  # fmt: skip

END_SLACK_S = 0.025
"""Sound that falls this much short of its last clip still makes it a whole one (the rest is silence): encoders lose
up to a frame at the end, AC-3's 5 ms for instance, and Matroska rounds times to 1 ms."""


@dataclass(frozen=True, kw_only=True)
class Track:
    """The sound in one language: the n-th audio stream of the film, or of a side-car file."""

    language: str
    stream: int
    path: Path | None = None
    """The side-car file; None for the film itself."""


@dataclass(frozen=True, kw_only=True)
class Title:
    """A film that can be read."""

    title_id: str
    path: Path
    minutes: float
    """What can be read of the picture and of all configured languages' tracks."""
    clips: int
    """Whole clips in it."""
    tracks: tuple[Track, ...]
    original_language: str = ""
    year: str = ""
    genres: str = ""
    picture: str = ""
    """Size and frame rate, for people."""
    sound: str = ""
    """Codec, layout and rate of each track, for people."""
    notes: str = ""
    """What was found but not used."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The tracks' languages."""
        return tuple(track.language for track in self.tracks)

    def track(self, language: str) -> Track:
        """Return the track in `language`. Raises `DubaugError` if there is none."""
        for track in self.tracks:
            if track.language == language:
                return track
        raise DubaugError(f"title {self.title_id} has no {language} track; it has {', '.join(self.languages)}")

    def sources(self, languages: Sequence[str]) -> list[Path]:
        """Return the film, and the side-car files of some languages' tracks."""
        tracks = [self.track(language) for language in languages]
        return sorted({self.path, *(track.path for track in tracks if track.path is not None)})

    def state(self, languages: Sequence[str]) -> tuple[list[Any], list[Any]]:
        """Return what tells some languages' tracks from others, and the files from later versions of themselves.

        Files by name, size and time, for they are large. Raises `OSError` if one is not there.
        """
        tracks = [self.track(language) for language in languages]
        streams = [(track.language, track.stream, track.path.name if track.path else "") for track in tracks]
        files = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in self.sources(languages)]
        return streams, files


def write_titles(path: Path, titles: Iterable[Title]) -> None:
    """Write the titles as CSV, sorted by id. Paths become relative to the CSV's folder, unless they lie elsewhere."""
    folder = path.resolve().parent
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for title in sorted(titles, key=lambda title: title.title_id):
        writer.writerow(
            {
                "title_id": title.title_id,
                "path": _relative(title.path, folder),
                "minutes": f"{title.minutes:.3f}",
                "languages": "+".join(title.languages),
                "original_language": title.original_language,
                "year": title.year,
                "genres": title.genres,
                "clips": title.clips,
                "tracks": "|".join(
                    f"{track.language}:{track.stream if track.path is None else _relative(track.path, folder)}"
                    for track in title.tracks
                ),
                "picture": title.picture,
                "sound": title.sound,
                "notes": title.notes,
            }
        )
    write_text(path, buffer.getvalue())


def read_titles(path: Path) -> tuple[Title, ...]:
    """Return the titles of a CSV that `write_titles` wrote. Raises `DubaugError`."""
    if not path.is_file():
        raise DubaugError(f"no titles at {path}: make them with `dubaug catalogue` and `dubaug select`")
    folder = path.resolve().parent
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise DubaugError(f"{path} has no column {missing[0]!r}: it is not from `dubaug catalogue` of this version")
        return tuple(_title(row, folder) for row in reader)


def _title(row: dict[str, str], folder: Path) -> Title:
    return Title(
        title_id=row["title_id"],
        path=folder / row["path"],
        minutes=float(row["minutes"]),
        clips=int(row["clips"]),
        tracks=tuple(_track(entry, folder) for entry in row["tracks"].split("|")),
        original_language=row["original_language"],
        year=row["year"],
        genres=row["genres"],
        picture=row["picture"],
        sound=row["sound"],
        notes=row["notes"],
    )


def _track(entry: str, folder: Path) -> Track:
    language, _, target = entry.partition(":")
    if target.isdigit():
        return Track(language=language, stream=int(target))
    return Track(language=language, stream=0, path=folder / target)


def _relative(path: Path, folder: Path) -> str:
    """Return `path` relative to `folder`, both without symbolic links, so that `..` means the same to everybody."""
    return Path(os.path.relpath(path.resolve(), folder)).as_posix()
