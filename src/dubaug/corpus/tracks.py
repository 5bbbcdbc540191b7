"""The column `tracks` of catalogue.csv and titles.csv: `en:0|es:1|es@synthetic:dubs/a.flac`, read and written."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dubaug.errors import DubaugError
from dubaug.tracks import TrackName

FORM = "language:stream or language:file, separated by |, such as en:0|es:1|fr:other/file.ac3|es@synthetic:dubs/es.flac"


@dataclass(frozen=True, kw_only=True)
class Track:
    """A sound track: the n-th audio stream of the film, or of a side-car file."""

    name: TrackName
    stream: int
    path: Path | None = None
    """The side-car file; None for the film itself."""
    clock: float = 1.0
    """Seconds of its timestamps a second of its sound (`dubaug.corpus.clock`)."""

    @property
    def source(self) -> tuple[str | int | float, ...]:
        """What of the stream is heard, and under which name: a part of the digests of what is made of it."""
        return (self.name, self.stream, *([self.clock] if self.clock != 1.0 else []))


def parse_tracks(text: str, located: Callable[[str], Path]) -> tuple[Track, ...]:
    """Return the tracks that a cell names; `located` says where a side-car file lies.

    Raises `DubaugError` for another form, what is no language, or a name that comes twice.
    """
    tracks: dict[TrackName, Track] = {}
    for entry in filter(None, (part.strip() for part in text.split("|"))):
        written, _, target = map(str.strip, entry.partition(":"))
        if not written or not target:
            raise DubaugError(f"tracks {text!r}: expected {FORM}")
        try:
            name = TrackName(written)
        except ValueError as error:
            raise DubaugError(f"tracks {text!r}: {written!r} is {error}") from error
        if name in tracks:
            raise DubaugError(f"tracks {text!r} names {name} twice")
        of_film = re.fullmatch("[0-9]+", target)
        path = None if of_film else located(target)
        tracks[name] = Track(name=name, stream=int(target) if of_film else 0, path=path)
    return tuple(tracks.values())


def format_tracks(tracks: Iterable[Track], relative: Callable[[Path], str]) -> str:
    """Return the cell that `parse_tracks` reads as these tracks; `relative` says how a side-car's path is written."""
    return "|".join(f"{track.name}:{_target(track, relative)}" for track in tracks)


def _target(track: Track, relative: Callable[[Path], str]) -> str:
    if track.path is None:
        return str(track.stream)
    written = relative(track.path)
    return f"./{written}" if re.fullmatch("[0-9]+", written) else written
