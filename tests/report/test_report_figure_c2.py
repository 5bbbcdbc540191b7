import csv
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.report import figure_c2
from dubaug.report.scores import load_scores


@pytest.fixture
def sweep(results: Any) -> Any:
    for i, variant in enumerate(("av", "a", "es", "efj", "rp")):
        for epoch in (2, 4, 6):
            means = {"esc50": 0.1 * i + 0.01 * epoch, "fsd50k": 0.5 - 0.1 * i}
            results.add(variant, "hear", means, epoch=epoch, sweep=True, std=0.02)
    return results


def test_one_panel_a_task_dashed_baselines_solid_dubs_and_the_best_circled(
    demo_experiment: Experiment, sweep: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(plt, "close", kept.append)
    scores = load_scores(sweep.paths)
    figure_c2.draw(demo_experiment, scores, [tmp_path / "c2.pdf", tmp_path / "c2.png"])
    assert (tmp_path / "c2.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "c2.png").read_bytes().startswith(b"\x89PNG")
    panels = [axis for axis in kept[0].axes if axis.get_visible()]
    assert [axis.get_title() for axis in panels] == ["ESC-50", "FSD50K"]
    styles = [
        line.get_linestyle()
        for line in panels[0].lines
        if len(line.get_xdata()) == 3 and line.get_linestyle() != "None"
    ]
    assert styles == ["--", "--", "-", "-"], "av and a are baselines, es and efj dub-augmented; rp is not in the figure"
    ring = [line for line in panels[0].lines if line.get_markeredgecolor() == figure_c2.RING["markeredgecolor"]]
    assert len(ring) == 1
    assert ring[0].get_ydata()[0] == pytest.approx(0.1 * 3 + 0.06)


def test_the_same_data_give_the_same_bytes(demo_experiment: Experiment, sweep: Any, tmp_path: Path) -> None:
    scores = load_scores(sweep.paths)
    for name in ("one.pdf", "two.pdf"):
        figure_c2.draw(demo_experiment, scores, [tmp_path / name])
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_the_data_lie_beside_the_figure(sweep: Any, tmp_path: Path) -> None:
    figure_c2.to_csv(load_scores(sweep.paths), tmp_path / "c2.csv")
    rows = list(csv.DictReader((tmp_path / "c2.csv").open()))
    assert len(rows) == 5 * 3 * 2
    assert float(
        next(row for row in rows if (row["task"], row["variant"], row["epoch"]) == ("esc50", "es", "4"))["mean"]
    ) == pytest.approx(0.24)


def test_without_a_sweep_it_says_what_is_missing(demo_experiment: Experiment, tmp_path: Path) -> None:
    with pytest.raises(DubaugError, match="checkpoint sweep"):
        figure_c2.draw(demo_experiment, load_scores([]), [tmp_path / "c2.png"])
