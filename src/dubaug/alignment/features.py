"""What tracks of one film share, made comparable: onsets in bands of the middle and of the sides.

Dialogue lies in the middle of the picture and so of the stereo downmix: the difference of left and right has music and
effects almost alone. Where a track is mono the middle is all there is, and onsets that another language covers are
outvoted by the rest. Shape suffixes: C channel, S sample, B band, T time frame, L lag.
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np

RATE_HZ = 8000
"""Sound is compared at this rate: four kilohertz hold what music and effects begin with."""
HOP = 40
"""Samples from one frame to the next: 5 ms."""
FRAME_S = HOP / RATE_HZ
_N_FFT = 256
_EDGES_HZ = (60, 150, 250, 400, 600, 850, 1200, 1600, 2100, 2800, 3800)
_FLOOR = 1e-7
"""Power, of a full-scale 1, that is added in every band: codecs' noise and silence then have no onsets."""
_SPAN = 4
"""Frames over which the rise of a band is taken: 20 ms."""
_QUIET = 0.02
"""A band whose rises deviate by less than this has no onsets."""
_CLIP = 4.0
"""Standard deviations that one onset counts for at most."""


def middle_and_sides(stereo_CS: np.ndarray) -> np.ndarray:
    """Return float32 `(2, S)`: half the sum and half the difference of left and right."""
    left_S, right_S = stereo_CS
    return np.stack([(left_S + right_S) / 2, (left_S - right_S) / 2]).astype(np.float32)


def rises(stereo_CS: np.ndarray) -> np.ndarray:
    """Return float32 `(B, T)`: by how much the log power of each band of middle and sides rises, 0 where it falls.

    Frame t is about the samples around `t * HOP`, whatever the length.
    """
    padded_CS = np.pad(middle_and_sides(stereo_CS), ((0, 0), (_N_FFT // 2, _N_FFT // 2)))
    frames_CTN = np.lib.stride_tricks.sliding_window_view(padded_CS, _N_FFT, axis=1)[:, ::HOP]
    spectrum_CTK = np.fft.rfft(frames_CTN * np.hanning(_N_FFT).astype(np.float32), axis=2)
    power_CTK = (spectrum_CTK.real**2 + spectrum_CTK.imag**2) / (_N_FFT * _N_FFT / 16)
    level_CBT = np.log((power_CTK @ _bands()).transpose(0, 2, 1) + _FLOOR)
    rise_CBT = np.zeros_like(level_CBT)
    half = _SPAN // 2
    rise_CBT[..., half:-half] = level_CBT[..., _SPAN:] - level_CBT[..., :-_SPAN]
    return np.asarray(np.maximum(rise_CBT, 0).reshape(-1, level_CBT.shape[-1]), np.float32)


def onsets(rises_BT: np.ndarray) -> np.ndarray:
    """Return float32 `(B, T)`: the rises with mean 0 and deviation 1 in each band, 0 where a band has none."""
    centred_BT = rises_BT - rises_BT.mean(axis=1, keepdims=True)
    deviation_B1 = centred_BT.std(axis=1, keepdims=True)
    scaled_BT = np.where(deviation_B1 > _QUIET, centred_BT / np.maximum(deviation_B1, _QUIET), 0)
    return np.clip(scaled_BT, -_CLIP, _CLIP).astype(np.float32)


@lru_cache(maxsize=1)
def _bands() -> np.ndarray:
    """Return float32 `(K, B)` that sums power into bands."""
    hz_K = np.fft.rfftfreq(_N_FFT, 1 / RATE_HZ)
    bands = [(hz_K >= low) & (hz_K < high) for low, high in pairwise(_EDGES_HZ)]
    return np.stack(bands, axis=1).astype(np.float32)


def stretched(rises_BT: np.ndarray, rate: float, frames: int) -> np.ndarray:
    """Return `(B, frames)`: frame t as it is at `rate * t`."""
    if rate == 1.0:
        return rises_BT[:, :frames]
    positions_T = rate * np.arange(frames)
    return np.stack([np.interp(positions_T, np.arange(len(row_T)), row_T) for row_T in rises_BT]).astype(np.float32)


def correlation(short_BT: np.ndarray, long_BT: np.ndarray) -> np.ndarray:
    """Return float32 `(L,)`: how alike the short one and each stretch of the long one are, -1 to 1.

    Lag l is the stretch that begins at frame l. Stretches of less than a third of the usual loudness of onsets
    (silence, beyond the end of a film) count as if they had that third.
    """
    length, lags = short_BT.shape[1], long_BT.shape[1] - short_BT.shape[1] + 1
    size = 1 << (long_BT.shape[1] - 1).bit_length()
    cross_K = (np.fft.rfft(long_BT, size) * np.conj(np.fft.rfft(short_BT, size))).sum(axis=0)
    products_L = np.fft.irfft(cross_K, size)[:lags]
    energy_T = np.concatenate([[0.0], np.cumsum((long_BT**2).sum(axis=0), dtype=np.float64)])
    energy_L = energy_T[length:] - energy_T[:lags]
    floor = max(np.max(energy_L, initial=0.0) / 9, 1e-9)
    norm = np.sqrt(float((short_BT**2).sum()) * np.maximum(energy_L, floor))
    return np.asarray(products_L / np.maximum(norm, 1e-9), dtype=np.float32)
