"""`dubaug probe` from features and checkpoints on disk to result files; what it keeps, and what makes it start anew."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dubaug.cli import main
from dubaug.config import save
from dubaug.downstream import store
from dubaug.downstream.manifest import FeaturesManifest, TaskEntry
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.encoders.encoder import Encoder, seed_weights
from dubaug.files import read_json, sha256_of, write_json
from dubaug.pretrain.checkpoint import EncoderSpec, save_encoders
from dubaug.pretrain.experiment import pretraining_digest
from dubaug.pretrain.manifest import Manifest, checkpoint_at
from dubaug.probe import predictions
from dubaug.probe.experiment import result_digest, task_digest
from dubaug.probe.results import finite
from dubaug.probe.sampling import interval_of
from dubaug.provenance import git_commit
from dubaug.shards.format import ShardWriter

VARIANT, EPOCHS = "a", (2, 4, 6)
CLASSES, PER_FOLD = 2, 6


def toy_dataset(kind="multiclass", folds=3):
    """Return a data set of `folds` folds, or with one split of all three parts where `folds` is 1."""
    members = [range(start, start + PER_FOLD) for start in range(0, 3 * PER_FOLD, PER_FOLD)]
    count = 3 * PER_FOLD
    targets = np.arange(count) % CLASSES
    splits = []
    for test in range(folds):
        valid, train = (test + 1) % 3, (test + 2) % 3
        parts = {"train": tuple(members[train]), "valid": tuple(members[valid]), "test": tuple(members[test])}
        splits.append(Split(name=f"fold{test:02d}", **parts))
    return Dataset(
        items=tuple(Item(id=f"{n}.wav", audio=Path(f"{n}.wav"), video=None) for n in range(count)),
        splits=tuple(splits),
        kind=kind,
        classes=(tuple(f"c{label}" for label in range(CLASSES)),),
        targets=np.eye(CLASSES, dtype=bool)[targets] if kind == "multilabel" else targets.astype(np.int64),
        metrics=("mAP", "d_prime") if kind == "multilabel" else ("top1_acc",),
    )


def write_features(folder, suite, experiment, datasets):
    """Write features as `dubaug features` does: log-mels that differ by class, one or two windows an item."""
    shape = (2, experiment.mel.frames(int(experiment.clips.duration_s * 48000)), experiment.mel.n_mels)
    tasks = {}
    for task, dataset in datasets.items():
        rng, windows = np.random.default_rng(1), []
        shard = folder / f"{task}.arrow"
        with ShardWriter(shard, metadata={}, mel_shapes={"48000": shape}, with_frames=False) as writer:
            for number, item in enumerate(dataset.items):
                windows.append(1 + number % 2)
                for index in range(windows[-1]):
                    mel = rng.normal(size=shape) - 5 + 2 * np.sin(np.arange(shape[2]) * (1 + number % CLASSES))
                    writer.add(item=item.id, index=index, start_s=0.0, frames_jpeg=None, mels={"48000": mel})
        record = store.ShardRecord(sha256=sha256_of(shard), windows=tuple(windows))
        store.save(folder / f"{task}.json", dataset, record)
        tasks[task] = TaskEntry(
            experiment="a" * 16, record=folder / f"{task}.json", shard=shard, sha256=record.sha256,
            items=dataset.n_items, windows=sum(windows), missing=0,
        )  # fmt: skip
    FeaturesManifest(suite=suite, tasks=tasks, missing={}).save(folder / f"{suite}.json")
    return folder / f"{suite}.json"


def write_checkpoint(path, experiment, epoch, seed):
    seed_weights(seed, "audio")
    spec = EncoderSpec(
        variant=VARIANT, seed=0, epoch=epoch, experiment=pretraining_digest(experiment, VARIANT, 0),
        encoders=experiment.encoders, mel=experiment.mel, sample_rate_hz=48000,
        duration_s=experiment.clips.duration_s, frames=experiment.clips.frames,
    )  # fmt: skip
    save_encoders(path, audio=Encoder(experiment.encoders, "audio", spec), video=None, spec=spec)


@pytest.fixture(scope="module")
def experiment(make_experiment):
    return make_experiment(
        suites={"hear": ["toy_one", "toy_folds"], "hares": ["toy_linear"], "visual": []},
        tasks={
            "toy_one": {"suite": "hear", "path": "nowhere/one"},
            "toy_folds": {"suite": "hear", "path": "nowhere/folds"},
            "toy_linear": {"suite": "hares", "layout": "tut18", "path": "nowhere/linear"},
        },
        encoders={"embedding_dim": 16, "audio": {"depth": 50, "stem_width": 4}},
        probe={"hear": {"hidden": 8, "max_epochs": 12}, "hares": {"steps": 20, "warmup_steps": 2}},
    )


class Workplace:
    """A folder with a configuration, features, a pretrained network, and the command on top."""

    def __init__(self, folder, experiment):
        self.folder = folder
        self.config = folder / "config.yaml"
        save(experiment, self.config)
        datasets = {"toy_one": toy_dataset("multilabel", folds=1), "toy_folds": toy_dataset()}
        write_features(folder, "hear", experiment, datasets)
        lacking = replace(toy_dataset(), missing={"gone.wav": "train", "lost.wav": "test"})
        write_features(folder, "hares", experiment, {"toy_linear": lacking})
        for epoch in EPOCHS:
            write_checkpoint(folder / f"epoch{epoch}.safetensors", experiment, epoch, seed=epoch)
        self.write_manifest(pretraining_digest(experiment, VARIANT, 0))

    def write_manifest(self, digest):
        checkpoints = tuple(checkpoint_at(self.folder / f"epoch{epoch}.safetensors", epoch) for epoch in EPOCHS)
        manifest = Manifest(variant=VARIANT, seed=0, experiment=digest, epochs=6, checkpoints=checkpoints,
                            n_clips=1, n_titles=1, seconds=1.0, device="cpu")  # fmt: skip
        manifest.save(self.folder / "pretraining.json")

    def probe(self, suite="hear", sweep=(), work_dir="work", extra=()):
        threads = torch.get_num_threads()
        flags = ["--config", self.config, "--suite", suite, "--pretraining", self.folder / "pretraining.json",
                 "--features", self.folder / f"{suite}.json", "--work-dir", self.folder / work_dir,
                 "--out", self.folder / "out" / f"{suite}.json"]  # fmt: skip
        if sweep:
            flags += ["--sweep", *[f"{epoch}={self.folder}/out/epoch{epoch:02d}/{suite}.json" for epoch in sweep]]
        try:
            return main(["probe", *map(str, flags), *extra])
        finally:
            torch.set_num_threads(threads)

    def result(self, name="hear.json"):
        return read_json(self.folder / "out" / name)

    def kept(self, epoch, task):
        return self.folder / "work" / f"epoch{epoch:02d}" / f"{task}.json"


@pytest.fixture(scope="module")
def finished(tmp_path_factory, experiment):
    """Return a workplace where HEAR and its sweep are done (tests only read it)."""
    place = Workplace(tmp_path_factory.mktemp("probe"), experiment)
    assert place.probe(sweep=EPOCHS) == 0
    return place


def test_result_says_what_it_was_made_from(finished, experiment):
    result = finished.result()
    assert (result["suite"], result["variant"], result["epoch"], result["seed"]) == ("hear", VARIANT, 6, 0)
    assert result["experiment"] == result_digest(experiment, VARIANT, 0, "hear")
    assert result["checkpoint_sha256"] == sha256_of(finished.folder / "epoch6.safetensors")
    assert list(result["tasks"]) == ["toy_one", "toy_folds"]
    one, folds = result["tasks"]["toy_one"], result["tasks"]["toy_folds"]
    assert (one["metric"], one["n_folds"], one["std"], one["n_train"], one["n_test"]) == ("mAP", 1, None, 6, 6)
    assert (folds["metric"], folds["n_folds"], len(folds["best_epochs"])) == ("top1_acc", 3, 3)
    assert folds["experiment"] == task_digest(experiment, VARIANT, 0, "toy_folds")
    assert len(folds["grid"]) == experiment.probe["hear"].grid_points
    assert folds["hyperparameters"]["hidden"] == 8
    assert set(one["metrics"]) == {"mAP", "d_prime"}


def test_every_score_follows_from_the_predictions_alone(finished, experiment):
    for epoch, name in [(6, "hear.json"), *((epoch, f"epoch{epoch:02d}/hear.json") for epoch in EPOCHS)]:
        result, folder = finished.result(name), (finished.folder / "out" / name).parent
        for task, entry in result["tasks"].items():
            path = folder / entry["predictions"]["path"]
            assert path == folder / "predictions" / f"{task}.arrow"
            assert entry["predictions"]["sha256"] == sha256_of(path)
            answers = predictions.load(path)
            about = answers.about
            assert answers.scores() == entry["folds"]
            assert entry["interval"] == interval_of([answers])
            for metric, its in entry["metrics"].items():
                assert [finite(score) for score in answers.scores(metric)] == its["folds"]
            assert (about.task, about.variant, about.seed, about.epoch) == (task, VARIANT, 0, epoch)
            assert about.checkpoint_sha256 == result["checkpoint_sha256"]
            assert about.experiment == task_digest(experiment, VARIANT, 0, task)
            assert about.hyperparameters == entry["hyperparameters"]
            dataset, _ = store.load(finished.folder / f"{task}.json")
            for fold, split in zip(answers.folds, dataset.splits, strict=True):
                assert fold.items == tuple(dataset.items[number].id for number in split.test)


def test_sweep_holds_each_checkpoint_and_the_final_one_twice(finished):
    for epoch in EPOCHS:
        result = finished.result(f"epoch{epoch:02d}/hear.json")
        assert result["epoch"] == epoch
        assert result["checkpoint_sha256"] == sha256_of(finished.folder / f"epoch{epoch}.safetensors")
    final, last = finished.result(), finished.result("epoch06/hear.json")
    assert [point["path"] for point in final.pop("sweep")] == [f"epoch{epoch:02d}/hear.json" for epoch in EPOCHS]
    assert (final.pop("in_sweep"), last.pop("in_sweep")) == (False, True)
    assert last == final


def test_same_again_from_nothing(finished, experiment):
    first = {epoch: finished.result(f"epoch{epoch:02d}/hear.json") for epoch in EPOCHS}
    assert finished.probe(sweep=EPOCHS, work_dir="elsewhere") == 0
    for epoch, result in first.items():
        again = finished.result(f"epoch{epoch:02d}/hear.json")
        for entry in [*result["tasks"].values(), *again["tasks"].values()]:
            entry.pop("seconds")
        assert again == result


@pytest.fixture
def place(tmp_path, experiment):
    return Workplace(tmp_path, experiment)


def test_other_suites_use_the_linear_probe(place):
    assert place.probe("hares") == 0
    entry = place.result("hares.json")["tasks"]["toy_linear"]
    assert entry["n_absent"] == 2
    assert entry["hyperparameters"]["optimiser"] == "adam"
    assert entry["n_folds"] == 3


def test_finished_tasks_are_kept_and_others_are_not(place, monkeypatch):
    assert place.probe() == 0
    kept = place.kept(6, "toy_folds")
    spoilt = read_json(kept)
    spoilt["entry"].update(seconds=12345.0, git_commit="a" * 40)
    write_json(kept, spoilt)
    place.kept(6, "toy_one").unlink()
    assert place.probe() == 0
    again = place.result()
    assert again["tasks"]["toy_folds"]["seconds"] == 12345.0
    assert again["tasks"]["toy_one"]["seconds"] < 1000
    assert again["tasks"]["toy_folds"]["git_commit"] == "a" * 40, "who computed it, not who wrote the file"
    assert again["git_commit"] == again["tasks"]["toy_one"]["git_commit"] == git_commit()
    kept.write_text("{")
    assert place.probe() == 0
    assert place.result()["tasks"]["toy_folds"]["seconds"] < 1000


def test_spoilt_predictions_are_made_again(place):
    assert place.probe() == 0
    first, kept = place.result()["tasks"]["toy_folds"], place.kept(6, "toy_folds").with_suffix(".arrow")
    (place.folder / "out/predictions/toy_folds.arrow").unlink()  # as Snakemake does before a job
    for spoil in (lambda: kept.write_bytes(b"x"), kept.unlink):
        spoil()
        assert place.probe() == 0
        assert place.result()["tasks"]["toy_folds"]["predictions"] == first["predictions"]
        assert predictions.load(place.folder / "out/predictions/toy_folds.arrow").scores() == first["folds"]


def test_results_that_would_share_a_folder_are_refused(place, capsys):
    flags = ["--sweep", f"2={place.folder}/out/other.json"]
    assert place.probe(extra=flags) == 1
    assert "need a folder each" in capsys.readouterr().err


def test_a_task_without_data_is_noted_and_picked_up_when_it_appears(place, capsys):
    features = read_json(place.folder / "hear.json")
    reason = "no data at nowhere/folds"
    only = {**features, "tasks": {"toy_one": features["tasks"]["toy_one"]}, "missing": {"toy_folds": reason}}
    write_json(place.folder / "hear.json", only)
    assert place.probe() == 0
    assert f"left out: toy_folds: {reason}" in capsys.readouterr().err
    result = place.result()
    assert (set(result["tasks"]), result["missing"]) == ({"toy_one"}, {"toy_folds": reason})
    write_json(place.folder / "hear.json", features)
    assert place.probe() == 0
    assert set(place.result()["tasks"]) == {"toy_one", "toy_folds"}
    assert "missing" not in place.result()
    assert place.result()["tasks"]["toy_one"] == result["tasks"]["toy_one"], "kept, not probed again"


def test_another_checkpoint_is_probed_anew(place, experiment):
    assert place.probe() == 0
    old = read_json(place.kept(6, "toy_one"))
    write_checkpoint(place.folder / "epoch6.safetensors", experiment, 6, seed=77)
    place.write_manifest(pretraining_digest(experiment, VARIANT, 0))
    assert place.probe() == 0
    new = read_json(place.kept(6, "toy_one"))
    assert new["key"]["checkpoint_sha256"] == sha256_of(place.folder / "epoch6.safetensors")
    assert new["key"] != old["key"]
    assert {**new["entry"], "seconds": 0} != {**old["entry"], "seconds": 0}


def test_other_labels_are_probed_anew(place, experiment):
    assert place.probe() == 0
    old = read_json(place.kept(6, "toy_folds"))
    dataset, record = store.load(place.folder / "toy_folds.json")
    dataset.targets[:] = np.roll(dataset.targets, 1)
    store.save(place.folder / "toy_folds.json", dataset, record)
    assert place.probe() == 0
    new = read_json(place.kept(6, "toy_folds"))
    assert {key for key in new["key"] if new["key"][key] != old["key"][key]} == {"labels_sha256"}


def test_errors_name_what_is_wrong(place, capsys):
    assert place.probe(sweep=[3]) == 1
    assert "has no checkpoint of epoch 3; it has 2, 4, 6" in capsys.readouterr().err
    place.write_manifest("f" * 16)
    assert place.probe() == 1
    assert "made by another configuration of a" in capsys.readouterr().err


def test_weights_that_give_no_numbers_are_named(place, experiment, capsys):
    path = place.folder / "epoch6.safetensors"
    from dubaug.pretrain.checkpoint import load_encoders

    encoders = load_encoders(path)
    for parameter in encoders.audio.parameters():
        parameter.fill_(float("nan"))
    save_encoders(path, audio=encoders.audio, video=None, spec=encoders.spec)
    place.write_manifest(pretraining_digest(experiment, VARIANT, 0))
    assert place.probe() == 1
    error = capsys.readouterr().err
    assert "task toy_one" in error
    assert "not finite (first: split fold00 (test), 0.wav; " in error


def test_an_added_task_changes_no_other_hash(make_experiment, demo_experiment):
    tasks = {"extra": {"suite": "hear", "path": "nowhere/extra"}}
    more = make_experiment(tasks=tasks, suites={"hear": [*demo_experiment.suites["hear"], "extra"]})
    for variant in ("efj", "rp"):
        assert result_digest(more, variant, 0, "hear") == result_digest(demo_experiment, variant, 0, "hear")
        assert task_digest(more, variant, 0, "esc50") == task_digest(demo_experiment, variant, 0, "esc50")
        assert task_digest(more, variant, 0, "extra") != task_digest(more, variant, 0, "esc50")


def test_hashes_follow_what_results_depend_on(make_experiment, demo_experiment):
    def hashes(experiment, suite, task):
        return result_digest(experiment, "efj", 0, suite), task_digest(experiment, "efj", 0, task)

    other_probe = make_experiment(probe={"hear": {"hidden": 64}})
    assert hashes(other_probe, "hear", "esc50")[0] != hashes(demo_experiment, "hear", "esc50")[0]
    assert hashes(other_probe, "hear", "esc50")[1] != hashes(demo_experiment, "hear", "esc50")[1]
    assert hashes(other_probe, "hares", "tut18") == hashes(demo_experiment, "hares", "tut18")
    relabelled = make_experiment(tasks={"esc50": {"label": "ESC"}}, embed_batch=7, results_dir="elsewhere")
    assert hashes(relabelled, "hear", "esc50") == hashes(demo_experiment, "hear", "esc50")
    assert result_digest(demo_experiment, "efj", 1, "hear") != result_digest(demo_experiment, "efj", 0, "hear")
    assert task_digest(demo_experiment, "efj", 0, "vggsound") != task_digest(demo_experiment, "efj", 0, "vggsound_a")


def test_a_separated_variant_more_changes_no_other_hash(make_experiment):
    without = make_experiment(variants={"sep": None})
    with_sep = make_experiment()
    for task in ("esc50", "tut18", "vggsound"):
        assert task_digest(with_sep, "efj", 0, task) == task_digest(without, "efj", 0, task)
