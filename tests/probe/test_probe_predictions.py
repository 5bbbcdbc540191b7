"""Predictions on disk: every score from the file alone, and pairs of files of the same items."""

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dubaug.downstream.model import Dataset, Item, Split
from dubaug.errors import DubaugError
from dubaug.probe import predictions
from dubaug.probe.predictions import check_same_items
from dubaug.probe.problem import make_problem
from dubaug.suites.registry import metric
from prediction_factory import make_predictions

CASES = [
    ("multiclass", (4,), ("top1_acc", "mAP", "d_prime", "aucroc")),
    ("multilabel", (5,), ("mAP", "d_prime", "aucroc", "top1_acc")),
    ("multihead", (3, 4, 2), ("top1_acc",)),
    ("regression", (1,), ("mse", "spearman")),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("kind", "sizes", "names"), CASES)
def test_survives_the_disk_to_the_bit_with_all_scores(tmp_path, kind, sizes, names, dtype):
    given = make_predictions(kind, sizes, dtype=dtype, names=names)
    digest = predictions.save(tmp_path / "deep" / "toy.arrow", given)
    assert digest == predictions.save(tmp_path / "again.arrow", given)
    read = predictions.load(tmp_path / "deep" / "toy.arrow")
    assert read.about == given.about
    for one, two in zip(read.folds, given.folds, strict=True):
        assert (one.name, one.items) == (two.name, two.items)
        np.testing.assert_array_equal(one.truth, two.truth)
        np.testing.assert_array_equal(one.scores, two.scores, strict=True)
    for name in names:
        expected = [metric(name).score(fold.scores, fold.truth, sizes) for fold in given.folds]
        assert read.scores(name) == expected
    assert read.scores() == read.scores(names[0])


def test_pandas_reads_it_as_documented(tmp_path):
    import pandas

    given = make_predictions("multihead", (3, 2))
    predictions.save(tmp_path / "toy.arrow", given)
    frame = pandas.read_feather(tmp_path / "toy.arrow")
    assert list(frame) == ["fold", "item", "group", "labels", "scores"]
    assert tuple(frame["item"]) == given.folds[0].items + given.folds[1].items
    assert [list(labels) for labels in frame["labels"][:4]] == [[0, 0], [1, 1], [2, 0], [0, 1]]
    np.testing.assert_array_equal(np.stack(frame["scores"][:9]), given.folds[0].scores)


def test_parts_of_a_whole_are_one_row(tmp_path):
    items = tuple(
        Item(id=f"{n}.wav", audio=Path("x.wav"), video=None, start_s=float(n), part_of=name)
        for n, name in enumerate("aabbbcc")
    )
    dataset = Dataset(
        items=items, splits=(Split(name="test", train=(5, 6), valid=(), test=(0, 1, 2, 3, 4)),), kind="multiclass",
        classes=(("x", "y"),), targets=np.array([0, 0, 1, 1, 1, 0, 0]), metrics=("top1_acc",),
    )  # fmt: skip
    problem = make_problem("toy", np.ones((7, 2), np.float32), dataset, needs_valid=False, join="sum")
    outputs = np.array([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0.5, 0.5], [0, 1]], np.float32)
    given = predictions.Predictions.of(make_predictions(sizes=(2,)).about, dataset, problem, [outputs])
    predictions.save(tmp_path / "toy.arrow", given)
    [fold] = predictions.load(tmp_path / "toy.arrow").folds
    assert fold.items == ("a", "b")
    assert fold.scores.tolist() == [[1.25, 0.75], [0.75, 2.25]]
    assert fold.truth.tolist() == [[True, False], [False, True]]


def test_an_item_may_have_no_label(tmp_path):
    given = make_predictions("multilabel", (3,))
    given.folds[1].truth[:] = False
    predictions.save(tmp_path / "toy.arrow", given)
    assert not predictions.load(tmp_path / "toy.arrow").folds[1].truth.any()


def test_what_is_no_such_file_is_named(tmp_path):
    for content in (None, b"not Arrow"):
        if content:
            (tmp_path / "toy.arrow").write_bytes(content)
        with pytest.raises(DubaugError, match=r"toy\.arrow holds no predictions"):
            predictions.load(tmp_path / "toy.arrow")
    table = pa.table({"a": [1]})
    with pa.ipc.new_file(tmp_path / "toy.arrow", table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(DubaugError, match=r"toy\.arrow holds no predictions"):
        predictions.load(tmp_path / "toy.arrow")


def _changed(given, number, **changes):
    folds = list(given.folds)
    folds[number] = dataclasses.replace(folds[number], **changes)
    return dataclasses.replace(given, folds=tuple(folds))


def test_pairs_must_be_of_the_same_items():
    given, other = make_predictions(seed=0), make_predictions(seed=1, variant="av")
    check_same_items("efj", given, "av", other)
    fold = other.folds[1]
    renamed = _changed(other, 1, items=(*fold.items[:3], "x.wav", *fold.items[4:]))
    shorter = _changed(other, 1, items=fold.items[:-1], truth=fold.truth[:-1], scores=fold.scores[:-1])
    relabelled = _changed(other, 0, truth=np.roll(other.folds[0].truth, 1, axis=1))
    for spoilt, message in [
        (renamed, r"efj and av are on different items: fold fold01, row 3 has 'fold1/ö 12.wav' and 'x.wav'"),
        (shorter, r"fold fold01, row 6 has 'fold1/ö 15.wav' and no item"),
        (relabelled, r"different labels: fold fold00, item 'fold0/ö 0.wav'"),
        (dataclasses.replace(other, folds=other.folds[:1]), r"different folds \(fold00, fold01; fold00\)"),
        (make_predictions(task="another"), "differ in task"),
    ]:
        with pytest.raises(DubaugError, match=message):
            check_same_items("efj", given, "av", spoilt)


def test_groups_survive_the_disk(tmp_path):
    given = make_predictions(fold_sizes=(4, 3))
    folds = [dataclasses.replace(fold, groups=("anna", None, *["ben"] * (len(fold.items) - 2))) for fold in given.folds]
    about = dataclasses.replace(given.about, grouped_by="speaker")
    predictions.save(tmp_path / "toy.arrow", predictions.Predictions(about=about, folds=tuple(folds)))
    read = predictions.load(tmp_path / "toy.arrow")
    assert read.about.grouped_by == "speaker"
    assert [fold.groups for fold in read.folds] == [fold.groups for fold in folds]


def test_the_older_format_is_met_with_one_message(tmp_path, monkeypatch):
    monkeypatch.setattr(predictions, "FORMAT", 1)
    predictions.save(tmp_path / "toy.arrow", make_predictions())
    monkeypatch.undo()
    with pytest.raises(DubaugError, match="is of another version of dubaug: run `dubaug probe` again"):
        predictions.load(tmp_path / "toy.arrow")
