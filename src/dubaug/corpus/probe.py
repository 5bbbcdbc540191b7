"""What a media file holds, and how far it can really be read: its packets are read to the end, none is decoded."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from dubaug.corpus.clock import PacketDrift
from dubaug.errors import MediaError
from dubaug.languages import tag_or_none
from dubaug.tracks import COMMENTARY, DESCRIPTION, EFFECTS, TrackName
from dubaug.workers import report_progress

COPY_AGAIN = "copy it again"
REPAIR = "write new timestamps: ffmpeg -i IN -map 0 -c copy OUT.mkv"

JUMP_BACK_S, JUMP_AHEAD_S = 10.0, 90.0
"""A stream whose time makes a larger step than this cannot be cut into clips (splices of broadcasts)."""

UNDECODABLE = "it is in a codec that cannot be decoded"

_PROMISING = ("matroska", "mov", "avi", "asf", "flv")
"""Containers whose header states the duration; that of others is FFmpeg's estimate, no promise."""

_ORIGINS = {
    Disposition.comment: COMMENTARY,
    Disposition.visual_impaired: DESCRIPTION,
    Disposition.hearing_impaired: DESCRIPTION,
    Disposition.clean_effects: EFFECTS,
}
"""What a stream that is not the film's own sound is, by its flags."""


@dataclass(frozen=True, kw_only=True)
class SoundStream:
    """An audio stream; `end_s` is the end of its last packet."""

    stream: int
    name: TrackName | None
    """By its tag and flags; None without a language."""
    codec: str
    layout: str
    sample_rate_hz: int
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
    """The duration in the header, where the container states one."""
    end_s: float
    """The end of the last packet of any stream."""
    picture_end_s: float | None
    """The end of the picture; None if there is no picture."""
    picture: str
    picture_fault: str
    """Why the picture cannot be cut into clips: its codec or its timestamps; empty if it can."""
    sounds: tuple[SoundStream, ...]

    @property
    def cut_short(self) -> bool:
        """Whether the packets end well before the header's promise (by more than 2 s and 1 %)."""
        return self.promised_s is not None and self.end_s < 0.99 * self.promised_s - 2.0


def probe(path: Path) -> Probe:
    """Read the whole file's packets and return what is there. Raises `MediaError` if it is no readable media file."""
    if not path.is_file():
        raise MediaError(f"there is no file {path}", "correct the path in the catalogue")
    if path.stat().st_size == 0:
        raise MediaError("the file is empty", COPY_AGAIN)
    try:
        with av.open(path) as container:
            audio = container.streams.audio
            drifts = {stream.index: PacketDrift(stream) for stream in audio}
            spans = defaultdict(_Span, _spans(container, drifts))
            picture = picture_of(container)
            stated = container.duration and container.format.name.startswith(_PROMISING)
            # Headers count from 0, not from the first timestamp.
            start_s = max(container.start_time or 0, 0) / av.time_base
            return Probe(
                promised_s=container.duration / av.time_base - start_s if stated and container.duration else None,
                end_s=max((span.end_s for span in spans.values()), default=0.0),
                picture_end_s=None if picture is None else spans[picture.index].end_s,
                picture=_describe(picture),
                picture_fault="" if picture is None else _fault(picture, spans[picture.index]),
                sounds=tuple(
                    _sound(stream, number, spans[stream.index], drifts[stream.index].suspect)
                    for number, stream in enumerate(audio)
                ),
            )
    except av.FFmpegError as error:
        raise MediaError(
            f"the file cannot be read ({error.strerror})", "copy it again, or convert it with another program"
        ) from error


@dataclass
class _Span:
    """How far the packets of one stream have come, in seconds after the file's start time."""

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
        self.last_s = time_s
        self.end_s = max(self.end_s, time_s + self.length_s)


def _spans(container: av.container.InputContainer, drifts: Mapping[int, PacketDrift]) -> dict[int, _Span]:
    """Return how far each stream reaches, by stream number; damage ends the reading. `drifts` are told the packets."""
    origin_s = (container.start_time or 0) / av.time_base
    spans: dict[int, _Span] = {}
    reached_s = 0.0
    try:
        for packet in container.demux():
            if packet.time_base is None or not packet.size or packet.is_corrupt:
                continue
            time = packet.pts if packet.pts is not None else packet.dts
            span = spans.setdefault(packet.stream.index, _Span())
            time_s = None if time is None else float(time * packet.time_base) - origin_s
            span.add(time_s, float((packet.duration or 0) * packet.time_base))
            if packet.stream.index in drifts:
                drifts[packet.stream.index].add(packet, time_s)
            if span.end_s > reached_s:
                reached_s = span.end_s
                report_progress()
    except av.FFmpegError:
        return spans  # how far it came is the answer
    return spans


def picture_of(container: av.container.InputContainer) -> VideoStream | None:
    """Return the file's picture: the first video stream that is no cover image."""
    streams = container.streams.video
    return next((stream for stream in streams if not stream.disposition & Disposition.attached_pic), None)


def _fault(stream: Stream, span: _Span) -> str:
    return span.fault if stream.codec_context is not None else UNDECODABLE


def _describe(stream: VideoStream | None) -> str:
    if stream is None or stream.codec_context is None:
        return ""
    rate = f" {float(stream.average_rate):.3f}".rstrip("0").rstrip(".") + " fps" if stream.average_rate else ""
    return f"{stream.codec_context.name} {stream.width}x{stream.height}{rate}"


def _sound(stream: AudioStream, number: int, span: _Span, stretched: bool) -> SoundStream:
    codec = stream.codec_context
    return SoundStream(
        stream=number,
        name=_name(stream),
        codec="unknown" if codec is None else codec.name,
        layout="" if codec is None else codec.layout.name,
        sample_rate_hz=0 if codec is None else codec.sample_rate,
        end_s=span.end_s,
        fault=_fault(stream, span),
        stretched=stretched,
    )


def _name(stream: AudioStream) -> TrackName | None:
    tag, origin = tag_or_none(stream.metadata.get("language")), _origin(stream)
    return None if tag is None else TrackName(f"{tag}@{origin}" if origin else tag)


def _origin(stream: AudioStream) -> str:
    """Return what a stream is that is not the film's own sound; empty if it is. By its flags: its title is not read."""
    return next((origin for flag, origin in _ORIGINS.items() if stream.disposition & flag), "")
