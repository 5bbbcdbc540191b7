"""How all dubs lie beside their films: offsets, drifts and similarities, by track."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from dubaug.alignment.judge import Finding, Status, Verdict
from dubaug.config import Alignment
from dubaug.plotting import COLOURS, NOTE, STYLE, TEXT_WIDTH_IN, save
from dubaug.tracks import TrackName
from dubaug.words import listed

_COLOURS: dict[Verdict, str] = {"keep": COLOURS[1], "correct": COLOURS[3], "reject": COLOURS[6]}
_DONE: dict[Verdict, str] = {"keep": "kept", "correct": "corrected", "reject": "rejected"}
_MARKERS: dict[Status, str] = {
    "aligned": "o",
    "shifted": "^",
    "drifting": "D",
    "cut": "X",
    "duplicate": "s",
    "dissimilar": "P",
    "silent": "v",
    "unreadable": "*",
}
_LETTERS = 21
"""Tracks' names with more letters than this do not fit below a panel: their codes do."""
_DRIFT_LINEAR = 0.01
"""Per cent: up to this the drifts' axis is linear, beyond it logarithmic."""
_BAND: dict[str, Any] = {"color": COLOURS[4], "alpha": 0.15, "linewidth": 0}
_LIMIT: dict[str, Any] = {"color": NOTE["color"], "linewidth": 0.8, "linestyle": "--"}


def draw(findings: Sequence[Finding], settings: Alignment, paths: Sequence[Path]) -> None:
    """Draw offset, drift and similarity, one column a track, one point a dub, titles in order from left to right.

    Dubs that nothing places (silent, dissimilar, unreadable) stand in the panel of similarities alone. A path that ends
    in `.txt` gets the figure in words.
    """
    tracks = sorted({finding.track for finding in findings})
    titles = sorted({finding.title_id for finding in findings})
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(TEXT_WIDTH_IN, 2.7), layout="constrained")
        measured = [finding.measurement for finding in findings]
        offsets_s = [one.offset_s for one in measured]
        drifts = [None if one.drift is None else 100 * one.drift for one in measured]
        _points(axes[0], findings, offsets_s, tracks, titles)
        _points(axes[1], findings, drifts, tracks, titles)
        _points(axes[2], findings, [one.similarity for one in measured], tracks, titles)
        _symmetric(axes[0], offsets_s, settings.tolerance_s)
        axes[0].axhspan(-settings.tolerance_s, settings.tolerance_s, **_BAND)
        axes[0].set(title="Offset", ylabel="Seconds behind the primary")
        reach = _symmetric(axes[1], drifts, _DRIFT_LINEAR)
        for rate in settings.rates:
            if rate != 1.0 and abs(100 * (rate - 1)) < reach:
                axes[1].axhline(100 * (rate - 1), **_LIMIT)
        axes[1].set(title="Drift", ylabel="Per cent slower than the film")
        axes[2].set(title="Similarity", ylabel="Correlation of onsets", ylim=(-0.04, 1))
        axes[2].axhline(settings.similarity_min, **_LIMIT)
        placed = len(findings) - offsets_s.count(None)
        figure.legend(
            handles=_handles(findings),
            loc="outside lower center",
            ncols=4,
            fontsize=7,
            columnspacing=1.2,
            frameon=False,
            title=f"{len(titles)} titles; {len(findings)} dubs, {placed} of them placed; policy: {settings.policy}",
            title_fontproperties={"size": NOTE["fontsize"]},
        )
        save(figure, paths, description=describe(findings))


def describe(findings: Sequence[Finding]) -> str:
    """Return the figure in words, for those who cannot see it."""
    titles, tracks = ({getattr(one, key) for one in findings} for key in ("title_id", "track"))
    done = [f"{sum(one.verdict == verdict for one in findings)} {word}" for verdict, word in _DONE.items()]
    offsets_s = [abs(one.measurement.offset_s) for one in findings if one.measurement.offset_s is not None]
    drifts = [abs(100 * one.measurement.drift) for one in findings if one.measurement.drift is not None]
    similarities = [one.measurement.similarity for one in findings]
    reach = [
        f"offsets of up to {max(offsets_s):.3f} s" if offsets_s else "",
        f"drifts of up to {max(drifts):.3f} per cent" if drifts else "",
        f"similarities from {min(similarities):.2f} to {max(similarities):.2f}" if similarities else "",
    ]
    names = listed(sorted(track.name for track in tracks)) or "none"
    return (
        f"Offset, drift and similarity of {len(findings)} dubs of {len(titles)} titles beside their films, one point a "
        f"dub, by track ({names}): {listed(done)}; {listed(list(filter(None, reach))) or 'nothing measured'}."
    )


def _groups(findings: Sequence[Finding]) -> list[tuple[Verdict, Status]]:
    """Return what there is, in a fixed order; the rejected come last, and so lie over the others."""
    there = {(finding.verdict, finding.status) for finding in findings}
    return [(verdict, status) for verdict in _COLOURS for status in _MARKERS if (verdict, status) in there]


def _handles(findings: Sequence[Finding]) -> list[Line2D]:
    handles = []
    for verdict, status in _groups(findings):
        count = sum((finding.verdict, finding.status) == (verdict, status) for finding in findings)
        look: dict[str, Any] = {"marker": _MARKERS[status], "color": _COLOURS[verdict], "markersize": 4}
        handles.append(Line2D([], [], label=f"{status}, {_DONE[verdict]} ({count})", linestyle="none", **look))
    handles.append(Line2D([], [], color=_BAND["color"], alpha=0.3, linewidth=6, label="taken as aligned"))
    handles.append(Line2D([], [], label="speeds tried; similarity_min", **_LIMIT))
    return handles


def _points(
    axis: Axes,
    findings: Sequence[Finding],
    values: Sequence[float | None],
    tracks: Sequence[TrackName],
    titles: Sequence[str],
) -> None:
    """Draw one quantity."""
    column = {track: number for number, track in enumerate(tracks)}
    place = {title_id: (number + 0.5) / len(titles) - 0.5 for number, title_id in enumerate(titles)}
    for verdict, status in _groups(findings):
        points = [
            (column[one.track] + 0.8 * place[one.title_id], value)
            for one, value in zip(findings, values, strict=True)
            if (one.verdict, one.status) == (verdict, status) and value is not None
        ]
        x, y = np.array(points, dtype=float).reshape(-1, 2).T
        axis.scatter(x, y, s=16, marker=_MARKERS[status], c=_COLOURS[verdict], alpha=0.75, linewidths=0)
    names = [track.name for track in tracks]
    if sum(map(len, names)) > _LETTERS:
        names = [track.capitals for track in tracks]
    axis.set_xticks(range(len(tracks)), names, fontsize=7)
    axis.set_xlim(-0.6, max(len(tracks) - 0.4, 0.6))
    axis.grid(visible=False, axis="x")


def _symmetric(axis: Axes, values: Sequence[float | None], linear: float) -> float:
    """Scale an axis alike on both sides of 0, up to `linear` linearly; return how far it reaches, a power of ten.

    Labelled are 0, the end of the linear part, and powers of ten.
    """
    largest = max([linear, *(abs(value) for value in values if value is not None)])
    reach = float(10.0 ** np.ceil(np.log10(largest) + 0.05))
    axis.set_yscale("symlog", linthresh=linear)
    powers = 10.0 ** np.arange(np.ceil(np.log10(linear) + 0.31), np.log10(reach) + 0.01)
    ticks = [linear, *powers.tolist()]
    axis.set_yticks([-tick for tick in reversed(ticks)] + [0.0] + ticks)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.set_ylim(-reach, reach)
    return reach
