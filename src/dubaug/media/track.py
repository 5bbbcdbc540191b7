"""A sound track as it comes out of the decoder, made into stereo at one rate on the film's time line."""

from collections import deque
from fractions import Fraction
from functools import lru_cache

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from dubaug.corpus.probe import REPAIR
from dubaug.errors import MediaError
from dubaug.media.downmix import to_stereo, usual_layout

GAP_TOLERANCE_S = 0.03
"""A timestamp this near to where the sound stands counts as contiguous: Matroska's are rounded to 1 ms."""


MAX_GAP_S = 90.0
"""A longer hole is no silence: the timestamps are wrong."""

_MAX_PLANES = 7
"""PyAV 18 counts the planes of a frame past the end of FFmpeg's list of 8: more channels must come interleaved."""

_PARTS = 16
"""Of a hertz: so finely are the rates of stretched sound said."""

_FILTER = {"filter_size": "64", "cutoff": "0.97"}
"""swresample's windowed sinc, twice its usual length."""


def prepare(stream: AudioStream) -> None:
    """Set up a stream's decoder; call before the first packet.

    AC-3's dynamic range compression is off (`drc_scale`): FFmpeg applies it by default, differently to each dub.
    """
    stream.codec_context.options = {"drc_scale": "0"}
    stream.codec_context.thread_count = 1


@lru_cache(maxsize=64)
def channel_names(layout: str) -> tuple[str, ...]:
    """Return FFmpeg's names of a layout's channels; where the file says none, the usual ones of that number."""
    names = tuple(channel.name for channel in AudioLayout(layout).channels)
    return usual_layout(len(names)) if "NONE" in names else names


class Converter:
    """Decoded frames of any format and rate in, which it may change; float32 stereo at `sample_rate_hz` out.

    `clock` says how many seconds of the timestamps a second of the sound lasts; elsewhere than at 1 it is resampled.
    """

    def __init__(self, sample_rate_hz: int, clock: float = 1.0) -> None:
        # The resampler's rates are whole numbers, which would make two hours 75 ms wrong: it is told more of them in
        # less time.
        self._parts = 1 if clock == 1.0 else _PARTS
        self._rate, self._clock = sample_rate_hz * self._parts, clock
        self._kind: tuple[str, str, int] | None = None
        self._channels: tuple[str, ...] = ()
        self._resampler: AudioResampler | None = None
        self._planes_CS = np.empty((0, 0), dtype=np.float32)
        self._plane_bytes: list[memoryview] = []

    def push(self, frame: AudioFrame) -> list[tuple[float | None, np.ndarray]]:
        """Return pieces `(time_s, samples (2, S))`; `time_s` is None where the stream has no timestamps."""
        if self._clock != 1.0:
            frame.sample_rate = round(frame.sample_rate * self._parts / self._clock)
            frame.time_base = frame.time_base and frame.time_base / Fraction(self._parts)
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        pieces = []
        if kind != self._kind:  # a programme may change from 5.1 to stereo on the way
            pieces = self.flush()
            self._kind, self._channels = kind, channel_names(frame.layout.name)
            wanted = "fltp" if len(self._channels) <= _MAX_PLANES else "flt"
            if frame.format.name != wanted or frame.sample_rate != self._rate:
                options = _FILTER if frame.sample_rate != self._rate else None
                self._resampler = AudioResampler(format=wanted, rate=self._rate, options=options)
        if self._resampler is None:
            return [*pieces, self._piece(frame)]
        return pieces + [self._piece(out) for out in self._resampler.resample(frame)]

    def flush(self) -> list[tuple[float | None, np.ndarray]]:
        """Return what the resampler still holds."""
        if self._resampler is None:
            return []
        pieces = [self._piece(out) for out in self._resampler.resample(None)]
        self._resampler, self._kind = None, None
        return pieces

    def _piece(self, frame: AudioFrame) -> tuple[float | None, np.ndarray]:
        time_s = None if frame.time is None else frame.time * self._parts
        if not frame.format.is_planar:
            return time_s, to_stereo(frame.to_ndarray().reshape(-1, len(self._channels)).T, self._channels)
        # A film has 30 frames a second and track: `to_ndarray` would cost as much as decoding them.
        if frame.samples > self._planes_CS.shape[1] or len(self._channels) != len(self._planes_CS):
            self._planes_CS = np.empty((len(self._channels), frame.samples), dtype=np.float32)
            self._plane_bytes = [channel_S.view(np.uint8).data for channel_S in self._planes_CS]
        size = self._planes_CS.itemsize * frame.samples
        for channel, plane in zip(self._plane_bytes, frame.planes, strict=True):
            channel[:size] = memoryview(plane)[:size]
        return time_s, to_stereo(self._planes_CS[:, : frame.samples], self._channels)


class Timeline:
    """Stereo samples laid end to end from time `origin_s`, taken from the front in fixed lengths.

    Timestamps decide: what comes before the origin is dropped, a hole longer than `GAP_TOLERANCE_S` is filled with
    silence, an overlap longer than that is dropped. A hole longer than `MAX_GAP_S` raises `MediaError`.
    """

    def __init__(self, *, sample_rate_hz: int, origin_s: float) -> None:
        self._rate, self._origin_s = sample_rate_hz, origin_s
        self._pieces: deque[np.ndarray] = deque()
        self._written = 0
        self._taken = 0
        self._started = False

    @property
    def available(self) -> int:
        """Samples that can be taken."""
        return self._written - self._taken

    @property
    def end_s(self) -> float:
        """How far the sound reaches, in seconds after the origin."""
        return self._written / self._rate

    def push(self, time_s: float | None, samples_CS: np.ndarray) -> float:
        """Append samples that begin at `time_s` of the container's clock (None: right after the last).

        Returns the seconds of silence that fill a hole before them, or, negative, those of them that were dropped;
        what is before the first sound or before the origin does not count.
        """
        mended_s = 0.0
        if time_s is not None:
            position = round((time_s - self._origin_s) * self._rate)
            shift = position - self._written
            if not self._started or abs(shift) > GAP_TOLERANCE_S * self._rate:
                if shift > MAX_GAP_S * self._rate:
                    raise MediaError(
                        f"the sound's timestamps jump from {self.end_s:.1f} s to {position / self._rate:.1f} s", REPAIR
                    )
                mended_s = max(shift, -samples_CS.shape[1]) / self._rate if self._started else 0.0
                if shift > 0:
                    self._append(np.zeros((2, shift), dtype=np.float32))
                elif shift < 0:
                    samples_CS = samples_CS[:, -shift:]
        if samples_CS.shape[1]:
            self._started = True
            self._append(samples_CS)
        return mended_s

    def take(self, samples: int) -> np.ndarray:
        """Return the next `samples` as float32 `(2, samples)`; there must be as many."""
        if samples > self.available:
            raise ValueError(f"{samples} samples asked for, {self.available} there")
        result_CS = np.empty((2, samples), dtype=np.float32)
        filled = 0
        while filled < samples:
            piece = self._pieces.popleft()
            count = min(piece.shape[1], samples - filled)
            result_CS[:, filled : filled + count] = piece[:, :count]
            if count < piece.shape[1]:
                self._pieces.appendleft(piece[:, count:])
            filled += count
        self._taken += samples
        return result_CS

    def _append(self, samples_CS: np.ndarray) -> None:
        self._pieces.append(samples_CS)
        self._written += samples_CS.shape[1]


def resample(samples_CS: np.ndarray, from_hz: int, to_hz: int, *, filter_size: int = 64) -> np.ndarray:
    """Return float32 `(C, round(S * to_hz / from_hz))` from `(C, S)` with C of 1 or 2; the first sample stays first.

    `filter_size` is the filter's length in samples of the lower rate; a shorter one is quicker and less steep.
    """
    if from_hz == to_hz:
        return np.asarray(samples_CS, dtype=np.float32)
    channels, samples = samples_CS.shape
    resampler = AudioResampler(format="fltp", rate=to_hz, options={**_FILTER, "filter_size": str(filter_size)})
    pieces = []
    for begin in range(0, samples, from_hz):  # by seconds: that fits the processor's cache
        piece_CS = np.ascontiguousarray(samples_CS[:, begin : begin + from_hz], dtype=np.float32)
        frame = AudioFrame.from_ndarray(piece_CS, format="fltp", layout="mono" if channels == 1 else "stereo")
        frame.sample_rate = from_hz
        pieces += [out.to_ndarray() for out in resampler.resample(frame)]
    pieces += [out.to_ndarray() for out in resampler.resample(None)]
    result_CS = np.zeros((channels, round(samples * to_hz / from_hz)), dtype=np.float32)
    joined_CS = np.concatenate(pieces, axis=1)[:, : result_CS.shape[1]]
    result_CS[:, : joined_CS.shape[1]] = joined_CS
    return result_CS
