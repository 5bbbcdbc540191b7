import json
import random
from pathlib import Path

import numpy as np
import pytest

from dubaug.downstream import load_dataset, store
from dubaug.downstream.hear import training_order
from dubaug.downstream.model import OwnGrid
from dubaug.errors import DubaugError


def rewrite(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_folds_follow_hears_rule(five_folds: Path) -> None:
    dataset = load_dataset("hear", five_folds)
    fold_of = [int(item.id.split("/")[0].removeprefix("fold")) for item in dataset.items]
    seen = [
        [sorted({fold_of[number] for number in part}) for part in (split.test, split.valid, split.train)]
        for split in dataset.splits
    ]
    assert seen == [  # written out from heareval's documentation of data_splits_from_folds
        [[0], [1], [2, 3, 4]],
        [[1], [2], [0, 3, 4]],
        [[2], [3], [0, 1, 4]],
        [[3], [4], [0, 1, 2]],
        [[4], [0], [1, 2, 3]],
    ]
    assert [split.name for split in dataset.splits] == [f"fold{fold:02d}" for fold in range(5)]


def test_items_labels_and_paths(five_folds: Path) -> None:
    dataset = load_dataset("hear", five_folds)
    assert (dataset.kind, dataset.classes, dataset.metrics) == ("multiclass", (("a", "b"),), ("top1_acc", "mAP"))
    assert dataset.items[3].id == "fold01/1b.wav"
    assert dataset.items[3].audio == five_folds / "48000/fold01/1b.wav"
    assert dataset.items[3].video is None
    assert dataset.targets.tolist() == [0, 1] * 5


def test_folds_are_sorted_whatever_the_metadata_says(hear_folder) -> None:
    names = ["fold02", "fold00", "fold01"]
    folder = hear_folder({name: {f"{name}.wav": ["a"]} for name in names})
    dataset = load_dataset("hear", folder)
    tests = [dataset.items[split.test[0]].id for split in dataset.splits]
    assert tests == ["fold00/fold00.wav", "fold01/fold01.wav", "fold02/fold02.wav"]


def test_folds_without_a_list_of_splits(five_folds: Path) -> None:
    rewrite(five_folds / "task_metadata.json", splits=None)
    assert len(load_dataset("hear", five_folds).splits) == 5


def test_trainvaltest_and_numeric_labels(hear_folder) -> None:
    folder = hear_folder(
        {"train": {"x.wav": [10]}, "valid": {"y.wav": [2]}, "test": {"z.wav": ["2"]}},
        vocabulary="idx,label\n1,10\n0,2\n",
        split_mode="trainvaltest",
    )
    dataset = load_dataset("hear", folder)
    assert dataset.classes == (("2", "10"),)  # by idx, not by the order of lines
    assert dataset.targets.tolist() == [1, 0, 0]
    (split,) = dataset.splits
    assert (split.train, split.valid, split.test) == ((0,), (1,), (2,))


def test_multilabel(hear_folder) -> None:
    folder = hear_folder(
        {"train": {"x.wav": ["b", "a"]}, "valid": {"y.wav": ["b"]}, "test": {"z.wav": []}},
        split_mode="trainvaltest",
        prediction_type="multilabel",
        evaluation=["mAP"],
    )
    dataset = load_dataset("hear", folder)
    assert dataset.targets.dtype == np.bool_
    assert dataset.targets.tolist() == [[True, True], [False, True], [False, False]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"embedding_type": "event"}, ["task_metadata.json", "event", "scene"]),
        ({"embedding_type": None}, ["task_metadata.json", "None", "scene"]),
        ({"prediction_type": "regression"}, ["prediction_type", "regression"]),
        ({"split_mode": "random"}, ["split_mode", "random", "presplit_kfold"]),
        ({"evaluation": ["event_onset_200ms_fms"]}, ["evaluation", "event_onset_200ms_fms", "top1_acc"]),
        ({"evaluation": []}, ["evaluation"]),
        ({"evaluation": "mAP"}, ["evaluation", "'mAP'", "list"]),
        ({"splits": ["fold00", "fold00", "fold01"]}, ["splits", "entries that differ"]),
        ({"splits": "fold00"}, ["splits", "list"]),
        ({"split_mode": "trainvaltest"}, ["splits", "train, valid and test"]),
        ({"splits": None, "nfolds": "five"}, ["nfolds"]),
        ({"use_scoring_for_early_stopping": "no"}, ["use_scoring_for_early_stopping", "'no'", "boolean"]),
        ({"evaluation_params": [1]}, ["evaluation_params", "[1]"]),
        ({"evaluation_params": {"task_specific_param_grid": [1]}}, ["task_specific_param_grid", "[1]"]),
        (
            {"evaluation_params": {"task_specific_param_grid": {"optim": ["SGD"]}}},
            ["param_grid.optim", "hidden_layers", "lr"],
        ),
    ],
)
def test_metadata_that_cannot_be_used_is_named(five_folds: Path, change: dict, words: list[str]) -> None:
    rewrite(five_folds / "task_metadata.json", **change)
    with pytest.raises(DubaugError) as caught:
        load_dataset("hear", five_folds)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("key", "values", "words"),
    [
        ("lr", [0.1, 0], "greater than 0"),
        ("lr", 0.1, "a valid list"),
        ("batch_size", [1], "greater than or equal to 2"),
        ("hidden_layers", [1.5], "a valid integer"),
        ("dropout", [1.0], "less than 1"),
        ("patience", [], "at least 1"),
        ("max_epochs", [True], "a valid integer"),
    ],
)
def test_a_grid_that_cannot_be_searched_is_named(five_folds: Path, key: str, values: object, words: str) -> None:
    rewrite(five_folds / "task_metadata.json", evaluation_params={"task_specific_param_grid": {key: values}})
    with pytest.raises(DubaugError, match=rf"task_metadata\.json: .*param_grid\.{key}.*: got .*{words}"):
        load_dataset("hear", five_folds)


def test_what_a_task_says_of_its_search(five_folds: Path) -> None:
    assert (plain := load_dataset("hear", five_folds).hear) is not None
    assert (plain.grid, plain.criterion) == (OwnGrid(), "score")
    own = {"hidden_dim": [16], "check_val_every_n_epoch": [10], "lr": [1, 0.1], "dropout": [0]}
    parameters = {"task_specific_param_grid": own, "event_postprocessing_grid": {"min_duration": [125]}}
    rewrite(five_folds / "task_metadata.json", evaluation_params=parameters, use_scoring_for_early_stopping=False)
    assert (searched := load_dataset("hear", five_folds).hear) is not None
    assert searched.grid == OwnGrid(hidden=(16,), validate_every=(10,), learning_rate=(1, 0.1), dropout=(0,))
    assert searched.criterion == "loss"


def test_what_a_task_says_survives_the_disk(five_folds: Path, tmp_path: Path) -> None:
    parameters = {"task_specific_param_grid": {"lr": [1, 0.1], "hidden_layers": [0]}}
    rewrite(five_folds / "task_metadata.json", evaluation_params=parameters, use_scoring_for_early_stopping=False)
    dataset, path = load_dataset("hear", five_folds), tmp_path / "record.json"
    store.save(path, dataset, store.ShardRecord(sha256="0" * 64, windows=(1,) * 10))
    assert store.load(path)[0].hear == dataset.hear
    assert store.load(path)[0].items == dataset.items
    older = json.loads(path.read_text())
    del older["dataset"]["hear"]
    path.write_text(json.dumps(older))
    with pytest.raises(DubaugError, match="run `dubaug features` again"):
        store.load(path)


def test_one_generator_shuffles_the_lists_in_the_metadatas_order() -> None:
    lists = {"fold02": range(20, 30), "fold00": range(10), "fold01": range(10, 20)}
    theirs = random.Random(0)
    shuffled = {name: list(numbers) for name, numbers in lists.items()}
    for name in ("fold02", "fold00", "fold01"):
        theirs.shuffle(shuffled[name])
    assert training_order(lists) == (*shuffled["fold00"], *shuffled["fold01"], *shuffled["fold02"])
    assert shuffled["fold02"][:4] == [27, 28, 21, 25]


@pytest.mark.parametrize("labels", [[], ["a"], ["b", "a", "b"]])
def test_files_of_a_multilabel_task_may_have_any_number_of_labels(hear_folder, labels: list[str]) -> None:
    folder = hear_folder(
        {"train": {"x.wav": labels}, "valid": {"y.wav": ["b"]}, "test": {"z.wav": ["a"]}},
        split_mode="trainvaltest",
        prediction_type="multilabel",
        evaluation=["pitch_acc", "chroma_acc", "aucroc", "d_prime", "mAP", "top1_acc"],
    )
    dataset = load_dataset("hear", folder)
    assert dataset.targets[0].tolist() == ["a" in labels, "b" in labels]
    assert dataset.metrics == ("pitch_acc", "chroma_acc", "aucroc", "d_prime", "mAP", "top1_acc")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"0a.wav": ["cat"], "0b.wav": ["b"]}, ["fold00.json", "0a.wav", "'cat'", "labelvocabulary.csv"]),
        ({"0a.wav": ["a", "b"], "0b.wav": ["b"]}, ["fold00.json", "0a.wav", "2 labels"]),
        ({"0a.wav": "a"}, ["fold00.json", "0a.wav", "list of labels"]),
        ({"0a.wav": [{"label": "a", "start": 0}]}, ["fold00.json", "0a.wav", "list of labels"]),
        ({"gone.wav": ["a"]}, ["fold00.json", "gone.wav", "48000"]),
    ],
)
def test_split_files_that_are_wrong_are_named(five_folds: Path, labels: dict, words: list[str]) -> None:
    (five_folds / "fold00.json").write_text(json.dumps(labels))
    with pytest.raises(DubaugError) as caught:
        load_dataset("hear", five_folds)
    assert all(word in str(caught.value) for word in words)


def test_a_file_named_twice_in_a_split(five_folds: Path) -> None:
    (five_folds / "fold00.json").write_text('{"0a.wav": ["a"], "0a.wav": ["b"]}')
    with pytest.raises(DubaugError, match=r"fold00.json has '0a.wav' twice"):
        load_dataset("hear", five_folds)


def test_one_name_in_two_folds(hear_folder) -> None:
    folder = hear_folder({"fold00": {"x.wav": ["a"]}, "fold01": {"y.wav": ["a"]}, "fold02": {"x.wav": ["b"]}})
    with pytest.raises(DubaugError, match=r"fold02\.json names x\.wav and .*fold00\.json does so too"):
        load_dataset("hear", folder)


def test_an_empty_fold(five_folds: Path) -> None:
    (five_folds / "fold02.json").write_text("{}")
    with pytest.raises(DubaugError, match=r"task-v1-full.*'fold02' has no test items"):
        load_dataset("hear", five_folds)


@pytest.mark.parametrize("text", ["idx,label\n0,a\n2,b\n", "idx,label\n0,a\n1,a\n", "idx\n0\n", "idx,label\n0,a,b\n"])
def test_a_broken_vocabulary(five_folds: Path, text: str) -> None:
    (five_folds / "labelvocabulary.csv").write_text(text)
    with pytest.raises(DubaugError, match=r"labelvocabulary\.csv"):
        load_dataset("hear", five_folds)


def test_no_folder_and_no_metadata(tmp_path: Path, five_folds: Path) -> None:
    with pytest.raises(DubaugError, match="no folder"):
        load_dataset("hear", tmp_path / "nowhere")
    (five_folds / "task_metadata.json").unlink()
    with pytest.raises(DubaugError, match=r"task_metadata\.json is missing"):
        load_dataset("hear", five_folds)


def test_two_folds_are_too_few(hear_folder) -> None:
    folder = hear_folder({"fold00": {"x.wav": ["a"]}, "fold01": {"y.wav": ["b"]}})
    with pytest.raises(DubaugError, match="2 folds are too few"):
        load_dataset("hear", folder)


def test_real_esc10(real_data: Path) -> None:
    dataset = load_dataset("hear", real_data / "hear/tasks/esc10-v1.0-subset")
    assert (dataset.n_items, len(dataset.classes[0]), len(dataset.splits)) == (200, 10, 5)
    assert {len(split.test) for split in dataset.splits} == {40}
    assert all(item.audio is not None and item.audio.is_file() for item in dataset.items)
