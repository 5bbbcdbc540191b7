import csv
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from dubaug.cli import main
from dubaug.errors import DubaugError
from dubaug.figures import mels
from dubaug.media import jpeg
from dubaug.plotting import TEXT_WIDTH_IN
from dubaug.shards.format import ShardWriter
from dubaug.shards.index import ClipIndex, ShardEntry
from figure_checks import assert_fonts_embedded, assert_readable

TRACKS = ("en", "es", "fr", "ja")
TALKING = {"a": 3, "b": 0, "c": 5, "d": 2}
"""In which of its six clips each title's dubs differ."""
METADATA = {
    "clips": {"duration_s": 3.0, "sample_rate_hz": 48000},
    "mel": {"n_fft": 4096, "hop_length": 3072, "n_mels": 24, "floor": 1e-10},
}
SHAPE = (2, 46, 24)


def shard(folder: Path, title_id: str) -> ShardEntry:
    path = folder / f"shards/{title_id}.arrow"
    rng = np.random.default_rng(ord(title_id))
    with ShardWriter(path, metadata=METADATA, mel_shapes=dict.fromkeys(TRACKS, SHAPE), with_frames=True) as writer:
        for row in range(6):
            bed = rng.normal(-9, 2, SHAPE)
            dubs = {track: bed + (row == TALKING[title_id]) * rng.normal(0, 2, SHAPE) for track in TRACKS}
            frames = np.full((8, 18, 32, 3), 10 * row, dtype=np.uint8)
            frames += np.arange(8, dtype=np.uint8)[:, None, None, None]
            writer.add(item=title_id, index=row, start_s=3.0 * row, frames_jpeg=jpeg.encode(frames, 95), mels=dubs)
    return ShardEntry(title_id=title_id, path=path, clips=6, sha256="0" * 64)


@pytest.fixture
def index(tmp_path: Path) -> ClipIndex:
    return ClipIndex(shards=tuple(shard(tmp_path, title) for title in TALKING), tracks=TRACKS, sample_rate_hz=48000)


def test_clips_with_speech_of_different_titles_by_seed(index: ClipIndex) -> None:
    drawn = {tuple(choice.title_id for choice in mels.choose(index, clips=3, seed=seed)) for seed in range(8)}
    assert len(drawn) > 1, "another seed draws other titles"
    for titles in drawn:
        assert len(set(titles)) == 3
    choices = mels.choose(index, clips=9, seed=0)
    assert choices == mels.choose(index, clips=9, seed=0)
    assert {choice.title_id: choice.row for choice in choices} == TALKING


def test_what_nobody_hears_is_no_speech(tmp_path: Path) -> None:
    """A dub that is silent where another has noise 90 dB down differs by nothing."""
    loud = np.full(SHAPE, 0.0)
    noise, silence = loud.copy(), loud.copy()
    noise[:, 10:], silence[:, 10:] = -20.7, -23.0
    with ShardWriter(
        tmp_path / "a.arrow", metadata={}, mel_shapes={"en": SHAPE, "fr": SHAPE}, with_frames=False
    ) as writer:
        writer.add(item="a", index=0, start_s=0.0, frames_jpeg=None, mels={"en": noise, "fr": silence})
        writer.add(item="a", index=1, start_s=3.0, frames_jpeg=None, mels={"en": loud, "fr": loud - 1})
    reader = ClipIndex(
        shards=(ShardEntry(title_id="a", path=tmp_path / "a.arrow", clips=2, sha256=""),),
        tracks=("en", "fr"),
        sample_rate_hz=48000,
    ).open("a")
    assert mels.tracks_difference_db(reader, 0) == pytest.approx(0.0, abs=1e-3)
    assert mels.tracks_difference_db(reader, 1) == pytest.approx(10 / np.log(10) / 2, rel=1e-3)


def test_stills_over_every_tracks_mel_on_one_time_axis_and_one_scale(
    index: ClipIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(plt, "close", kept.append)
    choices = mels.choose(index, clips=3, seed=0)
    mels.draw_clips(index, choices, [tmp_path / "mels.pdf"])
    (figure,) = kept
    assert_readable(figure)
    assert figure.get_figwidth() == pytest.approx(TEXT_WIDTH_IN)
    images = [(axis, axis.images[0]) for axis in figure.axes if axis.images]
    panels = [(axis, image) for axis, image in images if image.get_array().ndim == 2]
    stills = [(axis, image) for axis, image in images if image.get_array().ndim == 3]
    assert (len(panels), len(stills)) == (3 * 4, 3 * mels.STILLS)
    assert {image.norm for _, image in panels} == {panels[0][1].norm}, "one colour scale"
    assert max(image.get_array().max() for _, image in panels) == pytest.approx(0.0)
    assert [axis.texts[0].get_text() for axis, _ in panels] == ["English", "Spanish", "French", "Japanese"] * 3
    for axis, image in panels:
        assert axis.get_xlim() == (0.0, 3.0)
        left, right, _, _ = image.get_extent()
        assert (left, right) == pytest.approx((512 / 48000, (512 + 46 * 3072) / 48000))
        np.testing.assert_allclose(axis.get_yticks(), [2595 * np.log10(1 + khz / 0.7) for khz in (1, 2, 4, 8, 16)])
    labelled = [[label.get_text() for label in axis.get_yticklabels()] for axis, _ in panels]
    assert labelled == [["1", "2", "4", "8", "16"]] * 4 + [[]] * 8, "one scale, written at the left"
    for number, choice in enumerate(choices):
        reader = index.open(choice.title_id)
        row_db = panels[4 * number + 2][1].get_array()
        expected = reader.mel(choice.row, "fr").astype(np.float64)
        expected_db = 10 * np.log10(np.exp(expected).mean(axis=0)).T
        np.testing.assert_allclose(row_db - row_db.max(), expected_db - expected_db.max(), atol=1e-3)
        column = stills[mels.STILLS * number : mels.STILLS * (number + 1)]
        for (axis, image), frame in zip(column, (1, 4, 6), strict=True):
            np.testing.assert_array_equal(image.get_array(), reader.frames(choice.row)[frame])
            assert axis.get_position().y0 > panels[4 * number][0].get_position().y1, "above its spectrograms"
        captions = [text.get_text() for text in figure.texts]
        assert f"{choice.title_id}  0:{3 * choice.row:02d}" in captions


def test_the_command_writes_the_same_bytes_each_time(index: ClipIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "clips.json")
    for folder in ("one", "two"):
        arguments = ["--index", str(tmp_path / "clips.json"), "--clips", "2", "--out-dir", str(tmp_path / folder)]
        assert main(["figure-mels", *arguments]) == 0
    for name in ("mels.pdf", "mels.png", "mels.csv", "mels.txt"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    rows = list(csv.DictReader((tmp_path / "one/mels.csv").open(encoding="utf-8")))
    assert len(rows) == 2
    assert_fonts_embedded(tmp_path / "one/mels.pdf")
    words = (tmp_path / "one/mels.txt").read_text(encoding="utf-8")
    assert words.startswith("Stills and, below them, log-mel spectrograms of the tracks (English, Spanish, French and ")
    for row in rows:
        assert int(row["clip"]) == TALKING[row["title_id"]]
        assert float(row["start_s"]) == 3.0 * int(row["clip"])
        assert row["tracks"] == "en+es+fr+ja"
        assert f"{row['title_id']} from 0:{3 * int(row['clip']):02d}" in words


def test_no_clips_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = ClipIndex(shards=(), tracks=TRACKS, sample_rate_hz=48000)
    with pytest.raises(DubaugError, match="holds none"):
        mels.choose(empty, clips=3, seed=0)
    empty.save(tmp_path / "clips.json")
    assert main(["figure-mels", "--index", str(tmp_path / "clips.json"), "--clips", "0", "--out-dir", "x"]) == 1
    assert "--clips 0" in capsys.readouterr().err
