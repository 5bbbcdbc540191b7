import struct
from pathlib import Path

import pytest

from dubaug.corpus.extent import promised_bytes
from film_factory import make_film, tone


@pytest.mark.parametrize(
    ("suffix", "codec", "picture"),
    [
        (".mkv", "flac", True),
        (".mp4", "aac", True),
        (".avi", "pcm_s16le", True),
        (".wav", "pcm_s16le", False),
        (".aiff", "pcm_s16be", False),
    ],
)
def test_a_file_promises_its_own_size_also_when_it_is_cut(
    tmp_path: Path, suffix: str, codec: str, picture: bool
) -> None:
    sound = {"tracks": {"": tone(2, channels=2)}, "codec": codec, "layout": "stereo"}
    path = make_film(tmp_path / f"film{suffix}", seconds=2, picture=picture, muxing={"movflags": "faststart"}, **sound)
    size = path.stat().st_size
    assert promised_bytes(path) == size
    path.write_bytes(path.read_bytes()[: size // 2])
    assert promised_bytes(path) == size


def test_what_states_no_size_promises_nothing(tmp_path: Path) -> None:
    path = tmp_path / "film"
    live = bytes.fromhex("1a45dfa380 18538067 01ffffffffffffff") + bytes(100)
    piped = b"RIFF\xff\xff\xff\xffWAVE" + bytes(100)
    to_the_end = struct.pack(">I4sI4s", 8, b"ftyp", 0, b"mdat") + bytes(100)
    for content in (b"", b"film", bytes(100), live, piped, to_the_end, b"OggS" + bytes(100)):
        path.write_bytes(content)
        assert promised_bytes(path) is None, content


def test_sizes_of_64_bits_and_several_parts(tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(struct.pack(">I4sI4sQ", 8, b"ftyp", 1, b"mdat", 1 << 40))
    assert promised_bytes(path) == 8 + (1 << 40)
    path.write_bytes(struct.pack("<4sI4x", b"RIFF", 4) + struct.pack("<4sI", b"RIFF", 5000))
    assert promised_bytes(path) == 12 + 5008
