"""The last milliseconds, and whether two tracks are one: from the waveforms, once both lie nearly side by side."""

from dataclasses import dataclass

import numpy as np

from dubaug.alignment.features import RATE_HZ, middle_and_sides
from dubaug.alignment.line import summit

BLOCK_S = 1.0
REACH = 192
"""Samples (24 ms) from each other within which two blocks are looked for: the onsets are right to some milliseconds."""
CERTAIN = 8.0
"""Standard deviations by which a block's peak stands out where it is no chance."""
_BAND_HZ = (80.0, 3600.0)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A second of the film beside the same second of the dub."""

    time_s: float
    """Its middle, in the film."""
    lag_s: float
    """How much later than expected the dub has it."""
    certain: bool
    """Whether the lag is no chance: the two share a waveform."""
    correlation: float
    """Of the two waveforms at that lag, 0 to 1; 1 for one and the same sound at any loudness."""


def compare(film_CS: np.ndarray, dub_CS: np.ndarray, *, start_s: float, silence_db: float) -> list[Block]:
    """Return the blocks of two stereo sounds of one length at `RATE_HZ`; blocks that are silent in both are left out.

    The lag is the peak of the phase transform: each frequency has one vote, so that a loud voice outvotes nothing.
    """
    size = round(BLOCK_S * RATE_HZ)
    film_CS, dub_CS = middle_and_sides(film_CS), middle_and_sides(dub_CS)
    blocks = []
    for first in range(0, film_CS.shape[1] - size + 1, size):
        one_CS, other_CS = film_CS[:, first : first + size], dub_CS[:, first : first + size]
        if max(level_db(one_CS), level_db(other_CS)) >= silence_db:
            blocks.append(_block(one_CS, other_CS, start_s + (first + size / 2) / RATE_HZ))
    return blocks


def _block(film_CS: np.ndarray, dub_CS: np.ndarray, time_s: float) -> Block:
    size = 1 << (film_CS.shape[1] + REACH - 1).bit_length()
    film_CK, dub_CK = np.fft.rfft(film_CS, size), np.fft.rfft(dub_CS, size)
    cross_CK = dub_CK * np.conj(film_CK)
    magnitude_CK = np.abs(cross_CK)
    hz_K = np.fft.rfftfreq(size, 1 / RATE_HZ)
    voting_CK = (hz_K >= _BAND_HZ[0]) & (hz_K <= _BAND_HZ[1]) & (magnitude_CK > 1e-12)
    phase_K = np.where(voting_CK, cross_CK / np.maximum(magnitude_CK, 1e-12), 0).sum(axis=0)
    votes_L, products_L = (_lags(spectrum_K, size) for spectrum_K in (phase_K, cross_CK.sum(axis=0)))
    best = int(np.argmax(votes_L))
    deviation = float(votes_L.std())
    energy = float((film_CS**2).sum()) * float((dub_CS**2).sum())
    return Block(
        time_s=time_s,
        lag_s=(summit(votes_L, best) - REACH) / RATE_HZ,
        certain=deviation > 0 and votes_L[best] >= CERTAIN * deviation,
        correlation=float(abs(products_L[best])) / energy**0.5 if energy > 0 else 0.0,
    )


def _lags(cross_K: np.ndarray, size: int) -> np.ndarray:
    """Return the correlation at lags of -REACH to REACH samples."""
    all_L = np.fft.irfft(cross_K, size)
    return np.concatenate([all_L[-REACH:], all_L[: REACH + 1]])


def level_db(sound_CS: np.ndarray) -> float:
    """Return the root mean square in decibels of full scale, not below -200."""
    return float(10 * np.log10(max(float(np.mean(np.square(sound_CS, dtype=np.float64))), 1e-20)))
