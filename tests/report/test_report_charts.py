import re
from pathlib import Path

import pytest
from report_factory import HOSTILE, Page

from dubaug.comparisons.compare import Comparison
from dubaug.pretrain.manifest import Checkpoint, Manifest
from dubaug.report import charts
from dubaug.report.differences import TaskDifferences
from dubaug.report.runtimes import RuleTime
from dubaug.report.training import Training


def _row(variant: str, difference: float, low: float | None, high: float | None, p_holm: float | None) -> Comparison:
    return Comparison(
        variant_a=variant, variant_b="AV", score_a=0.5, score_b=0.4, difference=difference, low=low, high=high,
        p=p_holm, p_holm=p_holm, n_items=100, over="items", grouped_by=None, note=None, suite="hear", task="esc50",
        metric="top1_acc", n_seeds_a=1, n_seeds_b=1, better="", n_units=100.0,
    )  # fmt: skip


def _training(*losses: float, seed: int = 0) -> Training:
    manifest = Manifest(
        variant="efj", seed=seed, experiment="x", epochs=len(losses), n_clips=1, n_titles=1, seconds=1, device="cpu",
        checkpoints=(Checkpoint(epoch=1, path=Path("a"), sha256="a"),),
    )  # fmt: skip
    return Training(manifest=manifest, losses=losses)


def _rule(rule: str, wall_s: float) -> RuleTime:
    return RuleTime(
        rule=rule,
        jobs=1,
        wall_s=wall_s,
        longest_s=wall_s,
        cpu_s=None,
        peak_mib=None,
        read_mib=None,
        written_mib=None,
        share=0.5,
    )


def test_what_is_better_lies_right_of_zero_and_keeps_its_number() -> None:
    rows = (_row("+EFJ", -0.2, -0.3, -0.1, 0.01), _row("+ES", 0.1, None, None, 0.5))
    for metric, right in (("mse", True), ("top1_acc", False)):
        task = TaskDifferences(task="Tempo", metric=metric, rows=rows)
        drawing = charts.forest(task, *charts.forest_range([task]))
        zero = float(re.findall(r'<line x1="([\d.]+)"[^>]*class="zero"', drawing)[0])
        square = float(re.findall(r'<rect x="([\d.]+)"', drawing)[0]) + 4
        assert (square > zero) is right
        assert "−0.200" in drawing
    assert TaskDifferences(task="Tempo", metric="mAP", rows=rows).shares_scale
    assert not TaskDifferences(task="Tempo", metric="mse", rows=rows).shares_scale


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.5, 1]),
        (-0.2, 0.21, [-0.2, -0.1, 0, 0.1, 0.2]),
        (0.2, 6.9, [2, 4, 6]),
        (0, 0.003, [0, 0.001, 0.002, 0.003]),
    ],
)
def test_ticks_are_round_and_within(low: float, high: float, expected: list[float]) -> None:
    assert charts.ticks(low, high, about=3) == expected


def test_a_forest_shows_differences_on_one_scale() -> None:
    task = TaskDifferences(
        task="ESC-50",
        metric="top1_acc",
        rows=(
            _row("+EFJ", 0.1, 0.02, 0.15, 0.01),
            _row("+ES", -0.2, -0.2, 0.1, 1.0),
            _row("+FR", 0.05, None, None, None),
        ),
    )
    assert charts.forest_range([task]) == (-0.2, 0.2), "one side reaches as far as the other"
    drawn = str(charts.forest(task, -0.2, 0.2))
    page = Page(drawn)
    assert page.faults == []
    (settled,), (hollow, _) = page.all("rect"), page.all("circle")
    assert (settled["class"], hollow["class"]) == ("settled", "open")
    (zero,) = (line for line in page.all("line") if line["class"] == "zero")
    middle, unit = float(zero["x1"]), (float(zero["x1"]) - float(hollow["cx"])) / 0.2
    assert float(settled["x"]) + 4 == pytest.approx(middle + 0.1 * unit, abs=0.1)
    interval, _ = (line for line in page.all("line") if line["class"].startswith("interval"))
    assert (float(interval["x1"]), float(interval["x2"])) == pytest.approx(
        (middle + 0.02 * unit, middle + 0.15 * unit), abs=0.1
    )
    assert 'aria-label="ESC-50, difference from AV: +EFJ +0.100, settled; +ES −0.200; +FR +0.050"' in drawn


def test_a_forest_without_any_spread_has_a_scale() -> None:
    task = TaskDifferences(task="x", metric="mAP", rows=(_row("+ES", 0, None, None, None),))
    assert charts.forest_range([task]) == (-1, 1)
    assert float(Page(str(charts.forest(task, -1, 1))).all("circle")[0]["cx"]) > 0


def test_losses_are_a_line_a_seed() -> None:
    runs = [_training(6, 4, 3), _training(5, 4, 2, seed=1)]
    low, high = charts.loss_range(runs)
    assert low < 2
    assert high > 6
    page = Page(str(charts.losses(runs, low, high)))
    first, second = (
        [tuple(map(float, point.split(","))) for point in line["points"].split()] for line in page.all("polyline")
    )
    assert len(first) == len(second) == 3
    assert first[1] == second[1], "the same loss after the same epoch"
    assert first[0][1] < first[1][1] < first[2][1], "a loss that falls goes down"
    assert "seed 1: 5.00, 4.00, 2.00" in page.all("svg")[0]["aria-label"]


def test_one_epoch_and_a_loss_that_is_no_number_are_drawn() -> None:
    for run in (_training(3.0), _training(3.0, float("nan"), 2.0)):
        drawn = str(charts.losses([run], *charts.loss_range([run])))
        assert "nan" not in "".join(re.findall(r'points="([^"]*)"', drawn))
        assert Page(drawn).all("circle")


def test_bars_are_as_long_as_their_times_and_names_are_text() -> None:
    page = Page(str(charts.bars([_rule(HOSTILE, 100), _rule("shards", 25)])))
    long, short = (float(bar["width"].removesuffix("%")) for bar in page.all("rect"))
    assert short == pytest.approx(long / 4)
    assert HOSTILE in page.words
    assert "shards 25.0 s" in page.all("svg")[0]["aria-label"]
    assert not page.all("script")
