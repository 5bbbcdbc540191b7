"""Figure C2: scores of the swept suites (the paper: HEAR) at different pretraining stages, a panel a task (C.1)."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.figures.axis_break import Break, find_break, finish_axis
from dubaug.figures.names import swept_tasks
from dubaug.files import write_text
from dubaug.plotting import COLUMN_WIDTH_IN, NOTE, SMALLEST_PT, STYLE, TEXT_WIDTH_IN, looks, save, shorten, shown
from dubaug.probe.results import TaskResult
from dubaug.suites.registry import SUITES, metric
from dubaug.tables.scores import Scores, bounds_of
from dubaug.words import listed, plural

Curve = list[tuple[int, TaskResult]]
"""A variant's scores on a task, by epoch."""

_LETTER = 0.6
"""A letter's mean width, in font sizes."""
_BAR_SHARE = 0.5
"""How far beyond the means, in shares of their range, a panel reaches for its error bars' sake."""
RING: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markerfacecolor": "none",
    "markeredgecolor": "#404040",
    "markeredgewidth": 0.9,
}


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What the figure shows."""

    experiment: Experiment
    variants: tuple[str, ...]
    """Those with scores, baselines first."""
    curves: Mapping[str, Mapping[str, Curve]]
    """By task and variant, in the configuration's order; a task without scores has none."""
    reasons: Mapping[str, str]
    """Why a task has no scores."""

    @property
    def epochs(self) -> list[int]:
        """Return all epochs that any variant has scores of."""
        return sorted({epoch for curves in self.curves.values() for curve in curves.values() for epoch, _ in curve})

    def best(self, task: str) -> list[tuple[str, int, float]]:
        """Return the task's best points: variant, epoch, mean. Those that tie are all there."""
        scored = [
            (metric(score.metric).sign * score.mean, (name, epoch, score.mean))
            for name, curve in self.curves[task].items()
            for epoch, score in curve
        ]
        best = max((worth for worth, _ in scored), default=0.0)
        return [point for worth, point in scored if worth == best]


def select(experiment: Experiment, scores: Scores, variants: Iterable[str]) -> Sweep:
    """Return the scores of `variants` on the swept suites' tasks. Raises `DubaugError` if there is none."""
    wanted = tuple(variants)
    curves: dict[str, dict[str, Curve]] = {}
    for task in swept_tasks(experiment):
        found = {variant: _curve(scores, task, variant) for variant in wanted}
        curves[task] = {variant: curve for variant, curve in found.items() if curve}
    scored = tuple(variant for variant in wanted if any(variant in its for its in curves.values()))
    if not scored:
        raise DubaugError(
            "figure C2 needs results of the checkpoint sweep, results/<variant>/epoch<NN>/<suite>.json, of some of "
            f"{', '.join(wanted)}"
        )
    reasons = {task: scores.missing.get(task, "no results") for task, its in curves.items() if not its}
    return Sweep(experiment=experiment, variants=scored, curves=curves, reasons=reasons)


def _curve(scores: Scores, task: str, variant: str) -> Curve:
    found = [(epoch, score) for (name, who, epoch), score in scores.sweep.items() if (name, who) == (task, variant)]
    return sorted(found, key=lambda point: point[0])


@dataclass(frozen=True, kw_only=True)
class Size:
    """Sizes of the figure in inches, and of its texts in points. Panels stand in rows, `columns` side by side."""

    width: float
    columns: int
    panel_height: float
    title_pt: float
    text_pt: float
    marker_pt: float
    left: float = 0.4
    right: float = 0.06
    above: float = 0.23
    below: float = 0.21

    @property
    def panel_width(self) -> float:
        """Return a panel's width without its tick labels."""
        return self.width / self.columns - self.left - self.right

    def letters(self, inches: float, points: float) -> int:
        """Return how many letters of that size fit."""
        return int(72 * inches / (_LETTER * points))


ACROSS_TEXT = Size(width=TEXT_WIDTH_IN, columns=3, panel_height=1.32, title_pt=8, text_pt=7, marker_pt=3.6)
IN_COLUMN = Size(
    width=COLUMN_WIDTH_IN, columns=2, panel_height=0.85, title_pt=7, text_pt=SMALLEST_PT, marker_pt=3.0, left=0.36
)


def draw(sweep: Sweep, paths: Sequence[Path], size: Size = ACROSS_TEXT) -> None:
    """Draw the figure to `paths` (the suffix chooses the format; `.txt` is the figure in words).

    Dashed lines with hollow markers are baselines, solid ones dub-augmented variants; error bars are standard
    deviations over folds, or over seeds where a task has one fold, and the figure says so; the best points of each
    panel are circled. A task without scores has an empty panel that says why.
    """
    with plt.rc_context(STYLE):
        save(_figure(sweep, size), paths, description=describe(sweep))


def _figure(sweep: Sweep, size: Size) -> Figure:
    tasks = list(sweep.curves)
    rows = -(-len(tasks) // size.columns)
    columns = -(-len(tasks) // rows)
    # fewer panels are wider, and by the root of that higher
    height = size.panel_height * (size.columns / columns) ** 0.5
    size = replace(size, columns=columns, panel_height=height)
    handles, legend_columns = _legend(sweep, size)
    note = textwrap.fill(_note(sweep), size.letters(size.width, NOTE["fontsize"] * 0.95))
    foot = 0.19 + 0.14 * (len(handles) // legend_columns) + 0.115 * (note.count("\n") + 1) + 0.06
    block = size.above + size.panel_height + size.below
    height = rows * block + foot
    figure = plt.figure(figsize=(size.width, height))
    look = looks(sweep.experiment.variants)
    for i, task in enumerate(tasks):
        row, column = divmod(i, columns)
        left = column * size.width / size.columns + size.left
        bottom = height - row * block - size.above - size.panel_height
        axis = figure.add_axes(
            (left / size.width, bottom / height, size.panel_width / size.width, size.panel_height / height)
        )
        _title(axis, sweep, task, size)
        if task in sweep.reasons:
            _empty(axis, sweep.reasons[task], size)
            continue
        _panel(axis, sweep, task, look, size)
        axis.tick_params(labelsize=max(SMALLEST_PT, size.text_pt - 0.5), length=2.5, pad=2)
    legend_top = (foot - 0.15) / height
    figure.text(0.5, foot / height, "Pretraining epoch", ha="center", va="top", fontsize=size.text_pt)
    figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, legend_top),
        ncols=legend_columns,
        frameon=False,
        fontsize=size.text_pt,
        handlelength=2.6,
        handletextpad=0.5,
        columnspacing=1.2,
        labelspacing=0.35,
        borderpad=0.0,
        borderaxespad=0.2,
    )
    figure.text(0.5, 0.04 / height, note, ha="center", va="bottom", linespacing=1.15, **NOTE)
    return figure


def _title(axis: Axes, sweep: Sweep, task: str, size: Size) -> None:
    """Write the task at the left and its metric at the right."""
    measured = next((metric(curve[0][1].metric).title for curve in sweep.curves[task].values()), "")
    room = size.letters(size.panel_width + size.right, size.title_pt) - len(measured)
    axis.set_title(shorten(sweep.experiment.tasks[task].label, room), loc="left", fontsize=size.title_pt, pad=3)
    axis.set_title(measured, loc="right", pad=3, **NOTE)


def _empty(axis: Axes, reason: str, size: Size) -> None:
    axis.set(xticks=[], yticks=[])
    lines = textwrap.wrap(reason, size.letters(size.panel_width, NOTE["fontsize"]), max_lines=6, placeholder=" …")
    axis.text(0.5, 0.5, "\n".join(lines), ha="center", va="center", transform=axis.transAxes, **NOTE)


def _panel(axis: Axes, sweep: Sweep, task: str, look: Mapping[str, dict[str, Any]], size: Size) -> None:
    epochs = sweep.epochs
    step = min((b - a for a, b in pairwise(epochs)), default=1)
    # a small sideways shift keeps the error bars of neighbours apart
    apart = step * min(0.075, 0.6 / len(sweep.variants))
    shift = {variant: apart * (i - (len(sweep.variants) - 1) / 2) for i, variant in enumerate(sweep.variants)}
    curves = sweep.curves[task]
    for variant, curve in curves.items():
        x = [epoch + shift[variant] for epoch, _ in curve]
        for place, (_, score) in zip(x, curve, strict=True):
            if spread_of(score).std is not None:
                axis.plot(
                    [place, place], _bar(score), color=look[variant]["color"], alpha=0.4, linewidth=0.7, zorder=1.5
                )
        axis.plot(
            x, [score.mean for _, score in curve], linewidth=1.0, markersize=size.marker_pt, zorder=3, **look[variant]
        )
    for variant, epoch, mean in sweep.best(task):
        axis.plot(epoch + shift[variant], mean, markersize=2.7 * size.marker_pt, zorder=4, **RING)
    finish_axis(axis, _limits(curves), _break(curves))
    axis.set_xlim(epochs[0] - 0.55 * step, epochs[-1] + 0.55 * step)
    axis.set_xticks(epochs)


def _bar(score: TaskResult) -> tuple[float, float]:
    """Return the lower and the upper end of a point's error bar, within what the metric can be."""
    within, std = metric(score.metric).within, spread_of(score).std or 0.0
    return within(score.mean - std), within(score.mean + std)


def _break(curves: Mapping[str, Curve]) -> Break | None:
    """Return the break of a panel's axis: a wide gap between lines, error bars included."""
    bars = {variant: [_bar(score) for _, score in curve] for variant, curve in curves.items()}
    return find_break((min(low for low, _ in its), max(high for _, high in its)) for its in bars.values())


def _limits(curves: Mapping[str, Curve]) -> tuple[float, float]:
    """Return a panel's limits: the means and room for the ring, and of the error bars what still leaves means apart."""
    scores, gap = [score for curve in curves.values() for _, score in curve], _break(curves)
    means = [score.mean for score in scores]
    low, high = min(means), max(means)
    span = (high - low) or 0.1 * abs(high) or 0.1
    if gap is not None:
        span -= gap.high - gap.low - gap.band
    ring, most = 0.14 * span, _BAR_SHARE * span
    below = low - min(_bar(score)[0] for score in scores)
    above = max(_bar(score)[1] for score in scores) - high
    return low - max(ring, min(1.04 * below, most)), high + max(ring, min(1.04 * above, most))


def _legend(sweep: Sweep, size: Size) -> tuple[list[Line2D], int]:
    """Return the legend's handles in columns, top to bottom, and how many columns: baselines stand in rows of their
    own, above the dub-augmented variants."""
    variants, look = sweep.experiment.variants, looks(sweep.experiment.variants)
    groups: list[list[Line2D]] = [[], []]
    for name in sweep.variants:
        line = Line2D([], [], label=shown(variants[name].label), linewidth=1.0, markersize=size.marker_pt, **look[name])
        groups[variants[name].dub_augmented].append(line)
    ring = Line2D([], [], label="best", markersize=2.3 * size.marker_pt, **RING)
    groups[0].append(ring)
    longest = max(len(str(line.get_label())) for group in groups for line in group if line is not ring)
    wide = (2.6 + 0.5 + 1.2 + _LETTER * max(5, longest)) * size.text_pt / 72
    columns = max(1, min(int(0.98 * size.width / wide), max(map(len, groups))))
    cells: list[list[Line2D]] = []
    for group in groups:
        for start in range(0, len(group), columns):
            row = group[start : start + columns]
            cells.append(row + [Line2D([], [], linestyle="none", label=" ") for _ in range(columns - len(row))])
    return [row[column] for column in range(columns) for row in cells], columns


class Spread(NamedTuple):
    """The deviation of a score that the figure shows, and what it is over: `folds`, `seeds`, or nothing."""

    std: float | None
    over: str


def spread_of(score: TaskResult) -> Spread:
    """Return the score's deviation over folds; where there is one fold, over seeds."""
    if score.std is not None:
        return Spread(score.std, "folds")
    return Spread(score.std_seeds, "" if score.std_seeds is None else "seeds")


def _tasks_by_bars(sweep: Sweep) -> dict[str, list[str]]:
    """Return the tasks' labels by what their error bars are."""
    by_bars: dict[str, list[str]] = {"folds": [], "seeds": [], "": []}
    for task, curves in sweep.curves.items():
        kinds = {spread_of(score).over for curve in curves.values() for _, score in curve}
        if kinds:
            # one variant may have several seeds and another one
            by_bars[max(kinds)].append(sweep.experiment.tasks[task].label)
    return by_bars


def _note(sweep: Sweep) -> str:
    """Say what dashes and error bars are."""
    by_bars = _tasks_by_bars(sweep)
    parts = ["dashed, hollow: without dubs; solid, filled: dub-augmented"]
    if by_bars["folds"]:
        parts.append("bars: standard deviation over evaluation folds")
    if by_bars["seeds"]:
        which = f"bars of {listed(by_bars['seeds'])}, with one fold" if by_bars["folds"] else "bars"
        parts.append(f"{which}: standard deviation over pretraining seeds")
    if by_bars[""]:
        parts.append(f"no bars, since one fold and one seed: {listed(by_bars[''])}")
    panels = [curves for curves in sweep.curves.values() if curves]
    if any(map(_bar_is_cut, panels)):
        parts.append("long bars are cut at the panel's edge")
    if any(map(_break, panels)):
        parts.append("grey band: the axis leaves out a range without points")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def _bar_is_cut(curves: Mapping[str, Curve]) -> bool:
    low, high = _limits(curves)
    bars = [_bar(score) for curve in curves.values() for _, score in curve]
    return any(bottom < low or top > high for bottom, top in bars)


def describe(sweep: Sweep) -> str:
    """Return the figure in words, for those who cannot see it."""
    experiment, drawn = sweep.experiment, [task for task in sweep.curves if task not in sweep.reasons]
    wins = dict.fromkeys(sweep.variants, 0)
    for task in drawn:
        for variant in {name for name, _, _ in sweep.best(task)}:
            wins[variant] += 1
    ranking = sorted((name for name in wins if wins[name]), key=lambda name: -wins[name])
    best = listed([f"{experiment.variants[name].label} on {wins[name]}" for name in ranking])
    dubbed = sum(any(experiment.variants[name].dub_augmented for name, _, _ in sweep.best(task)) for task in drawn)
    ties = " (ties count for each)" if sum(wins.values()) > len(drawn) else ""
    empty = f" {len(sweep.reasons)} more panels are empty." if sweep.reasons else ""
    return (
        f"Line charts of {_swept_titles(sweep)} scores over pretraining, a panel for each of {len(drawn)} tasks: "
        f"{plural(len(sweep.variants), 'variant')} after epochs {listed(list(map(str, sweep.epochs)))}. "
        f"The best score of a task is of {best}{ties}; dub-augmented variants have it on {dubbed} of {len(drawn)} "
        f"tasks.{empty}"
    )


def _swept_titles(sweep: Sweep) -> str:
    """Return what the suites of the panels are called."""
    suites = dict.fromkeys(sweep.experiment.tasks[task].suite for task in sweep.curves)
    return listed([SUITES[suite].title for suite in suites])


def to_csv(sweep: Sweep, path: Path) -> None:
    """Write the numbers behind the figure, a row a point: task, variant, epoch, metric, mean, std, low, high, n_folds;
    then the labels of task and variant, and what `std` is over (folds, seeds, or nothing)."""
    tasks, variants = sweep.experiment.tasks, sweep.experiment.variants
    rows = [
        {
            "task": task,
            "variant": variant,
            "epoch": epoch,
            "metric": score.metric,
            "mean": score.mean,
            "std": std,
            "low": low,
            "high": high,
            "n_folds": score.n_folds,
            "task_label": tasks[task].label,
            "label": variants[variant].label,
            "std_over": over,
        }
        for task, curves in sorted(sweep.curves.items())
        for variant, curve in sorted(curves.items())
        for epoch, score in curve
        for (low, high), (std, over) in [(bounds_of(score), spread_of(score))]
    ]
    write_text(path, pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))
