"""A data set's folder without its speech."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from separation_networks import Scaling

from dubaug.errors import DubaugError
from dubaug.separation import dataset
from dubaug.separation.dataset import separate_data_set
from dubaug.separation.models import wrap
from dubaug.separation.remove import Remover, make_remover


@pytest.fixture
def remover(settings: Any) -> Remover:
    return make_remover(wrap(Scaling(other=0.25, vocals=0.75)), settings(), device="cpu")


def slow_wave(samples: int, channels: int, rate: int) -> np.ndarray:
    """Sines far below half of both sample rates, so that resampling changes little."""
    time_s = np.arange(samples) / rate
    return np.stack([0.8 * np.sin(2 * np.pi * hz * time_s) for hz in (200, 330)[:channels]], axis=1)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "data_set"
    (folder / "wavs/speaker").mkdir(parents=True)
    (folder / "list.csv").write_text("path,label\nwavs/one.wav,yes\n")
    soundfile.write(folder / "wavs/one.wav", slow_wave(16001, 1, 16000), 16000, subtype="PCM_16")
    soundfile.write(folder / "wavs/speaker/two.flac", slow_wave(30000, 2, 22050), 22050, subtype="PCM_24")
    soundfile.write(folder / "wavs/three.WAV", slow_wave(8000, 1, 8000), 8000, subtype="FLOAT", format="WAV")
    return folder


def test_the_same_folder_with_other_sound(source: Path, tmp_path: Path, remover: Remover) -> None:
    out = tmp_path / "out"
    assert separate_data_set(source, out, remover) == ()
    files = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    assert {path.relative_to(out) for path in out.rglob("*") if path.is_file()} == {*files, Path("separation.json")}
    assert (out / "list.csv").read_text() == (source / "list.csv").read_text()
    for path in ("wavs/one.wav", "wavs/speaker/two.flac", "wavs/three.WAV"):
        before, after = soundfile.info(source / path), soundfile.info(out / path)
        for name in ("samplerate", "frames", "channels", "format", "subtype"):
            assert getattr(before, name) == getattr(after, name), (path, name)
        inner = slice(500, -500)  # away from the resampler's ends
        np.testing.assert_allclose(
            soundfile.read(out / path)[0][inner], 0.25 * soundfile.read(source / path)[0][inner], atol=0.004
        )


def test_flac_that_states_no_length_is_written_as_long_as_it_is(source: Path, tmp_path: Path, remover: Remover) -> None:
    data = bytearray((source / "wavs/speaker/two.flac").read_bytes())
    data[21] &= 0xF0  # STREAMINFO: 36 bits of samples
    data[22:26] = bytes(4)
    (source / "wavs/speaker/two.flac").write_bytes(data)
    assert separate_data_set(source, tmp_path / "out", remover) == ()
    assert soundfile.info(tmp_path / "out/wavs/speaker/two.flac").frames == pytest.approx(30000, abs=2)


def test_unreadable_files_are_left_empty_and_listed(source: Path, tmp_path: Path, remover: Remover) -> None:
    (source / "wavs/broken.wav").write_bytes(b"RIFF, but no more")
    (left_out,) = separate_data_set(source, tmp_path / "out", remover)
    assert left_out.path == "wavs/broken.wav"
    assert (tmp_path / "out/wavs/broken.wav").stat().st_size == 0
    report = json.loads((tmp_path / "out/separation.json").read_text())
    assert report["files"] == 3
    assert report["left_out"] == [{"path": "wavs/broken.wav", "reason": left_out.reason}]


def test_nothing_readable_is_an_error(tmp_path: Path, remover: Remover) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/x.wav").write_bytes(b"nothing")
    with pytest.raises(DubaugError, match="none of the 1 sound files"):
        separate_data_set(tmp_path / "bad", tmp_path / "out", remover)
    assert not (tmp_path / "out").exists()
    (tmp_path / "bad/x.wav").unlink()
    with pytest.raises(DubaugError, match="no sound files"):
        separate_data_set(tmp_path / "bad", tmp_path / "out", remover)
    (tmp_path / "bad/x.mp4").write_bytes(b"nothing")
    with pytest.raises(DubaugError, match=r"x\.mp4.*WAV or FLAC"):
        separate_data_set(tmp_path / "bad", tmp_path / "out", remover)


def test_whole_or_not_at_all_and_where_it_stopped(
    source: Path, tmp_path: Path, remover: Remover, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    original, written = dataset._write_like, []

    def interrupted(source: Path, target: Path, *given: Any, **keys: Any) -> None:
        written.append(target.name)
        if len(written) == 2:
            raise KeyboardInterrupt
        original(source, target, *given, **keys)

    monkeypatch.setattr(dataset, "_write_like", interrupted)
    with pytest.raises(KeyboardInterrupt):
        separate_data_set(source, out, remover)
    assert not out.exists()
    separate_data_set(source, out, remover)
    assert out.is_dir()
    assert sorted(written[2:]) == sorted({"one.wav", "two.flac", "three.WAV"} - {written[0]})  # not the finished one
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_file_that_was_copied_in_part_is_copied_again(
    source: Path, tmp_path: Path, remover: Remover, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise OSError("no links between file systems")

    def cut_short(_: Path, target: Path) -> None:
        target.write_bytes(b"pa")
        raise KeyboardInterrupt

    monkeypatch.setattr("os.link", refused)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.copy2", cut_short)
        with pytest.raises(KeyboardInterrupt):
            separate_data_set(source, tmp_path / "out", remover)
    separate_data_set(source, tmp_path / "out", remover)
    assert (tmp_path / "out/list.csv").read_bytes() == (source / "list.csv").read_bytes()


def test_an_unfinished_folder_of_other_settings_is_not_continued(
    source: Path, tmp_path: Path, remover: Remover
) -> None:
    stale = tmp_path / ".out.part/wavs"
    stale.mkdir(parents=True)
    soundfile.write(stale / "one.wav", np.zeros(10), 16000)
    separate_data_set(source, tmp_path / "out", remover)
    assert soundfile.info(tmp_path / "out/wavs/one.wav").frames == 16001
