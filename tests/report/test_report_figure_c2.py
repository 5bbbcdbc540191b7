import csv
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest

from dubaug.cli import main
from dubaug.config import Experiment, save
from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json
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
    configured = demo_experiment.suites["hear"]
    assert [axis.get_title() for axis in panels] == [demo_experiment.tasks[task].label for task in configured]
    empty = [axis for axis in panels if [text.get_text() for text in axis.texts] == ["no data"]]
    assert empty == panels[2:]
    assert not any(axis.lines for axis in empty)
    styles = [
        line.get_linestyle()
        for line in panels[0].lines
        if len(line.get_xdata()) == 3 and line.get_linestyle() != "None"
    ]
    assert styles == ["--", "--", "-", "-"], "av and a are baselines, es and efj dub-augmented; rp is not in the figure"
    ring = [line for line in panels[0].lines if line.get_markeredgecolor() == figure_c2.RING["markeredgecolor"]]
    assert len(ring) == 1
    assert ring[0].get_ydata()[0] == pytest.approx(0.1 * 3 + 0.06)


def test_the_command_says_why_a_panel_is_empty(
    demo_experiment: Experiment, sweep: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(demo_experiment, tmp_path / "config.yaml")
    write_json(sweep.paths[0], {**read_json(sweep.paths[0]), "missing": {"crema_d": "no data at data/crema_d"}})
    words = ["figure-c2", "--config", tmp_path / "config.yaml", "--out-dir", tmp_path, "--results", *sweep.paths]
    assert main([str(word) for word in words]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "empty panel" in line]
    assert len(told) == len(demo_experiment.suites["hear"]) - 2
    assert any(line.endswith("crema_d has an empty panel: no data at data/crema_d") for line in told)


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
