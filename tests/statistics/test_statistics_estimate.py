"""Estimates of sums of scores: known cases, what is paired and what is not, and one pivot for p and interval."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_1samp, ttest_ind

from dubaug.errors import DubaugError
from dubaug.probe.predictions import Fold, Predictions
from dubaug.probe.sampling import interval_of, sample_of
from dubaug.statistics import variance
from dubaug.statistics.estimate import estimate
from prediction_factory import about_of, make_predictions, sized


def right_in(right, *, groups=None, folds=1, **about):
    """Return predictions of two classes that are right in these items."""
    right = np.asarray(right)
    scores = np.stack([right, ~right], axis=1).astype(np.float32)
    made = [
        Fold(
            name=f"fold{number:02d}",
            items=tuple(map(str, rows)),
            truth=np.tile([True, False], (len(rows), 1)),
            scores=scores[rows],
            groups=groups and tuple(groups[row] for row in rows),
        )
        for number, rows in enumerate(np.array_split(np.arange(len(right)), folds))
    ]
    about = {"grouped_by": "speaker" if groups else None, **about}
    return Predictions(about=about_of(sizes=(2,), **about), folds=tuple(made))


def over_seeds(means, items=4000):
    """Return a sample of accuracies with many items, so that seeds alone matter."""
    rights = [np.arange(items) < round(mean * items) for mean in means]
    return sample_of([right_in(right, seed=seed) for seed, right in enumerate(rights)])


def test_one_accuracy_has_wilsons_interval():
    found = estimate([(sample_of([right_in(np.arange(100) < 64)]), 1.0)])
    expected = binomtest(64, 100).proportion_ci(method="wilson")
    assert found.interval() == pytest.approx((expected.low, expected.high), abs=0.002)
    whole = estimate([(sample_of([right_in(np.ones(20, bool), folds=5)]), 1.0)])
    low, high = whole.interval()
    assert low < 0.78
    assert high == 1.0


@pytest.mark.parametrize(("only_a", "only_b"), [(12, 3), (30, 14), (9, 0), (4, 3)])
def test_a_pair_of_accuracies_is_near_mcnemars_exact_test(only_a, only_b):
    a, b = np.zeros(200, bool), np.zeros(200, bool)
    a[:only_a], b[only_a : only_a + only_b] = True, True
    a[100:150] = b[100:150] = True
    found = estimate([(sample_of([right_in(a)]), 1.0), (sample_of([right_in(b)]), -1.0)])
    assert found.p() == pytest.approx(binomtest(only_a, only_a + only_b).pvalue, rel=0.8)
    assert (found.p() < 0.05) == (binomtest(only_a, only_a + only_b).pvalue < 0.05)


def test_with_many_items_it_is_the_t_test_over_seeds():
    a, b = [0.71, 0.72, 0.70], [0.66, 0.68, 0.69]
    paired = estimate([(over_seeds(a), 1.0), (over_seeds(b), -1.0)])
    assert paired.over == "seeds and items"
    same_items_vanish = dataclasses.replace(paired, items_variance=1e-15)
    assert same_items_vanish.p() == pytest.approx(ttest_1samp(np.subtract(a, b), 0).pvalue, rel=0.02)


def test_other_seeds_are_independent_as_in_welchs_test():
    a, b = over_seeds([0.71, 0.72, 0.70]), over_seeds([0.66, 0.68, 0.69, 0.61])
    found = dataclasses.replace(estimate([(a, 1.0), (b, -1.0)]), items_variance=1e-15)
    welch = ttest_ind([0.71, 0.72, 0.70], [0.66, 0.68, 0.69, 0.61], equal_var=False)
    assert found.p() == pytest.approx(welch.pvalue, rel=0.02)


def test_a_networks_effect_on_all_its_tasks_counts_once():
    """Two tasks that rise and fall with the seed are hardly better than one; two that do not are."""
    alike = [over_seeds([0.5, 0.6, 0.7]) for _ in range(2)]
    turned = [alike[0], over_seeds([0.7, 0.6, 0.5])]
    one, both, opposite = (
        estimate([(sample, 1 / len(of)) for sample in of]).seeds_variance for of in (alike[:1], alike, turned)
    )
    assert both == pytest.approx(one)
    assert opposite == pytest.approx(0, abs=1e-12)


def test_the_same_items_are_paired_across_tasks_and_variants():
    base = sized(1, "av", items=200, folds=1)
    quiet = dataclasses.replace(base, about=dataclasses.replace(base.about, task="without_speech"))
    twice = estimate([(sample_of([base]), 1.0), (sample_of([quiet]), -1.0)])
    assert twice.items_variance == pytest.approx(2 * variance.rare(1.0, 1, 200, 200)), (
        "all but what rare cases are given"
    )
    other = dataclasses.replace(
        quiet, folds=tuple(dataclasses.replace(fold, items=tuple("x" + i for i in fold.items)) for fold in quiet.folds)
    )
    apart = estimate([(sample_of([base]), 1.0), (sample_of([other]), -1.0)])
    alone = estimate([(sample_of([base]), 1.0)])
    extra = 2 * variance.rare(1.0, 1, 200, 200)
    assert apart.items_variance == pytest.approx(2 * alone.items_variance + extra)


def test_what_each_seed_finds_of_the_items_is_not_counted_twice():
    """Seeds that err on different items share no error over items; those that err on the same share all of it."""
    rng = np.random.default_rng(0)
    own = [right_in(rng.random(4000) < 0.7, seed=seed) for seed in range(5)]
    same = [dataclasses.replace(own[0], about=dataclasses.replace(own[0].about, seed=seed)) for seed in range(5)]
    of_one = estimate([(sample_of(own[:1]), 1.0)]).items_variance
    assert estimate([(sample_of(own), 1.0)]).items_variance < 0.1 * of_one
    assert estimate([(sample_of(same), 1.0)]).items_variance == pytest.approx(of_one, rel=0.01)


def test_items_of_a_group_are_drawn_together():
    right = np.repeat(np.arange(40) % 3 > 0, 5)
    alone = estimate([(sample_of([right_in(right)]), 1.0)])
    grouped = sample_of([right_in(right, groups=[f"s{n // 5}" for n in range(200)])])
    assert estimate([(grouped, 1.0)]).items_variance == pytest.approx(5 * alone.items_variance, rel=0.05)
    assert (grouped.units.number, grouped.units.grouped_by) == (40, "speaker")
    assert estimate([(grouped, 1.0)]).grouped_by == ("speaker",)
    assert alone.grouped_by == ("item",)
    unlike = sample_of([right_in(right, groups=["big" if n < 100 else f"s{n}" for n in range(200)])])
    assert unlike.units.number == pytest.approx(200**2 / (100**2 + 100))


def test_folds_are_widened_for_retraining():
    right = np.random.default_rng(1).random(200) < 0.7
    once, folds = (estimate([(sample_of([right_in(right, folds=number)]), 1.0)]) for number in (1, 5))
    assert folds.items_variance == pytest.approx(variance.RETRAINING * once.items_variance)


def test_too_few_groups_say_nothing():
    found = estimate([(sample_of([right_in(np.arange(40) < 30, groups=[f"s{n % 4}" for n in range(40)])]), 1.0)])
    assert math.isnan(found.p(0.5))
    assert all(map(math.isnan, found.interval()))
    assert "like 4.0 independent ones" in found.why_none


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("metric", ["top1_acc", "mAP", "aucroc"])
def test_p_and_interval_never_contradict_each_other(metric, seeds):
    kind = "multiclass" if metric == "top1_acc" else "multilabel"
    samples = [
        sample_of([sized(seed + shift, "av", metric=metric, kind=kind, run=seed) for seed in range(seeds)])
        for shift in (0, 100)
    ]
    for terms in ([(samples[0], 1.0)], [(samples[0], 1.0), (samples[1], -1.0)]):
        found = estimate(terms)
        for level in (0.5, 0.95):
            low, high = found.interval(level)
            assert low < found.value < high
            inside, outside = 1e-6, -1e-6
            for shift, expected in ((inside, True), (outside, False)):
                assert (found.p(low + shift) >= 1 - level) is expected
                assert (found.p(high - shift) >= 1 - level) is expected


def test_a_results_interval():
    seeds = [make_predictions(fold_sizes=(40, 40), seed=seed) for seed in range(3)]
    seeds = [dataclasses.replace(one, about=dataclasses.replace(one.about, seed=n)) for n, one in enumerate(seeds)]
    one, three = interval_of(seeds[:1]), interval_of(seeds)
    assert (one["over"], three["over"], one["level"]) == (["items"], ["seeds", "items"], 0.95)
    assert (one["units"], one["grouped_by"]) == (80, None)
    assert three["low"] < np.mean([member.scores() for member in seeds]) < three["high"]
    shorter = make_predictions(fold_sizes=(40, 39), variant="av", seed=1)
    with pytest.raises(DubaugError, match="efj seed 0 epoch 6 and av seed 0 epoch 6 are on different items"):
        interval_of([seeds[0], shorter])


def test_a_perfect_d_prime_has_no_interval():
    truth = np.tile([[True, False], [False, True]], (6, 1))
    fold = Fold(name="fold00", items=tuple(map(str, range(12))), truth=truth, scores=truth.astype(np.float32))
    given = Predictions(about=about_of(sizes=(2,), names=("d_prime",)), folds=(fold,))
    interval = interval_of([given])
    assert (interval["low"], interval["high"]) == (None, None)
