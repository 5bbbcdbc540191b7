"""The conversion against zscale's, which FFmpeg's command line has and PyAV's FFmpeg lacks."""

import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc

from dubaug.media.colour import to_bt709

SIDE = 64
TAGS = {
    "PQ": (ColorTrc.SMPTE2084, ColorPrimaries.BT2020, "smpte2084", "2020"),
    "HLG": (ColorTrc.ARIB_STD_B67, ColorPrimaries.BT2020, "arib-std-b67", "2020"),
    "SDR in BT.2020": (ColorTrc.BT2020_10, ColorPrimaries.BT2020, "2020_10", "2020"),
    "SDR in P3": (ColorTrc.BT709, ColorPrimaries.SMPTE432, "709", "smpte432"),
    "PQ in BT.709": (ColorTrc.SMPTE2084, ColorPrimaries.BT709, "smpte2084", "709"),
}


@pytest.mark.parametrize("tags", TAGS)
def test_what_zscale_makes_of_it(tags: str) -> None:
    transfer, primaries, transfer_in, primaries_in = TAGS[tags]
    rgb_HWC = np.random.default_rng(0).integers(0, 65536, (SIDE, SIDE, 3), dtype=np.uint16)
    rgb_HWC[: SIDE // 2, :, 1:] = rgb_HWC[: SIDE // 2, :, :1]  # greys
    if transfer == ColorTrc.SMPTE2084:
        rgb_HWC //= 2  # most of a film is below 100 cd/m2
    source = f"tin={transfer_in}:pin={primaries_in}:min=gbr:rin=full"
    conversion = f"format=gbrp16le,zscale={source}:t=709:p=709:m=709:r=limited,format=yuv444p"
    raw = ["-f", "rawvideo", "-video_size", f"{SIDE}x{SIDE}"]
    words = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *raw, "-pix_fmt", "rgb48le", "-i", "-"]
    words += ["-vf", conversion, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    output = subprocess.run(words, input=rgb_HWC.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    expected_HWC = np.frombuffer(output, dtype=np.uint8).reshape(SIDE, SIDE, 3).astype(int)
    wrong_HWC = np.abs(to_bt709(rgb_HWC, transfer, primaries).astype(int) - expected_HWC)
    assert wrong_HWC[: SIDE // 2].max() <= 2
    assert wrong_HWC.mean() < 1
    assert np.percentile(wrong_HWC, 99) <= 4


def test_hdr_of_unknown_primaries_is_in_those_of_bt2020() -> None:
    rgb_HWC = np.random.default_rng(0).integers(0, 40000, (4, 4, 3), dtype=np.uint16)
    known = to_bt709(rgb_HWC, ColorTrc.SMPTE2084, ColorPrimaries.BT2020)
    np.testing.assert_array_equal(to_bt709(rgb_HWC, ColorTrc.SMPTE2084, ColorPrimaries.UNSPECIFIED), known)


def test_white_is_100_candelas_and_the_ends_are_kept() -> None:
    codes = np.array([0, 33297, 65535], dtype=np.uint16)  # PQ: 0, 100 and 10,000 cd/m2
    seen = to_bt709(np.repeat(codes[:, None], 3, axis=1)[None], ColorTrc.SMPTE2084, ColorPrimaries.BT2020)
    assert seen[0, :, 0].tolist() == [0, 255, 255]
