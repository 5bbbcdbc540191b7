"""Comparisons of variants: as `dubaug.statistics` estimates them, and as the command makes them."""

import csv
import dataclasses

import numpy as np
import pytest

from dubaug.cli import main
from dubaug.comparisons.compare import compare, default_pairs, read_comparisons
from dubaug.config import save as save_config
from dubaug.errors import DubaugError
from dubaug.files import read_json
from dubaug.probe.predictions import Predictions
from dubaug.probe.results import read_result
from dubaug.probe.sampling import sample_of
from dubaug.statistics.corrections import holm
from dubaug.statistics.estimate import estimate
from prediction_factory import make_predictions, sized, write_task_results


def results_of(*paths):
    return {path: read_result(path) for path in paths}


@pytest.fixture
def two(tmp_path):
    """Return the results of efj and av on an accuracy task and a mAP task."""
    ranked = {"metric": "mAP", "kind": "multilabel", "task": "fsd50k", "folds": 1}
    efj = [sized(1, "efj", better=0.4), sized(2, "efj", better=0.3, **ranked)]
    av = [sized(3, "av"), sized(4, "av", **ranked)]
    return write_task_results(tmp_path / "efj", *efj), write_task_results(tmp_path / "av", *av), efj, av


def test_a_comparison_is_the_estimate_of_the_difference(two):
    efj_path, av_path, efj, av = two
    made = compare(results_of(efj_path, av_path), [("efj", "av")])
    for comparison, one, other in zip(made, efj, av, strict=True):
        expected = estimate([(sample_of([one]), 1.0), (sample_of([other]), -1.0)])
        assert comparison.difference == pytest.approx(np.mean(one.scores()) - np.mean(other.scores()))
        assert (comparison.p, (comparison.low, comparison.high)) == (expected.p(), expected.interval())
        assert comparison.low < comparison.difference < comparison.high
        assert (comparison.n_seeds_a, comparison.n_seeds_b, comparison.over) == (1, 1, "items")
        assert (comparison.grouped_by, comparison.note) == (None, None)
    accuracy, ranking = made
    assert (accuracy.metric, accuracy.n_items, ranking.metric, ranking.n_items) == ("top1_acc", 120, "mAP", 60)
    assert [accuracy.p_holm, ranking.p_holm] == pytest.approx(holm([accuracy.p, ranking.p]))


def test_items_of_few_speakers_settle_nothing(tmp_path):
    paths = []
    for seed, variant in enumerate(("efj", "av")):
        one = sized(seed, variant, folds=1, better=0.5 * seed)
        fold = dataclasses.replace(one.folds[0], groups=tuple(f"speaker {n % 4}" for n in range(60)))
        about = dataclasses.replace(one.about, grouped_by="speaker")
        paths.append(write_task_results(tmp_path / variant, Predictions(about=about, folds=(fold,))))
    [comparison] = compare(results_of(*paths), [("efj", "av")])
    assert (comparison.p, comparison.p_holm, comparison.low) == (None, None, None)
    assert (comparison.n_units, comparison.grouped_by) == (4, "speaker")
    assert "fewer than 5" in comparison.note


def test_pairing_narrows_the_interval(tmp_path):
    """Networks that err on the same items differ more surely than their own intervals say."""
    base = sized(1, "av", items=200, folds=1)
    fold = base.folds[0]
    close = dataclasses.replace(fold, scores=fold.scores + 0.08 * fold.truth.astype(np.float32))
    twin = Predictions(about=dataclasses.replace(base.about, variant="efj"), folds=(close,))
    paths = [write_task_results(tmp_path / one.about.variant, one) for one in (base, twin)]
    [comparison] = compare(results_of(*paths), [("efj", "av")])
    low, high = estimate([(sample_of([base]), 1.0)]).interval()
    assert 0 < comparison.high - comparison.low < 0.65 * (high - low)


def test_same_networks_do_not_differ(tmp_path):
    paths = [write_task_results(tmp_path / name, sized(1, name, metric="mAP")) for name in ("efj", "av")]
    [comparison] = compare(results_of(*paths), [("efj", "av")])
    assert (comparison.difference, comparison.low, comparison.high, comparison.p) == (0, None, None, 1)


def test_several_seeds_count_with_the_items(tmp_path):
    for variant, better in (("efj", 0.4), ("av", 0.0)):
        for run in range(3):
            answers = sized(run + 10 * len(variant), variant, better=better, run=run)
            write_task_results(tmp_path / variant / f"seed{run}", answers)
        seeds = [str(tmp_path / variant / f"seed{run}" / "hear.json") for run in range(3)]
        assert main(["aggregate", "--results", *seeds, "--out", str(tmp_path / variant / "hear.json")]) == 0
    results = results_of(tmp_path / "efj" / "hear.json", tmp_path / "av" / "hear.json")
    [comparison] = compare(results, [("efj", "av")])
    assert (comparison.over, comparison.n_seeds_a, comparison.n_seeds_b) == ("seeds and items", 3, 3)
    means = [result.tasks["esc50"].mean for result in results.values()]
    assert comparison.difference == pytest.approx(means[0] - means[1])
    assert comparison.low < comparison.difference < comparison.high
    assert 0 < comparison.p < 0.05


def test_items_of_several_folds_count_once(tmp_path):
    paths = []
    for seed, variant in enumerate(("efj", "av")):
        one = sized(seed, variant)
        again = dataclasses.replace(one.folds[1], items=one.folds[0].items)
        one = dataclasses.replace(one, folds=(one.folds[0], again))
        paths.append(write_task_results(tmp_path / variant, one))
    [comparison] = compare(results_of(*paths), [("efj", "av")])
    assert (comparison.n_units, comparison.n_items) == (60, 60)


def test_what_cannot_be_compared_is_named(tmp_path, two):
    efj_path, av_path, _, av = two
    fold = av[0].folds[1]
    renamed = dataclasses.replace(fold, items=("other.wav", *fold.items[1:]))
    spoilt = dataclasses.replace(av[0], folds=(av[0].folds[0], renamed))
    other = write_task_results(tmp_path / "other", spoilt)
    with pytest.raises(DubaugError, match=r"fold fold01, row 0 has 'fold1/ö 60.wav' and 'other.wav'"):
        compare(results_of(efj_path, other), [("efj", "av")])
    with pytest.raises(DubaugError, match="are both of av on esc50"):
        compare(results_of(efj_path, av_path, other), [("efj", "av")])
    with pytest.raises(DubaugError, match="no result of es was given; there are results of av, efj"):
        compare(results_of(efj_path, av_path), [("es", "av")])


def test_tasks_that_only_one_has_are_left_out(two, tmp_path):
    efj_path, _, _, av = two
    alone = write_task_results(tmp_path / "alone", av[1])
    assert [one.task for one in compare(results_of(efj_path, alone), [("efj", "av")])] == ["fsd50k"]


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
    flags = ["compare", "--results", str(efj_path), str(av_path), "--out", str(out)]
    assert main([*flags, "--json", str(tmp_path / "c.json"), "--pairs", "efj=av"]) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    written = read_json(tmp_path / "c.json")
    assert [(row["task"], row["variant_a"], row["variant_b"]) for row in rows] == [
        ("esc50", "efj", "av"),
        ("fsd50k", "efj", "av"),
    ]
    for row, one in zip(rows, written["comparisons"], strict=True):
        assert {key: "" if value is None else str(value) for key, value in one.items()} == row
    assert [dataclasses.asdict(one) for one in read_comparisons(out)] == written["comparisons"]
    assert (written["n_comparisons"], written["correction"]) == (2, "holm")
    assert written["results"][0]["checkpoints_sha256"] == ["a" * 64]
    save_config(demo_experiment, tmp_path / "config.yaml")
    assert main([*flags, "--config", str(tmp_path / "config.yaml")]) == 1
    assert "no result of es was given" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["mse", "spearman"])
def test_of_values_the_nearer_ones_are_better_whichever_way_that_is(tmp_path, name):
    truth = make_predictions("regression", (1,), fold_sizes=(60,), names=(name,))
    rng, made = np.random.default_rng(0), []
    for variant, error in (("efj", 0.2), ("av", 1.0)):
        folds = [
            dataclasses.replace(fold, scores=fold.truth + error * rng.normal(size=fold.truth.shape).astype(np.float32))
            for fold in truth.folds
        ]
        about = dataclasses.replace(truth.about, variant=variant, task="likes")
        made.append(write_task_results(tmp_path / variant, Predictions(about=about, folds=tuple(folds))))
    [comparison] = compare(results_of(*made), [("efj", "av")])
    assert comparison.better == "efj"
    assert (comparison.difference < 0) is (name == "mse")
    assert comparison.low < comparison.difference < comparison.high
    assert comparison.p < 0.05
