"""Bootstrap intervals: the weighted metrics beside a loop over resampled items, coverage, folds, seeds."""

import dataclasses
import math

import numpy as np
import pytest

from dubaug.errors import DubaugError
from dubaug.probe import bootstrap
from dubaug.probe.predictions import Fold, Predictions
from dubaug.suites.registry import metric
from prediction_factory import about_of, make_predictions

CASES = [
    ("multiclass", (4,), "top1_acc", 1e-12),
    ("multihead", (3, 4, 2), "top1_acc", 1e-12),
    ("multiclass", (4,), "pitch_acc", 1e-12),
    ("multiclass", (26,), "chroma_acc", 1e-12),
    ("multiclass", (4,), "mAP", 1e-12),
    ("multilabel", (5,), "mAP", 1e-12),
    ("multilabel", (5,), "aucroc", 1e-12),
    ("multilabel", (3,), "d_prime", 1e-9),
]


def slow_scores(given, resamples):
    """Return what the scores are, item after item, fold after fold: rows repeated as often as they were drawn."""
    values = []
    for block in bootstrap.draw_weights(given, resamples=resamples):
        for column in range(block[0].shape[1]):
            folds = []
            for fold, weights in zip(given.folds, block, strict=True):
                rows = np.repeat(np.arange(len(fold.items)), weights[:, column])
                folds.append(
                    metric(given.about.metrics[0]).score(fold.scores[rows], fold.truth[rows], given.heads)
                    if len(rows) else math.nan
                )  # fmt: skip
            values.append(np.mean(folds))
    return np.array(values)


@pytest.mark.parametrize(("kind", "sizes", "metric", "tolerance"), CASES)
@pytest.mark.parametrize("ties", [True, False])
def test_weights_give_what_a_loop_over_items_gives(kind, sizes, metric, tolerance, ties):
    given = make_predictions(kind, sizes, fold_sizes=(24, 17), names=(metric,))
    if not ties:
        rng = np.random.default_rng(1)
        folds = [dataclasses.replace(fold, scores=fold.scores + rng.random(fold.scores.shape)) for fold in given.folds]
        given = dataclasses.replace(given, folds=tuple(folds))
    with np.errstate(invalid="ignore"):
        fast, slow = bootstrap.resampled_scores(given, resamples=60), slow_scores(given, 60)
    np.testing.assert_allclose(fast, slow, rtol=tolerance)
    assert len(np.unique(slow)) > 5 or metric == "d_prime"


def test_classes_that_a_resample_lacks_are_left_out_as_in_the_score():
    given = make_predictions("multilabel", (4,), fold_sizes=(12,), names=("mAP",))
    truth = given.folds[0].truth
    truth[:, 1:] = False
    truth[2, 1] = truth[3, 2] = True  # classes of one item: many resamples lack it; class 3 has none
    fast = bootstrap.resampled_scores(given, resamples=80)
    np.testing.assert_allclose(fast, slow_scores(given, 80), rtol=1e-12)
    truth[:, [0, 2]] = False
    fast = bootstrap.resampled_scores(given, resamples=80)
    np.testing.assert_array_equal(np.isnan(fast), np.isnan(slow_scores(given, 80)))
    assert 10 < np.isnan(fast).sum() < 60
    assert bootstrap.interval_of([given], resamples=80)["high"] <= 1


def test_draws_are_of_each_fold_and_the_same_for_every_network():
    given = make_predictions(fold_sizes=(30, 20))
    other = make_predictions(fold_sizes=(30, 20), seed=5, variant="av")
    blocks = list(bootstrap.draw_weights(given, resamples=bootstrap.BLOCK + 10))
    assert [block[0].shape for block in blocks] == [(30, bootstrap.BLOCK), (30, 10)]
    for block, again in zip(blocks, bootstrap.draw_weights(other, resamples=bootstrap.BLOCK + 10), strict=True):
        for fold, (one, two) in enumerate(zip(block, again, strict=True)):
            np.testing.assert_array_equal(one, two)
            assert (one.sum(axis=0) == (30, 20)[fold]).all()
    assert blocks[0][0].mean(axis=1) == pytest.approx(np.ones(30), abs=0.3)
    assert blocks[0][0].var() == pytest.approx(1 - 1 / 30, rel=0.1)
    elsewhere = next(bootstrap.draw_weights(make_predictions(fold_sizes=(30, 20), task="other"), resamples=10))
    assert (elsewhere[0] != blocks[0][0][:, :10]).any()


def test_an_item_of_several_folds_is_drawn_once_for_all():
    given = make_predictions(fold_sizes=(8, 6))
    items = (*given.folds[0].items[5:], *given.folds[1].items[:3])
    folds = (given.folds[0], dataclasses.replace(given.folds[1], items=items))
    (block,) = bootstrap.draw_weights(dataclasses.replace(given, folds=folds), resamples=40)
    np.testing.assert_array_equal(block[0][5:], block[1][:3])
    assert (block[0].sum(axis=0) + block[1][3:].sum(axis=0) == 11).all()


def test_accuracy_interval_of_a_known_case():
    """64 of 100 right: the binomial's 2.5 % and 97.5 % points."""
    right = np.arange(100) < 64
    scores = np.stack([right, ~right], axis=1).astype(np.float32)
    truth = np.tile([True, False], (100, 1))
    fold = Fold(name="fold00", items=tuple(map(str, range(100))), truth=truth, scores=scores)
    interval = bootstrap.interval_of([Predictions(about=about_of(sizes=(2,)), folds=(fold,))], resamples=4000)
    assert (interval["low"], interval["high"]) == (pytest.approx(0.54, abs=0.011), pytest.approx(0.73, abs=0.011))
    assert (interval["level"], interval["resamples"], interval["over"]) == (0.95, 4000, ["items"])


def simulate(rng, metric, items=400, classes=5, share=0.02):
    truth = rng.random((items, classes)) < share
    scores = rng.normal(size=(items, classes)) + 1.2 * truth
    fold = Fold(name="fold00", items=tuple(map(str, range(items))), truth=truth, scores=scores)
    return Predictions(about=about_of("multilabel", (classes,), (metric,)), folds=(fold,))


@pytest.mark.parametrize("metric", ["mAP", "aucroc"])
def test_intervals_cover_the_expected_score(metric):
    """The score to expect is known from many test sets; eight positives a class, as in the long tail of FSD50K."""
    rng = np.random.default_rng(3)
    expected = np.mean([simulate(rng, metric).scores()[0] for _ in range(1500)])
    sets = [simulate(rng, metric) for _ in range(200)]
    intervals = [bootstrap.interval_of([one], resamples=200) for one in sets]
    covered = np.mean([interval["low"] <= expected <= interval["high"] for interval in intervals])
    assert 0.89 <= covered <= 0.99
    assert all(i["low"] < one.scores()[0] < i["high"] for i, one in zip(intervals, sets, strict=True))


def test_percentiles_leave_equal_tails_and_no_nan():
    values = np.append(np.random.default_rng(0).permutation(1000).astype(float), [math.nan] * 5)
    assert bootstrap.percentiles(values) == (25, 974)
    assert bootstrap.percentiles(np.array([math.inf] * 9), level=0.9) == (math.inf, math.inf)
    assert all(map(math.isnan, bootstrap.percentiles(np.array([math.nan]))))


def test_an_infinite_bound_is_null():
    truth = np.tile([[True, False], [False, True]], (6, 1))
    fold = Fold(name="fold00", items=tuple(map(str, range(12))), truth=truth, scores=truth.astype(np.float32))
    given = Predictions(about=about_of(sizes=(2,), names=("d_prime",)), folds=(fold,))
    interval = bootstrap.interval_of([given], resamples=50)
    assert (interval["low"], interval["high"]) == (None, None)


def test_seeds_and_items_are_resampled():
    seeds = [make_predictions(fold_sizes=(40, 40), seed=seed) for seed in range(3)]
    seeds = [dataclasses.replace(one, about=dataclasses.replace(one.about, seed=n)) for n, one in enumerate(seeds)]
    own = np.stack([bootstrap.resampled_scores(one, resamples=500) for one in seeds])
    joined = bootstrap.resampled_mean(seeds, resamples=500)
    sums = {tuple(sorted(drawn)) for drawn in np.ndindex(3, 3, 3)}
    for column in range(500):  # each is the mean of three of the seeds' scores on this resample
        possible = [np.mean(own[list(drawn), column]) for drawn in sums]
        assert np.isclose(possible, joined[column]).any()
    assert not np.allclose(joined, own.mean(axis=0))
    assert joined.mean() == pytest.approx(own.mean(), abs=0.01)
    interval = bootstrap.interval_of(seeds)
    assert interval["over"] == ["seeds", "items"]
    assert interval["low"] < bootstrap.mean_score(seeds) < interval["high"]
    shorter = make_predictions(fold_sizes=(40, 39), variant="av", seed=1)
    with pytest.raises(DubaugError, match="efj seed 0 epoch 6 and av seed 0 epoch 6 are on different items"):
        bootstrap.interval_of([seeds[0], shorter])
