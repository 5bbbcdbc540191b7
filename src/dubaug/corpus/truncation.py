"""Copies that were interrupted, told by the lengths that a file states itself: decoders forgive them without a word.

Read are headers, and Ogg's last page; nothing is decoded. A container is elements with lengths, and the one with the
sound or picture has to end within the file. What was written without knowing its length (to a pipe) states none.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from dubaug.errors import MediaError
from dubaug.files import why_no_file

SLACK_BYTES = 64
"""Some writers count the header in."""

_PLACEHOLDERS = (2**31, 2**32, 2**63)
_BELOW = 2**25
"""A length at most this far below one of them is what writers put there that do not know it: FFmpeg 2^32 - 1 (W64:
2^63 - 1), SoX 2^31 - 2^12 (AIFF: 2^31 - 2^24), arecord 2^31 and less the header."""

_OGG_PAGE = 27
_OGG_PAGE_MAX = _OGG_PAGE + 255 + 255 * 255

_KBPS = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates of MP3 by their number less 1, of MPEG-1 and of MPEG-2 and 2.5 (ISO 11172-3 and 13818-3, layer III)."""
_MPEG1_HZ = (44100, 48000, 32000)

_MEDIA = (b"data", b"SSND", b"mdat", b"moof")
"""What holds sound and picture: in WAV, CAF and (here) where there is one element only; in AIFF; in MP4."""

Element: TypeAlias = tuple[bytes, int, int]
"""Kind, place and length in bytes of what follows its header."""


@dataclass(frozen=True, kw_only=True)
class Shortfall:
    """A part of a file that ends after the file does."""

    part: Literal["data", "last page", "last frame"]
    """`data` is all of the sound or picture; of how much more there was, a last page or frame tells nothing."""
    stated_bytes: int
    there_bytes: int

    def __str__(self) -> str:
        return f"{self.there_bytes} of the {self.stated_bytes} bytes of its {self.part} are there"


@dataclass(frozen=True, kw_only=True)
class _File:
    """An open file that is read here and there."""

    descriptor: int
    size: int

    def read(self, at: int, count: int) -> bytes:
        return os.pread(self.descriptor, count, at) if 0 <= at < self.size else b""


def require_whole(path: Path) -> None:
    """Raise `MediaError` unless `path` is a file that ends where it says, as far as its format says so."""
    why = why_no_file(path)
    if why is not None:
        raise MediaError(f"no such file: {path}{why}", "check the path")
    lacking = shortfall(path)
    if lacking:
        raise MediaError(f"{path.name} is cut short: {lacking}", "copy the file again")


def shortfall(path: Path) -> Shortfall | None:
    """Return what a file lacks of the sound or picture that it states; None if nothing, or where it states nothing.

    `data` of WAV (RF64, RIFX, W64), AIFF, AU, CAF, AVI, MP4 and Matroska, and of MP3 whose first frame states it (Xing,
    Info, VBRI); else the last frame of MP3, the last page of Ogg. Raises `MediaError` if the file cannot be opened.
    """
    with _opened(path) as file:
        return _shortfall(file)


def is_whole(path: Path) -> bool:
    """Return whether a file states how many bytes of sound and picture it has, and has them."""
    with _opened(path) as file:
        media = list(_media(file, _elements(file, file.read(0, 12))))
        return bool(media) and _shortfall(file) is None


def may_go_on(path: Path) -> bool:
    """Return whether a file is Ogg without a page that ends it: a copy cut between two pages, or what a phone wrote."""
    with _opened(path) as file:
        page = _last_page(file) if file.read(0, 4) == b"OggS" else b""
    return bool(page) and not int.from_bytes(page[5:6]) & 4


@contextmanager
def _opened(path: Path) -> Iterator[_File]:
    try:
        with path.open("rb", buffering=0) as opened:
            yield _File(descriptor=opened.fileno(), size=os.fstat(opened.fileno()).st_size)
    except OSError as error:
        raise MediaError(f"{path.name} cannot be read ({error.strerror})", "check the path") from error


def _shortfall(file: _File) -> Shortfall | None:
    head = file.read(0, 12)
    if head.startswith(b"OggS"):
        return _of_last_page(file)
    if head.startswith(b"ID3") or _mp3_frame_bytes(head):
        return _of_mp3(file)
    return _of_elements(file, _elements(file, head))


def _of_elements(file: _File, elements: Iterator[Element]) -> Shortfall | None:
    """Return what lacks of the first element with sound or picture that the file ends in."""
    for at, length in _media(file, elements):
        if at + length > file.size + SLACK_BYTES:
            return Shortfall(part="data", stated_bytes=length, there_bytes=max(file.size - at, 0))
    return None


def _media(file: _File, elements: Iterator[Element]) -> Iterator[tuple[int, int]]:
    """Yield place and length of the elements with sound or picture, up to one of unknown length."""
    long_bytes = 0
    for kind, at, stated in elements:
        if kind == b"ds64":  # RF64: the length that does not fit into the chunk's own header
            long_bytes = struct.unpack("<8xQ", file.read(at, 16).ljust(16, b"\0"))[0]
        holds_media = kind[:4] in _MEDIA or (kind == b"LIST" and file.read(at, 4) == b"movi")
        length = long_bytes if stated == 2**32 - 1 and long_bytes else stated
        if holds_media and not _is_known(length):
            return
        if holds_media:
            yield at, length


def _is_known(length: int) -> bool:
    return length > 0 and not any(0 <= top - length <= _BELOW for top in _PLACEHOLDERS)


def _elements(file: _File, head: bytes) -> Iterator[Element]:
    """Return the outer elements of a container, by its first bytes; none of a format that has none."""
    kind = head[:4]
    if kind in (b"RIFF", b"RF64", b"BW64"):
        return _chunks(file, 12, "<4sI", align=2)
    if kind in (b"RIFX", b"FORM"):
        return _chunks(file, 12, ">4sI", align=2)
    if kind == b"riff":  # W64: names of 16 bytes, lengths with their headers
        return _chunks(file, 40, "<16sq", align=8, inclusive=True)
    if kind == b"caff":
        return _chunks(file, 8, ">4sq")
    if kind in (b".snd", b"dns."):
        at, length = struct.unpack(">II" if kind == b".snd" else "<II", head[4:].ljust(8, b"\0"))
        return iter([(b"data", at, length)])
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"styp"):
        return _boxes(file)
    return _segment(file) if kind == b"\x1a\x45\xdf\xa3" else iter(())


def _chunks(file: _File, at: int, form: str, *, align: int = 1, inclusive: bool = False) -> Iterator[Element]:
    header_bytes = struct.calcsize(form)
    while len(header := file.read(at, header_bytes)) == header_bytes:
        kind, length = struct.unpack(form, header)
        if kind == b"RIFF":  # an AVI of more than 1 GB has several
            at += 12
            continue
        length -= header_bytes if inclusive else 0
        yield kind, at + header_bytes, length
        if length < 0 or not kind.strip(b"\0"):
            return
        at += header_bytes + length + -length % align


def _boxes(file: _File) -> Iterator[Element]:
    """Yield the outer boxes of an MP4; the last may have length 0, to the end of the file."""
    at = 0
    while len(header := file.read(at, 16)) >= 8:
        (length, kind), header_bytes = struct.unpack(">I4s", header[:8]), 8
        if length == 1 and len(header) == 16:
            length, header_bytes = struct.unpack(">8xQ", header)[0], 16
        if length < header_bytes:
            return
        yield kind, at + header_bytes, length - header_bytes
        at += length


def _segment(file: _File) -> Iterator[Element]:
    """Yield Matroska's segment, which holds all, unless its length is unknown (all bits set)."""
    at = 4
    for is_segment in (False, True):
        first = int.from_bytes(file.read(at, 1))
        width = 9 - first.bit_length()
        length = int.from_bytes(file.read(at, width)) - (1 << 7 * width)
        at += width
        if is_segment and length != (1 << 7 * width) - 1:
            yield b"data", at, length
        at += length + 4  # and the segment's own name


def _of_last_page(file: _File) -> Shortfall | None:
    page = _last_page(file)
    segments = page[_OGG_PAGE - 1] if len(page) >= _OGG_PAGE else 0
    stated = _OGG_PAGE + segments + sum(page[_OGG_PAGE : _OGG_PAGE + segments])
    if page and len(page) < stated:
        return Shortfall(part="last page", stated_bytes=stated, there_bytes=len(page))
    return None


def _last_page(file: _File) -> bytes:
    """Return an Ogg file from its last page on; empty where none is near the end."""
    tail = file.read(max(file.size - _OGG_PAGE_MAX, 0), _OGG_PAGE_MAX)
    at = tail.rfind(b"OggS\0")
    return tail[at:] if at >= 0 else b""


def _of_mp3(file: _File) -> Shortfall | None:
    at = 0
    while (tag := file.read(at, 10)).startswith(b"ID3") and len(tag) == 10:
        at += 10 + sum(byte << 7 * place for place, byte in enumerate(reversed(tag[6:]))) + (tag[5] & 16) // 16 * 10
    stated = _mp3_data_bytes(file.read(at, 64))
    if stated:
        return _of_elements(file, iter([(b"data", at, stated)]))
    while length := _mp3_frame_bytes(file.read(at, 4)):
        if at + length > file.size:
            return Shortfall(part="last frame", stated_bytes=length, there_bytes=file.size - at)
        at += length
    return None


def _mp3_data_bytes(frame: bytes) -> int:
    """Return how long the first frame says that all are, with itself; 0 where it does not say."""
    if frame[36:40] == b"VBRI":
        return int.from_bytes(frame[46:50])
    at = max(frame.find(name, 4, 44) for name in (b"Xing", b"Info"))
    flags = frame[at + 7] if at > 0 and len(frame) > at + 7 else 0
    at += 8 + 4 * (flags & 1)  # behind the number of frames
    return int.from_bytes(frame[at : at + 4]) if flags & 2 else 0


def _mp3_frame_bytes(header: bytes) -> int:
    """Return the length of the frame of layer III that begins with these four bytes; 0 if none does."""
    bits = int.from_bytes(header[:4])
    version, rate, kbps = bits >> 19 & 3, bits >> 10 & 3, bits >> 12 & 15
    if bits >> 21 != 0x7FF or version == 1 or bits >> 17 & 3 != 1 or rate == 3 or not 0 < kbps < 15:
        return 0
    mpeg1 = version == 3
    sample_rate_hz = _MPEG1_HZ[rate] // (1 if mpeg1 else 2 if version == 2 else 4)
    return (144000 if mpeg1 else 72000) * _KBPS[mpeg1][kbps - 1] // sample_rate_hz + (bits >> 9 & 1)
