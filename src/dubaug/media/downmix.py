"""Any channel layout to stereo, by the channels' names and never by their positions.

Decoders deliver 5.1 in several orders (WAV and FFmpeg: L R C LFE Ls Rs; native AC-3: L C R Ls Rs LFE) and under two
names of the surrounds (`5.1` has BL BR, `5.1(side)` has SL SR): the layout says which plane is which.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from dubaug.corpus.tracks import Channel
from dubaug.errors import MediaError

HALF_POWER = 0.5**0.5

_LEFT, _RIGHT, _BOTH = (HALF_POWER, 0.0), (0.0, HALF_POWER), (0.5, 0.5)

_LEFT_RIGHT: dict[str, tuple[float, float]] = {
    **{"FL": (1.0, 0.0), "FR": (0.0, 1.0), "DL": (1.0, 0.0), "DR": (0.0, 1.0)},
    **{"FC": (HALF_POWER, HALF_POWER), "LFE": (0.0, 0.0), "LFE2": (0.0, 0.0)},
    **dict.fromkeys(("BL", "SL", "WL", "FLC", "TFL", "TBL", "TSL", "BFL"), _LEFT),
    **dict.fromkeys(("BR", "SR", "WR", "FRC", "TFR", "TBR", "TSR", "BFR"), _RIGHT),
    # A/52: a single surround goes to both sides, 3 dB lower than each of a pair.
    **dict.fromkeys(("BC", "TC", "TFC", "TBC", "BFC"), _BOTH),
}
"""Gain to the left and to the right of each channel that FFmpeg names, before scaling."""

_USUAL_LAYOUTS: dict[int, tuple[str, ...]] = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "LFE"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
"""What WAV and FFmpeg mean by a number of channels whose layout is not said."""


@lru_cache(maxsize=64)
def coefficients(channels: tuple[str, ...]) -> np.ndarray:
    """Return the float32 `(2, n)` Lo/Ro matrix for channels with FFmpeg's names, in their order.

    AC-3's downmix (A/52, FACTS): left = L + 0.7071 C + 0.7071 Ls, LFE dropped, all scaled by the sum of the
    coefficients so that nothing can clip (5.1: 0.4142 and 0.2929). The same rule makes mono both channels, keeps
    stereo, and takes 7.1's back and side channels at 0.7071 each. Raises `MediaError` for an unknown channel.
    """
    unknown = [name for name in channels if name not in _LEFT_RIGHT]
    if unknown:
        raise MediaError(
            f"the audio has a channel {unknown[0]!r} that no stereo downmix is defined for",
            "convert the track to 5.1 or stereo",
        )
    matrix = np.array([_LEFT_RIGHT[name] for name in channels]).T
    total = matrix.sum(axis=1).max()
    if total == 0:
        raise MediaError("the audio has only low-frequency effects", "give the film's main track")
    scaled: np.ndarray = (matrix / total).astype(np.float32)
    return scaled


def usual_layout(n_channels: int) -> tuple[str, ...]:
    """Return the names of the channels of a sound whose file does not say its layout. Raises `MediaError`."""
    if n_channels not in _USUAL_LAYOUTS:
        raise MediaError(
            f"the audio has {n_channels} channels and does not say which is which", "convert it to 5.1 or stereo"
        )
    return _USUAL_LAYOUTS[n_channels]


def one_channel(stereo_CS: np.ndarray, channel: Channel) -> np.ndarray:
    """Return `(2, S)` with one of the two channels in both places; without a `channel` as it is."""
    return stereo_CS[[("left", "right").index(channel)] * 2] if channel else stereo_CS


def to_stereo(samples_CS: np.ndarray, channels: Sequence[str]) -> np.ndarray:
    """Return float32 `(2, S)` from float `(n, S)` samples of the named channels. Raises `MediaError`."""
    return np.asarray(coefficients(tuple(channels)) @ samples_CS, dtype=np.float32)
