"""Paired tests between variants: beside scipy, by hand, and as the command makes them."""

import csv
import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import binomtest, false_discovery_control, norm

from dubaug.cli import main
from dubaug.comparisons.compare import bootstrap_p, compare, default_pairs, holm, mcnemar_p, only_one_right
from dubaug.config import save as save_config
from dubaug.errors import DubaugError
from dubaug.files import read_json
from dubaug.probe.bootstrap import resampled_scores
from dubaug.probe.predictions import Fold, Predictions
from dubaug.probe.results import read_result
from prediction_factory import about_of, make_predictions, sized, write_task_results


@pytest.mark.parametrize("counts", [(0, 0), (5, 0), (3, 9), (40, 41), (7, 7), (200, 260), (3000, 3300)])
def test_mcnemar_is_the_binomial_test_of_scipy(counts):
    expected = binomtest(min(counts), sum(counts)).pvalue if sum(counts) else 1.0
    assert mcnemar_p(*counts) == pytest.approx(expected, rel=1e-9)
    assert mcnemar_p(*counts) == mcnemar_p(*reversed(counts))


def test_mcnemar_by_hand():
    assert mcnemar_p(1, 5) == 2 * (1 + 6) / 64
    assert mcnemar_p(0, 20000) == 0.0  # below what a float can hold


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.2, 0.2, 0.01]) == pytest.approx([0.4, 0.4, 0.03])
    assert holm([]) == []
    p_values = list(np.random.default_rng(0).random(20) ** 3)
    assert (np.array(holm(p_values)) >= false_discovery_control(p_values)).all()
    assert (np.array(holm(p_values)) <= np.minimum(1, 20 * np.array(p_values))).all()


def test_bootstrap_p_of_normal_differences():
    differences = np.random.default_rng(0).normal(loc=3.0, scale=0.5, size=100_000)
    assert bootstrap_p(differences, 1.0) == pytest.approx(2 * norm.sf(2.0), rel=0.05)
    assert bootstrap_p(differences, 0.0) == 1.0
    assert bootstrap_p(differences, -9.0) == 1 / 100_001
    assert math.isnan(bootstrap_p(np.full(5, math.nan), 0.1))


def results_of(*paths):
    return {path: read_result(path) for path in paths}


@pytest.fixture
def two(tmp_path):
    """Return the results of efj and av on an accuracy task and a mAP task."""
    ranked = {"metric": "mAP", "kind": "multilabel", "task": "fsd50k", "folds": 1}
    efj = [sized(1, "efj", better=0.4), sized(2, "efj", better=0.3, **ranked)]
    av = [sized(3, "av"), sized(4, "av", **ranked)]
    return write_task_results(tmp_path / "efj", *efj), write_task_results(tmp_path / "av", *av), efj, av


def test_accuracy_is_tested_by_mcnemar_and_map_by_the_bootstrap(two):
    efj_path, av_path, efj, av = two
    accuracy, ranking = compare(results_of(efj_path, av_path), [("efj", "av")], resamples=500)
    right = [
        np.concatenate([(fold.scores.argmax(axis=1) == fold.truth.argmax(axis=1)) for fold in one[0].folds])
        for one in (efj, av)
    ]
    assert (accuracy.test, accuracy.n_items, accuracy.n_seeds_a, accuracy.n_seeds_b) == ("mcnemar", 120, 1, 1)
    assert (accuracy.only_a, accuracy.only_b) == ((right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum())
    assert accuracy.p == mcnemar_p(accuracy.only_a, accuracy.only_b)
    assert accuracy.difference == pytest.approx(right[0].mean() - right[1].mean())
    assert accuracy.low < accuracy.difference < accuracy.high
    assert (ranking.test, ranking.metric, ranking.only_a, ranking.n_items) == ("bootstrap", "mAP", None, 60)
    differences = resampled_scores(efj[1], resamples=500) - resampled_scores(av[1], resamples=500)
    assert ranking.p == bootstrap_p(differences, ranking.difference)
    assert ranking.low < ranking.difference < ranking.high
    assert [accuracy.p_holm, ranking.p_holm] == pytest.approx(holm([accuracy.p, ranking.p]))


def test_mcnemar_counts_what_the_tasks_own_accuracy_calls_right():
    a, b = (make_predictions(sizes=(26,), names=("chroma_acc",), seed=seed) for seed in (1, 2))
    right_a, right_b = (
        np.concatenate([(fold.scores.argmax(axis=1) - fold.truth.argmax(axis=1)) % 12 == 0 for fold in one.folds])
        for one in (a, b)
    )
    assert only_one_right(a, b) == ((right_a & ~right_b).sum(), (right_b & ~right_a).sum()) != (0, 0)


def test_pairing_narrows_the_interval(tmp_path):
    """Networks that err on the same items differ more surely than their own intervals say."""
    base = sized(1, "av", items=200, folds=1)
    fold = base.folds[0]
    close = dataclasses.replace(fold, scores=fold.scores + 0.08 * fold.truth.astype(np.float32))
    twin = Predictions(about=dataclasses.replace(base.about, variant="efj"), folds=(close,))
    paths = [write_task_results(tmp_path / one.about.variant, one) for one in (base, twin)]
    [comparison] = compare(results_of(*paths), [("efj", "av")], resamples=1000)
    values = resampled_scores(base, resamples=1000)
    assert 0 < comparison.high - comparison.low < 0.6 * (np.quantile(values, 0.975) - np.quantile(values, 0.025))
    assert comparison.only_b == 0


def test_same_networks_do_not_differ(tmp_path):
    paths = [write_task_results(tmp_path / name, sized(1, name, metric="mAP")) for name in ("efj", "av")]
    [comparison] = compare(results_of(*paths), [("efj", "av")], resamples=100)
    assert (comparison.difference, comparison.low, comparison.high, comparison.p) == (0, 0, 0, 1)


def test_false_alarms_of_the_paired_bootstrap_are_as_rare_as_it_says():
    """Two equal rankers: p is below 0.1 in about a tenth of the cases."""
    rng, low = np.random.default_rng(0), 0
    items = tuple(map(str, range(150)))
    for _ in range(150):
        truth = rng.random((150, 3)) < 0.15
        both = [
            Predictions(
                about=about_of("multilabel", (3,), ("mAP",)),
                folds=(Fold(name="f", items=items, truth=truth, scores=rng.normal(size=(150, 3)) + truth),),
            )
            for _ in range(2)
        ]
        scores = [one.scores()[0] for one in both]
        values = [resampled_scores(one, resamples=200) for one in both]
        low += bootstrap_p(values[0] - values[1], scores[0] - scores[1]) < 0.1
    assert 0.04 <= low / 150 <= 0.18


def test_several_seeds_are_resampled_with_the_items(tmp_path):
    for variant, better in (("efj", 0.4), ("av", 0.0)):
        for run in range(3):
            answers = sized(run + 10 * len(variant), variant, better=better, run=run)
            write_task_results(tmp_path / variant / f"seed{run}", answers)
        seeds = [str(tmp_path / variant / f"seed{run}" / "hear.json") for run in range(3)]
        assert main(["aggregate", "--results", *seeds, "--out", str(tmp_path / variant / "hear.json")]) == 0
    results = results_of(tmp_path / "efj" / "hear.json", tmp_path / "av" / "hear.json")
    [comparison] = compare(results, [("efj", "av")], resamples=300)
    assert (comparison.test, comparison.n_seeds_a, comparison.n_seeds_b, comparison.only_a) == ("bootstrap", 3, 3, None)
    means = [result.tasks["esc50"].mean for result in results.values()]
    assert comparison.difference == pytest.approx(means[0] - means[1])
    assert comparison.low < comparison.difference < comparison.high
    assert comparison.p == 1 / 301


def test_items_of_several_folds_are_no_case_for_mcnemar(tmp_path):
    paths = []
    for seed, variant in enumerate(("efj", "av")):
        one = sized(seed, variant)
        again = dataclasses.replace(one.folds[1], items=one.folds[0].items)
        one = dataclasses.replace(one, folds=(one.folds[0], again))
        paths.append(write_task_results(tmp_path / variant, one))
    [comparison] = compare(results_of(*paths), [("efj", "av")], resamples=100)
    assert (comparison.test, comparison.n_items) == ("bootstrap", 60)


def test_what_cannot_be_compared_is_named(tmp_path, two):
    efj_path, av_path, _, av = two
    fold = av[0].folds[1]
    renamed = dataclasses.replace(fold, items=("other.wav", *fold.items[1:]))
    spoilt = dataclasses.replace(av[0], folds=(av[0].folds[0], renamed))
    other = write_task_results(tmp_path / "other", spoilt)
    with pytest.raises(DubaugError, match=r"fold fold01, row 0 has 'fold1/ö 60.wav' and 'other.wav'"):
        compare(results_of(efj_path, other), [("efj", "av")], resamples=10)
    with pytest.raises(DubaugError, match="are both of av on esc50"):
        compare(results_of(efj_path, av_path, other), [("efj", "av")], resamples=10)
    with pytest.raises(DubaugError, match="no result of es was given; there are results of av, efj"):
        compare(results_of(efj_path, av_path), [("es", "av")], resamples=10)


def test_tasks_that_only_one_has_are_left_out(two, tmp_path):
    efj_path, _, _, av = two
    alone = write_task_results(tmp_path / "alone", av[1])
    assert [one.task for one in compare(results_of(efj_path, alone), [("efj", "av")], resamples=10)] == ["fsd50k"]


def test_each_dub_augmented_variant_has_its_baseline(demo_experiment, make_experiment):
    expected = [("es", "av"), ("fr", "av"), ("ja", "av"), ("efj", "av"), ("a_efj", "a")]
    assert default_pairs(demo_experiment) == expected
    longer = make_experiment(
        variants={
            "av20": {"secondary": ["en"], "epochs": 20, "checkpoints": [20]},
            "efj20": {"secondary": ["es", "fr", "ja"], "epochs": 20, "checkpoints": [20]},
            "a": None,
        }
    )
    assert default_pairs(longer) == [*expected[:-1], ("efj20", "av20")]


def test_the_command_writes_both_forms(two, tmp_path, demo_experiment, capsys):
    efj_path, av_path, _, _ = two
    out = tmp_path / "comparisons.csv"
    flags = ["compare", "--results", str(efj_path), str(av_path), "--resamples", "30", "--out", str(out)]
    assert main([*flags, "--json", str(tmp_path / "c.json"), "--pairs", "efj=av"]) == 0
    assert "more --resamples" in capsys.readouterr().err
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    written = read_json(tmp_path / "c.json")
    assert [(row["task"], row["variant_a"], row["variant_b"]) for row in rows] == [
        ("esc50", "efj", "av"),
        ("fsd50k", "efj", "av"),
    ]
    for row, one in zip(rows, written["comparisons"], strict=True):
        assert {key: "" if value is None else str(value) for key, value in one.items()} == row
    assert (written["resamples"], written["n_comparisons"], written["correction"]) == (30, 2, "holm")
    assert written["results"][0]["checkpoints_sha256"] == ["a" * 64]
    save_config(demo_experiment, tmp_path / "config.yaml")
    assert main([*flags, "--config", str(tmp_path / "config.yaml")]) == 1
    assert "no result of es was given" in capsys.readouterr().err
