"""What a film's picture is, by its headers: the part of it that is shown, and its colours."""

import io
from dataclasses import dataclass

import av
from av.video.reformatter import ColorPrimaries, ColorTrc
from av.video.stream import VideoStream

MATRICES = (*range(8), 9)
"""The Y'CbCr that swscale converts, by their numbers in ITU-T H.273: all but Y'CgCo, constant luminance and ICtCp."""

TRANSFERS: dict[int, str] = {ColorTrc.SMPTE2084: "PQ", ColorTrc.ARIB_STD_B67: "HLG"}
"""Those of HDR."""

WIDE: dict[int, str] = {ColorPrimaries.BT2020: "BT.2020", ColorPrimaries.SMPTE432: "P3"}
"""Primaries beyond BT.709's."""

_HEAD = {"movflags": "empty_moov", "strict": "unofficial"}

_STRANGE = {ColorTrc.LINEAR, ColorTrc.LOG, ColorTrc.LOG_SQRT, ColorTrc.SMPTE428}
"""Transfer functions of no film that is meant to be watched."""


@dataclass(frozen=True, kw_only=True)
class Crop:
    """The part of the coded picture that is shown, in pixels."""

    left: int
    top: int
    width: int
    height: int


def crop_of(stream: VideoStream) -> Crop | None:
    """Return the part that the container says is shown (Matroska's PixelCrop, MP4's `clap`); None if all of it is.

    What the codec itself cuts off (a conformance window) its decoder has cut off already.
    """
    box = _box(_mp4_head(stream), b"clap")
    if len(box) < 32:
        return None
    width, height, right, down = (
        int.from_bytes(box[at : at + 4], signed=True) / int.from_bytes(box[at + 4 : at + 8]) for at in (0, 8, 16, 24)
    )
    left, top = (stream.width - width) / 2 + right, (stream.height - height) / 2 + down
    crop = Crop(left=round(left), top=round(top), width=round(width), height=round(height))
    inside = min(crop.left, crop.top) >= 0 < min(crop.width, crop.height)
    return crop if inside and (crop.width, crop.height) != (stream.width, stream.height) else None


def colours_of(stream: VideoStream) -> str:
    """Return what is not SDR in BT.709's colours, as people call it: `PQ`, `HLG`, `BT.2020`; else an empty text."""
    codec = stream.codec_context
    return TRANSFERS.get(codec.color_trc) or WIDE.get(codec.color_primaries, "")


def colour_fault(stream: VideoStream) -> str:
    """Return why the picture's colours cannot be brought to BT.709; empty if they can."""
    codec = stream.codec_context
    if codec.colorspace not in MATRICES or codec.color_trc in _STRANGE:
        return f"its colours (matrix {codec.colorspace}, transfer {codec.color_trc} of ITU-T H.273) cannot be converted"
    head = _mp4_head(stream)
    configuration = _box(head, b"dvcC") or _box(head, b"dvvC")
    if configuration:
        profile, compatible = configuration[2] >> 1, configuration[4] >> 4
        # From 8 on, 0 says that nothing but Dolby Vision can show it; earlier profiles leave the field empty.
        if profile == 5 or (profile >= 8 and not compatible):
            return f"it is in Dolby Vision, profile {profile}, whose colours cannot be converted"
    return ""


def _mp4_head(stream: VideoStream) -> bytes:
    """Return the head of an MP4 (or QuickTime file) of this stream alone; empty where neither can hold it.

    FFmpeg reads cropping and Dolby Vision's configuration from all containers, and PyAV does not hand them out, but
    FFmpeg writes them, too.
    """
    for kind in ("mp4", "mov"):
        file = io.BytesIO()
        try:
            with av.open(file, "w", format=kind, options=_HEAD) as container:
                container.add_stream_from_template(stream, opaque=True)
                container.start_encoding()
                return file.getvalue()
        except (av.FFmpegError, ValueError):
            continue
    return b""


def _box(head: bytes, name: bytes) -> bytes:
    """Return the content of the first box of this name; empty if there is none."""
    place = head.find(name)
    if place < 4:
        return b""
    return head[place + 4 : place - 4 + int.from_bytes(head[place - 4 : place])]
