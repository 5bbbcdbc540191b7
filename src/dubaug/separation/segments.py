"""A sound of any length in overlapping segments, and the segments' estimates joined again, sample for sample.

Segments follow each other as in `demucs.apply.apply_model(split=True)`: each weighs most in its middle, and the
weighted estimates are averaged where segments overlap. Other than there, memory does not grow with the sound's length,
and the last segment reaches back to be a whole one.

Shape suffixes: C channel (2), S sample.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from dubaug.media.settings import CHANNELS


@dataclass(frozen=True, eq=False, kw_only=True)
class Segment:
    """A piece of a sound that goes through the network as it is."""

    number: int
    samples: np.ndarray
    """float32 `(2, S)`."""
    reach_back: int
    """Samples at the front that an earlier segment was there for; only the last segment has any."""
    last: bool


def cut(pieces: Iterable[np.ndarray], *, segment: int, stride: int) -> Iterator[Segment]:
    """Yield the segments of a sound that comes in pieces `(2, any)` laid end to end; how it is cut changes nothing.

    All have `segment` samples, but for a sound that is shorter than that. A sound without samples has none.
    """
    before_CS = waiting_CS = np.zeros((CHANNELS, 0), dtype=np.float32)
    arrived: list[np.ndarray] = []
    available, number = 0, 0
    for piece_CS in pieces:
        arrived.append(np.asarray(piece_CS, dtype=np.float32))
        available += piece_CS.shape[1]
        if available <= segment:
            continue
        waiting_CS, arrived = np.concatenate([waiting_CS, *arrived], axis=1), []
        while available > segment:
            yield Segment(number=number, samples=waiting_CS[:, :segment], reach_back=0, last=False)
            before_CS = np.concatenate([before_CS, waiting_CS[:, :stride]], axis=1)[:, -segment:]
            waiting_CS = waiting_CS[:, stride:]
            available -= stride
            number += 1
    if available:
        reach_back = min(segment - available, before_CS.shape[1])
        last_CS = np.concatenate([before_CS[:, before_CS.shape[1] - reach_back :], waiting_CS, *arrived], axis=1)
        yield Segment(number=number, samples=last_CS, reach_back=reach_back, last=True)


def join(estimates: Iterable[tuple[Segment, np.ndarray]], *, segment: int, stride: int) -> Iterator[np.ndarray]:
    """Yield, in pieces of other sizes, the sound whose segments' estimates `(2, S)` come in order.

    All pieces together are as long as what was cut, and each sample stands where it stood.
    """
    window_S = _window(segment)
    total_CS = np.zeros((CHANNELS, segment), dtype=np.float32)
    weight_S = np.zeros(segment, dtype=np.float32)
    for one, estimate_CS in estimates:
        if one.last:
            left = one.samples.shape[1] - one.reach_back
            total_CS[:, :left] += window_S[:left] * estimate_CS[:, one.reach_back :]
            yield total_CS[:, :left] / (weight_S[:left] + window_S[:left])
        else:
            total_CS += window_S * estimate_CS
            weight_S += window_S
            yield total_CS[:, :stride] / weight_S[:stride]
            total_CS, weight_S = _moved(total_CS, stride), _moved(weight_S, stride)


def recut(pieces: Iterable[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    """Yield `(2, samples)` cuts of the pieces `(2, any)` laid end to end; what is left at the end is dropped."""
    waiting: list[np.ndarray] = []
    available = 0
    for piece_CS in pieces:
        waiting.append(piece_CS)
        available += piece_CS.shape[1]
        if available < samples:
            continue
        joined_CS = np.concatenate(waiting, axis=1)
        whole = available // samples * samples
        for begin in range(0, whole, samples):
            yield np.ascontiguousarray(joined_CS[:, begin : begin + samples])
        waiting, available = [joined_CS[:, whole:]], available - whole


def _window(segment: int) -> np.ndarray:
    """Return the weights of a segment's samples, a triangle with its maximum, 1, in the middle."""
    rising = np.arange(1, segment // 2 + 1)
    falling = np.arange(segment - segment // 2, 0, -1)
    window: np.ndarray = np.concatenate([rising, falling]).astype(np.float32) / np.float32(segment - segment // 2)
    return window


def _moved(values: np.ndarray, by: int) -> np.ndarray:
    """Return `values` moved to the front by `by` samples, zeros at the end."""
    result = np.zeros_like(values)
    result[..., : values.shape[-1] - by] = values[..., by:]
    return result
