"""Figure B1: genres, release years and durations of the titles selected for pretraining (paper, Appendix B.1)."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dubaug.corpus.titles import Title
from dubaug.errors import DubaugError
from dubaug.files import write_text
from dubaug.plotting import COLOURS, NOTE, STYLE, TEXT_WIDTH_IN, save, shorten
from dubaug.words import listed

GENRES_SHOWN = 15
"""More than these are summed as the last bar."""
YEARS_A_BAR = (1, 2, 5, 10, 20, 50)
DURATION_A_BAR = (0.5, 1, 2, 5, 10, 20, 30, 60, 120)
"""In minutes or seconds."""
SECONDS_BELOW_MIN = 5.0
"""If the longest title is shorter than this, durations are in seconds."""
_BAR = COLOURS[1]
_REST = "#B3B3B3"
_LABEL_LETTERS = 20
_MIDDLE: dict[str, Any] = {"color": "black", "linewidth": 0.8, "linestyle": "--"}
_ROUND: dict[str, Any] = {"nbins": 5, "steps": [1, 2, 5, 10], "integer": True}
"""Of an axis's ticks."""


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """How many titles lie in each bin: `edges` are one more than `counts`; a bin holds its lower edge."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class CorpusSurvey:
    """What the figure shows."""

    titles: int
    genres: tuple[tuple[str, int], ...]
    """Genres with their titles, most first; a title counts for each of its genres."""
    genres_each: float
    """Mean number of genres of the titles that state any."""
    years: tuple[int, ...]
    """Of the titles that state one."""
    durations_min: tuple[float, ...]
    without_genre: int
    without_year: int


def survey(titles: Sequence[Title]) -> CorpusSurvey:
    """Count genres and years of `titles`. Genres differing in case only are one.

    Raises `DubaugError` if there are no titles.
    """
    if not titles:
        raise DubaugError("figure B1 needs titles: results/corpus/titles.csv has none")
    stated = [_genres_of(title) for title in titles]
    counts: Counter[str] = Counter()
    spellings: dict[str, str] = {}
    for genres in stated:
        counts.update(genres.keys())
        spellings = {**genres, **spellings}
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    years = [year for title in titles if (year := title.released) is not None]
    without_genre = sum(not genres for genres in stated)
    return CorpusSurvey(
        titles=len(titles),
        genres=tuple((spellings[genre], count) for genre, count in ordered),
        genres_each=sum(map(len, stated)) / max(1, len(titles) - without_genre),
        years=tuple(sorted(years)),
        durations_min=tuple(sorted(title.minutes for title in titles)),
        without_genre=without_genre,
        without_year=len(titles) - len(years),
    )


def _genres_of(title: Title) -> dict[str, str]:
    """Return the title's genres as written, by their spelling without case."""
    return {name.casefold(): name for part in title.genres.split("|") if (name := " ".join(part.split()))}


def histogram_of(values: Sequence[float], widths: Sequence[float]) -> Histogram:
    """Return `values` in bins of the smallest of `widths` that gives at most 2 sqrt(n) of them (8 to 32)."""
    most = min(32, max(8, math.ceil(2 * math.sqrt(len(values)))))
    low, high = min(values), max(values)

    def bins(width: float) -> tuple[int, int]:
        return math.floor(low / width), math.floor(high / width) + 1

    fitting = [width for width in widths if bins(width)[1] - bins(width)[0] <= most]
    width = fitting[0] if fitting else (high - low) / most
    first, last = bins(width)
    edges = [number * width for number in range(first, last + 1)]
    places = Counter(math.floor(value / width) - first for value in values)
    return Histogram(edges=tuple(edges), counts=tuple(places[place] for place in range(last - first)))


def draw(corpus: CorpusSurvey, paths: Sequence[Path]) -> None:
    """Draw the figure to `paths` (the suffix chooses the format; `.txt` is the figure in words).

    A panel whose values no title states is left out, and the figure says so; durations are always known. A dashed line
    is the median of the years, and the mean of the durations, as the paper states them.
    """
    with plt.rc_context(STYLE):
        save(_figure(corpus), paths, description=describe(corpus))


def _figure(corpus: CorpusSurvey) -> Figure:
    panels = [panel for panel, known in ((_draw_genres, corpus.genres), (_draw_years, corpus.years)) if known]
    panels.append(_draw_durations)
    width = TEXT_WIDTH_IN if len(panels) > 1 else TEXT_WIDTH_IN / 2
    bars = min(len(corpus.genres), GENRES_SHOWN + 1)
    figure, axes = plt.subplots(
        1, len(panels), figsize=(width, max(2.2, 0.95 + 0.12 * bars)), squeeze=False, layout="constrained"
    )
    drawn = [(axis, *panel(axis, corpus)) for panel, axis in zip(panels, axes.flat, strict=True)]
    lines = max(len(notes) for _, _, notes in drawn)
    for letter, (axis, name, notes) in zip("abc", drawn, strict=False):
        axis.set_title(f"({letter}) {name}" if len(panels) > 1 else name, loc="left", pad=4 + 8.5 * lines)
        note = "\n".join([*notes, *[""] * (lines - len(notes))])
        text = axis.annotate(note, (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", **NOTE)
        text.set_in_layout(False)  # a long line pushes no panel aside
    if unknown := _unknown(corpus):
        figure.supxlabel(unknown, **NOTE)
    return figure


def _unknown(corpus: CorpusSurvey) -> str:
    """Say what no title states."""
    unknown = [name for name, known in (("genres", corpus.genres), ("a year", corpus.years)) if not known]
    return f"No title of the catalogue states {' or '.join(unknown)}." if unknown else ""


def describe(corpus: CorpusSurvey) -> str:
    """Return the figure in words, for those who cannot see it."""
    parts = []
    if corpus.genres:
        most = listed([f"{genre} ({count})" for genre, count in corpus.genres[:3]])
        parts.append(f"a bar chart of {len(corpus.genres)} genres, most often {most}")
    if corpus.years:
        parts.append(f"a histogram of release years: {_span(corpus.years, '.0f')}, median {_median_year(corpus)}")
    parts.append(f"a histogram of durations: {', '.join(_duration_notes(corpus))}")
    text = f"The {corpus.titles} titles selected for pretraining: {'; '.join(parts)}."
    return " ".join(filter(None, [text, _unknown(corpus)]))


def _draw_genres(axis: Axes, corpus: CorpusSurvey) -> tuple[str, list[str]]:
    """Draw the bars; return the panel's name and notes."""
    shown = list(corpus.genres)
    rest = shown[GENRES_SHOWN:] if len(shown) > GENRES_SHOWN + 1 else []
    shown = shown[: len(shown) - len(rest)]
    labels = [shorten(genre, _LABEL_LETTERS) for genre, _ in shown] + [f"{len(rest)} others"] * bool(rest)
    counts = [count for _, count in shown] + [sum(count for _, count in rest)] * bool(rest)
    places = range(len(labels))
    axis.barh(places, counts, height=0.75, color=[_BAR] * len(shown) + [_REST] * bool(rest))
    axis.set_yticks(places, labels, fontsize=7)
    axis.set_ylim(len(labels) - 0.4, -0.6)  # the first on top
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", visible=False)
    axis.xaxis.set_major_locator(MaxNLocator(**_ROUND))
    axis.set_xlabel("Titles")
    missing = _without("genre", corpus.without_genre, corpus.titles)
    return "Genre", [f"{corpus.titles} titles, {corpus.genres_each:.1f} genres each", *missing]


def _draw_years(axis: Axes, corpus: CorpusSurvey) -> tuple[str, list[str]]:
    # a year stands in the middle of its bar
    _draw_histogram(axis, histogram_of(corpus.years, YEARS_A_BAR), shift=-0.5)
    axis.xaxis.set_major_locator(MaxNLocator(**_ROUND, min_n_ticks=1))
    axis.axvline(float(np.median(corpus.years)), **_MIDDLE)
    axis.set_xlabel("Release year")
    missing = _without("year", corpus.without_year, corpus.titles)
    return "Release year", [f"{_span(corpus.years, '.0f')}, median {_median_year(corpus)} (dashed)", *missing]


def _median_year(corpus: CorpusSurvey) -> str:
    return f"{float(np.median(corpus.years)):g}"


def _draw_durations(axis: Axes, corpus: CorpusSurvey) -> tuple[str, list[str]]:
    durations, unit = _durations(corpus)
    _draw_histogram(axis, histogram_of(durations, DURATION_A_BAR))
    axis.axvline(float(np.mean(durations)), **_MIDDLE)
    axis.set_xlabel(f"Duration ({unit})")
    where, spread = _duration_notes(corpus)
    return "Duration", [where, f"{spread} (mean dashed)"]


def _duration_notes(corpus: CorpusSurvey) -> list[str]:
    durations, unit = _durations(corpus)
    spread = f", SD {np.std(durations, ddof=1):.1f}" if len(durations) > 1 else ""
    return [
        f"{_span(durations, '.1f')} {unit}, median {np.median(durations):.1f}",
        f"mean {np.mean(durations):.1f}{spread}",
    ]


def _durations(corpus: CorpusSurvey) -> tuple[tuple[float, ...], str]:
    """Return the durations and their unit."""
    if corpus.durations_min[-1] < SECONDS_BELOW_MIN:
        return tuple(60 * minutes for minutes in corpus.durations_min), "s"
    return corpus.durations_min, "min"


def _draw_histogram(axis: Axes, histogram: Histogram, *, shift: float = 0.0) -> None:
    widths, left = np.diff(histogram.edges), np.add(histogram.edges[:-1], shift)
    axis.bar(left, histogram.counts, width=widths, align="edge", color=_BAR, edgecolor="white", linewidth=0.5)
    axis.grid(axis="x", visible=False)
    axis.margins(x=0.02)
    axis.xaxis.set_major_locator(MaxNLocator(**_ROUND))
    axis.yaxis.set_major_locator(MaxNLocator(**_ROUND))
    axis.ticklabel_format(axis="x", useOffset=False)
    axis.set_ylabel("Titles")


def _without(what: str, missing: int, titles: int) -> list[str]:
    return [f"no {what} for {missing} of {titles}"] if missing else []


def _span(ordered: Sequence[float], form: str) -> str:
    """Return the first and the last value, or the one that all have."""
    first, last = format(ordered[0], form), format(ordered[-1], form)
    return first if first == last else f"{first}–{last}"


def to_csv(corpus: CorpusSurvey, path: Path) -> None:
    """Write the numbers behind the figure: panel, label (a genre, or `unknown`), lower and upper edge, titles.

    The panel `statistics` has what the figure states: label (`year median`), `value`, and of how many titles.
    """
    durations, unit = _durations(corpus)
    rows: list[tuple[str, str, float | None, float | None, int, float | None]] = [
        ("genre", genre, None, None, count, None) for genre, count in corpus.genres
    ]
    rows.append(("genre", "unknown", None, None, corpus.without_genre, None))
    if corpus.years:
        rows += _bins("year", histogram_of(corpus.years, YEARS_A_BAR))
    rows.append(("year", "unknown", None, None, corpus.without_year, None))
    rows += _bins(f"duration_{unit}", histogram_of(durations, DURATION_A_BAR))
    for name, values in (("year", corpus.years), (f"duration_{unit}", durations)):
        rows += [("statistics", f"{name} {what}", None, None, len(values), it) for what, it in _statistics(values)]
    frame = pd.DataFrame(rows, columns=["panel", "label", "lower", "upper", "titles", "value"])
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def _statistics(values: Sequence[float]) -> list[tuple[str, float]]:
    """Return minimum, median, mean, standard deviation and maximum, where there are values enough."""
    if not values:
        return []
    spread = [("sd", float(np.std(values, ddof=1)))] if len(values) > 1 else []
    middle = [("median", float(np.median(values))), ("mean", float(np.mean(values)))]
    return [("min", float(min(values))), *middle, *spread, ("max", float(max(values)))]


def _bins(panel: str, histogram: Histogram) -> Iterable[tuple[str, str, float, float, int, None]]:
    edges = histogram.edges
    return [
        (panel, f"{low:g}–{high:g}", low, high, count, None)
        for low, high, count in zip(edges, edges[1:], histogram.counts, strict=False)
    ]
