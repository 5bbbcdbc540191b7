"""HDR and wide colours brought to BT.709 as FFmpeg's zscale does (`zscale=t=bt709:p=bt709:m=bt709`), which PyAV lacks.

White is 100 cd/m2; what is brighter, or more saturated, is clipped in 8-bit Y'CbCr, as in a video. Sources: ITU-R
BT.2100 (PQ, HLG), BT.1886 (SDR's gamma), BT.2087 (primaries). Shape suffix HWC: row, column, RGB.
"""

from functools import lru_cache

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc

from dubaug.corpus.picture import TRANSFERS, WIDE

GAMMA = 2.4

_TO_BT709 = {
    ColorPrimaries.BT2020: [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    ColorPrimaries.SMPTE432: [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]],
}
_LUMA = np.array([0.2126, 0.7152, 0.0722])
_TO_YCBCR = np.array([_LUMA, ([0, 0, 1] - _LUMA) / 1.8556, ([1, 0, 0] - _LUMA) / 1.5748])
_SPAN, _ZERO = np.array([[219, 224, 224], [16, 128, 128]], dtype=np.float32)
"""Of BT.709's Y'CbCr in 8 bits."""

_STEPS = 6553.5
"""Of the square root of light in `_gamma`, which goes up to PQ's 10,000 cd/m2."""


def is_sdr(frame: VideoFrame) -> bool:
    """Whether a frame is shown as it is: SDR in primaries like BT.709's."""
    return frame.color_trc not in TRANSFERS and frame.color_primaries not in WIDE


def to_bt709(rgb_HWC: np.ndarray, transfer: int, primaries: int) -> np.ndarray:
    """Return uint8 RGB in BT.709 from uint16 RGB in another transfer function and primaries, by their numbers in H.273.

    HDR of unknown primaries is in BT.2020's.
    """
    light_HWC = np.take(_light(transfer), rgb_HWC)
    if primaries == ColorPrimaries.UNSPECIFIED and transfer in TRANSFERS:
        primaries = ColorPrimaries.BT2020
    if primaries in _TO_BT709:
        light_HWC = light_HWC @ np.array(_TO_BT709[ColorPrimaries(primaries)], dtype=np.float32).T
    steps_HWC = np.sqrt(np.maximum(light_HWC, 0)) * np.float32(_STEPS)
    coded_HWC = np.take(_gamma(), np.minimum(steps_HWC, 65535).astype(np.uint16))
    ycbcr_HWC = np.clip(coded_HWC @ _TO_YCBCR.T.astype(np.float32) * _SPAN + _ZERO, 0, 255)
    shown_HWC = ((ycbcr_HWC - _ZERO) / _SPAN) @ np.linalg.inv(_TO_YCBCR).T.astype(np.float32)
    rounded_HWC: np.ndarray = np.rint(255 * np.clip(shown_HWC, 0, 1)).astype(np.uint8)
    return rounded_HWC


@lru_cache(maxsize=8)
def _light(transfer: int) -> np.ndarray:
    """Return the light of each 16-bit code value, float32 `(65536,)`; 1 is SDR's white."""
    code = np.arange(65536) / 65535
    if transfer == ColorTrc.SMPTE2084:
        power = code ** (32 / 2523)
        light = 100 * (np.maximum(power - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * power)) ** (8192 / 1305)
    elif transfer == ColorTrc.ARIB_STD_B67:
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12)
        light = 10 * scene**1.2  # a display of 1000 cd/m2
    else:
        light = code**GAMMA
    return light.astype(np.float32)


@lru_cache(maxsize=1)
def _gamma() -> np.ndarray:
    """Return the signal by the square root of its light in `_STEPS`, float32 `(65536,)`."""
    return ((np.arange(65536) / _STEPS) ** (2 / GAMMA)).astype(np.float32)
