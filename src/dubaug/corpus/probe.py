"""What a media file holds, and how far it can really be read: its packets are read to the end, none is decoded."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.stream import Stream
from av.video.stream import VideoStream

from dubaug.corpus.truncation import shortfall
from dubaug.corpus.programmes import Programme, pictures_of, programme_of, start_s
from dubaug.corpus.roles import origin_of, tag_of
from dubaug.errors import MediaError
from dubaug.files import why_no_file
from dubaug.languages import tag_or_none
from dubaug.tracks import TrackName
from dubaug.workers import report_progress

COPY_AGAIN = "copy it again"
REPAIR = "write new timestamps: ffmpeg -i IN -map 0 -c copy OUT.mkv"

JUMP_BACK_S, JUMP_AHEAD_S = 10.0, 90.0
"""A stream whose time makes a larger step than this cannot be cut into clips (splices of broadcasts)."""

UNDECODABLE = "it is in a codec that cannot be decoded"

_PROMISING = ("matroska", "mov", "avi", "asf", "flv", "flac", "tta")
"""Containers whose header states the duration; that of others is FFmpeg's estimate, no promise, and goes by the bytes
that they state (`dubaug.corpus.truncation`)."""


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

    def __str__(self) -> str:
        return f"{self.codec} {self.layout} {self.sample_rate_hz}"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A readable file. Times are in seconds after the file's start time."""

    promised_s: float | None
    """The duration in the header, or by the length in bytes that it states; None where it states neither."""
    end_s: float
    """The end of the last packet of any stream."""
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

    @property
    def cut_short(self) -> bool:
        """Whether the packets end well before the header's promise (by more than 2 s and 1 %)."""
        return self.promised_s is not None and self.end_s < 0.99 * self.promised_s - 2.0


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
        with av.open(path) as container:
            spans = defaultdict(_Span, _spans(container))
            numbered = enumerate(container.streams.audio)
            sounds = tuple(_sound(stream, number, spans[stream.index]) for number, stream in numbered)
            pictures, of = pictures_of(container), defaultdict[Programme, list[SoundStream]](list)
            for sound in sounds:
                of[sound.programme].append(sound)
            programme = max(pictures, key=lambda programme: fullness(of[programme]), default=None)
            picture = None if programme is None else pictures[programme]
            stated = container.duration and container.format.name.startswith(_PROMISING)
            # Headers count from 0, not from the first timestamp.
            begin_s = max(container.start_time or 0, 0) / av.time_base
            return Probe(
                promised_s=container.duration / av.time_base - begin_s if stated and container.duration else None,
                end_s=max((span.end_s for span in spans.values()), default=0.0),
                programme=programme,
                picture_start_s=0.0 if picture is None else spans[picture.index].start_s,
                picture_end_s=None if picture is None else spans[picture.index].end_s,
                picture=_describe(picture),
                picture_fault="" if picture is None else _fault(picture, spans[picture.index]),
                sounds=sounds,
            )
    except av.FFmpegError as error:
        raise MediaError(
            f"the file cannot be read ({error.strerror})", "copy it again, or convert it with another program"
        ) from error


def stated_s(container: av.container.InputContainer) -> float | None:
    """Return the duration in a file's header, counted from its start time; None if its format has none there."""
    if not container.duration or not container.format.name.startswith(_PROMISING):
        return None
    return container.duration / av.time_base - max(container.start_time or 0, 0) / av.time_base  # headers count from 0


def _promised_s(path: Path, container: av.container.InputContainer, end_s: float) -> float | None:
    """Return how long a file says that it is, whose packets end at `end_s`; None if it does not say."""
    stated = stated_s(container)
    if stated is not None:
        return stated
    lacking = shortfall(path)
    if lacking is None or lacking.part != "data":
        return None
    return end_s * lacking.stated_bytes / max(lacking.there_bytes, 1)


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


def _spans(container: av.container.InputContainer) -> dict[int, _Span]:
    """Return how far each stream reaches, by stream number; damage ends the reading."""
    origins_s = {stream.index: start_s(stream) for stream in container.streams}
    spans: dict[int, _Span] = {}
    reached_s = 0.0
    try:
        for packet in container.demux():
            if packet.time_base is None or not packet.size or packet.is_corrupt:
                continue
            time = packet.pts if packet.pts is not None else packet.dts
            span = spans.setdefault(packet.stream.index, _Span())
            if packet.stream.index not in origins_s:  # it begins on the way
                origins_s[packet.stream.index] = start_s(packet.stream)
            time_s = None if time is None else float(time * packet.time_base) - origins_s[packet.stream.index]
            span.add(time_s, float((packet.duration or 0) * packet.time_base))
            if span.end_s > reached_s:
                reached_s = span.end_s
                report_progress()
    except av.FFmpegError:
        return spans  # how far it came is the answer
    return spans


def _fault(stream: Stream, span: _Span) -> str:
    return span.fault if stream.codec_context is not None else UNDECODABLE


def _describe(stream: VideoStream | None) -> str:
    if stream is None or stream.codec_context is None:
        return ""
    rate = f" {float(stream.average_rate):.3f}".rstrip("0").rstrip(".") + " fps" if stream.average_rate else ""
    return f"{stream.codec_context.name} {stream.width}x{stream.height}{rate}"


def _sound(stream: AudioStream, number: int, span: _Span) -> SoundStream:
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
    )


def _name(stream: AudioStream) -> TrackName | None:
    tag, origin = tag_or_none(tag_of(stream, "language")), origin_of(stream)
    return None if tag is None else TrackName(f"{tag}@{origin}" if origin else tag)
