"""The column `tracks` of catalogue.csv and titles.csv: `en:0|es:1|es@synthetic:dubs/a.mka#1`, read and written."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast

from dubaug.errors import DubaugError
from dubaug.tracks import TrackName

Channel: TypeAlias = Literal["", "left", "right"]

FORM = (
    "language:stream or language:file, separated by |, such as en:0|es:1|fr:other/file.ac3|es@synthetic:dubs/es.flac, "
    "with a file's own stream as in de:other.mka#1, and a channel of a stereo stream as in cs:2.left|nl:2.right"
)
BY_TAGS = -1
"""In a catalogue, in place of a side-car file's stream: the one that the file's own language tags say."""

_TARGET = re.compile(r"(?:(?P<file>.+)#)?(?P<stream>[0-9]{1,4})(?:\.(?P<channel>left|right))?")


@dataclass(frozen=True, kw_only=True)
class Track:
    """A sound track: the n-th audio stream of the film, or of a side-car file."""

    name: TrackName
    stream: int
    path: Path | None = None
    """The side-car file; None for the film itself."""
    channel: Channel = ""
    """The one channel of a stereo stream that is meant (dual mono); empty for all of them."""
    clock: float = 1.0
    """Seconds of its timestamps a second of its sound (`dubaug.corpus.clock`)."""

    @property
    def source(self) -> tuple[str | int | float, ...]:
        """What of the stream is heard, and under which name: a part of the digests of what is made of it."""
        channel, clock = [self.channel] if self.channel else [], [self.clock] if self.clock != 1.0 else []
        return (self.name, self.stream, *channel, *clock)

    def shares(self, other: "Track") -> bool:
        """Whether both are of one stream, and not its two sides."""
        apart = {self.channel, other.channel} == {"left", "right"}
        return (self.path, self.stream) == (other.path, other.stream) and not apart


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
        said = _TARGET.fullmatch(target)
        file = said["file"] if said else target
        tracks[name] = Track(
            name=name,
            stream=int(said["stream"]) if said else BY_TAGS,
            path=located(file) if file else None,
            channel=cast("Channel", said["channel"] or "") if said else "",
        )
    return tuple(tracks.values())


def format_tracks(tracks: Iterable[Track], relative: Callable[[Path], str]) -> str:
    """Return the cell that `parse_tracks` reads as these tracks; `relative` says how a side-car's path is written."""
    return "|".join(f"{track.name}:{_target(track, relative)}" for track in tracks)


def _target(track: Track, relative: Callable[[Path], str]) -> str:
    file = "" if track.path is None else relative(track.path)
    if track.stream == BY_TAGS:
        return file
    stream = str(track.stream) + f".{track.channel}" * bool(track.channel)
    return f"{file}#{stream}" if file else stream
