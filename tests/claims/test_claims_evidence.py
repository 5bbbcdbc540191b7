"""Verdicts by the evidence: beside `dubaug compare`, and as the command makes them."""

import json
from pathlib import Path

import numpy as np
import pytest

from dubaug.claims.comparison import Contrast, ScoreName, above, mean_difference
from dubaug.claims.evidence import (
    Outcome,
    by_evidence,
    comparisons_of,
    load_samples,
    outcomes_of,
)
from dubaug.claims.file import read_claims, write_claims
from dubaug.claims.logic import Quantifier
from dubaug.claims.predicates import Order
from dubaug.cli import main
from dubaug.comparisons.compare import compare
from dubaug.config import save as save_config
from dubaug.errors import DubaugError
from dubaug.files import write_json
from dubaug.probe.results import read_result
from dubaug.probe.sampling import sample_of
from dubaug.statistics.estimate import estimate
from prediction_factory import sized, write_task_results

PAPER = Path(__file__).parents[2] / "workflow/resources/paper"


@pytest.fixture
def results(tmp_path):
    """Results of three variants on two tasks: `es` much better than `av`, `fr` like it."""
    written = {}
    for seed, (variant, better) in enumerate({"av": 0.0, "es": 0.4, "fr": 0.0}.items(), start=1):
        ask = {"better": better, "items": 100}
        accuracy = sized(10 * seed, variant, **ask)
        precision = sized(10 * seed + 1, variant, task="fsd50k", metric="mAP", kind="multilabel", **ask)
        path = write_task_results(tmp_path / variant, accuracy, precision)
        written[path] = read_result(path)
    return written


def cells(*variants, tasks=("esc50", "fsd50k")):
    return [ScoreName(task, variant) for task in tasks for variant in variants]


def test_a_pair_is_tested_as_dubaug_compare_does(results):
    samples = load_samples(results, cells("av", "es"))
    asked = [above(ScoreName(task, "es"), ScoreName(task, "av")).in_order()[0] for task in ("esc50", "fsd50k")]
    tested = outcomes_of(asked, samples)
    by_compare = {one.task: one for one in compare(results, [("av", "es")])}
    for one, task in zip(tested, ("esc50", "fsd50k"), strict=True):
        other = by_compare[task]
        assert (one.over, one.grouped_by, one.p) == ("items", ("item",), pytest.approx(other.p))
        assert (one.value, one.low, one.high) == pytest.approx((other.difference, other.low, other.high))
    smaller, larger = sorted(tested, key=lambda one: one.p)
    assert smaller.p_holm == pytest.approx(min(1.0, 2 * smaller.p))
    assert larger.p_holm == pytest.approx(max(2 * smaller.p, larger.p))


def test_a_mean_difference_is_one_sum_measured_from_its_margin(results):
    samples = load_samples(results, cells("av", "es", "fr"))
    terms = mean_difference(["esc50", "fsd50k"], ["es", "fr"], ["av"])
    (tested,) = outcomes_of([Contrast(terms=terms, margin=-0.02)], samples)
    expected = estimate([(samples[cell], weight) for cell, weight in terms])
    assert (tested.low, tested.high, tested.p) == (*expected.interval(), expected.p(-0.02))
    assert tested.p < expected.p(0.0)


def test_one_score_is_measured_alike_from_either_side(results):
    samples = load_samples(results, cells("es", tasks=("esc50",)))
    cell = ScoreName("esc50", "es")
    above_it, below_it = (
        outcomes_of([Contrast(terms=((cell, sign),), margin=sign * 0.5)], samples)[0] for sign in (1.0, -1.0)
    )
    assert (below_it.value, below_it.low, below_it.high) == (-above_it.value, -above_it.high, -above_it.low)
    assert (below_it.p, below_it.settled) == (above_it.p, not above_it.settled)


def judged(*rows: tuple[str, str, float, float | None]) -> list[Outcome]:
    """Return tests of "one above other" on task t with this difference and this corrected p."""
    return [
        Outcome(
            comparison=above(ScoreName("t", one), ScoreName("t", other)).in_order()[0],
            value=difference * (1 if one < other else -1), low=0, high=0, p=p, p_holm=p,
            over="items", grouped_by=(), note=None,
        )
        for one, other, difference, p in rows
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("es", "fr", "kind", "expected"),
    [
        ((0.2, 0.01), (0.2, 0.01), "every", True),
        ((0.2, 0.01), (0.2, 0.50), "every", None),  # as large, not settled
        ((0.2, 0.01), (-0.2, 0.01), "every", False),
        ((0.2, 0.50), (-0.2, 0.01), "every", False),
        ((0.2, 0.01), (-0.2, 0.50), "some", True),
        ((0.2, 0.05), (-0.2, 0.01), "some", None),  # p must be below .05
        ((-0.2, 0.01), (-0.2, 0.01), "some", False),
    ],
)
def test_what_tests_settle(es, fr, kind, expected):
    predicate = Order(
        tasks=Quantifier(kind="every", names=("t",)),
        variants=Quantifier(kind=kind, names=("es", "fr")),
        relation="above",
        others=Quantifier(kind="every", names=("av",)),
    )
    tested = judged(("es", "av", *es), ("fr", "av", *fr))
    asked = comparisons_of(predicate)
    assert {one.comparison for one in tested} == {one.in_order()[0] for one in asked}
    assert [one.pair for one in asked] == [
        (ScoreName("t", "es"), ScoreName("t", "av")),
        (ScoreName("t", "fr"), ScoreName("t", "av")),
    ]
    assert predicate.truth(by_evidence(tested)) is expected
    turned = Order(tasks=predicate.tasks, variants=predicate.others, relation="below", others=predicate.variants)
    assert turned.truth(by_evidence(tested)) is expected, "the same, the other way round"


def test_a_test_counts_whichever_way_round_it_was_made():
    asked = above(ScoreName("t", "es"), ScoreName("t", "av"))
    outcome = Outcome(
        comparison=asked, value=0.2, low=0.1, high=0.3, p=0.01, p_holm=0.01, over="items", grouped_by=(), note=None
    )
    assert asked.in_order()[1] is False, "av comes first in the alphabet"
    judge = by_evidence([outcome])
    assert judge(asked) is True
    assert judge(above(ScoreName("t", "av"), ScoreName("t", "es"))) is False


def test_both_ways_of_asking_are_one_test():
    one, other = ScoreName("t", "a"), ScoreName("t", "b")
    (first, as_is), (second, turned) = above(one, other).in_order(), above(other, one).in_order()
    assert first == second
    assert (as_is, turned) == (True, False)


def test_seeds_count_too(results, tmp_path):
    networks = [sized(70 + run, "efj", better=0.4 * run, run=run, items=100) for run in range(3)]
    paths = [write_task_results(tmp_path / f"efj/seed{run}", one) for run, one in enumerate(networks)]
    joined = tmp_path / "efj/hear.json"
    assert main(["aggregate", "--results", *map(str, paths), "--out", str(joined)]) == 0
    every = results | {joined: read_result(joined)}
    samples = load_samples(every, cells("av", "efj", tasks=("esc50",)))
    (tested,) = outcomes_of([above(ScoreName("esc50", "av"), ScoreName("esc50", "efj"))], samples)
    assert tested.over == "items, seeds of some", "av has one seed"
    alone = load_samples({paths[1]: read_result(paths[1])}, cells("efj", tasks=("esc50",)))
    widths = [np.diff(estimate([(one[ScoreName("esc50", "efj")], 1.0)]).interval())[0] for one in (samples, alone)]
    assert widths[0] > 1.5 * widths[1]


def test_different_items_are_refused(results, tmp_path):
    path = write_task_results(tmp_path / "ja", sized(9, "ja", items=50))
    with pytest.raises(DubaugError, match="different items"):
        load_samples(results | {path: read_result(path)}, cells("av", "ja"))


def test_what_has_no_scores_is_not_tested():
    sample = sample_of([sized(1, "a")])
    assert outcomes_of([above(ScoreName("t", "a"), ScoreName("t", "b"))], {ScoreName("t", "a"): sample}) == ()


def test_the_command(results, tmp_path, make_experiment, capsys):
    save_config(make_experiment(variants={"ja": {"label": "<img src=x>*JA*"}}), tmp_path / "config.yaml")
    words = ["claims", "--config", tmp_path / "config.yaml", "--paper", PAPER, "--out", tmp_path / "claims.json"]
    words += ["--paper-scale", PAPER.parents[1] / "config/paper.yaml", "--markdown", tmp_path / "claims.md"]
    assert main([*map(str, words), "--results", *map(str, results)]) == 0
    written = json.loads((tmp_path / "claims.json").read_text())
    by_id = {one["id"]: one for one in written["claims"]}
    assert len(by_id) == len(written["claims"]) >= 15
    again = tmp_path / "again.json"
    write_claims(again, read_claims(tmp_path / "claims.json"))
    assert again.read_text() == (tmp_path / "claims.json").read_text()
    some = by_id["some_dub_above_av"]
    assert some["paper"]["by_means"] == "holds"
    assert (some["run"]["by_means"], some["run"]["verdict"]) == ("no data", "no data")
    assert some["run"]["means_numbers"].startswith("no scores of +JA") or "no scores of" in some["run"]["means_numbers"]
    published = by_id["above_some_leaderboard_rows"]["run"]
    assert published["verdict"] == "no data"
    assert "miniatures" in published["means_numbers"]
    some["run"]["verdict"] = "perhaps"
    write_json(again, written)
    with pytest.raises(DubaugError, match=r"claims\.0\.run\.verdict: got 'perhaps', input should be 'holds', 'fai"):
        read_claims(again)
    text = (tmp_path / "claims.md").read_text()
    assert text.count("\n| ") == len(by_id) + 2
    assert "generated films" in text.splitlines()[2]
    assert "Slips in the paper" in text
    assert "<img" not in text
    assert "&lt;img src=x>\\*JA\\*" in text
    assert "<img src=x>*JA*" in some["run"]["means_numbers"], "escaped where Markdown begins"
    assert "claims by the evidence" in capsys.readouterr().err
