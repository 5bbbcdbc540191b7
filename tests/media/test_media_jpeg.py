"""Frames to JPEG and back."""

import numpy as np
import pytest

from dubaug.media.jpeg import decode, encode, size


def gradient(frames: int = 3, height: int = 24, width: int = 40) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    picture_HWC = np.stack([x * 255 // width, y * 255 // height, np.full_like(x, 90)], axis=-1).astype(np.uint8)
    return np.stack([np.roll(picture_HWC, shift, axis=1) for shift in range(frames)])


def test_frames_come_back_nearly_as_they_were() -> None:
    frames_THWC = gradient()
    jpegs = encode(frames_THWC, quality=95)
    assert size(jpegs[0]) == (24, 40)
    back_THWC = decode(jpegs)
    assert back_THWC.shape == frames_THWC.shape
    assert np.abs(back_THWC.astype(int) - frames_THWC)[:, :, 4:-4].mean() < 4


def test_they_are_decoded_into_what_is_given() -> None:
    jpegs = encode(gradient(), quality=80)
    batch = np.full((2, 3, 24, 40, 3), 7, dtype=np.uint8)
    decode(jpegs, out=batch[1])
    assert np.array_equal(batch[1], decode(jpegs))
    assert (batch[0] == 7).all()


def test_what_is_no_jpeg_and_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="JPEG"):
        decode([b"not a JPEG at all"])
    with pytest.raises(ValueError, match="uint8"):
        encode(np.zeros((1, 8, 8, 3), dtype=np.float32), quality=90)
