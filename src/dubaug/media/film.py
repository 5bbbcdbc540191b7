"""A film's clips: picture and all tracks decoded once, side by side, in memory that does not grow with its length.

The time line is the container's, from its start time. Clip n covers [n, n + 1) times the clip's length. A clip exists
if every track has all its samples (but for `END_SLACK_S`) and the picture has all its frames; what is left at the end
is dropped.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream

from dubaug.corpus.titles import END_SLACK_S, Track
from dubaug.errors import MediaError
from dubaug.media.track import Converter, Timeline, prepare
from dubaug.media.video import REMUX, FramePicker, frame_duration_s, frame_times, pixel_aspect, video_stream
from dubaug.media.warp import Move, Warper

MAX_LAG_S = 90.0
"""Sound that is kept waiting for another stream of the same film; more means that they do not lie side by side."""

LATE_PICTURE_S = 1.0
"""A picture that begins later than this after the sound lacks its beginning; until then the first frame is shown."""


@dataclass(frozen=True, kw_only=True)
class FilmClip:
    """One clip, decoded."""

    index: int
    start_s: float
    frames: np.ndarray | None
    """uint8 RGB `(T, H, W, 3)`; None if no picture was asked for."""
    waveforms: Mapping[str, np.ndarray]
    """Each language's float32 stereo `(2, S)`."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """How the picture is taken: frames spread evenly over a clip, at this height in pixels."""

    frames: int
    height: int


def read_clips(
    path: Path,
    *,
    tracks: Sequence[Track],
    clip_s: float,
    sample_rate_hz: int,
    picture: Picture | None,
    moves: Mapping[str, Move] | None = None,
    max_clips: int | None = None,
    threads: int = 1,
) -> Iterator[FilmClip]:
    """Yield a film's clips in order.

    `threads` are for the video decoder. `moves` says, by language, which tracks are shifted or stretched to where they
    belong; where such a track has no sound (before its beginning) there is silence. Raises `MediaError` if the file or
    a side-car file cannot be read or decoded.
    """
    reader = _Reader(clip_s=clip_s, sample_rate_hz=sample_rate_hz, picture=picture, moves=moves or {})
    try:
        with ExitStack() as stack:
            reader.open(stack, path, tracks, threads)
            for index in count() if max_clips is None else range(max_clips):
                if not reader.fill():
                    return
                yield reader.take(index)
    except av.FFmpegError as error:
        where = f" after {reader.taken_s:.0f} s" if reader.taken_s else ""
        raise MediaError(
            f"decoding failed{where} ({error.strerror})", "copy it again, or convert it with another program"
        ) from error


class _SoundSink:
    """Decoded sound of one track, waiting to be cut."""

    def __init__(
        self, language: str, stream: AudioStream, *, sample_rate_hz: int, clip_s: float, origin_s: float, move: Move
    ) -> None:
        self.name = language
        self._converter = Converter(sample_rate_hz)
        # A mere shift moves the origin, to the sample; another speed takes interpolation between samples.
        self._warper = None if move.shift_only else Warper(move, sample_rate_hz)
        self._read = Timeline(
            sample_rate_hz=sample_rate_hz, origin_s=origin_s + (move.offset_s if move.shift_only else 0.0)
        )
        self._timeline = self._read if self._warper is None else Timeline(sample_rate_hz=sample_rate_hz, origin_s=0.0)
        self._clip_samples = round(clip_s * sample_rate_hz)
        self._slack = round(END_SLACK_S * sample_rate_hz)
        self._stream, self._rate = stream, sample_rate_hz

    @property
    def reached_s(self) -> float:
        return self._timeline.end_s

    @property
    def waiting_s(self) -> float:
        return self._timeline.available / self._rate

    @property
    def ready(self) -> bool:
        return self._timeline.available >= self._clip_samples

    def push(self, packet: Packet) -> None:
        for frame in self._stream.codec_context.decode(packet):
            for piece in self._converter.push(frame):
                self._read.push(*piece)
        self._warp()

    def finish(self) -> None:
        for piece in self._converter.flush():
            self._read.push(*piece)
        self._warp()
        if self._warper is not None:
            self._timeline.push(None, self._warper.flush())
        if self._timeline.available:
            self._timeline.push(None, np.zeros((2, self._slack), dtype=np.float32))

    def _warp(self) -> None:
        if self._warper is not None and self._read.available:
            self._timeline.push(None, self._warper.push(self._read.take(self._read.available)))

    def take(self) -> np.ndarray:
        return self._timeline.take(self._clip_samples)


class _PictureSink:
    """Frames of the picture, waiting to be cut."""

    name = "picture"

    def __init__(self, stream: av.VideoStream, picture: Picture, *, clip_s: float, origin_s: float) -> None:
        self._stream, self._picture, self._origin_s = stream, picture, origin_s
        times_s = (time_s for clip in count() for time_s in frame_times(clip * clip_s, clip_s, picture.frames))
        self._picker = FramePicker(times_s, height=picture.height, pixel_aspect=pixel_aspect(stream))
        self._end_s = 0.0

    @property
    def reached_s(self) -> float:
        return self._end_s

    @property
    def waiting_s(self) -> float:
        return 0.0

    @property
    def ready(self) -> bool:
        return len(self._picker.picked) >= self._picture.frames

    def push(self, packet: Packet) -> None:
        for frame in self._stream.codec_context.decode(packet):
            if frame.time is None:
                raise MediaError("the picture has frames without timestamps", REMUX)
            time_s = frame.time - self._origin_s
            if not self._end_s and time_s > LATE_PICTURE_S:
                raise MediaError(
                    f"the picture begins only at {time_s:.1f} s",
                    "check the film's beginning in a player, and copy it again",
                )
            self._end_s = max(self._end_s, time_s + frame_duration_s(frame, self._stream))
            self._picker.push(frame, time_s)

    def finish(self) -> None:
        self._picker.finish(self._end_s)

    def take(self) -> np.ndarray:
        return np.stack(self._picker.take(self._picture.frames))


class _Source:
    """One open file, and where the packets of its wanted streams go."""

    def __init__(
        self, container: av.container.InputContainer, sinks: Mapping[int, "_SoundSink | _PictureSink"]
    ) -> None:
        self.sinks = sinks
        self.finished = False
        wanted: list[Stream] = [container.streams[index] for index in sinks]
        self._packets = container.demux(wanted)

    def pump(self) -> None:
        """Decode one packet; at the end, empty the decoders (the last packet of each stream is an empty one)."""
        packet = next(self._packets, None)
        if packet is None:
            self.finished = True
            for sink in self.sinks.values():
                sink.finish()
        else:
            self.sinks[packet.stream.index].push(packet)


class _Reader:
    """All sources of a film, read in step."""

    def __init__(
        self,
        *,
        clip_s: float,
        sample_rate_hz: int,
        picture: Picture | None,
        moves: Mapping[str, Move] | None = None,
    ) -> None:
        self._clip_s, self._rate, self._wanted_picture = clip_s, sample_rate_hz, picture
        self._moves = moves or {}
        self._sources: list[_Source] = []
        self._sounds: list[_SoundSink] = []
        self._picture: _PictureSink | None = None
        self._sinks: list[_SoundSink | _PictureSink] = []
        self.taken_s = 0.0

    def open(self, stack: ExitStack, path: Path, tracks: Sequence[Track], threads: int) -> None:
        """Open the film and the side-car files, and set up their decoders."""
        together: dict[Path, list[Track]] = {path: []}
        apart: list[tuple[Path, list[Track]]] = []
        for track in tracks:
            if track.language in self._moves:
                # Read by itself, like a side-car file: it may lie minutes away from what it belongs to.
                apart.append((track.path or path, [track]))
            else:
                together.setdefault(track.path or path, []).append(track)
        for file, its_tracks in [*together.items(), *apart]:
            container = stack.enter_context(av.open(file))
            origin_s = (container.start_time or 0) / av.time_base
            sinks: dict[int, _SoundSink | _PictureSink] = {}
            if file == path and self._wanted_picture is not None and self._picture is None:
                stream = video_stream(container, file.name)
                stream.codec_context.thread_count = threads
                stream.codec_context.thread_type = "AUTO"
                self._picture = _PictureSink(stream, self._wanted_picture, clip_s=self._clip_s, origin_s=origin_s)
                sinks[stream.index] = self._picture
            for track in its_tracks:
                sound = self._sound(container, track, origin_s)
                sinks[sound[0]] = sound[1]
                self._sounds.append(sound[1])
            if sinks:
                self._sources.append(_Source(container, sinks))
                self._sinks += sinks.values()

    def _sound(self, container: av.container.InputContainer, track: Track, origin_s: float) -> tuple[int, _SoundSink]:
        streams = [stream for stream in container.streams if isinstance(stream, AudioStream)]
        if track.stream >= len(streams):
            raise MediaError(
                f"there is no audio stream {track.stream} for {track.language}", "make the catalogue again"
            )
        stream = streams[track.stream]
        prepare(stream)
        sink = _SoundSink(
            track.language,
            stream,
            sample_rate_hz=self._rate,
            clip_s=self._clip_s,
            origin_s=origin_s,
            move=self._moves.get(track.language, Move()),
        )
        return stream.index, sink

    def fill(self) -> bool:
        """Decode until the next clip is whole; return False if it never will be."""
        while True:
            lacking = [sink for sink in self._sinks if not sink.ready]
            if not lacking:
                return True
            able = [source for source in self._sources if not source.finished]
            useful = [source for source in able if any(sink in lacking for sink in source.sinks.values())]
            if not useful:
                return False
            self._check_lag(lacking)
            min(useful, key=lambda source: min(sink.reached_s for sink in source.sinks.values())).pump()

    def _check_lag(self, lacking: Sequence["_SoundSink | _PictureSink"]) -> None:
        if any(sink.waiting_s > MAX_LAG_S for sink in self._sinks):
            behind = min(lacking, key=lambda sink: sink.reached_s)
            raise MediaError(
                f"the {behind.name} stream stops at {behind.reached_s:.1f} s while others go on for {MAX_LAG_S:.0f} s",
                f"check it in a player; if it plays, {REMUX}",
            )

    def take(self, index: int) -> FilmClip:
        """Return the next clip, which is whole."""
        start_s = index * self._clip_s
        self.taken_s = start_s + self._clip_s
        return FilmClip(
            index=index,
            start_s=start_s,
            frames=self._picture.take() if self._picture else None,
            waveforms={sink.name: sink.take() for sink in self._sounds},
        )
