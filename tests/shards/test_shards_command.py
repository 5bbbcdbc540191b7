"""From films to shards to the clip index, as the workflow does it."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dubaug.cli import main
from dubaug.config import Experiment, save
from dubaug.corpus.titles import Title, write_titles
from dubaug.corpus.tracks import Track
from dubaug.media.audio import read_audio
from dubaug.media.mel import log_mel
from dubaug.shards.index import ClipIndex
from dubaug.shards.ingest import ShardSettings, make_shard, standing_shard
from dubaug.tracks import TrackName
from film_factory import make_film, tone

TRACKS = tuple(Track(name=TrackName(name), stream=n) for n, name in enumerate(("en", "es", "fr", "ja")))


def film(folder: Path, title_id: str, seconds: float = 6.5) -> Title:
    noise = np.random.default_rng(len(title_id)).uniform(-0.2, 0.2, (6, round(seconds * 48000))).astype(np.float32)
    tracks = {"eng": noise, "spa": noise * 0.5, "fra": tone(seconds), "jpn": tone(seconds, hz=880)}
    path = make_film(folder / f"{title_id}.mkv", seconds=seconds, tracks=tracks)
    return Title(title_id=title_id, path=path, minutes=seconds / 60, clips=int(seconds // 3), tracks=TRACKS)


@pytest.fixture
def settings(demo_experiment: Experiment) -> ShardSettings:
    return ShardSettings(clips=demo_experiment.clips, mel=demo_experiment.mel, tracks=demo_experiment.corpus.tracks)


def test_a_shard_holds_what_the_film_does(tmp_path: Path, settings: ShardSettings) -> None:
    title = film(tmp_path, "film")
    outcome = make_shard(title, settings=settings, out_dir=tmp_path / "shards", threads=1)
    assert outcome.rejects == ()
    assert outcome.entry is not None
    index = ClipIndex(shards=(outcome.entry,), tracks=settings.tracks, sample_rate_hz=48000)
    reader = index.open("film")
    assert [reader.index(row) for row in range(len(reader))] == [0, 1]
    height = settings.clips.frame_height
    assert reader.frames(0).shape == (settings.clips.frames, height, 2 * round(height * 320 / 180 / 2), 3)
    waveform_CS = read_audio(title.path, sample_rate_hz=48000)
    for row in range(2):
        mel_CTF = log_mel(waveform_CS[:, row * 144000 : (row + 1) * 144000], sample_rate_hz=48000, mel=settings.mel)
        stored_CTF = torch.from_numpy(reader.mel(row, "en").astype(np.float32))
        torch.testing.assert_close(stored_CTF, mel_CTF, atol=0.02, rtol=1e-3)
        # half the gain is a quarter of the power
        softer_CTF = torch.from_numpy(reader.mel(row, "es").astype(np.float32))
        assert (stored_CTF - softer_CTF).median().item() == pytest.approx(np.log(4), abs=0.1)


def test_a_shard_that_stands_is_kept_only_for_the_same_film_and_settings(
    tmp_path: Path, settings: ShardSettings
) -> None:
    title, out_dir = film(tmp_path, "film"), tmp_path / "shards"
    assert standing_shard(title, settings, out_dir) is None
    made = make_shard(title, settings=settings, out_dir=out_dir, threads=1)
    assert standing_shard(title, settings, out_dir) == made
    more_batches = replace(settings, clips=replace(settings.clips, batches=7))
    assert standing_shard(title, more_batches, out_dir) == made
    assert standing_shard(title, replace(settings, mel=replace(settings.mel, n_mels=40)), out_dir) is None
    assert standing_shard(title, replace(settings, clips=replace(settings.clips, frames=3)), out_dir) is None
    assert standing_shard(title, replace(settings, tracks=(TrackName("en"), TrackName("fr"))), out_dir) is None
    os.utime(title.path, ns=(0, 0))
    assert standing_shard(title, settings, out_dir) is None


def test_the_same_film_gives_the_same_bytes(tmp_path: Path, settings: ShardSettings) -> None:
    title = film(tmp_path, "film")
    one = make_shard(title, settings=settings, out_dir=tmp_path / "one", threads=1)
    two = make_shard(title, settings=settings, out_dir=tmp_path / "two", threads=2)
    assert one.entry is not None
    assert two.entry is not None
    assert one.entry.sha256 == two.entry.sha256


def test_clips_that_the_catalogue_promised_and_the_film_lacks_are_listed(
    tmp_path: Path, settings: ShardSettings
) -> None:
    title = replace(film(tmp_path, "film"), clips=5)
    outcome = make_shard(title, settings=settings, out_dir=tmp_path, threads=1)
    assert outcome.entry is not None
    assert outcome.entry.clips == 2
    (reject,) = outcome.rejects
    assert reject.clips == 3
    assert "only the first 2 of 5 clips" in reject.reason


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_batches_go_on_past_a_bad_film_and_are_joined(
    tmp_path: Path, demo_experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    save(demo_experiment, tmp_path / "config.yaml")
    titles = [film(tmp_path, "aa"), film(tmp_path, "b"), film(tmp_path, "cccc")]
    titles[1].path.write_bytes(titles[1].path.read_bytes()[:300])  # broken after the catalogue was made
    titles_csv = tmp_path / "corpus/titles.csv"
    write_titles(titles_csv, titles)

    def batch(number: int) -> tuple[int, str, str]:
        manifest, rejected = tmp_path / f"shards/batch{number}.json", tmp_path / f"corpus/rejected{number}.csv"
        arguments = ["shards", "--config", str(tmp_path / "config.yaml"), "--titles", str(titles_csv)]
        arguments += ["--batch", str(number), "--batches", "2", "--out-dir", str(tmp_path / "shards")]
        arguments += ["--manifest", str(manifest), "--rejected", str(rejected), "--jobs", "1"]
        return main(arguments), str(manifest), str(rejected)

    codes, manifests, rejected = zip(*[batch(number) for number in range(2)], strict=True)
    assert codes == (0, 0)
    out, all_rejected = tmp_path / "corpus/clips.json", tmp_path / "corpus/rejected.csv"
    arguments = ["index", "--manifests", *manifests, "--rejected", *rejected, "--out", str(out)]
    assert main([*arguments, "--rejected-out", str(all_rejected)]) == 0
    index = ClipIndex.load(out)
    assert [(shard.title_id, shard.clips) for shard in index.shards] == [("aa", 2), ("cccc", 2)]
    assert index.tracks == ("en", "es", "fr", "ja")
    assert index.open("cccc").item(1) == "cccc"
    (reject,) = rows_of(all_rejected)
    assert (reject["title_id"], reject["stage"], reject["clips"]) == ("b", "shards", "2")
    assert reject["reason"]
    assert reject["advice"]

    capsys.readouterr()
    assert batch(0)[0] == 0
    assert "2 of 2 shards stand already" in capsys.readouterr().err

    sheet = tmp_path / "sheet.png"
    assert main(["inspect", str(tmp_path / "shards/aa.arrow"), "--out", str(sheet)]) == 0
    assert sheet.read_bytes()[:4] == b"\x89PNG"
    assert "aa.arrow: 2 clips" in capsys.readouterr().out

    # whole, by the index and by the receipt; then one bit is turned
    assert main(["inspect", str(out), "--verify"]) == 0
    assert capsys.readouterr().out.count(": ok") == 2
    shard = tmp_path / "shards/cccc.arrow"
    assert main(["inspect", str(shard), "--verify"]) == 0
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    capsys.readouterr()
    for target in (out, shard):
        assert main(["inspect", str(target), "--verify"]) == 1
        printed = capsys.readouterr()
        assert "cccc.arrow: damaged" in printed.out
        assert "aa.arrow" not in printed.err
        assert "cccc.arrow" in printed.err
    (tmp_path / "shards/.made/cccc.json").unlink()
    assert main(["inspect", str(shard), "--verify"]) == 1
    assert "has no receipt" in capsys.readouterr().err

    index.shards[0].path.unlink()
    assert main([*arguments, "--rejected-out", str(all_rejected)]) == 1
    assert "aa.arrow is gone" in capsys.readouterr().err


def shards_command(folder: Path) -> list[str]:
    words = ["shards", "--config", "config.yaml", "--titles", "titles.csv", "--out-dir", "shards"]
    words += ["--manifest", "batch0.json", "--rejected", "rejected.csv"]
    return [
        str(folder / word) if "." in word or (word == "shards" and number) else word
        for number, word in enumerate(words)
    ]


def test_a_decoder_that_hangs_costs_its_title(tmp_path: Path, make_experiment: Callable[..., Experiment]) -> None:
    save(make_experiment(ingest={"stall_s": 15}), tmp_path / "config.yaml")
    titles = [film(tmp_path, title_id) for title_id in ("a", "b", "c")]
    titles[1].path.unlink()
    os.mkfifo(titles[1].path)  # opening it waits for ever
    write_titles(tmp_path / "titles.csv", titles)
    assert main(shards_command(tmp_path)) == 0
    assert [shard.title_id for shard in ClipIndex.load(tmp_path / "batch0.json").shards] == ["a", "c"]
    (reject,) = rows_of(tmp_path / "rejected.csv")
    assert (reject["title_id"], reject["clips"]) == ("b", "2")
    assert reject["reason"] == "the decoder made no progress for 15 s"


def test_a_disk_that_fills_up_ends_the_stage_and_a_later_run_continues(
    tmp_path: Path, demo_experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    save(demo_experiment, tmp_path / "config.yaml")
    write_titles(tmp_path / "titles.csv", [film(tmp_path, "a"), film(tmp_path, "b", seconds=40)])
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); "
    limited += "from dubaug.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", limited, *shards_command(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "b.arrow: File too large. Make room and run again" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in (tmp_path / "shards").iterdir()) == [".made", "a.arrow"]
    assert not (tmp_path / "batch0.json").exists()
    assert main(shards_command(tmp_path)) == 0
    assert "1 of 2 shards stand already" in capsys.readouterr().err
    assert ClipIndex.load(tmp_path / "batch0.json").n_clips == 2 + 13
    assert rows_of(tmp_path / "rejected.csv") == []


def test_no_clip_at_all_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ClipIndex(shards=(), tracks=("en",), sample_rate_hz=48000).save(tmp_path / "batch0.json")
    assert main(["index", "--manifests", str(tmp_path / "batch0.json"), "--out", str(tmp_path / "clips.json")]) == 1
    assert "no title gave any clip" in capsys.readouterr().err
    assert not (tmp_path / "clips.json").exists()


@pytest.mark.slow
def test_the_real_films_at_paper_size(real_data: Path, tmp_path: Path, paper_experiment: Experiment) -> None:
    """16 frames of 320x180 and 2x280x96 for each language."""
    settings = ShardSettings(
        clips=paper_experiment.clips, mel=paper_experiment.mel, tracks=tuple(track.name for track in TRACKS)
    )
    title = Title(
        title_id="short_world", path=real_data / "films/short_world.mkv", minutes=0.5, clips=10, tracks=TRACKS
    )
    outcome = make_shard(title, settings=settings, out_dir=tmp_path, threads=1)
    assert outcome.rejects == ()
    assert outcome.entry is not None
    assert outcome.entry.clips == 10
    reader = ClipIndex(shards=(outcome.entry,), tracks=settings.tracks, sample_rate_hz=48000).open("short_world")
    assert reader.frames(5).shape == (16, 180, 320, 3)
    mels = {language: reader.mel(5, language).astype(np.float32) for language in settings.tracks}
    assert all(mel.shape == (2, 280, 96) for mel in mels.values())
    # one sound bed, different speech: alike, not the same
    correlation = np.corrcoef(mels["en"].ravel(), mels["fr"].ravel())[0, 1]
    assert 0.5 < correlation < 0.9999
