"""Films to separated shards: the same clips as the film shards, title by title."""

import csv
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from separation_networks import Scaling

from dubaug.alignment.judge import Finding
from dubaug.alignment.measure import NOTHING
from dubaug.alignment.table import write_findings
from dubaug.cli import main
from dubaug.config import Experiment, save
from dubaug.corpus.titles import Title, write_titles
from dubaug.corpus.tracks import Track
from dubaug.errors import DubaugError
from dubaug.media.audio import read_audio
from dubaug.media.mel import log_mel
from dubaug.separation.ingest import SeparatedShardSettings, make_separated_shards, standing_shard
from dubaug.separation.models import wrap
from dubaug.separation.remove import Remover, make_remover
from dubaug.shards.format import ShardReader
from dubaug.shards.index import ClipIndex
from dubaug.shards.ingest import ShardSettings, make_shard
from dubaug.shards.receipts import TitleOutcome
from dubaug.tracks import TrackName
from film_factory import make_film


def make_separated_shard(title: Title, **given: Any) -> TitleOutcome:
    (outcome,) = make_separated_shards([title], **given)
    return outcome


TRACKS = tuple(Track(name=TrackName(name), stream=n) for n, name in enumerate(("en", "es", "fr", "ja")))


def film(folder: Path, title_id: str, seconds: float = 10.4) -> Title:
    """A film whose four tracks are noise, English another one than the dubs."""
    rng = np.random.default_rng(3)
    noises = [rng.uniform(-0.2, 0.2, (6, round(seconds * 48000))).astype(np.float32) for _ in range(2)]
    tracks = {"eng": noises[0], "spa": noises[1], "fra": noises[1], "jpn": noises[1]}
    path = make_film(folder / f"{title_id}.mkv", seconds=seconds, tracks=tracks)
    return Title(title_id=title_id, path=path, minutes=seconds / 60, clips=int(seconds // 3), tracks=TRACKS)


@pytest.fixture(scope="module")
def title(tmp_path_factory: pytest.TempPathFactory) -> Title:
    return film(tmp_path_factory.mktemp("films"), "film")


@pytest.fixture
def remover(demo_experiment: Experiment) -> Remover:
    network = Scaling(drums=0.3, other=0.2, vocals=0.5)
    network.samplerate = demo_experiment.separation.sample_rate_hz
    separation = replace(demo_experiment.separation, segment_s=2.0)
    return make_remover(wrap(network), separation, device="cpu")


@pytest.fixture
def settings(demo_experiment: Experiment, remover: Remover) -> SeparatedShardSettings:
    return SeparatedShardSettings(
        clips=demo_experiment.clips,
        mel=demo_experiment.mel,
        separation=demo_experiment.separation,
        track=TrackName("en"),
        model_fingerprint=remover.model.fingerprint(),
    )


def test_clips_are_those_of_the_film_shard(
    title: Title, tmp_path: Path, settings: SeparatedShardSettings, remover: Remover, demo_experiment: Experiment
) -> None:
    film_settings = ShardSettings(clips=settings.clips, mel=settings.mel, tracks=(TrackName("en"), TrackName("es")))
    make_shard(title, settings=film_settings, out_dir=tmp_path / "film", threads=1)
    make_separated_shard(title, settings=settings, remover=remover, out_dir=tmp_path / "separated")
    film_shard = ShardReader(tmp_path / "film/film.arrow")
    separated = ShardReader(tmp_path / "separated/film.arrow")
    assert separated.tracks == ("en",)
    assert not separated.with_frames
    assert len(separated) == len(film_shard) == 3
    for row in range(len(separated)):
        assert separated.item(row) == film_shard.item(row) == "film"
        assert separated.index(row) == film_shard.index(row)
        assert separated.start_s(row) == film_shard.start_s(row)


def test_mels_are_those_of_the_primary_track_without_the_stem(
    title: Title, tmp_path: Path, settings: SeparatedShardSettings, remover: Remover
) -> None:
    make_separated_shard(title, settings=settings, remover=remover, out_dir=tmp_path)
    reader = ShardReader(tmp_path / "film.arrow")
    track_CS = read_audio(title.path, sample_rate_hz=44100)
    for row in range(3):
        clip_CS = 0.5 * track_CS[:, row * 132300 : (row + 1) * 132300]
        expected_CTF = log_mel(clip_CS, sample_rate_hz=44100, mel=settings.mel)
        stored_CTF = torch.from_numpy(reader.mel(row, "en").astype(np.float32))
        torch.testing.assert_close(stored_CTF, expected_CTF, atol=0.02, rtol=1e-3)


def test_paper_scale_has_257_frames(paper_experiment: Experiment) -> None:
    settings = SeparatedShardSettings(
        clips=paper_experiment.clips,
        mel=paper_experiment.mel,
        separation=paper_experiment.separation,
        track=TrackName("en"),
        model_fingerprint="",
    )
    assert settings.mel_shape == (2, 257, 96)


def test_a_shard_that_stands_is_kept_only_for_the_same_film_settings_and_weights(
    tmp_path: Path, settings: SeparatedShardSettings, remover: Remover
) -> None:
    title, out_dir = film(tmp_path, "film", seconds=3.2), tmp_path / "separated"
    assert standing_shard(title, settings, out_dir) is None
    made = make_separated_shard(title, settings=settings, remover=remover, out_dir=out_dir)
    assert standing_shard(title, settings, out_dir) == made
    assert standing_shard(title, replace(settings, model_fingerprint="other"), out_dir) is None
    assert standing_shard(title, replace(settings, track=TrackName("es")), out_dir) is None
    more_overlap = replace(settings.separation, overlap=0.5)
    assert standing_shard(title, replace(settings, separation=more_overlap), out_dir) is None
    batches = replace(settings.separation, batch_size=5)
    assert standing_shard(title, replace(settings, separation=batches), out_dir) == made
    elsewhere = replace(settings.separation, repository="/another/folder")
    assert standing_shard(title, replace(settings, separation=elsewhere), out_dir) == made
    os.utime(title.path, ns=(0, 0))
    assert standing_shard(title, settings, out_dir) is None


def test_a_failing_model_is_no_fault_of_the_film(
    title: Title, tmp_path: Path, settings: SeparatedShardSettings, remover: Remover, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(remover.model.network, "forward", fail)
    with pytest.raises(DubaugError, match=r"separation\.batch_size"):
        make_separated_shard(title, settings=settings, remover=remover, out_dir=tmp_path)
    assert list(tmp_path.glob("*.arrow")) == []


def test_the_command_rejects_what_it_cannot_decode_and_goes_on(tmp_path: Path, make_experiment: Any) -> None:
    titles = [film(tmp_path, title_id, seconds=3.3) for title_id in ("a", "b", "c")]
    titles[1].path.write_bytes(titles[1].path.read_bytes()[:2000])
    titles.append(replace(titles[0], title_id="d", path=tmp_path / "gone.mkv"))
    titles.append(replace(titles[0], title_id="e", clips=9))
    write_titles(tmp_path / "titles.csv", titles)
    save(make_experiment(), tmp_path / "config.yaml")
    for batch in range(2):
        words = ["separate", "--config", "config.yaml", "--titles", "titles.csv", "--out-dir", "out"]
        words += ["--batch", str(batch), "--batches", "2"]
        words += ["--manifest", f"out/{batch}.json", "--rejected", f"rejected{batch}.csv"]
        assert main([str(tmp_path / word) if "." in word or word == "out" else word for word in words]) == 0
    shards = [shard for batch in range(2) for shard in ClipIndex.load(tmp_path / f"out/{batch}.json").shards]
    assert {shard.title_id: shard.clips for shard in shards} == {"a": 1, "c": 1, "e": 1}
    rejected = {}
    for batch in range(2):
        with (tmp_path / f"rejected{batch}.csv").open() as file:
            rejected.update({row["title_id"]: (row["stage"], row["clips"]) for row in csv.DictReader(file)})
    assert rejected == {"b": ("separation", "1"), "d": ("separation", "1"), "e": ("separation", "8")}

    # a title that the alignment rejects is not separated
    found = [
        Finding(title_id=title_id, track=TrackName("es"), status="silent", verdict=verdict, measurement=NOTHING)
        for title_id, verdict in (("a", "keep"), ("c", "reject"))
    ]
    write_findings(tmp_path / "alignment.csv", found)
    words = ["separate", "--config", "config.yaml", "--titles", "titles.csv", "--out-dir", "less"]
    words += ["--alignment", "alignment.csv", "--manifest", "less/0.json", "--rejected", "rejected.csv"]
    assert main([str(tmp_path / word) if "." in word or word == "less" else word for word in words]) == 0
    assert {shard.title_id for shard in ClipIndex.load(tmp_path / "less/0.json").shards} == {"a", "e"}
    assert not (tmp_path / "less/c.arrow").exists()
    assert "c," not in (tmp_path / "rejected.csv").read_text(encoding="utf-8"), "the alignment has said why"


def test_a_decoder_that_hangs_costs_its_title(
    title: Title, tmp_path: Path, settings: SeparatedShardSettings, remover: Remover
) -> None:
    os.mkfifo(tmp_path / "hangs.mkv")  # opening it waits for ever
    hanging = replace(title, path=tmp_path / "hangs.mkv")
    outcome = make_separated_shard(hanging, settings=settings, remover=remover, out_dir=tmp_path / "out", stall_s=5.0)
    assert outcome.entry is None
    assert outcome.rejects[0].reason == "the decoder made no progress for 5 s"
    assert outcome.rejects[0].clips == 3


def test_damaged_clips_are_left_out_and_the_others_keep_their_numbers(
    title: Title, tmp_path: Path, settings: SeparatedShardSettings, remover: Remover, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dubaug.separation import ingest

    whole = make_separated_shard(title, settings=settings, remover=remover, out_dir=tmp_path / "whole")
    clips = [replace(clip, damage="en" if clip.index == 1 else "") for clip in ingest._read(title, settings)]
    monkeypatch.setattr(ingest, "_read_apart", lambda *_: iter(clips))
    outcome = make_separated_shard(title, settings=settings, remover=remover, out_dir=tmp_path / "damaged")
    assert whole.entry is not None
    assert outcome.entry is not None
    reader, complete = ShardReader(outcome.entry.path), ShardReader(whole.entry.path)
    assert reader.indices() == [0, 2]
    np.testing.assert_array_equal(reader.mel(1, "en"), complete.mel(2, "en"))
    assert [(reject.reason, reject.clips) for reject in outcome.rejects] == [("damaged data (en) in clips 1 of 0-2", 1)]
