"""Video files as the published data sets have them: AVI with MPEG-4 Part 2, MP4 with H.264 and AAC."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from dubaug.demo.tasks.waves import Wave

Frames = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]
"""Pictures (H, W, 3), RGB, all of one size."""

_BITEXACT: int = getattr(av.container.Flags.bitexact, "value")  # noqa: B009 - PyAV's stubs say it is no number


def write_avi(path: Path, frames_HWC: Frames, *, fps: int) -> None:
    """Write silent pictures as UCF101 and HMDB51 do (Xvid-like MPEG-4)."""
    with _container(path) as container:
        stream = container.add_stream("mpeg4", rate=fps, options={"motion_est": "zero"})
        stream.bit_rate = 900_000
        _encode_pictures(container, stream, frames_HWC)


def write_mp4(path: Path, frames_HWC: Frames, sound_CS: Wave, *, fps: int, rate_hz: int) -> None:
    """Write pictures and stereo sound as a video from the web has them."""
    with _container(path) as container:
        video = container.add_stream("libx264", rate=fps, options={"crf": "26", "preset": "ultrafast"})
        audio = container.add_stream(
            "aac", rate=rate_hz, layout="stereo", options={"aac_coder": "fast", "aac_tns": "0", "aac_is": "0"}
        )
        audio.bit_rate = 128_000
        _encode_pictures(container, video, frames_HWC)
        samples = np.ascontiguousarray(np.clip(sound_CS, -1.0, 1.0))
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate = rate_hz
        frame.pts = 0
        container.mux([*audio.encode(frame), *audio.encode(None)])


def _container(path: Path) -> av.container.OutputContainer:
    """Open `path` for writing without dates or versions in it: the same pictures, the same bytes."""
    container = av.open(str(path), "w")
    container.flags |= _BITEXACT
    return container


def _encode_pictures(container: av.container.OutputContainer, stream: av.VideoStream, frames_HWC: Frames) -> None:
    stream.height, stream.width = frames_HWC[0].shape[:2]
    stream.pix_fmt = "yuv420p"
    stream.codec_context.thread_count = 1  # more threads cut the picture differently on another machine
    for index, picture in enumerate(frames_HWC):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = index
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
