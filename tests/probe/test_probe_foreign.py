"""Tasks that nobody has named, from their folders in HEAR's layout to hear.json; the protocol against a plain one."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from foreign_tasks import FOREIGN
from hear_oracle import Task, plain_protocol, score
from safetensors.numpy import save_file
from sklearn.model_selection import ParameterGrid

from dubaug.cli import main
from dubaug.config import save
from dubaug.downstream import load_dataset
from dubaug.downstream.features import load_features
from dubaug.downstream.model import OwnGrid
from dubaug.embed.cache import cache_path
from dubaug.encoders.encoder import Encoder, seed_weights
from dubaug.errors import ConfigError, DubaugError
from dubaug.files import read_json
from dubaug.pretrain.checkpoint import EncoderSpec, save_encoders
from dubaug.pretrain.experiment import pretraining_digest
from dubaug.pretrain.manifest import Manifest, checkpoint_at
from dubaug.probe import predictions
from dubaug.probe.entry import entry_of
from dubaug.probe.hear import probe_hear, settings
from dubaug.probe.kept import labels_sha256
from dubaug.probe.problem import make_problem
from dubaug.probe.together import training_order
from dubaug.suites.hear import HearProbe

PROTOCOL = HearProbe(
    hidden=8, dropout=0.0, hidden_layers=(1, 2), learning_rates=(3.2e-3, 1e-2), batch_size=9,
    initialisations=("xavier_uniform", "xavier_normal"), grid_points=5, max_epochs=30, validate_every=3, patience=3,
)  # fmt: skip
PLAIN_GRID = {
    "hidden_layers": [1, 2], "hidden_dim": [8], "dropout": [0.0], "lr": [3.2e-3, 1e-2], "patience": [3],
    "max_epochs": [30], "check_val_every_n_epoch": [3], "batch_size": [9],
    "initialization": ["xavier_uniform", "xavier_normal"],
}  # fmt: skip
NAMES = {
    "hidden_layers": "hidden_layers", "hidden_dim": "hidden", "dropout": "dropout", "lr": "learning_rate",
    "patience": "patience", "max_epochs": "max_epochs", "check_val_every_n_epoch": "validate_every",
    "batch_size": "batch_size", "initialization": "initialisation",
}  # fmt: skip


def recorded(conf):
    return {**{NAMES[key]: value for key, value in conf.items()}, "optimiser": "adam"}


def problem_of(name, folder, precision=np.float64):
    dataset, embeddings = load_dataset("hear", folder), FOREIGN[name].embeddings()
    x = np.stack([embeddings[item.audio.name] for item in dataset.items]).astype(precision)
    return dataset, make_problem(name, x, dataset, needs_valid=True)


@pytest.mark.parametrize("name", FOREIGN)
def test_the_protocol_equals_a_plain_one(tmp_path, name):
    folder = FOREIGN[name].write(tmp_path / f"{name}-v3-full")
    dataset, problem = problem_of(name, folder)
    [made] = probe_hear([problem], PROTOCOL, torch.device("cpu"))
    plain = plain_protocol(folder, FOREIGN[name].embeddings(), name, PLAIN_GRID, PROTOCOL.grid_points)
    entry, by_loss = entry_of(problem, made), "loss" in name
    assert entry["metric"] == FOREIGN[name].metadata["evaluation"][0]
    assert entry["chosen_by"] == ("loss" if by_loss else entry["metric"])
    assert entry["hyperparameters"] == recorded(plain.best)
    assert [point["hyperparameters"] for point in entry["grid"]] == [recorded(conf) for conf, _ in plain.tried]
    sign = -1 if by_loss else 1
    valid = [sign * value for _, value in plain.tried]
    assert [point["valid"] for point in entry["grid"]] == pytest.approx(valid, rel=1e-9)
    assert entry["epochs"] == [fold.epochs for fold in plain.folds]
    assert entry["best_epochs"] == [fold.best_epoch for fold in plain.folds]
    for split, probabilities, fold in zip(dataset.splits, made.outputs, plain.folds, strict=True):
        rows = {dataset.items[number].audio.name: row for row, number in enumerate(split.test)}
        ours = probabilities[[rows[file] for file in fold.files]]
        # Adam divides by the gradient's own size, which turns the last bits of sums into the seventh decimal
        np.testing.assert_allclose(ours, fold.probabilities, rtol=1e-5, atol=1e-6)
    assert list(entry["metrics"]) == FOREIGN[name].metadata["evaluation"]
    for metric, its in entry["metrics"].items():
        ours = [*its["folds"], its["mean"], its["std"]]
        folds, mean, std = plain.scores[metric]
        assert ours == [None if value is None else pytest.approx(value, rel=1e-9) for value in (*folds, mean, std)]
    primary = entry["metrics"][entry["metric"]]
    assert {key: entry[key] for key in primary} == primary


def test_a_primary_score_without_a_mean_is_told(tmp_path):
    name = "by_d_prime"
    dataset = load_dataset("hear", FOREIGN[name].write(tmp_path / f"{name}-v3-full"))
    vectors = FOREIGN[name].embeddings(spread=0.001)
    x = np.stack([vectors[item.audio.name] for item in dataset.items])
    problem = make_problem(name, x, dataset, needs_valid=True)
    protocol = replace(PROTOCOL, max_epochs=150, patience=50)
    with pytest.raises(
        DubaugError, match=r"task by_d_prime, split fold0\d: d_prime is inf on the test part.*evaluation"
    ):
        entry_of(problem, *probe_hear([problem], protocol, torch.device("cpu")))


@pytest.mark.parametrize("name", ["folds_and_numbers", "parts_and_many_labels"])
def test_training_items_stand_as_heareval_writes_them(tmp_path, name):
    folder = FOREIGN[name].write(tmp_path / f"{name}-v3-full")
    dataset, problem = problem_of(name, folder)
    task = Task(folder, FOREIGN[name].embeddings())
    for number, split in enumerate(task.splits()):
        ours = [dataset.items[item].audio.name for item in training_order(problem, number)]
        assert ours == task.data(split["train"])[0]


def test_a_task_may_have_its_own_grid():
    own = OwnGrid(learning_rate=(0.1, 0.2, 0.3), hidden=(4, 5), dropout=(0.2, 0.0), batch_size=(7, 8))
    ours = [setting.hyperparameters() for setting in settings(PROTOCOL, own)]
    theirs = {**PLAIN_GRID, "lr": [0.1, 0.2, 0.3], "hidden_dim": [4, 5], "dropout": [0.2, 0.0], "batch_size": [7, 8]}
    confs = [recorded(conf) for conf in ParameterGrid(theirs)]
    random.seed(42)
    random.shuffle(confs)
    assert ours == confs[:5]
    with pytest.raises(ConfigError, match="max_epochs"):
        settings(PROTOCOL, OwnGrid(max_epochs=(2,)))


def test_the_papers_probe_is_the_papers(paper_experiment):
    """Values of heareval 2021.1.3 and what its seeded shuffle makes of them, written out."""
    assert paper_experiment.probe["hear"] == HearProbe(
        hidden=1024,
        dropout=0.1,
        hidden_layers=(1, 2),
        learning_rates=(3.2e-3, 1e-3, 3.2e-4, 1e-4),
        initialisations=("xavier_uniform", "xavier_normal"),
        grid_points=8,
        batch_size=1024,
        max_epochs=500,
        validate_every=3,
        patience=20,
    )
    points = [setting.point for setting in settings(paper_experiment.probe["hear"])]
    assert [(point.hidden_layers, point.learning_rate, point.initialisation) for point in points] == [
        (1, 1e-4, "xavier_normal"),
        (2, 1e-3, "xavier_uniform"),
        (1, 1e-3, "xavier_normal"),
        (1, 3.2e-4, "xavier_normal"),
        (2, 3.2e-4, "xavier_normal"),
        (2, 3.2e-4, "xavier_uniform"),
        (2, 3.2e-3, "xavier_normal"),
        (2, 3.2e-3, "xavier_uniform"),
    ]


def test_what_a_task_says_of_its_search_changes_what_its_result_depends_on(tmp_path):
    dataset = load_dataset("hear", FOREIGN["own_grid"].write(tmp_path / "own-v3-full"))
    changes = [{"grid": OwnGrid()}, {"criterion": "loss"}, {"order": dataset.hear.order[::-1]}]
    others = [replace(dataset, hear=replace(dataset.hear, **change)) for change in changes]
    assert len({labels_sha256(one) for one in (dataset, *others)}) == 4


SMALL = {
    "hidden": 8, "dropout": 0.0, "batch_size": 9, "max_epochs": 60, "patience": 4, "grid_points": 5,
    "learning_rates": [1e-2, 3e-2], "hidden_layers": [1, 2], "initialisations": ["xavier_uniform", "xavier_normal"],
}  # fmt: skip


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, make_experiment):
    """Return a folder with two foreign tasks, a small trained network, and the configuration that names them."""
    folder = tmp_path_factory.mktemp("foreign")
    names = ("folds_and_numbers", "parts_and_many_labels")
    paths = {name: FOREIGN[name].write(folder / f"data/{name}-v3-full", seconds=0.2) for name in names}
    experiment = make_experiment(
        suites={"hear": list(names), "hares": [], "visual": []},
        tasks={name: {"suite": "hear", "path": str(path)} for name, path in paths.items()},
        encoders={"embedding_dim": 16, "audio": {"depth": 50, "stem_width": 4}},
        probe={"hear": SMALL},
    )
    save(experiment, folder / "config.yaml")
    seed_weights(3, "audio")
    digest = pretraining_digest(experiment, "a", 0)
    spec = EncoderSpec(
        variant="a", seed=0, epoch=6, experiment=digest, encoders=experiment.encoders, mel=experiment.mel,
        sample_rate_hz=48000, duration_s=experiment.clips.duration_s, frames=experiment.clips.frames,
    )  # fmt: skip
    weights = folder / "epoch6.safetensors"
    save_encoders(weights, audio=Encoder(experiment.encoders, "audio", spec), video=None, spec=spec)
    Manifest(
        variant="a", seed=0, experiment=digest, epochs=6, checkpoints=(checkpoint_at(weights, 6),), n_clips=1,
        n_titles=1, seconds=1.0, device="cpu",
    ).save(folder / "pretraining.json")  # fmt: skip
    return folder


def command(workplace, *words):
    threads = torch.get_num_threads()
    try:
        return main([words[0], "--config", str(workplace / "config.yaml"), "--suite", "hear", *map(str, words[1:])])
    finally:
        torch.set_num_threads(threads)


def probe(workplace, name):
    """Return hear.json as `dubaug probe` makes it with the work directory `<name>/work`."""
    out = workplace / name / "hear.json"
    words = ["--pretraining", workplace / "pretraining.json", "--features", workplace / "features/hear.json"]
    assert command(workplace, "probe", *words, "--work-dir", workplace / name / "work", "--out", out) == 0
    return read_json(out)


@pytest.fixture(scope="module")
def features(workplace):
    """Return the folder of the features as `dubaug features` makes them."""
    folder = workplace / "features"
    assert command(workplace, "features", "--work-dir", folder, "--out", folder / "hear.json", "--jobs", "1") == 0
    return folder


@pytest.fixture(scope="module")
def result(workplace, features):
    return probe(workplace, "out")


@pytest.mark.parametrize("name", ["folds_and_numbers", "parts_and_many_labels"])
def test_from_a_foreign_folder_to_hear_json(workplace, result, name):
    folder, entry = workplace / f"data/{name}-v3-full", result["tasks"][name]
    task = Task(folder, FOREIGN[name].embeddings())
    splits = task.splits()
    assert entry["n_folds"] == len(splits)
    assert entry["n_train"] == sum(len(task.labels[part]) for part in splits[0]["train"])
    assert entry["n_test"] == len(task.labels[splits[0]["test"][0]])
    assert len(entry["epochs"]) == len(entry["best_epochs"]) == len(splits)
    assert all(best <= ran <= 60 for best, ran in zip(entry["best_epochs"], entry["epochs"], strict=True))
    assert entry["hyperparameters"] in [point["hyperparameters"] for point in entry["grid"]]
    best = max(point["valid"] for point in entry["grid"])
    assert entry["hyperparameters"] == next(p["hyperparameters"] for p in entry["grid"] if p["valid"] == best)
    assert (entry["hyperparameters"]["optimiser"], entry["hyperparameters"]["max_epochs"]) == ("adam", 60)
    answers = predictions.load(workplace / "out" / entry["predictions"]["path"])
    for metric in task.scores:
        expected = []
        for fold, split in zip(answers.folds, splits, strict=True):
            files, _, truth = task.data(split["test"])
            rows = [fold.items.index(f"{split['test'][0]}/{file}") for file in files]
            expected.append(score(metric, fold.scores[rows], truth.numpy()))
        ours = entry["metrics"][metric]["folds"]
        assert ours == [pytest.approx(value, rel=1e-9) if np.isfinite(value) else None for value in expected]


@pytest.fixture(scope="module")
def result_of_known_embeddings(workplace, features, result):
    """Return what `dubaug probe` makes of embeddings that say something of the labels, in place of the network's."""
    for name in ("folds_and_numbers", "parts_and_many_labels"):
        task, known = load_features(features / "hear.json", name), FOREIGN[name].embeddings()
        path = cache_path(
            workplace / "known/work/embeddings", checkpoint_sha256=result["checkpoint_sha256"],
            features_sha256=task.sha256, modality="A",
        )  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        vectors = np.stack([known[item.audio.name] for item in task.dataset.items]).astype(np.float32)
        save_file({"embedding": vectors}, path)
    return probe(workplace, "known")


@pytest.mark.parametrize("name", ["folds_and_numbers", "parts_and_many_labels"])
def test_hear_json_is_what_a_plain_program_makes_of_the_embeddings(workplace, result_of_known_embeddings, name):
    entry = result_of_known_embeddings["tasks"][name]
    grid = {**PLAIN_GRID, "lr": SMALL["learning_rates"], "max_epochs": [60], "patience": [4]}
    folder = workplace / f"data/{name}-v3-full"
    plain = plain_protocol(folder, FOREIGN[name].embeddings(), name, grid, SMALL["grid_points"])
    assert entry["hyperparameters"] == recorded(plain.best)
    assert [point["valid"] for point in entry["grid"]] == pytest.approx([value for _, value in plain.tried], abs=1e-5)
    assert entry["best_epochs"] == [fold.best_epoch for fold in plain.folds]
    assert entry["epochs"] == [fold.epochs for fold in plain.folds]
    answers = predictions.load(workplace / "known" / entry["predictions"]["path"])
    for fold, expected in zip(answers.folds, plain.folds, strict=True):
        rows = [[item.split("/")[1] for item in fold.items].index(file) for file in expected.files]
        np.testing.assert_allclose(fold.scores[rows], expected.probabilities, atol=1e-5)  # single and double precision
    assert (entry["mean"], entry["std"]) == tuple(
        None if value is None else pytest.approx(value, abs=1e-5) for value in plain.scores[entry["metric"]][1:]
    )


def test_the_file_says_what_decided(workplace, result):
    shown = json.loads((workplace / "out/hear.json").read_text())["tasks"]["parts_and_many_labels"]
    assert shown == result["tasks"]["parts_and_many_labels"]
    assert (shown["metric"], shown["chosen_by"], shown["std"]) == ("aucroc", "aucroc", None)
    for key in ("hidden", "dropout", "batch_size", "validate_every", "patience", "learning_rate", "initialisation"):
        assert key in shown["hyperparameters"]
