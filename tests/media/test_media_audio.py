import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dubaug.errors import MediaError
from dubaug.media.audio import read_audio
from dubaug.media.track import Converter, Timeline, resample
from dubaug.media.video import video_duration_s
from film_factory import make_film, tone


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_mono_goes_to_both_channels(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mono{suffix}"
    soundfile.write(path, tone(1.0, channels=1)[0], 48000)
    waveform_CS = read_audio(path, sample_rate_hz=48000)
    assert waveform_CS.shape == (2, 48000)
    assert waveform_CS.dtype.is_floating_point
    assert (waveform_CS[0] == waveform_CS[1]).all()
    assert waveform_CS.abs().max() == pytest.approx(0.3, rel=0.05)


def test_stereo_is_kept_and_a_video_file_is_read(tmp_path: Path) -> None:
    samples_CS = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 48000)).astype(np.float32)
    path = make_film(tmp_path / "clip.mkv", seconds=1, tracks={"": samples_CS}, layout="stereo", codec="flac")
    waveform_CS = read_audio(path, sample_rate_hz=48000).numpy()
    np.testing.assert_allclose(waveform_CS, samples_CS, atol=1e-4)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(16000, 48000), (44100, 48000), (48000, 44100), (48000, 16000)])
def test_resampled_tones_are_the_tones(from_hz: int, to_hz: int) -> None:
    resampled_CS = resample(tone(1.0, hz=1000, channels=2, rate=from_hz), from_hz, to_hz)
    expected_CS = tone(1.0, hz=1000, channels=2, rate=to_hz)
    assert resampled_CS.shape == expected_CS.shape
    middle = slice(to_hz // 10, -to_hz // 10)
    np.testing.assert_allclose(resampled_CS[:, middle], expected_CS[:, middle], atol=1e-4)


def test_resampling_in_pieces_is_resampling_at_once() -> None:
    import av

    samples_CS = tone(1.0, hz=1000, channels=2, rate=44100)
    converter, timeline = Converter(48000), Timeline(sample_rate_hz=48000, origin_s=0.0)
    for begin in range(0, 44100, 1024):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples_CS[:, begin : begin + 1024]), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts = 44100, begin
        for piece in converter.push(frame):
            timeline.push(*piece)
    for piece in converter.flush():
        timeline.push(*piece)
    assert timeline.available == pytest.approx(48000, abs=2)
    middle = slice(4800, 43200)
    at_once_CS = resample(samples_CS, 44100, 48000)
    np.testing.assert_allclose(timeline.take(timeline.available)[:, middle], at_once_CS[:, middle], atol=1e-5)


def ones(samples: int) -> np.ndarray:
    return np.ones((2, samples), dtype=np.float32)


def test_timestamps_place_the_sound() -> None:
    timeline = Timeline(sample_rate_hz=1000, origin_s=10.0)
    timeline.push(9.9, ones(150))  # 100 before the origin are dropped
    assert timeline.available == 50
    timeline.push(10.06, ones(40))  # 10 ms off: contiguous
    assert timeline.available == 90
    assert timeline.push(10.2, ones(50)) == pytest.approx(0.11)  # 110 ms off: silence between
    assert timeline.available == 250
    assert timeline.push(10.15, ones(150)) == pytest.approx(-0.1)  # 100 ms overlap are dropped
    assert timeline.available == 300
    timeline.push(None, ones(1))
    assert timeline.end_s == pytest.approx(0.301)
    waveform_CS = timeline.take(300)
    assert waveform_CS[:, :90].all()
    assert not waveform_CS[:, 90:200].any()
    assert waveform_CS[:, 200:].all()
    with pytest.raises(ValueError, match="2 samples asked for, 1 there"):
        timeline.take(2)


def test_sound_that_begins_late_is_preceded_by_silence() -> None:
    timeline = Timeline(sample_rate_hz=1000, origin_s=0.0)
    timeline.push(0.02, ones(10))
    assert timeline.take(30).sum(axis=1).tolist() == [10.0, 10.0]


def test_a_programme_may_change_its_layout() -> None:
    import av

    converter = Converter(48000)
    total = 0
    for layout, channels in [("5.1(side)", 6), ("stereo", 2), ("mono", 1)]:
        frame = av.AudioFrame.from_ndarray(tone(0.1, channels=channels), format="fltp", layout=layout)
        frame.sample_rate = 48000
        for _, samples_CS in converter.push(frame):
            assert samples_CS.shape[0] == 2
            total += samples_CS.shape[1]
    assert total == 3 * 4800


@pytest.mark.parametrize("content", [b"", b"not a sound file at all" * 100])
@pytest.mark.parametrize("suffix", [".wav", ".mp4"])
def test_rubbish_is_a_media_error(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(content)
    with pytest.raises(MediaError, match="cannot be read"):
        read_audio(path, sample_rate_hz=48000)


def test_flac_is_read_to_the_length_that_it_states(tmp_path: Path) -> None:
    """Cut between two frames it decodes without an error; written to a pipe it states none."""
    soundfile.write(tmp_path / "a.flac", tone(1.0, channels=1)[0], 48000)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    cut = data.rindex(b"\xff\xf8", 0, len(data) * 2 // 3)
    (tmp_path / "cut.flac").write_bytes(data[:cut])
    with pytest.raises(MediaError, match=r"cut\.flac is cut short: its sound ends at 0\.\d s of 1\.0 s"):
        read_audio(tmp_path / "cut.flac", sample_rate_hz=48000)
    data[21] &= 0xF0  # STREAMINFO: 36 bits of samples
    data[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(data)
    assert read_audio(tmp_path / "a.flac", sample_rate_hz=48000).shape == (2, 48000)


def test_ogg_without_its_end_is_not_endless(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.ogg", np.random.default_rng(0).standard_normal(96000) / 10, 48000)
    data = (tmp_path / "a.ogg").read_bytes()
    (tmp_path / "a.ogg").write_bytes(data[: data.rindex(b"OggS")])
    assert 48000 < read_audio(tmp_path / "a.ogg", sample_rate_hz=48000).shape[1] < 96000


@pytest.mark.parametrize("suffix", [".wav", ".mp3"])
def test_what_stands_in_place_of_a_file_is_said(tmp_path: Path, suffix: str) -> None:
    names = ("none", "folder", "pipe", "loop", "nowhere")
    none, folder, pipe, loop, nowhere = (tmp_path / f"{name}{suffix}" for name in names)
    folder.mkdir()
    os.mkfifo(pipe)  # nobody writes to it
    loop.symlink_to(loop)
    nowhere.symlink_to("gone.wav")
    for path, words in [
        (none, f"no such file: {none} ("),
        (folder, "it is a folder"),
        (pipe, "it is a pipe"),
        (loop, "a link that leads back to itself"),
        (nowhere, "a link to gone.wav, which is not there"),
    ]:
        for read in (lambda path: read_audio(path, sample_rate_hz=48000), video_duration_s):
            with pytest.raises(MediaError, match="no such file") as raised:
                read(path)
            assert words in str(raised.value)


def test_a_silent_film_is_a_media_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no sound track"):
        read_audio(make_film(tmp_path / "mute.mkv", seconds=1), sample_rate_hz=48000)
