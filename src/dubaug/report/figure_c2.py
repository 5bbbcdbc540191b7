"""Figure C2: HEAR scores at different pretraining stages, a panel a task (paper, Appendix C.1)."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.files import write_text
from dubaug.plotting import COLOURS, NOTE, STYLE, save
from dubaug.report.layout import METRIC_NAMES, main_variants
from dubaug.report.scores import Score, Scores

# Markers tell the lines apart in gray.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
COLUMNS = 3

Curve = list[tuple[int, Score]]


def draw(experiment: Experiment, scores: Scores, paths: Sequence[Path], note: str = "") -> None:
    """Draw the figure to `paths` (the suffix chooses the format). Raises `DubaugError` if there is no data.

    Dashed lines are baselines, solid ones dub-augmented variants; error bars are standard deviations over folds; the
    best point of each panel is circled. Variants that train for another number of epochs are left out; a task without
    scores has an empty panel that says so.
    """
    tasks = experiment.suites["hear"]
    baselines, dubbed = main_variants(experiment)
    variants = [variant for variant in (*baselines, *dubbed) if any(key[1] == variant for key in scores.sweep)]
    if not variants or not any(key[0] in tasks for key in scores.sweep):
        raise DubaugError("figure C2 needs HEAR results of the checkpoint sweep: results/<variant>/epoch<NN>/hear.json")
    with plt.rc_context(STYLE):
        figure = _figure(experiment, scores, tasks, variants, baselines, note)
        save(figure, paths)


def _figure(
    experiment: Experiment,
    scores: Scores,
    tasks: Sequence[str],
    variants: Sequence[str],
    baselines: Sequence[str],
    note: str,
) -> Any:
    columns = min(COLUMNS, len(tasks))
    rows = -(-len(tasks) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(2.35 * columns + 0.2, 1.85 * rows + 0.75), squeeze=False, layout="constrained"
    )
    looks = {variant: _look(i, variant in baselines) for i, variant in enumerate(variants)}
    for i, (axis, task) in enumerate(zip(axes.flat, tasks, strict=False)):
        axis.set_title(experiment.tasks[task].label)
        metric = next((score.metric for (name, _, _), score in scores.sweep.items() if name == task), None)
        if metric is None:
            axis.set(xticks=[], yticks=[])
            axis.text(0.5, 0.5, "no data", ha="center", va="center", transform=axis.transAxes, color="gray")
            continue
        curves = {variant: _curve(scores, task, variant) for variant in variants}
        _panel(axis, curves, looks)
        axis.set_ylabel(METRIC_NAMES.get(metric, metric))
        if i + columns >= len(tasks):
            axis.set_xlabel("Pretraining epoch")
    for axis in axes.flat[len(tasks) :]:
        axis.set_visible(False)
    handles = [Line2D([], [], label=experiment.variants[variant].label, **looks[variant]) for variant in variants]
    handles.append(Line2D([], [], label="best", **RING))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(len(handles), 5 if columns > 1 else 3),
        frameon=False,
        handlelength=3,
    )
    if note:
        figure.supxlabel(note, **NOTE)
    return figure


RING: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 11,
    "markerfacecolor": "none",
    "markeredgecolor": "#C00000",
    "markeredgewidth": 1.2,
}


def _look(i: int, baseline: bool) -> dict[str, Any]:
    return {
        "color": COLOURS[i % len(COLOURS)],
        "marker": MARKERS[i % len(MARKERS)],
        "linestyle": "--" if baseline else "-",
        "markersize": 3.5,
    }


def _curve(scores: Scores, task: str, variant: str) -> Curve:
    return sorted(
        ((epoch, score) for (name, who, epoch), score in scores.sweep.items() if (name, who) == (task, variant)),
        key=lambda point: point[0],
    )


def _panel(axis: Axes, curves: dict[str, Curve], looks: dict[str, dict[str, Any]]) -> None:
    epochs = sorted({epoch for curve in curves.values() for epoch, _ in curve})
    step = min((b - a for a, b in pairwise(epochs)), default=1)
    best: tuple[float, float] | None = None
    for i, (variant, curve) in enumerate(curves.items()):
        # a small sideways shift keeps the error bars of neighbours apart
        shift = step * 0.05 * (i - (len(curves) - 1) / 2)
        x = [epoch + shift for epoch, _ in curve]
        y = [score.mean for _, score in curve]
        errors = [score.std or 0.0 for _, score in curve]
        has_folds = any(score.std is not None for _, score in curve)
        axis.errorbar(
            x, y, yerr=errors if has_folds else None, elinewidth=0.6, capsize=1.2, capthick=0.6, **looks[variant]
        )
        for point in zip(x, y, strict=True):
            if best is None or point[1] > best[1]:
                best = point
    if best is not None:
        axis.plot(*best, zorder=10, **RING)
    axis.margins(x=0.07, y=0.12)  # room for the ring
    axis.set_xticks(epochs)
    axis.yaxis.set_major_locator(MaxNLocator(nbins=5))


def to_csv(scores: Scores, path: Path) -> None:
    """Write the numbers behind the figure: task, variant, epoch, metric, mean, std, low, high, n_folds."""
    columns = ["task", "variant", "epoch", "metric", "mean", "std", "low", "high", "n_folds"]
    rows = [
        (*key, score.metric, score.mean, score.std, score.low, score.high, score.n_folds)
        for key, score in sorted(scores.sweep.items())
    ]
    write_text(path, pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n"))
