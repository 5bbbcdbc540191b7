import math

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import mean_squared_error

from dubaug.metrics import values
from dubaug.metrics.metric import Metric
from dubaug.metrics.packaged import PACKAGED
from dubaug.suites.registry import metric


def _values(dtype=np.float32, items=40, ties=False):
    rng = np.random.default_rng(3)
    outputs, truth = rng.normal(size=(2, items, 1))
    return (np.round(outputs) if ties else outputs + truth).astype(dtype), truth.astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mse_equals_sklearns_and_is_the_mean_of_items(dtype):
    outputs, truth = _values(dtype)
    errors = values.squared_errors(outputs, truth)
    assert errors.dtype == np.float64
    assert (
        metric("mse").score(outputs, truth, (1,))
        == errors.mean()
        == pytest.approx(mean_squared_error(truth, outputs), rel=1e-6)
    )


@pytest.mark.parametrize("ties", [False, True])
def test_rank_correlation_equals_scipys(ties):
    outputs, truth = _values(ties=ties)
    expected = spearmanr(outputs[:, 0], truth[:, 0]).statistic
    assert metric("spearman").score(outputs, truth, (1,)) == pytest.approx(expected, rel=1e-12)


def test_what_values_can_be_scored():
    one, two = np.array([[1.0], [1.0]]), np.array([[1.0], [2.0]])
    assert metric("mse").defined(one)
    assert not metric("spearman").defined(one)
    assert metric("spearman").defined(two)
    assert math.isnan(metric("spearman").score(two, one, (1,)))


def test_each_metric_says_which_way_is_better_and_its_range():
    assert {name for name, one in PACKAGED.items() if one.better == "lower"} == {"mse"}
    assert [metric(name).perfect for name in ("top1_acc", "mAP", "d_prime", "mse", "spearman")] == [
        1,
        1,
        math.inf,
        0,
        1,
    ]
    assert [metric(name).sign for name in ("mAP", "mse")] == [1, -1]
    assert (metric("mAP").title, metric("mse").title) == ("mAP", "MSE (lower is better)")
    assert [metric("mAP").within(value) for value in (-0.1, 0.4, 1.2)] == [0.0, 0.4, 1.0]
    assert metric("mse").within(7.0) == metric("d_prime").within(7.0) == 7.0
    assert metric("spearman").within(-3.0) == -1.0


def test_a_metric_is_of_items_or_of_all():
    with pytest.raises(ValueError, match="one of of_items and of_all"):
        Metric(name="x", label="X")
    with pytest.raises(ValueError, match="one of of_items and of_all"):
        Metric(name="x", label="X", of_items=values.squared_errors, of_all=values.rank_correlation)
