import math
import warnings

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import average_precision_score, roc_auc_score

from dubaug.errors import DubaugError
from dubaug.probe import metrics


def _case(seed, items, classes, levels):
    """Return scores with ties (few levels) or without, and truth in which every class has both kinds of item."""
    rng = np.random.default_rng(seed)
    scores = rng.random((items, classes)).astype(np.float32)
    if levels:
        scores = np.round(scores * levels) / levels
    truth = (rng.random((items, classes)) < rng.uniform(0.05, 0.9, classes)).astype(np.float32)
    truth[0], truth[1] = 1, 0
    return scores, truth


CASES = [(seed, items, classes, levels) for seed, (items, classes) in enumerate([(2, 1), (5, 3), (40, 7), (300, 20)])
         for levels in (0, 1, 4)]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_average_precision_equals_sklearn(case):
    scores, truth = _case(*case)
    expected = average_precision_score(truth, scores, average=None)
    np.testing.assert_allclose(metrics.average_precision(scores, truth), np.atleast_1d(expected), rtol=1e-12)
    assert metrics.mean_average_precision(scores, truth) == pytest.approx(
        average_precision_score(truth, scores, average="macro"), rel=1e-12
    )


@pytest.mark.parametrize("case", CASES)
def test_roc_area_and_d_prime_equal_sklearn_and_scipy(case):
    scores, truth = _case(*case)
    expected = np.atleast_1d(roc_auc_score(truth, scores, average=None))
    np.testing.assert_allclose(metrics.area_under_roc(scores, truth), expected, rtol=1e-12, atol=1e-12)
    assert metrics.mean_area_under_roc(scores, truth) == pytest.approx(expected.mean(), rel=1e-12)
    if ((expected > 0) & (expected < 1)).all():
        assert metrics.d_prime(scores, truth) == pytest.approx(np.mean(norm.ppf(expected) * math.sqrt(2)), rel=1e-9)


def test_classes_without_positives_are_left_out():
    scores, truth = _case(3, 30, 5, 0)
    truth[:, 2] = 0
    kept = [0, 1, 3, 4]
    assert np.isnan(metrics.average_precision(scores, truth)[2])
    expected = average_precision_score(truth[:, kept], scores[:, kept], average="macro")
    assert metrics.score("mAP", scores, truth, (5,)) == pytest.approx(expected)
    assert metrics.score("aucroc", scores, truth, (5,)) == pytest.approx(
        roc_auc_score(truth[:, kept], scores[:, kept], average="macro")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert average_precision_score(truth, scores, average="macro") < expected


def test_perfect_d_prime_is_infinite():
    truth = np.array([[1.0], [0.0]])
    assert metrics.d_prime(truth, truth) == math.inf
    assert metrics.d_prime(1 - truth, truth) == -math.inf


def test_top1_needs_every_head_right():
    truth = np.array([[1, 0, 0, 1, 0], [0, 1, 0, 0, 1]], dtype=float)
    outputs = np.array([[0.9, 0.1, 0.3, 0.6, 0.1], [0.2, 0.8, 0.9, 0.05, 0.05]])
    assert metrics.score("top1_acc", outputs, truth, (2, 3)) == 0.5
    assert metrics.score("top1_acc", outputs[:, :2], truth[:, :2], (2,)) == 1.0


def test_unknown_metric_is_named():
    with pytest.raises(DubaugError, match="'chroma_acc'"):
        metrics.score("chroma_acc", np.eye(2), np.eye(2), (2,))
