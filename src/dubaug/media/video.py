"""Frames at given times, whatever the frame rate. Shape suffix THWC: frame, row, column, RGB."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.filter import Graph
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.reformatter import ColorTrc, Interpolation
from av.video.stream import VideoStream

from dubaug.corpus.picture import colours_of, crop_of
from dubaug.corpus.probe import probe
from dubaug.corpus.programmes import picture_of
from dubaug.errors import MediaError
from dubaug.files import why_no_file
from dubaug.media.colour import is_sdr, to_bt709

SEEK_GAP_S = 4.0
"""Windows further apart than this are reached by seeking, nearer ones by decoding on."""

TIME_SLACK_S = 0.002
"""Timestamps of Matroska are rounded to 1 ms: a frame this much late still counts as shown."""

UNREADABLE = "copy the file again, or convert it with another program"
REMUX = "remux it: ffmpeg -fflags +genpts -i IN -map 0 -c copy OUT.mkv"


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Yield the file; errors of FFmpeg, also while it is read, become a `MediaError`, as does what is no file."""
    why = why_no_file(path)
    if why is not None:
        raise MediaError(f"no such file: {path}{why}", "check the path")
    try:
        with av.open(path.absolute()) as container:
            yield container
    except av.FFmpegError as error:
        raise MediaError(f"{path.name} cannot be read: {error.strerror}", UNREADABLE) from error


def video_stream(container: InputContainer, name: str, beside: Stream | None = None) -> VideoStream:
    """Return the film's picture: the first video stream that is no cover image. Raises `MediaError`.

    Of a broadcast's programmes it is that of the stream `beside`.
    """
    stream = picture_of(container, beside)
    if stream is None:
        raise MediaError(f"{name} has no picture", "give a file with a video stream")
    return stream


def frame_times(start_s: float, duration_s: float, frames: int) -> tuple[float, ...]:
    """Return the times of `frames` frames spread evenly over a window: the centres of as many equal parts."""
    return tuple(start_s + (index + 0.5) * duration_s / frames for index in range(frames))


def scaled_size(width: float, height: float, pixel_aspect: float, target_height: int) -> tuple[int, int]:
    """Return `(width, height)` of a picture scaled to `target_height`, its shown aspect kept, the width even."""
    shown_width = width * (pixel_aspect or 1.0)
    return max(2, 2 * round(target_height * shown_width / height / 2)), target_height


def orientation(frame: VideoFrame) -> tuple[int, bool]:
    """Return how a frame is to be shown, from its display matrix: quarter turns anticlockwise, after mirroring or not.

    Other angles, which no camera writes, are rounded to quarter turns.
    """
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return 0, False
    a, b, _, c, d, *_ = np.frombuffer(bytes(matrix), dtype="<i4").astype(float)
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    return round(-np.arctan2(b, a) / (np.pi / 2)) % 4, bool(mirrored)


def shown_size(frame: VideoFrame, height: int, pixel_aspect: float) -> tuple[int, int]:
    """Return `(width, height)` of the frame as it is shown, turned upright, scaled to `height`."""
    quarter_turns, _ = orientation(frame)
    if quarter_turns % 2:
        return scaled_size(frame.height, frame.width * (pixel_aspect or 1.0), 1.0, height)
    return scaled_size(frame.width, frame.height, pixel_aspect, height)


def to_rgb(frame: VideoFrame, size: tuple[int, int]) -> np.ndarray:
    """Return the picture turned upright as uint8 RGB `(H, W, 3)`, scaled to `size`, its `(width, height)`.

    Of an interlaced frame the upper field is taken: swscale scales the fields one by one, and leaves them woven.
    """
    quarter_turns, mirrored = orientation(frame)
    width, height = size if quarter_turns % 2 == 0 else size[::-1]
    fields, sdr = 2 if frame.interlaced_frame else 1, is_sdr(frame)
    picture: np.ndarray = frame.reformat(
        width=width,
        height=fields * height,
        format="rgb24" if sdr else "rgb48le",
        interpolation=Interpolation.BICUBIC,
        threads=1,
    ).to_ndarray()[::fields]
    if not sdr:
        picture = to_bt709(picture, frame.color_trc, frame.color_primaries)
    if mirrored:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(np.rot90(picture, quarter_turns)) if quarter_turns or mirrored else picture


class Screen:
    """Decoded frames of one stream in; out come pictures as they are shown, all of the first one's size."""

    def __init__(self, stream: VideoStream, *, height: int) -> None:
        """Read the headers; the decoder, once it begins, overwrites what the container says of the colours."""
        self._stream, self._height = stream, height
        self._crop = crop_of(stream)
        codec = stream.codec_context
        self._colours = (codec.color_trc, codec.color_primaries, codec.colorspace) if colours_of(stream) else None
        self._cropper: Graph | None = None
        self._size: tuple[int, int] | None = None

    def rgb(self, frame: VideoFrame) -> np.ndarray:
        """Return uint8 RGB `(height, W, 3)`, also where a broadcast changes its format on the way."""
        shown = self.shown(frame)
        # A codec's own aspect (AV1's render size) is known from the first frame on.
        self._size = self._size or shown_size(shown, self._height, pixel_aspect(self._stream))
        return to_rgb(shown, self._size)

    def shown(self, frame: VideoFrame) -> VideoFrame:
        """Return the part of a frame that is shown; where the codec does not name its colours, the container does."""
        if self._colours and frame.color_trc == ColorTrc.UNSPECIFIED:
            frame.color_trc, frame.color_primaries, frame.colorspace = self._colours
        if self._crop is None:
            return frame
        if self._cropper is None:
            self._cropper = Graph()
            source = self._cropper.add_buffer(template=self._stream)
            crop = self._cropper.add("crop", "{width}:{height}:{left}:{top}".format(**asdict(self._crop)))
            self._cropper.link_nodes(source, crop, self._cropper.add("buffersink")).configure()
        self._cropper.vpush(frame)
        return self._cropper.vpull()


class FramePicker:
    """Frames pass by in order; the one shown at each wanted time is kept.

    The frame shown at time t is the last that begins not after t (`TIME_SLACK_S` allowed); before the first frame
    it is the first. Only kept frames are scaled and converted, by `convert`.
    """

    def __init__(self, times_s: Iterable[float], convert: Callable[[VideoFrame], np.ndarray]) -> None:
        """Wait for `times_s`, in rising order; they may be without end."""
        self._times_s = iter(times_s)
        self._next_s = next(self._times_s, None)
        self._convert = convert
        self._current: VideoFrame | None = None
        self._current_rgb: np.ndarray | None = None
        self.picked: list[np.ndarray] = []
        """One picture a time, as far as they are known."""

    @property
    def waiting(self) -> bool:
        """Whether there are times that have no picture yet."""
        return self._next_s is not None

    def push(self, frame: VideoFrame, time_s: float) -> None:
        """Take the next frame, shown from `time_s`."""
        self._pick_before(time_s - TIME_SLACK_S)
        self._current, self._current_rgb = frame, None

    def finish(self, end_s: float) -> None:
        """No frame follows: the last one is shown until `end_s`."""
        self._pick_before(end_s)

    def take(self, count: int) -> list[np.ndarray]:
        """Remove and return the first `count` pictures."""
        taken, self.picked = self.picked[:count], self.picked[count:]
        return taken

    def _pick_before(self, end_s: float) -> None:
        while self._current is not None and self._next_s is not None and self._next_s < end_s:
            self.picked.append(self._rgb())
            self._next_s = next(self._times_s, None)

    def _rgb(self) -> np.ndarray:
        assert self._current is not None
        if self._current_rgb is None:
            self._current_rgb = self._convert(self._current)
        return self._current_rgb


def pixel_aspect(stream: VideoStream) -> float:
    """Return the width of a pixel over its height (1 where neither the file nor its codec says)."""
    return float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)


def upright_size(path: Path) -> tuple[float, float]:
    """Return `(width, height)` of the picture as it is shown: turned upright, in square pixels. Raises `MediaError`."""
    with opened(path) as container:
        stream = video_stream(container, path.name)
        frame = next(container.decode(stream), None)
        if frame is None:
            raise MediaError(f"{path.name} has no picture that can be decoded", UNREADABLE)
        shown = Screen(stream, height=stream.height).shown(frame)
        width, height = shown.width * pixel_aspect(stream), float(shown.height)
        return (height, width) if orientation(frame)[0] % 2 else (width, height)


def video_duration_s(path: Path) -> float:
    """Return how long the picture lasts: the stream's own header, or (Matroska has none) the end of its last packet.

    Raises `MediaError` if the file cannot be read, has no picture, or (Matroska) ends before its header says; in other
    files `read_windows` finds that.
    """
    with opened(path) as container:
        stream = video_stream(container, path.name)
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        if cut := probe(path).cut:
            raise MediaError(f"{path.name} is cut short: it {cut}", "copy the file again")
        spans = [
            (float(packet.pts * packet.time_base), float((packet.duration or 0) * packet.time_base))
            for packet in container.demux(stream)
            if packet.pts is not None
        ]
        start_s = min((start_s for start_s, _ in spans), default=0.0)
        return max((start_s + length_s for start_s, length_s in spans), default=0.0) - start_s


def read_windows(
    path: Path, *, starts_s: Sequence[float], duration_s: float, frames: int, height: int
) -> list[np.ndarray]:
    """Return uint8 `(frames, height, W, 3)` RGB for each window of `duration_s` that begins at one of `starts_s`.

    Times count from the picture's first frame. Frames are those shown at the centres of `frames` equal parts of the
    window (`frame_times`, `FramePicker`), whatever the frame rate. Where the file ends within a window, the last
    frame is repeated to its end; a window that begins after the end raises `MediaError`, as does an unreadable file.
    """
    if list(starts_s) != sorted(starts_s):
        raise ValueError(f"windows must be in rising order; got {list(starts_s)}")
    with opened(path) as container:
        stream = video_stream(container, path.name)
        stream.thread_type = "AUTO"
        screen = Screen(stream, height=height)
        windows: list[np.ndarray] = []
        for group in _groups(starts_s, duration_s):
            windows += _read_group(container, stream, group, duration_s, frames, screen, path.name)
        return windows


def _groups(starts_s: Sequence[float], duration_s: float) -> list[list[float]]:
    """Return the windows in runs that are decoded without a seek."""
    groups: list[list[float]] = []
    for start_s in starts_s:
        if groups and start_s - (groups[-1][-1] + duration_s) < SEEK_GAP_S:
            groups[-1].append(start_s)
        else:
            groups.append([start_s])
    return groups


def _read_group(
    container: InputContainer,
    stream: VideoStream,
    starts_s: Sequence[float],
    duration_s: float,
    frames: int,
    screen: Screen,
    name: str,
) -> list[np.ndarray]:
    assert stream.time_base is not None
    origin_s = float((stream.start_time or 0) * stream.time_base)
    # Windows may overlap (the last is anchored at a file's end), so times are served in order and dealt out after.
    wanted = [frame_times(origin_s + start_s, duration_s, frames) for start_s in starts_s]
    order = sorted((time_s, window, slot) for window, times in enumerate(wanted) for slot, time_s in enumerate(times))
    picker = FramePicker([time_s for time_s, _, _ in order], screen.rgb)
    far = starts_s[0] > SEEK_GAP_S
    target = int((origin_s + starts_s[0]) / stream.time_base) if far else stream.start_time or 0
    container.seek(target, stream=stream, backward=True)
    end_s = origin_s
    for frame in container.decode(stream):
        if frame.time is None:
            raise MediaError(f"{name} has frames without timestamps", REMUX)
        end_s = max(end_s, frame.time + frame_duration_s(frame, stream))
        picker.push(frame, frame.time)
        if not picker.waiting:
            break
    else:
        if starts_s[-1] + origin_s >= end_s:
            raise MediaError(
                f"{name}: the picture ends at {end_s - origin_s:.1f} s, before the window at {starts_s[-1]:.1f} s",
                "check the item's start time",
            )
        picker.finish(float("inf"))
    result = [np.empty((frames, *picker.picked[0].shape), dtype=np.uint8) for _ in starts_s]
    for (_, window, slot), picture in zip(order, picker.picked, strict=True):
        result[window][slot] = picture
    return result


def frame_duration_s(frame: VideoFrame, stream: VideoStream) -> float:
    """Return how long a frame is shown, by its own word or else by the stream's mean rate."""
    if frame.duration and frame.time_base:
        return frame.duration * float(frame.time_base)
    return float(1 / stream.average_rate) if stream.average_rate else 0.0
