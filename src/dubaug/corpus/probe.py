"""What a media file holds, and how far it can really be read: its packets are read to the end, none is decoded."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.stream import Stream
from av.video.stream import VideoStream

from dubaug.corpus.clock import PacketDrift
from dubaug.corpus.picture import colour_fault, colours_of, crop_of
from dubaug.corpus.programmes import Programme, pictures_of, programme_of, start_s
from dubaug.corpus.roles import origin_of, tag_of
from dubaug.corpus.truncation import is_whole, shortfall
from dubaug.errors import MediaError
from dubaug.files import why_no_file
from dubaug.languages import tag_or_none
from dubaug.tracks import TrackName
from dubaug.workers import report_progress

COPY_AGAIN = "copy it again"
REPAIR = "write new timestamps: ffmpeg -i IN -map 0 -c copy OUT.mkv"

JUMP_BACK_S, JUMP_AHEAD_S = 10.0, 90.0
"""A stream whose time makes a larger step than this cannot be cut into clips (splices of broadcasts)."""

INDEX_BYTES = 65536
"""What may follow the last packet besides 2 % of the file: a short film's index."""

UNDECODABLE = "it is in a codec that cannot be decoded"

_PROMISING = ("matroska", "mov", "avi", "asf", "flv", "flac", "wv", "tta", "ape")
"""Formats whose header states the duration; that of others is FFmpeg's estimate, and no promise."""


@dataclass(frozen=True, kw_only=True)
class SoundStream:
    """An audio stream; it lasts from its first packet to the end of its last."""

    stream: int
    name: TrackName | None
    """By its tag, flags and title; None without a language."""
    programme: Programme
    codec: str
    layout: str
    channels: int
    sample_rate_hz: int
    start_s: float
    end_s: float
    fault: str = ""
    """Why it cannot be cut into clips: its codec or its timestamps; empty if it can."""
    stretched: bool = False
    """Whether its timestamps seem to run at another speed than its sound."""

    def __str__(self) -> str:
        return f"{self.codec} {self.layout} {self.sample_rate_hz}"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A readable file. Times are in seconds after the file's start time."""

    promised_s: float | None
    """Where the header says that picture and sound end; None where its format states no duration."""
    end_s: float
    """The end of the last packet of picture or sound: subtitles may end hours later, chapters and data anywhere."""
    cut: str
    """What the header promises and the file does not hold, if it is cut short; else empty."""
    programme: Programme | None
    """The one of the picture; None if there is no picture."""
    picture_start_s: float
    picture_end_s: float | None
    """The end of the picture; None if there is no picture."""
    picture: str
    picture_fault: str
    """Why the picture cannot be cut into clips: its codec or its timestamps; empty if it can."""
    sounds: tuple[SoundStream, ...]
    """All of the file's, in the file's order."""

    def goes_with_picture(self, sound: SoundStream) -> bool:
        """Whether a sound stream is of the picture's programme."""
        return self.programme in (None, sound.programme)


def probe(path: Path, *, fullness: Callable[[Sequence[SoundStream]], Any] = len) -> Probe:
    """Read the whole file's packets and return what is there. Raises `MediaError` if it is no readable media file.

    Of several programmes the picture is that of the fullest, by the sound streams of each.
    """
    why = why_no_file(path)
    if why is not None:
        raise MediaError(f"there is no file {path}{why}", "correct the path in the catalogue")
    if path.stat().st_size == 0:
        raise MediaError("the file is empty", COPY_AGAIN)
    try:
        with av.open(path.absolute()) as container:
            promised_s = stated_s(container)
            drifts = {stream.index: PacketDrift(stream) for stream in container.streams.audio}
            spans, last_byte = _spans(container, drifts)
            sounds = tuple(
                _sound(stream, number, spans[stream.index], drifts.get(stream.index))  # none if it began on the way
                for number, stream in enumerate(container.streams.audio)
            )
            pictures, of = pictures_of(container), defaultdict[Programme, list[SoundStream]](list)
            for sound in sounds:
                of[sound.programme].append(sound)
            programme = max(pictures, key=lambda programme: fullness(of[programme]), default=None)
            picture = None if programme is None else pictures[programme]
            seen = _Span() if picture is None else spans[picture.index]
            end_s = max([seen.end_s, *(sound.end_s for sound in sounds)])
            return Probe(
                promised_s=promised_s,
                end_s=end_s,
                cut=_cut(path, end_s, promised_s, last_byte),
                programme=programme,
                picture_start_s=seen.start_s,
                picture_end_s=None if picture is None else seen.end_s,
                picture=_describe(picture),
                picture_fault="" if picture is None else _fault(picture, seen) or colour_fault(picture),
                sounds=sounds,
            )
    except av.FFmpegError as error:
        raise MediaError(
            f"the file cannot be read ({error.strerror})", "copy it again, or convert it with another program"
        ) from error


def stated_s(container: av.container.InputContainer) -> float | None:
    """Return where the header says that picture and sound end; None if its format has no such header.

    By the streams where it tells them apart, counted from the file's start time.
    """
    if not container.duration or not container.format.name.startswith(_PROMISING):
        return None
    ends_s = [
        float(((stream.start_time or 0) + stream.duration) * stream.time_base)
        for stream in (*container.streams.video, *container.streams.audio)
        if stream.duration and stream.time_base
    ]
    # Headers count from 0, not from the first timestamp.
    return max(ends_s, default=container.duration / av.time_base) - max(container.start_time or 0, 0) / av.time_base


def _cut(path: Path, end_s: float, promised_s: float | None, last_byte: int) -> str:
    """Return what is lacking of a file that was cut short (by more than 2 s and 1 %, or 1 % of its bytes); else "".

    A header that promises more time is wrong if all bytes are there and hold packets to their end (a copy whose end
    was never filled has zeros there).
    """
    early = promised_s is not None and end_s < 0.99 * promised_s - 2.0
    if early and not (is_whole(path) and _filled(path, last_byte)):
        return f"ends at {end_s:.1f} s of the {promised_s:.1f} s its header promises"
    lacking = shortfall(path)
    if lacking and lacking.part == "data" and lacking.there_bytes < 0.99 * lacking.stated_bytes:
        return f"ends after {lacking.there_bytes} of the {lacking.stated_bytes} bytes its header promises"
    return ""


def _filled(path: Path, last_byte: int) -> bool:
    """Return whether an index at most follows the last packet, and no zeros."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - 1024, 0))
        return last_byte > 0.98 * size - INDEX_BYTES and any(file.read())


@dataclass
class _Span:
    """How far the packets of one stream have come, in seconds after the file's start time."""

    start_s: float = 0.0
    """The start of the first packet in the file."""
    end_s: float = 0.0
    """The end of the last packet in time."""
    last_s: float | None = None
    """The time of the last packet in the file."""
    length_s: float = 0.0
    """How long the packets are, by their own word or by the distance of the last two."""
    fault: str = ""

    def add(self, time_s: float | None, length_s: float) -> None:
        """Count a packet; one without a timestamp follows the last."""
        if time_s is None:
            time_s = self.end_s
        if self.last_s is not None and not -JUMP_BACK_S < time_s - max(self.last_s, self.end_s) < JUMP_AHEAD_S:
            self.fault = self.fault or f"its timestamps jump from {self.last_s:.1f} s to {time_s:.1f} s"
        if length_s:
            self.length_s = length_s
        elif self.last_s is not None and time_s > self.last_s:
            self.length_s = time_s - self.last_s
        if self.last_s is None:
            self.start_s = time_s
        self.last_s = time_s
        self.end_s = max(self.end_s, time_s + self.length_s)


def _spans(
    container: av.container.InputContainer, drifts: Mapping[int, PacketDrift]
) -> tuple[Mapping[int, _Span], int]:
    """Return how far each stream reaches, by stream number, and the end of the last packet in the file, in bytes.

    Damage ends the reading: how far it came is the answer. `drifts` are told the packets.
    """
    origins_s = {stream.index: start_s(stream) for stream in container.streams}
    spans: dict[int, _Span] = defaultdict(_Span)
    reached_s, last_byte = 0.0, 0
    with suppress(av.FFmpegError):
        for packet in container.demux():
            if packet.time_base is None or not packet.size or packet.is_corrupt:
                continue
            last_byte = max(last_byte, (packet.pos or 0) + packet.size)
            time = packet.pts if packet.pts is not None else packet.dts
            span = spans[packet.stream.index]
            if packet.stream.index not in origins_s:  # it begins on the way
                origins_s[packet.stream.index] = start_s(packet.stream)
            time_s = None if time is None else float(time * packet.time_base) - origins_s[packet.stream.index]
            span.add(time_s, float((packet.duration or 0) * packet.time_base))
            if packet.stream.index in drifts:
                drifts[packet.stream.index].add(packet, time_s)
            if span.end_s > reached_s:
                reached_s = span.end_s
                report_progress()
    return spans, last_byte


def _fault(stream: Stream, span: _Span) -> str:
    return span.fault if stream.codec_context is not None else UNDECODABLE


def _describe(stream: VideoStream | None) -> str:
    if stream is None or stream.codec_context is None:
        return ""
    rate = f" {float(stream.average_rate):.3f}".rstrip("0").rstrip(".") + " fps" if stream.average_rate else ""
    crop, colours = crop_of(stream), colours_of(stream)
    cropped = f", cropped to {crop.width}x{crop.height}" if crop else ""
    mapped = f", {colours} to BT.709" if colours else ""
    return f"{stream.codec_context.name} {stream.width}x{stream.height}{rate}{cropped}{mapped}"


def _sound(stream: AudioStream, number: int, span: _Span, drift: PacketDrift | None) -> SoundStream:
    codec = stream.codec_context
    return SoundStream(
        stream=number,
        name=_name(stream),
        programme=programme_of(stream),
        codec="unknown" if codec is None else codec.name,
        layout="" if codec is None else codec.layout.name,
        channels=0 if codec is None else codec.layout.nb_channels,
        sample_rate_hz=0 if codec is None else codec.sample_rate,
        start_s=span.start_s,
        end_s=span.end_s,
        fault=_fault(stream, span),
        stretched=drift is not None and drift.suspect,
    )


def _name(stream: AudioStream) -> TrackName | None:
    tag, origin = tag_or_none(tag_of(stream, "language")), origin_of(stream)
    return None if tag is None else TrackName(f"{tag}@{origin}" if origin else tag)
