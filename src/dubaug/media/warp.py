"""Sound moved and stretched on the time line, with band-limited interpolation between samples."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

TAPS = 32
"""Samples that one interpolated sample is made of."""
_PHASES = 4096
"""Positions between two samples that the filter is tabled at: the error is below -70 dB of the highest frequencies."""
_CUTOFF = 0.97
_BETA = 8.0


@dataclass(frozen=True, kw_only=True)
class Move:
    """Where a dub's sound lies: that of second t of the film is at second `offset_s + rate * t` of the track."""

    offset_s: float = 0.0
    """Positive where the dub comes late."""
    rate: float = 1.0
    """Seconds of the track a second of the film: 25/24 for a dub of a cinema print under a PAL picture."""

    @property
    def shift_only(self) -> bool:
        """Whether the dub runs at the film's speed."""
        return self.rate == 1.0

    def at(self, film_s: float) -> float:
        """Return where in the track that second of the film lies."""
        return self.offset_s + self.rate * film_s


def interpolate(samples_CS: np.ndarray, positions_N: np.ndarray) -> np.ndarray:
    """Return float32 `(C, N)`: the band-limited sound at positions counted in samples, not before the first one's.

    Outside the samples there is silence.
    """
    whole_N = np.floor(positions_N).astype(np.int64)
    phase_N = np.rint((positions_N - whole_N) * _PHASES).astype(np.int64)
    half = TAPS // 2
    first, last = int(whole_N.min()) - half + 1, int(whole_N.max()) + half + 1
    before, after = max(-first, 0), max(last - samples_CS.shape[1], 0)
    padded_CS = np.pad(samples_CS[:, max(first, 0) : max(last, 0)], ((0, 0), (before, after))).astype(np.float32)
    views_CSK = np.lib.stride_tricks.sliding_window_view(padded_CS, TAPS, axis=1)
    weights_NK = _filters()[phase_N]
    warped_CN: np.ndarray = np.einsum("cnk,nk->cn", views_CSK[:, whole_N - whole_N.min()], weights_NK)
    return warped_CN


@lru_cache(maxsize=1)
def _filters() -> np.ndarray:
    """Return float32 `(_PHASES + 1, TAPS)`: a sinc in a Kaiser window at each position, of unit gain for a constant."""
    half = TAPS // 2
    distance_PK = np.arange(-half + 1, half + 1) - np.arange(_PHASES + 1)[:, None] / _PHASES
    window_PK = np.i0(_BETA * np.sqrt(np.clip(1 - (distance_PK / half) ** 2, 0, None))) / np.i0(_BETA)
    filters_PK = _CUTOFF * np.sinc(_CUTOFF * distance_PK) * window_PK
    return np.asarray(filters_PK / filters_PK.sum(axis=1, keepdims=True), np.float32)


class Warper:
    """A track's samples in, piece by piece; the film's samples out, as `Move` says, from the film's start on."""

    def __init__(self, move: Move, sample_rate_hz: int) -> None:
        self._move, self._rate = move, sample_rate_hz
        self._kept_CS = np.zeros((2, 0), dtype=np.float32)
        self._kept_from = 0
        self._made = 0

    def push(self, samples_CS: np.ndarray) -> np.ndarray:
        """Take the track's next samples `(2, any)`; return the film's next ones, as many as are known."""
        self._kept_CS = np.concatenate([self._kept_CS, samples_CS], axis=1)
        known = self._kept_from + self._kept_CS.shape[1] - TAPS // 2
        begin = self._move.offset_s * self._rate
        count = int(np.floor((known - 1 - begin) / self._move.rate)) + 1 - self._made
        if count <= 0:
            return np.zeros((2, 0), dtype=np.float32)
        positions_N = begin + self._move.rate * np.arange(self._made, self._made + count)
        film_CS = self._interpolate(positions_N)
        self._made += count
        self._forget(int(np.floor(positions_N[-1])) - TAPS)
        return film_CS

    def flush(self) -> np.ndarray:
        """Return what the filter still holds."""
        return self.push(np.zeros((2, TAPS // 2), dtype=np.float32))

    def _interpolate(self, positions_N: np.ndarray) -> np.ndarray:
        # A part far before the track's first sample is silence, and needs no filter.
        silent = int(np.searchsorted(positions_N, -TAPS))
        sound_CS = np.zeros((2, len(positions_N)), dtype=np.float32)
        if silent < len(positions_N):
            sound_CS[:, silent:] = interpolate(self._kept_CS, positions_N[silent:] - self._kept_from)
        return sound_CS

    def _forget(self, before: int) -> None:
        drop = min(max(before - self._kept_from, 0), self._kept_CS.shape[1])
        self._kept_CS, self._kept_from = self._kept_CS[:, drop:], self._kept_from + drop
