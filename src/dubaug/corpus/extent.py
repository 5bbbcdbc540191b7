"""How many bytes a file's outermost elements promise: a copy that was interrupted has fewer."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_FIRST_BOXES = {b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
"""What an MP4 or QuickTime file begins with."""

_EBML = {b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"}
_RIFF = {b"RIFF", b"FORM"}

_UNKNOWN = {0, 0xFFFFFFFF}
"""Sizes in RIFF files whose writer could not go back to their beginning."""


def promised_bytes(path: Path) -> int | None:
    """Return where the file should end by the sizes that its outermost elements state; None where they do not say.

    Matroska, MP4 and QuickTime, RIFF (AVI, WAV) and AIFF do; transport streams, Ogg and bare codecs do not.
    """
    with path.open("rb") as file:
        head = file.read(8)
        kinds = {head[:4] in _EBML: _ebml, head[:4] in _RIFF: _chunk, head[4:] in _FIRST_BOXES: _box}
        return _end(file, kinds[True]) if True in kinds else None


def _end(file: BinaryIO, length_at: Callable[[bytes], int | None]) -> int | None:
    """Return the end of the last element; each begins where the one before it ends."""
    place, size = 0, file.seek(0, 2)
    while place < size:
        file.seek(place)
        length = length_at(file.read(16))
        if length is None:
            return None
        place += length
    return place


def _ebml(head: bytes) -> int | None:
    """Return the length of Matroska's header or segment: an id of 4 bytes, a size whose first bits tell its length."""
    if head[:4] not in _EBML or len(head) < 13:
        return None
    width = 9 - head[4].bit_length()
    unknown = (1 << 7 * width) - 1
    size = int.from_bytes(head[4 : 4 + width]) & unknown
    return None if size == unknown else 4 + width + size


def _box(head: bytes) -> int | None:
    """Return the length of an MP4 box: 32 bits before its name, or 64 after it; 0 means to the end of the file."""
    size = int.from_bytes(head[:4])
    if size == 1:
        size = int.from_bytes(head[8:16])
    return size if size >= 8 and head[4:8].isalnum() else None


def _chunk(head: bytes) -> int | None:
    """Return the length of a RIFF file, or of one of the parts of a long AVI."""
    size = int.from_bytes(head[4:8], "big" if head[:4] == b"FORM" else "little")
    return 8 + size if head[:4] in _RIFF and size not in _UNKNOWN else None
