import io
import random
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from dubaug.corpus.probe import probe
from dubaug.corpus.truncation import may_go_on, require_whole, shortfall
from dubaug.errors import MediaError
from film_factory import make_film, tone

NOISE = 0.1 * np.random.default_rng(0).standard_normal((48000, 1))

SOUNDFILES = [
    ("WAV", "PCM_16"), ("WAV", "IMA_ADPCM"), ("WAVEX", "FLOAT"), ("RF64", "PCM_24"), ("W64", "PCM_16"),
    ("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]  # fmt: skip


def sound(form: str, subtype: str = "PCM_16", endian: str = "FILE") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, NOISE, 48000, format=form, subtype=subtype, endian=endian)
    return file.getvalue()


def encoded(path: Path, codec: str, **options: str) -> bytes:
    """A second of sound through FFmpeg, which writes headers of its own."""
    with av.open(path, "w", options=options) as container:
        stream = container.add_stream(codec, rate=48000, layout="mono")
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=48000, frame_size=1024)
        frame = av.AudioFrame.from_ndarray(NOISE.T.astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            container.mux(stream.encode(piece))
    return path.read_bytes()


def assert_told_when_cut(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    require_whole(path)
    for kept in (len(data) // 2, len(data) * 9 // 10):
        path.write_bytes(data[:kept])
        with pytest.raises(MediaError, match=rf"{path.name} is cut short: \d+ of the \d+ bytes of its .* are there"):
            require_whole(path)


@pytest.mark.parametrize(("form", "subtype"), SOUNDFILES)
def test_sound_files(tmp_path: Path, form: str, subtype: str) -> None:
    assert_told_when_cut(tmp_path / "a", sound(form, subtype))


def test_wav_of_the_other_byte_order(tmp_path: Path) -> None:
    assert_told_when_cut(tmp_path / "a", sound("WAV", endian="BIG"))


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp3", "libmp3lame", {}),
        ("a.mp3", "libmp3lame", {"write_xing": "0"}),
        ("a.mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}),
        ("a.m4a", "aac", {"movflags": "faststart"}),
        ("a.mp4", "aac", {"movflags": "frag_keyframe+empty_moov", "frag_duration": "200000"}),
        ("a.mka", "aac", {}),
        ("a.webm", "libopus", {}),
        ("a.opus", "libopus", {}),
        ("a.caf", "pcm_s16le", {}),
    ],
)
def test_sound_from_ffmpeg(tmp_path: Path, name: str, codec: str, options: dict[str, str]) -> None:
    assert_told_when_cut(tmp_path / name, encoded(tmp_path / name, codec, **options))


def test_mp3_of_variable_rate_in_fraunhofers_header(tmp_path: Path) -> None:
    frame = b"\xff\xfb\x90\0" + bytes(413)
    first = frame[:36] + b"VBRI" + struct.pack(">HHHII", 1, 0, 75, 10 * len(frame), 10) + frame[54:]
    assert_told_when_cut(tmp_path / "a.mp3", first + 9 * frame)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_videos(tmp_path: Path, suffix: str) -> None:
    data = make_film(tmp_path / f"a{suffix}", seconds=2, muxing={"movflags": "faststart"} if suffix == ".mp4" else {})
    assert_told_when_cut(tmp_path / f"a{suffix}", data.read_bytes())


def put(at: int, form: str, value: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]

    return change


@pytest.mark.parametrize(
    ("form", "change"),
    [
        *[("WAV", put(40, "<I", length)) for length in (0, 2**32 - 1, 2**31, 2**31 - 2**12, 2**31 - 44, 2**32 - 37)],
        ("WAV", put(40, "<I", 96000 + 44)),  # the header counted in
        ("WAV", lambda data: data + b"LIST\xff\0\0\0cut in the words about it"),
        ("AIFF", lambda data: data.replace(b"SSND\0\1", b"SSND\x7f\0")),
        ("AU", put(8, ">I", 2**32 - 1)),
        ("W64", lambda data: data.replace(struct.pack("<q", 96000 + 24), struct.pack("<q", 2**63 - 1))),
        ("CAF", lambda data: data.replace(b"data" + struct.pack(">q", 96004), b"data" + struct.pack(">q", -1))),
        ("MP3", lambda data: data + b"TAG" + bytes(125)),
        ("FLAC", lambda data: data[: len(data) // 2]),  # its decoder counts
    ],
)  # fmt: skip
def test_what_states_no_length_is_whole(tmp_path: Path, form: str, change: Callable[[bytes], bytes]) -> None:
    data = sound(form, "MPEG_LAYER_III" if form == "MP3" else "PCM_16")
    changed = change(data)
    assert changed != data
    (tmp_path / "a").write_bytes(changed)
    assert shortfall(tmp_path / "a") is None


def test_streams_written_without_seeking_are_whole(tmp_path: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    for form in ("matroska", "wav", "ogg", "mp3", "mp4"):
        codec = {"wav": "pcm_s16le", "mp3": "libmp3lame", "ogg": "libopus"}.get(form, "aac")
        options = {"movflags": "frag_keyframe+empty_moov"} if form == "mp4" else {}
        pipe = Pipe()
        with av.open(pipe, "w", format=form, options=options) as container:
            stream = container.add_stream(codec, rate=48000, layout="mono")
            for _ in range(20):
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.float32), format="fltp", layout="mono")
                frame.sample_rate = 48000
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        (tmp_path / "a").write_bytes(pipe.getvalue())
        assert shortfall(tmp_path / "a") is None, form


def test_ogg_that_no_page_ends_is_told_apart(tmp_path: Path) -> None:
    """Android writes such; so does a copy that ends between two pages. The decoder must not take it for endless."""
    data = sound("OGG", "VORBIS")
    last = data.rindex(b"OggS")
    (tmp_path / "ended.ogg").write_bytes(data)
    (tmp_path / "open.ogg").write_bytes(data[:last])
    for name in ("ended.ogg", "open.ogg"):
        require_whole(tmp_path / name)
        assert may_go_on(tmp_path / name) == (name == "open.ogg")
    (tmp_path / "a.wav").write_bytes(sound("WAV"))
    assert not may_go_on(tmp_path / "a.wav")


def test_rubbish_behind_any_first_bytes_is_no_accident(tmp_path: Path) -> None:
    rng = random.Random(0)
    heads = [
        b"RIFF\0\0\0\0WAVE",
        b"RF64\xff\xff\xff\xffWAVEds64",
        b"FORM",
        b"riff",
        b"caff",
        b".snd",
        b"OggS\0",
        b"ID3\4\0\0",
    ]
    heads += [b"\0\0\0\1ftyp", b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\0", b"\xff\xfb\x90\0", b""]
    for head in heads:
        for count in (0, 3, 40, 300):
            (tmp_path / "a").write_bytes(head + rng.randbytes(count))
            lacking = shortfall(tmp_path / "a")
            assert lacking is None or lacking.there_bytes < lacking.stated_bytes
    (tmp_path / "a").write_bytes(b"RIFF\0\0\0\0WAVE" + bytes(50_000_000))  # walked through no chunk by chunk
    assert shortfall(tmp_path / "a") is None


@pytest.mark.parametrize("form", ["WAV", "AIFF", "FLAC", "MP3"])
def test_a_sound_cut_short_is_found_by_its_header(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form.lower()}"
    soundfile.write(path, tone(8.0, channels=1)[0], 48000, format=form)
    assert not probe(path).cut
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "its header promises" in probe(path).cut
