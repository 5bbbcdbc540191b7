"""A film's clips: picture and all tracks decoded once, side by side, in memory that does not grow with its length.

The time line is the container's, from its start time; sound that runs at another speed than its timestamps
(`Track.clock`) is resampled to them. Clip n covers [n, n + 1) times the clip's length. A clip exists
if every track has all its samples (but for `END_SLACK_S`) and the picture has all its frames; what is left at the end
is dropped.

Damage costs the clips that it lies in and no others: what a decoder refuses or marks as corrupt counts as damaged, in
the picture up to the next key frame, and so do holes in the sound.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.audio.stream import AudioStream
from av.packet import Packet

from dubaug.corpus.probe import REPAIR
from dubaug.corpus.programmes import start_s
from dubaug.corpus.titles import END_SLACK_S
from dubaug.corpus.tracks import Channel, Track
from dubaug.errors import MediaError
from dubaug.media.downmix import one_channel
from dubaug.media.track import MAX_GAP_S, Converter, Timeline, prepare
from dubaug.media.video import REMUX, FramePicker, Screen, frame_duration_s, frame_times, video_stream
from dubaug.media.warp import Move, Warper
from dubaug.tracks import TrackName
from dubaug.workers import report_progress

MAX_LAG_S = 90.0
"""Sound that is kept waiting for another stream of the same film; more means that they do not lie side by side."""

HOLE_S = 0.2
"""Sound that lacks more than this on the way has lost data; holes in the picture may be a variable frame rate's."""

LATE_PICTURE_S = 1.0
"""A picture that begins later than this after the sound lacks its beginning (a broadcast recorded from the middle of
a group of pictures); until then the first frame is shown."""


@dataclass(frozen=True, kw_only=True)
class FilmClip:
    """One clip, decoded."""

    index: int
    start_s: float
    frames: np.ndarray | None
    """uint8 RGB `(T, H, W, 3)`; None if no picture was asked for."""
    waveforms: Mapping[TrackName, np.ndarray]
    """Each track's float32 stereo `(2, S)`."""
    damage: str = ""
    """What of the clip could not be decoded (`picture`, tracks); empty if all is well."""
    mended: tuple[tuple[TrackName, float], ...] = ()
    """Seconds of silence put into a track's holes, and, negative, of sound dropped where its timestamps overlap."""


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
    moves: Mapping[TrackName, Move] | None = None,
    max_clips: int | None = None,
    threads: int = 1,
) -> Iterator[FilmClip]:
    """Yield a film's clips in order.

    `threads` are for the video decoder. `moves` says, by name, which tracks are shifted or stretched to where they
    belong; where such a track has no sound (before its beginning) there is silence. Raises `MediaError` if the file or
    a side-car file cannot be read (any more); clips that were whole before that have been given by then. Clips with
    damage are given too, and say so.
    """
    reader = _Reader(clip_s=clip_s, sample_rate_hz=sample_rate_hz, picture=picture, moves=moves or {})
    try:
        with ExitStack() as stack:
            reader.open(stack, path, tracks, threads)
            for index in count() if max_clips is None else range(max_clips):
                if not reader.fill():
                    return
                clip = reader.take(index)
                report_progress()
                yield clip
    except av.FFmpegError as error:
        where = f" after {reader.taken_s:.0f} s" if reader.taken_s else ""
        raise MediaError(
            f"reading failed{where} ({error.strerror})", "copy it again, or convert it with another program"
        ) from error


@dataclass
class _Damage:
    """Which parts of a stream could not be decoded, in seconds of the film."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    since_s: float | None = None
    """Where the damage begins that is not over yet."""

    def begin(self, time_s: float) -> None:
        if self.since_s is None:
            self.since_s = time_s

    def end(self, time_s: float) -> None:
        if self.since_s is not None:
            self.spans.append((self.since_s, max(time_s, self.since_s)))
            self.since_s = None

    def touches(self, start_s: float, end_s: float) -> bool:
        open_end = [(self.since_s, float("inf"))] if self.since_s is not None else []
        return any(begin_s < end_s and over_s > start_s for begin_s, over_s in [*self.spans, *open_end])


class _SoundSink:
    """Decoded sound of one track, waiting to be cut."""

    def __init__(
        self, track: Track, stream: AudioStream, *, sample_rate_hz: int, clip_s: float, origin_s: float, move: Move
    ) -> None:
        self.name: TrackName = track.name
        self._channel: Channel = track.channel
        self._converter = Converter(sample_rate_hz, track.clock)
        # A mere shift moves the origin, to the sample; another speed takes interpolation between samples.
        self._warper = None if move.shift_only else Warper(move, sample_rate_hz)
        self._read = Timeline(
            sample_rate_hz=sample_rate_hz, origin_s=origin_s + (move.offset_s if move.shift_only else 0.0)
        )
        self._timeline = self._read if self._warper is None else Timeline(sample_rate_hz=sample_rate_hz, origin_s=0.0)
        self._clip_samples = round(clip_s * sample_rate_hz)
        self._slack = round(END_SLACK_S * sample_rate_hz)
        self.stream, self._rate, self._origin_s, self._move = stream, sample_rate_hz, origin_s, move
        self.damage = _Damage()
        self._mended: deque[tuple[float, float]] = deque()

    @property
    def reached_s(self) -> float:
        return self._timeline.end_s

    @property
    def waiting_s(self) -> float:
        return self._timeline.available / self._rate

    @property
    def ready(self) -> bool:
        return self._timeline.available >= self._clip_samples

    def push(self, packet: "Packet[Any]") -> None:
        if packet.is_corrupt:
            self.damage.begin(self.reached_s)
        for frame in _decoded(packet, self):
            if frame.is_corrupt:
                self.damage.begin(self.reached_s)
            elif packet.size and not packet.is_corrupt:
                self.damage.end(self.reached_s if frame.time is None else self._film_s(frame.time))
            self._lay(self._converter.push(frame))

    def _film_s(self, time_s: float) -> float:
        """Return where in the film a time of the container's clock belongs."""
        return (time_s - self._origin_s - self._move.offset_s) / self._move.rate

    def _lay(self, pieces: Sequence[tuple[float | None, np.ndarray]]) -> None:
        for piece in pieces:
            reached_s = self.reached_s
            mended_s = self._read.push(*piece) / self._move.rate
            if mended_s:
                self._mended.append((reached_s, mended_s))
            if mended_s > HOLE_S:
                self.damage.spans.append((reached_s, reached_s + mended_s))
            self._warp()

    def mended_before(self, end_s: float) -> Iterator[float]:
        """Yield what was mended since the last call, as far as it lies before a time of the film."""
        while self._mended and self._mended[0][0] < end_s:
            yield self._mended.popleft()[1]

    def finish(self) -> None:
        self._lay(self._converter.flush())
        if self._warper is not None:
            self._timeline.push(None, self._warper.flush())
        if self._timeline.available:
            self._timeline.push(None, np.zeros((2, self._slack), dtype=np.float32))

    def _warp(self) -> None:
        if self._warper is not None and self._read.available:
            self._timeline.push(None, self._warper.push(self._read.take(self._read.available)))

    def take(self) -> np.ndarray:
        return one_channel(self._timeline.take(self._clip_samples), self._channel)


class _PictureSink:
    """Frames of the picture, waiting to be cut."""

    name = "picture"

    def __init__(self, stream: av.VideoStream, picture: Picture, *, clip_s: float, origin_s: float) -> None:
        self.stream, self._picture, self._origin_s = stream, picture, origin_s
        times_s = (time_s for clip in count() for time_s in frame_times(clip * clip_s, clip_s, picture.frames))
        self._picker = FramePicker(times_s, Screen(stream, height=picture.height).rgb)
        self.reached_s = self.waiting_s = 0.0
        self.damage = _Damage()

    @property
    def ready(self) -> bool:
        return len(self._picker.picked) >= self._picture.frames

    def push(self, packet: "Packet[Any]") -> None:
        for frame in _decoded(packet, self):
            # A frame without a timestamp follows the one before.
            time_s = self.reached_s if frame.time is None else frame.time - self._origin_s
            if time_s > self.reached_s + MAX_GAP_S:
                raise MediaError(f"the picture's timestamps jump from {self.reached_s:.1f} s to {time_s:.1f} s", REPAIR)
            if frame.is_corrupt:
                self.damage.begin(time_s)
            elif frame.key_frame:
                self.damage.end(time_s)
            if not self.reached_s and time_s > LATE_PICTURE_S:
                self.damage.begin(0.0)
                self.damage.end(time_s)
            self.reached_s = max(self.reached_s, time_s + frame_duration_s(frame, self.stream))
            self._picker.push(frame, time_s)

    def finish(self) -> None:
        self._picker.finish(self.reached_s)

    def take(self) -> np.ndarray:
        return np.stack(self._picker.take(self._picture.frames))


_Sink: TypeAlias = _SoundSink | _PictureSink


def _decoded(packet: "Packet[Any]", sink: _Sink) -> list[Any]:
    """Return the frames of a packet; one that the decoder refuses is damage, and the next ones may be good."""
    try:
        return list(sink.stream.codec_context.decode(packet))
    except (av.InvalidDataError, av.ArgumentError, av.PatchWelcomeError, av.BugError):
        sink.damage.begin(sink.reached_s)
        return []


class _OpenFile:
    """One open file, and where the packets of its wanted streams go."""

    def __init__(self, container: av.container.InputContainer, sinks: Sequence[_Sink]) -> None:
        self.sinks = {sink.stream.index: sink for sink in sinks}
        self.finished = False
        self._packets = container.demux([sink.stream for sink in sinks])

    def pump(self) -> None:
        """Decode packets until one gives its stream a clip's worth, or to the end of the file."""
        for packet in self._packets:
            sink = self.sinks[packet.stream.index]
            sink.push(packet)
            if sink.ready:
                return
        self.finished = True  # the last packet of each stream was an empty one, and emptied its decoder
        for sink in self.sinks.values():
            sink.finish()


class _Reader:
    """All sources of a film, read in step."""

    def __init__(
        self, *, clip_s: float, sample_rate_hz: int, picture: Picture | None, moves: Mapping[TrackName, Move]
    ) -> None:
        self._clip_s, self._rate, self._wanted_picture, self._moves = clip_s, sample_rate_hz, picture, moves
        self._sources: list[_OpenFile] = []
        self._sounds: list[_SoundSink] = []
        self._picture: _PictureSink | None = None
        self._sinks: list[_Sink] = []
        self.taken_s = 0.0

    def open(self, stack: ExitStack, path: Path, tracks: Sequence[Track], threads: int) -> None:
        """Open the film and the side-car files, and set up their decoders."""
        together: dict[Path, list[Track]] = {path: []}
        apart: list[tuple[Path, list[Track]]] = []
        for track in tracks:
            its_file = track.path or path
            # Read by itself, like a side-car file: what may lie minutes away from its place, or is heard already.
            if track.name in self._moves or any(track.stream == other.stream for other in together.get(its_file, ())):
                apart.append((its_file, [track]))
            else:
                together.setdefault(its_file, []).append(track)
        for file, its_tracks in [*together.items(), *apart]:
            container = stack.enter_context(av.open(file.absolute()))
            sinks: list[_Sink] = []
            if file == path and self._wanted_picture is not None and self._picture is None:
                own = next((self._stream(container, track) for track in tracks if track.path is None), None)
                stream = video_stream(container, file.name, own)
                stream.codec_context.thread_count = threads
                stream.codec_context.thread_type = "AUTO"
                self._picture = _PictureSink(
                    stream, self._wanted_picture, clip_s=self._clip_s, origin_s=start_s(stream)
                )
                sinks.append(self._picture)
            its_sounds = [self._sound(track, self._stream(container, track)) for track in its_tracks]
            self._sounds += its_sounds
            sinks += its_sounds
            if sinks:
                self._sources.append(_OpenFile(container, sinks))
                self._sinks += sinks

    def _stream(self, container: av.container.InputContainer, track: Track) -> AudioStream:
        streams = container.streams.audio
        if not 0 <= track.stream < len(streams):
            raise MediaError(f"there is no audio stream {track.stream} for {track.name}", "make the catalogue again")
        return streams[track.stream]

    def _sound(self, track: Track, stream: AudioStream) -> _SoundSink:
        move = self._moves.get(track.name, Move())
        prepare(stream)
        return _SoundSink(
            track, stream, sample_rate_hz=self._rate, clip_s=self._clip_s, origin_s=start_s(stream), move=move
        )

    def fill(self) -> bool:
        """Decode until the next clip is whole; return False if it never will be."""
        while lacking := [sink for sink in self._sinks if not sink.ready]:
            able = [source for source in self._sources if not source.finished]
            useful = [source for source in able if any(sink in lacking for sink in source.sinks.values())]
            if not useful:
                return False
            self._check_lag(lacking)
            min(useful, key=lambda source: min(sink.reached_s for sink in source.sinks.values())).pump()
        return True

    def _check_lag(self, lacking: Sequence[_Sink]) -> None:
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
        damaged = [sink.name for sink in self._sinks if sink.damage.touches(start_s, self.taken_s)]
        return FilmClip(
            index=index,
            start_s=start_s,
            frames=self._picture.take() if self._picture else None,
            waveforms={sink.name: sink.take() for sink in self._sounds},
            damage=", ".join(damaged),
            mended=tuple(
                (sink.name, mended_s) for sink in self._sounds for mended_s in sink.mended_before(self.taken_s)
            ),
        )
