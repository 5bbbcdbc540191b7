"""Which streams of a broadcast belong together: a recording may hold several programmes, each by its own clock."""

from typing import TypeAlias

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

Programme: TypeAlias = tuple[int | None, int | None]
"""The numbers of its best picture and its best sound, which no two programmes share."""


def programme_of(stream: Stream) -> Programme:
    """Return a stream's programme, as FFmpeg finds what is related to it; a file that has none is all one programme."""
    streams = stream.container.streams
    picture, sound = streams.best("video", related=stream), streams.best("audio", related=stream)
    return picture.index if picture else None, sound.index if sound else None


def pictures_of(container: InputContainer) -> dict[Programme, VideoStream]:
    """Return each programme's picture: its first video stream that is no cover image."""
    pictures: dict[Programme, VideoStream] = {}
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            pictures.setdefault(programme_of(stream), stream)
    return pictures


def picture_of(container: InputContainer, beside: Stream | None = None) -> VideoStream | None:
    """Return the file's picture; of several programmes that of the stream `beside`, or the first one's."""
    pictures = pictures_of(container)
    return next(iter(pictures.values()), None) if beside is None else pictures.get(programme_of(beside))


def start_s(stream: Stream) -> float:
    """Return where on a stream's clock the file begins: at its earliest stream, or the earliest of its programme."""
    container = stream.container
    assert isinstance(container, InputContainer)
    programmes = {other: programme_of(other) for other in (*container.streams.video, *container.streams.audio)}
    mates = [other for other, programme in programmes.items() if programme == programme_of(stream)]
    starts_s = [
        float(other.start_time * other.time_base) for other in mates if other.start_time is not None and other.time_base
    ]
    if len(mates) == len(programmes) or not starts_s:
        return float((container.start_time or 0) / av.time_base)
    return min(starts_s)
