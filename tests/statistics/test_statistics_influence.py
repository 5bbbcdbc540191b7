"""What leaving an item out does to each metric: beside leaving it out."""

import numpy as np
import pytest

from dubaug.metrics import classes as metrics
from dubaug.statistics import influence

BY_CLASS = {"mAP": metrics.average_precision, "aucroc": metrics.area_under_roc}


def made(ties, items=25, classes=3):
    rng = np.random.default_rng(7)
    truth = rng.random((items, classes)) < 0.3
    truth[:2], truth[2:4] = True, False
    scores = rng.random((items, classes))
    return np.round(scores * 6) if ties else scores, truth


def without(score, items):
    """Return (n - 1) / n times what is lost without each item."""
    rows = np.arange(items)
    return np.array([(score(rows) - score(np.delete(rows, row))) * (items - 1) / items for row in rows])


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("metric", ["mAP", "aucroc"])
def test_a_ranking_without_each_item(metric, ties):
    scores, truth = made(ties)
    values, found = influence.RANKINGS[metric](scores, truth)
    np.testing.assert_allclose(values, BY_CLASS[metric](scores, truth))
    np.testing.assert_allclose(found, without(lambda rows: BY_CLASS[metric](scores[rows], truth[rows]), 25), atol=1e-12)


def test_a_share_without_each_item():
    right = np.random.default_rng(0).random(30) < 0.6
    np.testing.assert_allclose(influence.of_mean(right), without(lambda rows: right[rows].mean(), 30), atol=1e-12)


def test_d_prime_follows_the_area_under_the_curve():
    scores, truth = made(ties=False, items=2000)
    values, found = influence.d_prime(scores, truth)
    assert values.mean() == pytest.approx(metrics.d_prime(scores, truth))
    rows = np.delete(np.arange(2000), 0)
    lost = (values.mean() - metrics.d_prime(scores[rows], truth[rows])) * 1999 / 2000
    assert found[0].mean() == pytest.approx(lost, rel=0.02)


def test_arrays_may_have_more_axes():
    scores, truth = made(ties=True)
    stacked = np.stack([scores, scores[::-1]], axis=2), np.stack([truth, truth[::-1]], axis=2)
    values, found = influence.average_precision(*stacked)
    np.testing.assert_allclose(values[:, 0], values[:, 1])
    np.testing.assert_allclose(found[..., 1], found[::-1, :, 0])


def test_a_class_of_one_positive_has_its_distance_from_the_others():
    scores, truth = made(ties=False)
    truth[:, 2] = False
    truth[5, 2] = True
    values, found = influence.average_precision(scores, truth)
    joined = influence.of_mean_over_classes("mAP", scores, truth)
    assert joined[5] == pytest.approx((found[5, :2].sum() + values[2] - values.mean()) / 3)


def test_a_class_without_positives_has_none():
    scores, truth = made(ties=False)
    truth[:, 2] = False
    expected = influence.of_mean_over_classes("mAP", scores[:, :2], truth[:, :2])
    np.testing.assert_allclose(influence.of_mean_over_classes("mAP", scores, truth), expected)


def test_any_other_score_is_computed_without_each_item():
    values = np.random.default_rng(0).random(12)
    np.testing.assert_allclose(influence.of_any(lambda rows: float(values[rows].mean()), 12), influence.of_mean(values))
