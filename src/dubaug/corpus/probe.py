"""What a media file holds, and how far it can really be read: its packets are read to the end, none is decoded."""

from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.stream import Disposition
from av.video.stream import VideoStream

from dubaug.corpus.languages import normalise
from dubaug.errors import MediaError

COPY_AGAIN = "copy it again"

_PROMISING = ("matroska", "mov", "avi", "asf", "flv")
"""Containers whose header states the duration; that of others is FFmpeg's estimate, no promise."""

_SECONDARY_SOUND = (
    Disposition.comment | Disposition.visual_impaired | Disposition.hearing_impaired | Disposition.clean_effects
)


@dataclass(frozen=True, kw_only=True)
class Sound:
    """An audio stream; `end_s` is the end of its last packet."""

    stream: int
    language: str | None
    codec: str
    layout: str
    sample_rate_hz: int
    end_s: float
    main: bool
    """No commentary, audio description or the like."""

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
    sounds: tuple[Sound, ...]

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
            ends_s = _packet_ends_s(container)
            picture = next((s for s in container.streams if _is_picture(s)), None)
            audio = [s for s in container.streams if isinstance(s, AudioStream)]
            stated = container.duration and container.format.name.startswith(_PROMISING)
            return Probe(
                promised_s=container.duration / av.time_base if stated and container.duration else None,
                end_s=max(ends_s.values(), default=0.0),
                picture_end_s=None if picture is None else ends_s.get(picture.index, 0.0),
                picture=_describe(picture),
                sounds=tuple(_sound(stream, number, ends_s) for number, stream in enumerate(audio)),
            )
    except av.FFmpegError as error:
        raise MediaError(
            f"the file cannot be read ({error.strerror})", "copy it again, or convert it with another program"
        ) from error


def _packet_ends_s(container: av.container.InputContainer) -> dict[int, float]:
    """Return the end of the last packet of each stream, by stream number; damage ends the reading."""
    origin_s = (container.start_time or 0) / av.time_base
    ends_s: dict[int, float] = {}
    try:
        for packet in container.demux():
            time = packet.pts if packet.pts is not None else packet.dts
            if time is None or packet.time_base is None or not packet.size or packet.is_corrupt:
                continue
            end_s = float((time + (packet.duration or 0)) * packet.time_base) - origin_s
            number = packet.stream.index
            ends_s[number] = max(end_s, ends_s.get(number, 0.0))
    except av.FFmpegError:
        return ends_s  # how far it came is the answer
    return ends_s


def _is_picture(stream: object) -> bool:
    return isinstance(stream, VideoStream) and not stream.disposition & Disposition.attached_pic


def _describe(stream: object) -> str:
    if not isinstance(stream, VideoStream):
        return ""
    rate = f" {float(stream.average_rate):.3f}".rstrip("0").rstrip(".") + " fps" if stream.average_rate else ""
    return f"{stream.codec_context.name} {stream.width}x{stream.height}{rate}"


def _sound(stream: AudioStream, number: int, ends_s: dict[int, float]) -> Sound:
    return Sound(
        stream=number,
        language=normalise(stream.metadata.get("language")),
        codec=stream.codec_context.name,
        layout=stream.codec_context.layout.name,
        sample_rate_hz=stream.codec_context.sample_rate,
        end_s=ends_s.get(stream.index, 0.0),
        main=not stream.disposition & _SECONDARY_SOUND,
    )
