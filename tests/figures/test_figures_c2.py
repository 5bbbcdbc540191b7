import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from dubaug.cli import main
from dubaug.config import Experiment, save
from dubaug.errors import DubaugError
from dubaug.figures import c2
from dubaug.figures.names import sweep_figures
from dubaug.files import read_json, write_json
from dubaug.plotting import PAPER_LOOKS
from dubaug.tables.scores import load_scores
from figure_checks import assert_fonts_embedded, assert_readable
from result_factory import entry_of

MAIN = ("av", "sep", "a", "es", "fr", "ja", "efj", "a_efj")
LONG = {
    "av20": {"label": "AV-20", "secondary": ["en"], "epochs": 20, "checkpoints": [5, 10, 15, 20]},
    "efj20": {"label": "EFJ-20", "secondary": ["es", "fr", "ja"], "epochs": 20, "checkpoints": [5, 10, 15, 20]},
}


@pytest.fixture
def sweep(results: Any) -> Any:
    for i, variant in enumerate(("av", "a", "es", "efj", "rp")):
        for epoch in (2, 4, 6):
            means = {"esc50": 0.1 * i + 0.01 * epoch, "fsd50k": 0.5 - 0.1 * i}
            results.add(variant, "hear", means, epoch=epoch, sweep=True, std=0.02)
    return results


@pytest.fixture
def full(results: Any, demo_experiment: Experiment) -> Any:
    """All variants on all tasks: some with folds as spread as the demo's, some with one fold."""
    rng = np.random.default_rng(0)
    for epoch in (2, 4, 6, 8, 10):
        for variant in MAIN:
            for metric, std, tasks in (
                ("top1_acc", 0.25, demo_experiment.suites["hear"][2:]),
                ("mAP", None, demo_experiment.suites["hear"][:2]),
            ):
                means = {task: 0.85 + 0.1 * rng.random() for task in tasks}
                path = results.add(variant, "hear", means, epoch=epoch, sweep=True, std=std, metric=metric)
                # two files of one epoch, as if of two suites
                results.paths[-1] = path.rename(path.with_name(f"{metric}.json"))
    return results


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Collect the figures drawn instead of closing them."""
    figures: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(plt, "close", figures.append)
        yield figures
    plt.close("all")


def drawn(experiment: Experiment, paths: list[Path], name: str = "c2") -> c2.Sweep:
    return c2.select(experiment, load_scores(paths), sweep_figures(experiment)[name])


def curves(axis: Any) -> list[Any]:
    return [line for line in axis.lines if line.get_marker() not in ("", "None") and line.get_linestyle() != "None"]


def rings(axis: Any) -> list[tuple[float, float]]:
    found = [line for line in axis.lines if line.get_markeredgecolor() == c2.RING["markeredgecolor"]]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in found]


def test_one_panel_a_task_dashed_baselines_solid_dubs_and_the_best_circled(
    demo_experiment: Experiment, sweep: Any, tmp_path: Path, kept: list[Any]
) -> None:
    c2.draw(drawn(demo_experiment, sweep.paths), [tmp_path / "c2.pdf", tmp_path / "c2.png"])
    assert (tmp_path / "c2.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "c2.png").read_bytes().startswith(b"\x89PNG")
    panels = kept[0].axes
    configured = demo_experiment.suites["hear"]
    assert [axis.get_title(loc="left") for axis in panels] == [demo_experiment.tasks[task].label for task in configured]
    empty = [axis for axis in panels if [text.get_text() for text in axis.texts] == ["no results"]]
    assert empty == panels[2:]
    assert not any(axis.lines for axis in empty)
    lines = curves(panels[0])
    assert [line.get_linestyle() for line in lines] == ["--", "--", "-", "-"], "av and a, es and efj; rp is not there"
    assert [line.get_color() for line in lines] == [PAPER_LOOKS[name][0] for name in ("av", "a", "es", "efj")]
    assert [np.round(line.get_xdata()).tolist() for line in lines] == [[2, 4, 6]] * 4
    ((x, y),) = rings(panels[0])
    assert (round(x), y) == (6, pytest.approx(0.1 * 3 + 0.06))
    assert [(round(x), y) for x, y in rings(panels[1])] == [(2, 0.5), (4, 0.5), (6, 0.5)], "all that tie"


@pytest.mark.parametrize(("tasks", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3)])
def test_panels_fill_the_sheet(
    tasks: int, columns: int, make_experiment: Callable[..., Experiment], sweep: Any, tmp_path: Path, kept: list[Any]
) -> None:
    few = make_experiment(suites={"hear": make_experiment().suites["hear"][:tasks]})
    c2.draw(drawn(few, sweep.paths), [tmp_path / "c2.png"])
    first_row = kept[0].axes[:columns]
    assert len({round(axis.get_position().y0, 6) for axis in first_row}) == 1
    assert first_row[-1].get_position().x1 > 0.95
    assert_readable(kept[0])


def test_labels_are_no_formulas_and_none_is_lost(
    make_experiment: Callable[..., Experiment], sweep: Any, tmp_path: Path, kept: list[Any]
) -> None:
    odd = make_experiment(
        variants={"av": {"label": "_A$V^$"}}, tasks={"esc50": {"label": r"$\frac{E$"}}, suites={"hear": ["esc50"]}
    )
    c2.draw(drawn(odd, sweep.paths), [tmp_path / "c2.png", tmp_path / "c2.pdf"])
    assert kept[0].axes[0].get_title(loc="left") == r"$\frac{E$"
    assert " _A$V^$" in [text.get_text() for text in kept[0].legends[0].get_texts()]


def test_error_bars_are_deviations_within_what_the_metric_can_be(
    demo_experiment: Experiment, results: Any, tmp_path: Path, kept: list[Any]
) -> None:
    for epoch, mean in ((2, 0.9), (4, 0.5)):
        results.add("av", "hear", {"esc50": mean, "fsd50k": 0.3}, epoch=epoch, sweep=True, std=0.2)
    c2.draw(drawn(demo_experiment, results.paths), [tmp_path / "c2.png"])
    axis = kept[0].axes[0]
    bars = [line.get_ydata() for line in axis.lines if line not in curves(axis) and len(line.get_xdata()) == 2]
    np.testing.assert_allclose(bars, [[0.7, 1.0], [0.3, 0.7]])
    low, high = axis.get_ylim()
    assert low <= 0.5 - 0.1
    assert high >= 0.9 + 0.05


def test_wide_bars_do_not_flatten_the_lines(demo_experiment: Experiment, full: Any, kept: list[Any]) -> None:
    c2.draw(drawn(demo_experiment, full.paths), [])
    for axis in kept[0].axes:
        means = np.concatenate([line.get_ydata() for line in curves(axis)])
        low, high = axis.get_ylim()
        assert low < means.min()
        assert means.max() < high
        assert np.ptp(means) >= 0.45 * (high - low)
    (note,) = [text.get_text() for text in kept[0].texts if "bars" in text.get_text()]
    assert "long bars are cut" in note.replace("\n", " ")


@pytest.mark.parametrize(("size", "width_in"), [(c2.ACROSS_TEXT, 6.8), (c2.IN_COLUMN, 3.3)], ids=["text", "column"])
@pytest.mark.parametrize("which", ["full", "sparse", "further", "far"])
def test_it_can_be_read_at_its_size(
    make_experiment: Callable[..., Experiment],
    full: Any,
    tmp_path: Path,
    kept: list[Any],
    size: c2.Size,
    width_in: float,
    which: str,
) -> None:
    more = {f"x{i}": {"label": f"Variant {i}", "secondary": ["es"]} for i in range(4 if which == "further" else 0)}
    experiment = make_experiment(variants=more)
    for name in more:
        full.add(name, "hear", {"esc50": 0.123456, "crema_d": 0.0001}, epoch=2, sweep=True)
    if which == "far":
        for path in (path for path in full.paths if path.parts[-3] == "a"):
            result = read_json(path)
            write_json(path, {**result, "tasks": dict.fromkeys(result["tasks"], entry_of(0.1))})
    paths = full.paths[:2] if which == "sparse" else full.paths
    sweep = drawn(experiment, paths)
    if which == "sparse":
        reason = "no data at /a/folder/of/a/name/without/end/tfds_crema_d-1.0.0-full/48000 (see the docs) " * 3
        emptied = {**sweep.curves, "crema_d": {}}
        sweep = replace(sweep, reasons={**sweep.reasons, "crema_d": reason}, curves=emptied)
    c2.draw(sweep, [tmp_path / "c2.pdf", tmp_path / "c2.png"], size)
    assert kept[0].get_figwidth() == pytest.approx(width_in)
    assert kept[0].get_figheight() < 9
    assert_readable(kept[0])
    assert_fonts_embedded(tmp_path / "c2.pdf")
    with Image.open(tmp_path / "c2.png") as picture:
        assert picture.width == pytest.approx(300 * width_in, abs=1)
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_a_line_far_from_the_others_does_not_flatten_them(
    demo_experiment: Experiment, results: Any, tmp_path: Path, kept: list[Any]
) -> None:
    """As `a` in the paper: a third of the others' accuracy."""
    for i, variant in enumerate(("a", "av", "es", "efj")):
        for epoch in (2, 4, 6):
            mean = 0.2 if variant == "a" else 0.5 + 0.02 * i + 0.005 * epoch
            results.add(variant, "hear", {"esc50": mean, "fsd50k": 0.5 + 0.02 * i}, epoch=epoch, sweep=True, std=0.01)
    c2.draw(drawn(demo_experiment, results.paths), [tmp_path / "c2.pdf"])
    axis, unbroken = kept[0].axes[:2]
    height = axis.transAxes.inverted().transform
    places = [
        [float(height(axis.transData.transform(point))[1]) for point in line.get_xydata()] for line in curves(axis)
    ]
    others = [place for line in places if line != places[1] for place in line]
    assert max(others) - min(others) > 0.35, "of the panel's height"
    assert all(0 < place < 1 for line in places for place in line), "the far line is there, too"
    assert axis.get_yscale() == "function"
    assert unbroken.get_yscale() == "linear"
    assert "grey band: the axis leaves out a range" in " ".join(
        text.get_text().replace("\n", " ") for text in kept[0].texts
    )
    assert_readable(kept[0])


def note_of(experiment: Experiment, results: Any, kept: list[Any]) -> str:
    c2.draw(drawn(experiment, results.paths), [])
    return " ".join(text.get_text().replace("\n", " ") for text in kept[-1].texts)


def test_it_says_what_the_bars_are(demo_experiment: Experiment, results: Any, kept: list[Any]) -> None:
    """`std_seeds` stands in results of several seeds; a task with one fold has no other deviation."""
    path = results.add("av", "hear", {"esc50": 0.5}, epoch=2, sweep=True, std=0.01)
    note = note_of(demo_experiment, results, kept)
    assert "bars: standard deviation over evaluation folds" in note
    assert "seeds" not in note
    result = read_json(path)
    one_fold = entry_of(0.4, metric="mAP")
    result["tasks"]["fsd50k"] = one_fold
    write_json(path, result)
    assert "no bars, since one fold and one seed: FSD50K" in note_of(demo_experiment, results, kept)
    result["tasks"]["fsd50k"] = {**one_fold, "std_seeds": 0.03}
    write_json(path, result)
    note = note_of(demo_experiment, results, kept)
    assert (
        "bars: standard deviation over evaluation folds; bars of FSD50K, with one fold: standard deviation over pre"
        in note
    )
    del result["tasks"]["esc50"]
    write_json(path, result)
    note = note_of(demo_experiment, results, kept)
    assert "bars: standard deviation over pretraining seeds" in note
    assert "folds" not in note


def test_runs_of_another_length_have_the_same_drawing(
    make_experiment: Callable[..., Experiment], sweep: Any, tmp_path: Path, kept: list[Any]
) -> None:
    experiment = make_experiment(variants=LONG)
    for i, variant in enumerate(LONG):
        for epoch in (5, 10, 15, 20):
            sweep.add(variant, "hear", {"esc50": 0.5 + 0.1 * i + 0.01 * epoch}, epoch=epoch, sweep=True, std=0.02)
    save(experiment, tmp_path / "config.yaml")
    words = ["figure-c2", "--config", tmp_path / "config.yaml", "--out-dir", tmp_path / "out", "--results"]
    assert main([str(word) for word in (*words, *sweep.paths)]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"{name}{rest}"
        for name in ("c2", "c2_long")
        for rest in (".pdf", ".png", ".txt", ".csv", "_column.pdf", "_column.png")
    }
    main_runs, _, long, column = kept
    assert long.get_figwidth() == main_runs.get_figwidth() == pytest.approx(6.8)
    assert column.get_figwidth() == pytest.approx(3.3)
    lines = curves(long.axes[0])
    assert [np.round(line.get_xdata()).tolist() for line in lines] == [[5, 10, 15, 20]] * 2
    assert [line.get_color() for line in lines] == [PAPER_LOOKS["av"][0], PAPER_LOOKS["efj"][0]]
    assert [line.get_linestyle() for line in lines] == ["--", "-"]
    assert_readable(long)
    assert_readable(column)
    for name, variants in (("c2", {"av", "a", "es", "efj"}), ("c2_long", {"av20", "efj20"})):
        with (tmp_path / f"out/{name}.csv").open(encoding="utf-8") as file:
            assert {row["variant"] for row in csv.DictReader(file)} == variants
    assert "after epochs 5, 10, 15 and 20" in (tmp_path / "out/c2_long.txt").read_text(encoding="utf-8")


def test_figures_without_variants_are_not_there(make_experiment: Callable[..., Experiment]) -> None:
    assert sweep_figures(make_experiment()) == {"c2": MAIN}
    only_long = {**dict.fromkeys(MAIN), **LONG}
    assert sweep_figures(make_experiment(variants=only_long)) == {"c2_long": ("av20", "efj20")}


def test_the_command_says_why_a_panel_is_empty(
    demo_experiment: Experiment, sweep: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: list[Any]
) -> None:
    save(demo_experiment, tmp_path / "config.yaml")
    write_json(sweep.paths[0], {**read_json(sweep.paths[0]), "missing": {"crema_d": "no data at data/crema_d"}})
    words = ["figure-c2", "--config", tmp_path / "config.yaml", "--out-dir", tmp_path, "--results", *sweep.paths]
    assert main([str(word) for word in words]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "empty panel" in line]
    assert len(told) == len(demo_experiment.suites["hear"]) - 2
    assert any(line.endswith("crema_d has an empty panel: no data at data/crema_d") for line in told)
    panel = kept[0].axes[demo_experiment.suites["hear"].index("crema_d")]
    assert [text.get_text() for text in panel.texts] == ["no data at data/crema_d"]


def test_the_same_data_give_the_same_bytes(demo_experiment: Experiment, sweep: Any, tmp_path: Path) -> None:
    shown = drawn(demo_experiment, sweep.paths)
    for name in ("one", "two"):
        c2.draw(shown, [tmp_path / f"{name}.{form}" for form in ("pdf", "png", "txt")])
    for form in ("pdf", "png", "txt"):
        assert (tmp_path / f"one.{form}").read_bytes() == (tmp_path / f"two.{form}").read_bytes()


def test_in_words_it_says_what_the_drawing_shows(demo_experiment: Experiment, sweep: Any, tmp_path: Path) -> None:
    c2.draw(drawn(demo_experiment, sweep.paths), [tmp_path / "c2.txt"])
    assert (tmp_path / "c2.txt").read_text(encoding="utf-8") == (
        "Line charts of HEAR scores over pretraining, a panel for each of 2 tasks: 4 variants after epochs 2, 4 and 6. "
        "The best score of a task is of AV on 1 and +EFJ on 1; dub-augmented variants have it on 1 of 2 tasks. "
        f"{len(demo_experiment.suites['hear']) - 2} more panels are empty.\n"
    )


def test_the_data_lie_beside_the_figure(demo_experiment: Experiment, sweep: Any, tmp_path: Path) -> None:
    c2.to_csv(drawn(demo_experiment, sweep.paths), tmp_path / "c2.csv")
    rows = list(csv.DictReader((tmp_path / "c2.csv").open(encoding="utf-8")))
    assert len(rows) == 4 * 3 * 2, "rp is not in the figure"
    row = next(row for row in rows if (row["task"], row["variant"], row["epoch"]) == ("esc50", "es", "4"))
    assert float(row["mean"]) == pytest.approx(0.24)
    assert (row["std"], row["std_over"], row["n_folds"]) == ("0.02", "folds", "5")
    assert (row["task_label"], row["label"], row["low"]) == ("ESC-50", "+ES", "")


def test_without_a_sweep_it_says_what_is_missing(demo_experiment: Experiment) -> None:
    with pytest.raises(DubaugError, match="checkpoint sweep"):
        drawn(demo_experiment, [])
