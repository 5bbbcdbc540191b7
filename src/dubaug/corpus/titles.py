"""The titles that were found (catalogue.csv) or selected (titles.csv): what the media themselves say."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dubaug.corpus.tracks import Track, format_tracks, parse_tracks
from dubaug.errors import DubaugError
from dubaug.files import write_text
from dubaug.tabular import csv_text, read_rows
from dubaug.tracks import TrackName, serving

COLUMNS = (
    "title_id", "path", "minutes", "languages", "original_language", "year", "genres", "clips", "tracks", "clocks",
    "picture", "sound", "notes",
)  # fmt: skip
_WORDS = ("title_id", "original_language", "year", "genres", "picture", "sound", "notes")
"""Those of them that are a title's text as it is."""

_YEAR = re.compile(r"\s*((?:1[89]|2[01])\d\d)(?!\d)")
END_SLACK_S = 0.025
"""Sound that falls this much short of its last clip still makes it a whole one (the rest is silence): encoders lose
up to a frame at the end, AC-3's 5 ms for instance, and Matroska rounds times to 1 ms."""


@dataclass(frozen=True, kw_only=True)
class Title:
    """A film that can be read."""

    title_id: str
    path: Path
    minutes: float
    """What can be read of the picture and of all configured tracks."""
    clips: int
    """Whole clips in it."""
    tracks: tuple[Track, ...]
    original_language: str = ""
    year: str = ""
    genres: str = ""
    picture: str = ""
    """Size and frame rate, for people."""
    sound: str = ""
    """Codec, layout and rate of each track as the file names it, for people."""
    notes: str = ""
    """What was found but not used."""
    lost: str = ""
    """What of its end lacks picture, primary or dub: for the reject list, not in the CSV."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the film itself is heard in: of its tracks without an origin (`@synthetic`)."""
        return tuple(dict.fromkeys(track.name.language for track in self.tracks if not track.name.origin))

    @property
    def released(self) -> int | None:
        """The year, which has to be four digits at the start (of `2016.0`, `2016-05-01`); None where it says none."""
        found = _YEAR.match(self.year)
        return int(found[1]) if found else None

    def track(self, name: TrackName) -> Track:
        """Return the track of exactly this name. Raises `DubaugError` if there is none."""
        by_name = {track.name: track for track in self.tracks}
        if name not in by_name:
            raise DubaugError(f"title {self.title_id} has no {name} track; it has {', '.join(by_name)}")
        return by_name[name]

    def as_asked(self, names: Iterable[TrackName]) -> "Title":
        """Return the title whose tracks bear the names under which they are asked for, as far as it has them.

        Where `es-419` answers to `es` (`dubaug.tracks.serving`) it is called `es` from here on.
        """
        asked = {held: name for name, held in serving(names, [track.name for track in self.tracks]).items()}
        tracks = (replace(track, name=asked.get(track.name, track.name)) for track in self.tracks)
        return replace(self, tracks=tuple(tracks))

    def lacking(self, names: Iterable[TrackName]) -> list[TrackName]:
        """Return those of these names that no track answers to."""
        wanted = list(names)
        answers = serving(wanted, [track.name for track in self.tracks])
        return [name for name in wanted if name not in answers]

    def sources(self, names: Sequence[TrackName]) -> list[Path]:
        """Return the film, and the side-car files of some tracks."""
        tracks = [self.track(name) for name in names]
        return sorted({self.path, *(track.path for track in tracks if track.path is not None)})

    def state(self, names: Sequence[TrackName]) -> tuple[list[Any], list[Any]]:
        """Return what tells some tracks from others, and the files from later versions of themselves.

        Files by name, size and time, for they are large. Raises `OSError` if one is not there.
        """
        tracks = [self.track(name) for name in names]
        streams = [(*track.source, track.path.name if track.path else "") for track in tracks]
        files = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in self.sources(names)]
        return streams, files


def write_titles(path: Path, titles: Iterable[Title]) -> None:
    """Write the titles as CSV, sorted by id. Paths become relative to the CSV's folder, unless they lie elsewhere."""
    folder = path.resolve().parent
    rows = [
        {
            **{column: getattr(title, column) for column in _WORDS},
            "path": _relative(title.path, folder),
            "minutes": f"{title.minutes:.3f}",
            "languages": "+".join(title.languages),
            "clips": title.clips,
            "tracks": format_tracks(title.tracks, lambda path: _relative(path, folder)),
            "clocks": "|".join(f"{track.name}:{track.clock:.9g}" for track in title.tracks if track.clock != 1.0),
        }
        for title in sorted(titles, key=lambda title: title.title_id)
    ]
    write_text(path, csv_text(COLUMNS, rows))


def read_titles(path: Path) -> tuple[Title, ...]:
    """Return the titles of a CSV that `write_titles` wrote. Raises `DubaugError`."""
    if not path.is_file():
        raise DubaugError(f"no titles at {path}: make them with `dubaug catalogue` and `dubaug select`")
    folder = path.resolve().parent
    return tuple(_title(row, folder) for row in read_rows(path, COLUMNS, what="list of titles"))


def _title(row: dict[str, str], folder: Path) -> Title:
    clocks = dict(cell.split(":") for cell in row["clocks"].split("|") if cell)
    tracks = parse_tracks(row["tracks"], lambda path: folder / path)
    return Title(
        **{column: row[column] for column in _WORDS},
        path=folder / row["path"],
        minutes=float(row["minutes"]),
        clips=int(row["clips"]),
        tracks=tuple(replace(track, clock=float(clocks.get(track.name, 1.0))) for track in tracks),
    )


def _relative(path: Path, folder: Path) -> str:
    """Return `path` relative to `folder`, both without symbolic links, so that `..` means the same to everybody."""
    return Path(os.path.relpath(path.resolve(), folder)).as_posix()
