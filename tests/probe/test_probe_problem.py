"""What is checked before a probe is trained, and what HEAR's probes are chosen by."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from dubaug.downstream.model import Dataset, HearTask, Item, Split
from dubaug.errors import DubaugError
from dubaug.probe.entry import entry_of
from dubaug.probe.hear import shown_validation
from dubaug.probe.problem import WORST, Probed, make_problem

EMBEDDINGS = np.random.default_rng(0).normal(size=(12, 3))


def three_folds(kind, targets, metric):
    """Return a data set of twelve items in three folds, by HEAR's rule."""
    parts = [tuple(range(start, start + 4)) for start in (0, 4, 8)]
    splits = tuple(
        Split(name=f"fold{n:02d}", test=parts[n], valid=parts[(n + 1) % 3], train=parts[(n + 2) % 3]) for n in range(3)
    )
    items = tuple(Item(id=f"item{n}.wav", audio=Path(f"item{n}.wav"), video=None) for n in range(12))
    return Dataset(items=items, splits=splits, kind=kind, classes=(("a", "b"),), targets=targets, metrics=(metric,))


def multilabel(rows, metric):
    return three_folds("multilabel", np.array(rows, dtype=bool), metric)


def test_embeddings_that_are_no_numbers_name_task_split_and_file():
    dataset = three_folds("multiclass", np.arange(12) % 2, "top1_acc")
    broken = EMBEDDINGS.copy()
    broken[5, 2] = np.nan
    broken[9, 0] = np.inf
    with pytest.raises(
        DubaugError, match=r"task toy: 2 .* not finite \(first: split fold01 \(test\), item5\.wav; split"
    ):
        make_problem("toy", broken, dataset, needs_valid=True)


@pytest.mark.parametrize(
    ("metric", "fold01", "words"),
    [
        ("mAP", [[0, 0]] * 4, "items with it"),
        ("aucroc", [[1, 0]] * 4, "items with it and items without"),
        ("d_prime", [[1, 1]] * 4, "items with it and items without"),
    ],
)
def test_parts_that_cannot_be_scored_are_named_before_training(metric, fold01, words):
    rows = [[1, 0], [0, 1], [1, 1], [0, 0], *fold01, [1, 0], [0, 1], [1, 1], [0, 0]]
    message = rf"task toy, split fold00: the valid part has no {metric}: there is no class that has {words}"
    with pytest.raises(DubaugError, match=message):
        make_problem("toy", EMBEDDINGS, multilabel(rows, metric), needs_valid=True)
    with pytest.raises(DubaugError, match=rf"task toy, split fold01: the test part has no {metric}"):
        make_problem("toy", EMBEDDINGS, multilabel(rows, metric), needs_valid=False)
    whole = [[1, 0], [0, 1], [1, 1], [0, 0]] * 3
    assert make_problem("toy", EMBEDDINGS, multilabel(whole, metric), needs_valid=True).metrics == (metric,)


def test_validations_without_a_value_are_as_bad_as_can_be():
    rows = [[1, 1], [1, 1], [0, 0], [0, 0]] * 3
    problem = make_problem("toy", EMBEDDINGS, multilabel(rows, "d_prime"), needs_valid=True)
    outputs, truth = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.1, 0.9]]), problem.truth[:4]
    assert math.isnan(problem.scores(outputs, range(4))["d_prime"])  # one class perfect, one wholly wrong
    assert problem.primary(outputs, range(4)) == WORST > -math.inf
    assert problem.primary(1 - truth, range(4)) == WORST
    assert problem.primary(truth, range(4)) == math.inf
    assert [shown_validation(problem, value) for value in (WORST, math.inf, 1.5)] == [None, None, 1.5]


def test_a_task_may_be_chosen_by_its_loss(make_task):
    problem = make_task()
    by_loss = dataclasses.replace(problem, hear=HearTask(order=problem.hear.order, criterion="loss"))
    truth, even = problem.truth[:8], np.full((8, 4), 0.25)
    assert by_loss.primary(even, range(8)) == pytest.approx(-math.log(4))
    assert by_loss.primary(even, range(8)) < by_loss.primary(0.9 * truth + 0.025, range(8)) < 0
    assert shown_validation(by_loss, by_loss.primary(even, range(8))) == pytest.approx(math.log(4))


def regression(targets, metric="mse", part_of=None):
    dataset = three_folds("multiclass", np.arange(12) % 2, "top1_acc")
    names = part_of or [None] * 12
    items = tuple(dataclasses.replace(item, part_of=name) for item, name in zip(dataset.items, names, strict=True))
    return dataclasses.replace(
        dataset, items=items, kind="regression", classes=(("tempo",),), targets=targets, metrics=(metric,)
    )


def test_a_regression_is_chosen_by_low_errors():
    problem = make_problem("toy", EMBEDDINGS, regression(np.arange(12.0)), needs_valid=True)
    assert (problem.truth[:, 0] == np.arange(12)).all()
    near, far = problem.truth[:4] + 0.5, problem.truth[:4] + 2
    assert problem.primary(near, range(4)) == -0.25 > problem.primary(far, range(4)) == -4.0
    assert problem.primary(problem.truth[:4], range(4)) == problem.perfect == 0
    assert shown_validation(problem, -0.25) == 0.25
    by_loss = dataclasses.replace(problem, hear=HearTask(order=problem.hear.order, criterion="loss"))
    assert by_loss.primary(near, range(4)) == -0.25


def test_metrics_of_classes_are_none_of_values():
    with pytest.raises(DubaugError, match="task toy: top1_acc is no metric of a regression task"):
        make_problem("toy", EMBEDDINGS, regression(np.arange(12.0), "top1_acc"), needs_valid=True)
    with pytest.raises(DubaugError, match="task toy: mse is no metric of a multiclass task"):
        make_problem("toy", EMBEDDINGS, three_folds("multiclass", np.arange(12) % 2, "mse"), needs_valid=True)
    targets = np.array([1.0, 2, 3, 4, 5, 5, 5, 5, 6, 7, 8, 9])
    with pytest.raises(DubaugError, match=r"fold01.* no spearman: there is no pair of items with different targets"):
        make_problem("toy", EMBEDDINGS, regression(targets, "spearman"), needs_valid=False)


PARTS = ["c", "c", "a", "c", "a", "b"]
"""Of which six items are parts: three wholes, out of order."""


def spans(kind="multiclass"):
    labels = {"a": 0, "b": 1, "c": 1}
    targets = np.array([labels[name] for name in PARTS])
    items = tuple(
        Item(id=f"{n}.wav", audio=Path("x.wav"), video=None, start_s=float(n), part_of=name)
        for n, name in enumerate([*PARTS, "d", "e"])
    )
    split = Split(name="test", train=(6, 7), valid=(), test=(0, 1, 2, 3, 4, 5))
    targets = np.append(targets, [0, 1])
    if kind == "regression":
        return Dataset(items=items, splits=(split,), kind=kind, classes=(("likes",),), targets=targets * 2.0,
                       metrics=("mse",))  # fmt: skip
    return Dataset(items=items, splits=(split,), kind=kind, classes=(("x", "y"),), targets=targets,
                   metrics=("top1_acc", "mAP"))  # fmt: skip


@pytest.mark.parametrize("join", ["sum", "mean"])
def test_spans_of_a_video_are_scored_as_one(join):
    problem = make_problem("toy", np.ones((8, 2)), spans(), needs_valid=False, join=join)
    outputs = np.random.default_rng(1).dirichlet([1, 1], size=6)
    items, joined = problem.joined(outputs, range(6))
    assert [PARTS[item] for item in items] == ["c", "a", "b"], "in the order of their first items"
    for row, name in zip(joined, ["c", "a", "b"], strict=True):
        own = [output for output, part in zip(outputs, PARTS, strict=True) if part == name]
        np.testing.assert_allclose(row, np.sum(own, axis=0) / (len(own) if join == "mean" else 1))
    right = [joined[0].argmax() == 1, joined[1].argmax() == 0, joined[2].argmax() == 1]
    assert problem.scores(outputs, range(6))["top1_acc"] == np.mean(right)
    entry = entry_of(problem, Probed(outputs=[outputs], notes={"hyperparameters": {}}))
    assert (entry["n_train"], entry["n_test"], entry["mean"]) == (2, 3, np.mean(right))


def test_values_of_spans_are_averaged_whatever_the_suite_does_with_classes():
    problem = make_problem("toy", np.ones((8, 2)), spans("regression"), needs_valid=False, join="sum")
    values = np.array([[1.0], [2.0], [0.5], [3.0], [-0.5], [2.5]])
    assert problem.scores(values, range(6))["mse"] == pytest.approx(np.mean([0, 0, 0.25]))
