import math
import warnings
from typing import get_args

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.metrics import accuracy_score, average_precision_score, roc_auc_score

from dubaug.downstream import hear
from dubaug.errors import DubaugError
from dubaug.metrics import classes
from dubaug.metrics.packaged import PACKAGED
from dubaug.probe.loss import mean_loss
from dubaug.suites.registry import metric


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
    np.testing.assert_allclose(classes.average_precision(scores, truth), np.atleast_1d(expected), rtol=1e-12)
    assert classes.mean_average_precision(scores, truth) == pytest.approx(
        average_precision_score(truth, scores, average="macro"), rel=1e-12
    )


@pytest.mark.parametrize("case", CASES)
def test_roc_area_and_d_prime_equal_sklearn_and_scipy(case):
    scores, truth = _case(*case)
    expected = np.atleast_1d(roc_auc_score(truth, scores, average=None))
    np.testing.assert_allclose(classes.area_under_roc(scores, truth), expected, rtol=1e-12, atol=1e-12)
    assert classes.mean_area_under_roc(scores, truth) == pytest.approx(expected.mean(), rel=1e-12)
    if ((expected > 0) & (expected < 1)).all():
        assert classes.d_prime(scores, truth) == pytest.approx(np.mean(norm.ppf(expected) * math.sqrt(2)), rel=1e-9)


def test_classes_without_positives_are_left_out():
    scores, truth = _case(3, 30, 5, 0)
    truth[:, 2] = 0
    kept = [0, 1, 3, 4]
    assert np.isnan(classes.average_precision(scores, truth)[2])
    expected = average_precision_score(truth[:, kept], scores[:, kept], average="macro")
    assert metric("mAP").score(scores, truth, (5,)) == pytest.approx(expected)
    assert metric("aucroc").score(scores, truth, (5,)) == pytest.approx(
        roc_auc_score(truth[:, kept], scores[:, kept], average="macro")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert average_precision_score(truth, scores, average="macro") < expected


def test_perfect_d_prime_is_infinite():
    truth = np.array([[1.0], [0.0]])
    assert classes.d_prime(truth, truth) == math.inf
    assert classes.d_prime(1 - truth, truth) == -math.inf


def test_top1_needs_every_head_right():
    truth = np.array([[1, 0, 0, 1, 0], [0, 1, 0, 0, 1]], dtype=float)
    outputs = np.array([[0.9, 0.1, 0.3, 0.6, 0.1], [0.2, 0.8, 0.9, 0.05, 0.05]])
    assert metric("top1_acc").score(outputs, truth, (2, 3)) == 0.5
    assert metric("top1_acc").score(outputs[:, :2], truth[:, :2], (2,)) == 1.0


def test_pitch_is_top1_and_chroma_forgives_octaves():
    rng = np.random.default_rng(0)
    truth, outputs = np.eye(30)[rng.integers(0, 30, 200)], rng.random((200, 30))
    outputs[:60] += truth[:60]
    outputs[60:90] += np.roll(truth[60:90], 12, axis=1)
    found, wanted = outputs.argmax(axis=1), truth.argmax(axis=1)
    assert metric("pitch_acc").score(outputs, truth, (30,)) == accuracy_score(wanted, found)
    assert metric("top1_acc").score(outputs, truth, (30,)) == accuracy_score(wanted, found)
    chroma = metric("chroma_acc").score(outputs, truth, (30,))
    assert chroma == accuracy_score(wanted % 12, found % 12) > accuracy_score(wanted, found)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("heads", [(5,), (2, 3)])
def test_losses_equal_torchs(dtype, heads):
    logits = torch.from_numpy(np.random.default_rng(1).normal(size=(40, 5)).astype(dtype) * 4)
    truth = np.hstack([np.eye(size)[np.random.default_rng(size).integers(0, size, 40)] for size in heads]).astype(dtype)
    parts = list(zip(logits.split(heads, dim=1), torch.from_numpy(truth).split(heads, dim=1), strict=True))
    outputs = torch.cat([part.softmax(dim=1) for part, _ in parts], dim=1).numpy()
    expected = sum(torch.nn.functional.cross_entropy(part, goal).item() for part, goal in parts)
    assert mean_loss(outputs, truth, kind="multihead", heads=heads) == pytest.approx(expected, rel=1e-5)
    binary = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(truth)).item()
    outputs = torch.sigmoid(logits).numpy()
    assert mean_loss(outputs, truth, kind="multilabel", heads=heads) == pytest.approx(binary, rel=1e-5)


def test_the_loss_of_a_certain_error_is_finite():
    right, wrong = np.array([[1.0, 0.0]], np.float32), np.array([[0.0, 1.0]], np.float32)
    for kind in ("multiclass", "multilabel"):
        assert mean_loss(right, right, kind=kind, heads=(2,)) == 0
        assert 15 < mean_loss(wrong, right, kind=kind, heads=(2,)) < 100


@pytest.mark.parametrize(
    ("truth", "names"),
    [
        ([[1, 0], [0, 1]], {"top1_acc", "mAP", "d_prime", "aucroc"}),
        ([[1, 0], [1, 0]], {"top1_acc", "mAP"}),
        ([[0, 0], [0, 0]], {"top1_acc"}),
    ],
)
def test_what_labels_can_be_scored(truth, names):
    truth = np.array(truth, dtype=float)
    outputs = np.array([[0.7, 0.2], [0.1, 0.6]])
    for name in ("top1_acc", "mAP", "d_prime", "aucroc"):
        assert metric(name).defined(truth) == (name in names)
        assert np.isnan(metric(name).score(outputs, truth, (2,))) == (name not in names)


def test_loader_and_metrics_know_the_same_names():
    assert {name for name, one in PACKAGED.items() if not one.of_values} == set(get_args(hear.Metric))


def test_unknown_metric_is_named():
    with pytest.raises(DubaugError, match="'event_onset_200ms_fms'"):
        metric("event_onset_200ms_fms").score(np.eye(2), np.eye(2), (2,))
