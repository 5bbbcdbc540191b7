import json
import os
import re
import shutil
import signal
from dataclasses import replace

import pytest
import torch
from run_factory import READ, at_call
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import dubaug
from dubaug.errors import ConfigError, DubaugError, Interrupted
from dubaug.files import read_json
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.checkpoint import METADATA_KEY, load_encoders, read_spec
from dubaug.pretrain.data import ClipSource
from dubaug.pretrain.heads import ContrastiveModel
from dubaug.pretrain.kept import costs_of_keeping_more
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.train import Run, pretrain, save_untrained
from dubaug.provenance import git_commit
from dubaug.shards.format import ShardWriter
from dubaug.shards.index import ClipIndex
from dubaug.tracking.curves import Curve
from dubaug.tracking.records import collect


def trained(folder, experiment, variant="efj", *, clips, separated=None, seed=0, **keys):
    """Train in `folder` and return the manifest."""
    out = folder / "pretraining.json"
    job = Run(experiment=experiment, variant=variant, seed=seed, work_dir=folder / "pretrain", out=out, **keys)
    pretrain(job, clips=clips, separated=separated)
    return Manifest.load(out)


@pytest.fixture
def train(tmp_path, tiny, tiny_clips):
    """Return a function that trains in a folder of `tmp_path` and gives the manifest."""

    def run(name, variant="efj", *, experiment=tiny, clips=tiny_clips, **keys):
        return trained(tmp_path / name, experiment, variant, clips=clips, **keys)

    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny, tiny_clips):
    """The folder of a finished run of efj with seed 0; not to be changed."""
    folder = tmp_path_factory.mktemp("finished")
    trained(folder, tiny, clips=tiny_clips)
    return folder


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of that run's folder, as `run` in `tmp_path`."""
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def weights(folder):
    return [checkpoint.sha256 for checkpoint in Manifest.load(folder / "pretraining.json").checkpoints]


def metrics(folder):
    return [json.loads(line) for line in (folder / "pretrain" / "metrics.jsonl").read_text().splitlines()]


def signal_at_read(number):
    """While in the block, have the process get SIGUSR1 when it reads its batch `number` (0 is the first)."""
    return at_call(READ, number, lambda: os.kill(os.getpid(), signal.SIGUSR1))


def test_a_run_leaves_its_checkpoints_manifest_and_metrics(finished, tiny):
    manifest = Manifest.load(finished / "pretraining.json")
    assert (manifest.variant, manifest.seed, manifest.epochs) == ("efj", 0, 2)
    assert (manifest.n_clips, manifest.n_titles) == (14, 3)
    assert [c.epoch for c in manifest.checkpoints] == [1, 2]
    written = read_json(finished / "pretraining.json")
    assert written["checkpoints"][1]["path"] == "pretrain/checkpoints/epoch02.safetensors"
    encoders = load_encoders(manifest.final.path)
    assert (encoders.spec.epoch, encoders.spec.experiment) == (2, manifest.experiment)
    assert encoders.spec.mel == tiny.mel
    assert (encoders.spec.dubaug_version, encoders.spec.git_commit) == (dubaug.__version__, git_commit())
    assert (manifest.dubaug_version, manifest.git_commit) == (dubaug.__version__, git_commit())
    assert not encoders.audio.training
    assert encoders.audio(torch.zeros(1, 2, 30, 25)).shape == (1, 16)
    assert encoders.video(torch.zeros(1, 3, 2, 32, 32)).shape == (1, 16)
    lines = metrics(finished)
    assert [line["step"] for line in lines] == list(range(6))  # 14 clips: 6 + 6 + 2, twice
    assert [line["epoch"] for line in lines] == [1, 1, 1, 2, 2, 2]
    assert set(lines[0]) == {
        "step", "epoch", "loss", "learning_rate", "temperature", "gradient_norm", "retrieval_at_1", "alignment",
        "uniformity", "clips_per_s", "data_wait_share", "memory_gib", "time_s",
    }  # fmt: skip
    assert all(0 <= line["alignment"] <= 4 and -8 <= line["uniformity"] <= 0 for line in lines)
    assert all(0.05 < line["memory_gib"] < 50 for line in lines)
    assert {line["temperature"] for line in lines} == {tiny.pretraining.temperature}
    assert max(line["learning_rate"] for line in lines) == pytest.approx(1e-3)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(train, tmp_path, finished):
    again, other = train("again"), train("other", seed=1)
    assert weights(tmp_path / "again") == weights(finished)
    assert other.final.sha256 != again.final.sha256


@pytest.mark.parametrize("stop_at", [0, 2, 4])
def test_an_interrupted_run_continues_to_the_same_weights(train, tmp_path, finished, stop_at):
    with signal_at_read(stop_at), pytest.raises(Interrupted, match=f"SIGUSR1 after step {stop_at}"):
        train("parts")
    assert not (tmp_path / "parts" / "pretraining.json").exists()
    train("parts")
    assert weights(tmp_path / "parts") == weights(finished)
    assert [(m["step"], m["loss"]) for m in metrics(tmp_path / "parts")] == [
        (m["step"], m["loss"]) for m in metrics(finished)
    ]


def test_a_finished_run_called_again_trains_nothing(train, copied, monkeypatch):
    first = Manifest.load(copied / "pretraining.json")
    (copied / "pretraining.json").unlink()
    before = first.final.path.stat().st_mtime_ns
    monkeypatch.setattr("dubaug.pretrain.run.git_commit", lambda: "of another day")
    again = train("run")
    assert again == first, "its commit is still that of who trained"
    assert again.final.path.stat().st_mtime_ns == before


def test_keeping_fewer_epochs_trains_nothing_and_keeping_them_again_neither(train, copied, make_tiny, tiny):
    first = Manifest.load(copied / "pretraining.json")
    before = first.final.path.stat().st_mtime_ns
    fewer = train("run", experiment=make_tiny(checkpoints=[2]))
    assert fewer == replace(first, checkpoints=first.checkpoints[1:])
    assert train("run") == first
    assert first.final.path.stat().st_mtime_ns == before


def test_keeping_more_epochs_says_so_and_trains_anew_to_the_same_weights(train, tmp_path, make_tiny, finished, capfd):
    fewer, more = make_tiny(checkpoints=[2]), make_tiny(checkpoints=[1, 2])
    train("run/efj/seed0", experiment=fewer)
    assert costs_of_keeping_more(fewer, tmp_path / "run") == []
    (said,) = costs_of_keeping_more(more, tmp_path / "run")
    assert re.match(r"efj/seed0 would train anew \(.* the last time\) for epoch 1, the weights of which were not", said)
    with pytest.raises(DubaugError, match=r"is past epoch 1, .*leave them out of `checkpoints`, or .*--move-aside"):
        train("run/efj/seed0", experiment=more)
    train("run/efj/seed0", experiment=more, move_aside=True)
    assert "is past epoch 1, whose weights were not to be kept then: it trains anew" in capfd.readouterr().err
    assert weights(tmp_path / "run/efj/seed0") == weights(finished)
    assert [line["step"] for line in metrics(tmp_path / "run/efj/seed0")] == list(range(6))
    assert costs_of_keeping_more(more, tmp_path / "run") == []


def test_another_configuration_is_refused_with_the_keys_that_differ(train, copied, make_tiny):
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*") if path.is_file() and path.name != "lock"}
    with pytest.raises(DubaugError, match=r"pretraining\.learning_rate: 0\.001 -> 0\.0005.*--move-aside"):
        train("run", experiment=make_tiny(learning_rate=5e-4))
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_other_clips_are_refused(train, copied, write_corpus, tiny, tmp_path):
    with pytest.raises(DubaugError, match=r"shards\.clips"):
        train("run", clips=write_corpus(tmp_path / "others", tiny, ("en", "es", "fr", "ja", "de")))


def test_moved_aside_another_configurations_run_stays_and_the_new_one_starts_afresh(train, copied, make_tiny, capfd):
    changed = make_tiny(learning_rate=5e-4)
    with signal_at_read(0), pytest.raises(Interrupted):
        train("run", experiment=changed, move_aside=True)
    assert not (copied / "pretraining.json").exists(), "it spoke of weights that are elsewhere now"
    manifest = train("run", experiment=changed, move_aside=True)
    assert "pretraining.learning_rate: 0.001 -> 0.0005" in capfd.readouterr().err
    assert manifest.final.sha256 == train("fresh", experiment=changed).final.sha256
    (old,) = copied.glob("pretrain.old-*")
    assert (old / "checkpoints" / "epoch02.safetensors").is_file()


@pytest.mark.parametrize("variant", ["a", "a_efj"])
def test_a_variant_without_video_reads_no_frames(train, tiny, write_corpus, tmp_path, variant):
    clips = write_corpus(tmp_path / "sound", tiny, ("en", "es", "fr", "ja"), frames=False)
    assert load_encoders(train("run", variant, clips=clips).final.path).video is None


def test_the_separated_variant_hears_the_separated_sound_alone(train, tiny, tiny_clips, tiny_separated):
    source = ClipSource(tiny, "sep", 0, tiny_clips, tiny_separated)
    batch = source.read([Clip("alpha", 3)], epoch=0, step=0)
    assert set(batch.mels) == {"primary"}
    stored = ClipSource(tiny, "sep", 0, tiny_separated, None).index.open("alpha").mel(3, "en")
    assert torch.equal(batch.mels["primary"][0], torch.from_numpy(stored.copy()))
    manifest = train("run", "sep", separated=tiny_separated)
    assert load_encoders(manifest.final.path).spec.sample_rate_hz == tiny.separation.sample_rate_hz


def test_clips_that_lack_pictures_or_sound_are_not_trained_on(tiny, tiny_clips, tiny_separated, tmp_path):
    """Damage costs other clips in the separated sound than in the pictures."""
    without = {"clips": {0, 4}, "separated": {1, 4}}
    for name, source in (("clips", tiny_clips), ("separated", tiny_separated)):
        index = ClipIndex.load(source)
        entries = []
        for entry in index.shards:
            path = tmp_path / name / f"{entry.title_id}.arrow"
            whole = index.open(entry.title_id)
            with ShardWriter(path, metadata={}, mel_shapes=whole.mel_shapes, with_frames=whole.with_frames) as writer:
                for row in (row for row in range(len(whole)) if row not in without[name]):
                    writer.add(
                        item=entry.title_id,
                        index=row,
                        start_s=0.0,
                        frames_jpeg=whole.frames_jpeg(row) if whole.with_frames else None,
                        mels={track: whole.mel(row, track) for track in whole.tracks},
                    )
            entries.append(replace(entry, path=path, clips=writer.clips))
        replace(index, shards=tuple(entries)).save(tmp_path / f"{name}.json")
    whole = ClipIndex.load(tiny_separated)
    source = ClipSource(tiny, "sep", 0, tmp_path / "clips.json", tmp_path / "separated.json")
    source.check()
    for title, count in source.clips_of_title.items():
        stored = whole.open(title)
        kept = [row for row in range(len(stored)) if row not in {0, 1, 4}]
        assert count == len(kept)
        batch = source.read([Clip(title, number) for number in range(count)], epoch=0, step=0)
        assert batch.names == tuple(f"{title}:{stored.index(row)}" for row in kept)
        for mel, row in zip(batch.mels["primary"], kept, strict=True):
            assert torch.equal(mel, torch.from_numpy(stored.mel(row, "en").copy()))


def test_the_secondary_track_goes_round_batch_by_batch(tiny, tiny_clips):
    source = ClipSource(tiny, "efj", 0, tiny_clips, None)
    assert [source.secondary_at(step) for step in range(5)] == ["es", "fr", "ja", "es", "fr"]
    batches = [source.read([Clip("alpha", 2)], epoch=0, step=step) for step in range(4)]
    tracks = [batch.mels["secondary"] for batch in batches]
    assert torch.equal(tracks[0], tracks[3])
    assert not torch.equal(tracks[0], tracks[1])
    assert torch.equal(batches[0].mels["primary"], batches[1].mels["primary"])


def test_av_hears_the_same_track_twice_in_two_ways(tiny, tiny_clips):
    batch = ClipSource(tiny, "av", 0, tiny_clips, None).read([Clip("alpha", row) for row in range(7)], epoch=0, step=0)
    assert torch.equal(batch.mels["primary"], batch.mels["secondary"])
    assert batch.audio_views["primary"] != batch.audio_views["secondary"]


def test_shards_that_do_not_fit_are_named_before_the_first_step(train, tiny, write_corpus, tmp_path):
    with pytest.raises(DubaugError, match="frames a clip"):
        train("run", clips=write_corpus(tmp_path / "blind", tiny, ("en", "es", "fr", "ja"), frames=False))
    assert not (tmp_path / "run").exists(), "nothing was begun"


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        ({"clips_per_gpu": 15, "clips_per_title": 5}, "15 clips of at least 3 titles"),
        ({"clips_per_gpu": 8, "clips_per_title": 2}, "8 clips of at least 4 titles"),
    ],
)
def test_a_corpus_too_small_for_a_batch_is_refused_before_the_first_step(
    train, make_tiny, tiny_clips, tmp_path, settings, needed
):
    with pytest.raises(DubaugError) as caught:
        train("run", experiment=make_tiny(**settings))
    assert f"{tiny_clips}: 14 clips of 3 titles, but a batch of efj takes {needed}" in str(caught.value)
    assert "lower clips_per_gpu" in str(caught.value)
    assert not (tmp_path / "run").exists(), "nothing was begun"


def test_a_batch_may_take_the_whole_corpus(train, make_tiny):
    assert train("run", experiment=make_tiny(clips_per_gpu=14, clips_per_title=5)).n_titles == 3


def test_mlflow_gets_all_figures_of_each_step(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "efj/seed0")
    (record,) = collect(tmp_path)
    curves = {}
    for path in record.curves:
        for step, metrics in Curve(path).new_steps(0):
            for metric in metrics:
                curves.setdefault(metric.name, []).append(step)
    for name in ("loss", "temperature", "memory_gib", "alignment", "uniformity", "data_wait_share"):
        assert curves[name] == list(range(6))


def test_processes_must_be_as_many_as_the_configuration_says(train, make_tiny):
    with pytest.raises(ConfigError, match=r"torchrun --standalone --nproc-per-node 2"):
        train("run", experiment=make_tiny(gpus=2))


def test_the_untrained_network_is_a_trained_ones_beginning(tiny, tmp_path):
    job = Run(experiment=tiny, variant="rp", seed=0, work_dir=tmp_path / "rp", out=tmp_path / "rp.json")
    save_untrained(job)
    manifest = Manifest.load(job.out)
    assert (manifest.epochs, manifest.n_clips, [c.epoch for c in manifest.checkpoints]) == (0, 0, [0])
    untrained = load_file(manifest.final.path)
    beginning = ContrastiveModel(
        tiny.encoders, views=("video", "primary", "secondary"), window=tiny.window_of("efj"), seed=0
    ).state_dict()
    assert all(torch.equal(beginning[name], tensor) for name, tensor in untrained.items())
    assert load_encoders(manifest.final.path).video is not None


def test_a_checkpoint_of_something_else_says_so(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(DubaugError, match="no checkpoint"):
        load_encoders(tmp_path / "x.safetensors")


def test_a_checkpoint_that_does_not_say_its_commit_is_read(copied):
    path = Manifest.load(copied / "pretraining.json").final.path
    with safe_open(path, framework="pt") as file:
        described = json.loads(file.metadata()[METADATA_KEY])
    for key in ("dubaug_version", "git_commit"):
        del described[key]
    save_file(load_file(path), path, metadata={METADATA_KEY: json.dumps(described)})
    for spec in (read_spec(path), load_encoders(path).spec):
        assert (spec.epoch, spec.dubaug_version, spec.git_commit) == (2, None, None)


@pytest.mark.slow
def test_the_loss_falls_and_views_find_each_other(train, tmp_path, make_tiny):
    train("run", experiment=make_tiny(epochs=20, checkpoints=[20], learning_rate=3e-3))
    lines = metrics(tmp_path / "run")
    assert sum(line["loss"] for line in lines[-9:]) < 0.8 * sum(line["loss"] for line in lines[:9])


@pytest.fixture
def staged(tiny):
    """The tiny experiment with a variant that starts from efj."""
    second = replace(tiny.variants["es"], start_from="efj")
    return replace(tiny, variants={**tiny.variants, "es": second})


def test_a_run_begins_with_another_variants_last_weights(train, staged, finished, monkeypatch):
    seen = []
    original = ContrastiveModel.forward

    def forward(self, *arguments):
        if not seen:
            seen.append({name: tensor.clone() for name, tensor in self.state_dict().items()})
        return original(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ContrastiveModel, "forward", forward)
        manifest = train("second", "es", experiment=staged, start_from=finished / "pretraining.json")
    weights_before = load_file(Manifest.load(finished / "pretraining.json").final.path)
    assert all(torch.equal(seen[0][name], tensor) for name, tensor in weights_before.items())
    fresh = ContrastiveModel(
        staged.encoders, views=("video", "primary", "secondary"), window=staged.window_of("es"), seed=0
    ).state_dict()
    assert all(torch.equal(seen[0][name], tensor) for name, tensor in fresh.items() if name.startswith("heads."))
    assert manifest.final.sha256 != train("fresh", "es").final.sha256


def test_a_run_that_began_with_weights_continues_to_the_same_ones(train, staged, finished):
    start = finished / "pretraining.json"
    whole = train("whole", "es", experiment=staged, start_from=start)
    with signal_at_read(3), pytest.raises(Interrupted):
        train("parts", "es", experiment=staged, start_from=start)
    assert train("parts", "es", experiment=staged, start_from=start).final.sha256 == whole.final.sha256


def test_a_beginning_of_another_configuration_or_damaged_is_refused(train, staged, copied, tiny_clips, make_tiny):
    start = copied / "pretraining.json"
    changed = replace(staged, pretraining=make_tiny(learning_rate=5e-4).pretraining)
    with pytest.raises(DubaugError, match="another configuration; es starts from efj with seed 0"):
        train("second", "es", experiment=changed, start_from=start)
    Manifest.load(start).final.path.write_bytes(b"x")
    with pytest.raises(DubaugError, match=r"epoch02\.safetensors is damaged or missing: run the pretraining of efj"):
        train("second", "es", experiment=staged, start_from=start)


def test_the_loss_within_the_modality_changes_the_weights(train, make_tiny, finished):
    other = train("run", experiment=make_tiny(within_modal_weight=0.5))
    assert other.final.sha256 not in weights(finished)
