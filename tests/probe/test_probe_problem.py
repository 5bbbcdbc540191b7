"""What is checked before a probe is trained, and what HEAR's probes are chosen by."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from dubaug.downstream.model import Dataset, HearTask, Item, Split
from dubaug.errors import DubaugError
from dubaug.probe.hear import shown_validation
from dubaug.probe.problem import WORST, make_problem

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
