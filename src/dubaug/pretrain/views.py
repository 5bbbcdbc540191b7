"""What is random about a view, drawn per clip: a few integers, made where the clip is read, used where it is augmented.

Light (NumPy alone): loader workers draw, the device applies (`augment`, `randaugment`).
"""

from dataclasses import dataclass

import numpy as np

from dubaug.config import Augmentation

OPERATIONS = (
    "identity", "shear_x", "shear_y", "translate_x", "translate_y", "rotate", "brightness", "color", "contrast",
    "sharpness", "posterize", "solarize", "autocontrast", "equalize",
)  # fmt: skip
"""RandAugment's operations, as torchvision has them."""


@dataclass(frozen=True, kw_only=True)
class VideoView:
    """A rescaled and cropped clip and its RandAugment operations. Sizes are in pixels."""

    source_height: int
    source_width: int
    height: int
    """The clip is scaled to this height and width; the crop's corner is in that scale."""
    width: int
    top: int
    left: int
    operations: tuple[int, ...]
    """Indices into `OPERATIONS`, one a layer."""
    signs: tuple[int, ...]
    """+1 or -1, one a layer: the direction of the operations that have one."""


@dataclass(frozen=True, kw_only=True)
class AudioView:
    """The masked band and stretch of a spectrogram, in frames and bins; a width of 0 masks nothing."""

    time_start: int
    time_width: int
    frequency_start: int
    frequency_width: int


def draw_video(
    rng: np.random.Generator, *, height: int, width: int, crop: int, augmentation: Augmentation
) -> VideoView:
    """Draw a view of a clip of `height` x `width` pixels, to be cropped to `crop` x `crop` (paper §3.2).

    The height is uniform over `height_min`..`height_max` and the aspect ratio stays; a picture too narrow for the crop
    (portrait) is scaled further, until its width is the crop's.
    """
    scaled = int(rng.integers(augmentation.height_min, augmentation.height_max + 1))
    scaled = max(scaled, -(-crop * height // width))
    scaled_width = int(scaled * width / height)
    return VideoView(
        source_height=height,
        source_width=width,
        height=scaled,
        width=scaled_width,
        top=int(rng.integers(0, scaled - crop + 1)),
        left=int(rng.integers(0, scaled_width - crop + 1)),
        operations=tuple(int(n) for n in rng.integers(0, len(OPERATIONS), augmentation.randaugment_layers)),
        signs=tuple(1 - 2 * int(n) for n in rng.integers(0, 2, augmentation.randaugment_layers)),
    )


def draw_audio(rng: np.random.Generator, *, frames: int, bins: int, augmentation: Augmentation) -> AudioView:
    """Draw a view of a spectrogram of `frames` x `bins`: a time mask and a frequency mask, each present or not.

    The paper has both "with a rate of 0.5", which is read as the probability of each; widths are uniform up to a
    fraction of the spectrogram (open in the paper; `augmentation.time_mask_max`, `.frequency_mask_max`).
    """
    time = _mask(rng, frames, augmentation.time_mask_max, augmentation.mask_probability)
    frequency = _mask(rng, bins, augmentation.frequency_mask_max, augmentation.mask_probability)
    return AudioView(time_start=time[0], time_width=time[1], frequency_start=frequency[0], frequency_width=frequency[1])


def _mask(rng: np.random.Generator, length: int, fraction: float, probability: float) -> tuple[int, int]:
    """Return start and width of a mask, `(0, 0)` for none; the same draws are made either way."""
    present = rng.random() < probability
    width = int(rng.integers(1, max(1, round(fraction * length)) + 1))
    start = int(rng.integers(0, length - width + 1))
    return (start, width) if present and fraction > 0 else (0, 0)
