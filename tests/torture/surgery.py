"""What happens to files: cut, overwritten, patched."""

import struct
from collections.abc import Callable
from pathlib import Path

import av


def truncate(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def behead(path: Path, share: float, unit: int = 188) -> Path:
    """Remove the beginning, in whole transport packets."""
    data = path.read_bytes()
    path.write_bytes(data[int(len(data) * share) // unit * unit :])
    return path


def overwrite(path: Path, begin: float, end: float, byte: int = 0) -> Path:
    data = bytearray(path.read_bytes())
    first, last = int(len(data) * begin), int(len(data) * end)
    data[first:last] = bytes([byte]) * (last - first)
    path.write_bytes(data)
    return path


def patch(path: Path, old: bytes, new: bytes) -> Path:
    data = path.read_bytes()
    assert old in data
    assert len(old) == len(new)
    path.write_bytes(data.replace(old, new))
    return path


def spoil_packets(path: Path, stream: int, begin_s: float, end_s: float) -> Path:
    """Overwrite the payload of one stream's packets between two times; the container stays as it is."""
    data = bytearray(path.read_bytes())
    with av.open(path) as container:
        for packet in container.demux(container.streams[stream]):
            if packet.pts is None or not packet.size or not begin_s <= float(packet.pts * packet.time_base) < end_s:
                continue
            payload = bytes(packet)
            place = data.find(payload, packet.pos)
            assert place >= 0
            data[place + 8 : place + len(payload)] = b"\xa5" * (len(payload) - 8)
    path.write_bytes(data)
    return path


def join(path: Path, parts: list[Path]) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()
    return path


def turn(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Give an MP4's first track, its picture, the display matrix (a, b; c, d)."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def skip_first_second(path: Path) -> Path:
    """Let the edit list of each of an MP4's tracks begin a second later."""
    data = bytearray(path.read_bytes())
    place = data.find(b"elst")
    while place >= 0:
        header = data.index(b"mdhd", place)
        (timescale,) = struct.unpack_from(">I", data, header + 16)
        entries, length, begin = struct.unpack_from(">IIi", data, place + 8)
        assert entries == 1
        struct.pack_into(">Ii", data, place + 12, length - 1000, begin + timescale)
        place = data.find(b"elst", place + 4)
    path.write_bytes(data)
    return path


def say_of_picture(path: Path, box: bytes) -> Path:
    """Add a box to what an MP4, whose index stands at its end, says of its first track's coding: its picture."""
    data = bytearray(path.read_bytes())
    entry = data.index(b"avc1", data.index(b"stsd")) - 4
    (length,) = struct.unpack_from(">I", data, entry)
    outside = [data.rindex(name, 0, entry) - 4 for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")]
    for place in (*outside, entry):
        (size,) = struct.unpack_from(">I", data, place)
        struct.pack_into(">I", data, place, size + len(box))
    data[entry + length : entry + length] = box
    path.write_bytes(data)
    return path


def clap(width: int, height: int, right: int = 0, down: int = 0) -> bytes:
    """Return MP4's box for the part of a picture that is shown, and how far its centre lies from the picture's."""
    return struct.pack(">I4sIIIIiIiI", 40, b"clap", width, 1, height, 1, right, 1, down, 1)


def dolby_vision(profile: int, compatible: int) -> bytes:
    """Return MP4's box for Dolby Vision, and by which other standard it can be shown (0: by none)."""
    return struct.pack(">I4s2BHB19x", 32, b"dvcC", 1, 0, profile << 9 | 1 << 3 | 0b101, compatible << 4)


def promise_hours(path: Path, hours: float) -> Path:
    """Let a Matroska file's header state another duration."""
    data = bytearray(path.read_bytes())
    place = data.index(b"\x44\x89\x88") + 3
    struct.pack_into(">d", data, place, hours * 3_600_000)
    path.write_bytes(data)
    return path


def remux(
    path: Path,
    *,
    keep: Callable[[av.Packet], bool] = lambda packet: True,
    before: Callable[[av.container.OutputContainer], None] = lambda container: None,
    after: Callable[[av.container.OutputContainer], None] = lambda container: None,
) -> Path:
    """Copy the packets that are to be kept into a new container of the same kind; more streams come before them."""
    source = path.with_name(f"{path.stem}_source{path.suffix}")
    path.rename(source)
    with av.open(source) as read, av.open(path, "w") as write:
        before(write)
        copies = {}
        for stream in read.streams:
            copy = copies[stream.index] = write.add_stream_from_template(stream)
            copy.metadata.update(stream.metadata)
        for packet in read.demux():
            if packet.dts is not None and keep(packet):
                packet.stream = copies[packet.stream.index]
                write.mux(packet)
        after(write)
    source.unlink()
    return path
