"""Figure B1: genres, release years and durations of the titles selected for pretraining (paper, Appendix B.1)."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dubaug.corpus.titles import Title
from dubaug.errors import DubaugError
from dubaug.files import write_text
from dubaug.plotting import COLOURS, NOTE, STYLE, TEXT_WIDTH_IN, save

GENRES_SHOWN = 15
"""More than these are summed as the last bar."""
SECONDS_BELOW_MIN = 5.0
"""If the longest title is shorter than this, durations are in seconds."""
_BAR = COLOURS[1]
_REST = "#B3B3B3"
_LABEL_LETTERS = 20
_YEAR = re.compile(r"\s*((?:1[89]|2[01])\d\d)(?!\d)")


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """How many titles lie in each bin: `edges` are one more than `counts`; a bin holds its lower edge."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Corpus:
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


def survey(titles: Sequence[Title]) -> Corpus:
    """Count genres and years of `titles`. Genres differing in case only are one; a year is four digits at the start.

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
    years = [int(found.group(1)) for title in titles if (found := _YEAR.match(title.year))]
    without_genre = sum(not genres for genres in stated)
    return Corpus(
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


def year_histogram(years: Sequence[int]) -> Histogram:
    """Return the years in bins of 1, 2, 5, 10, 20 or 50, the finest that leaves titles enough for each."""
    return _histogram(years, widths=(1, 2, 5, 10, 20, 50))


def duration_histogram(durations: Sequence[float]) -> Histogram:
    """Return durations, in minutes or seconds, in bins of a round width."""
    return _histogram(durations, widths=(0.5, 1, 2, 5, 10, 20, 30, 60, 120))


def _histogram(values: Sequence[float], widths: Sequence[float]) -> Histogram:
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


def draw(corpus: Corpus, paths: Sequence[Path]) -> None:
    """Draw the figure to `paths` (the suffix chooses the format).

    A panel whose values no title states is left out, and the figure says so; durations are always known.
    """
    with plt.rc_context(STYLE):
        save(_figure(corpus), paths)


def _figure(corpus: Corpus) -> Figure:
    panels = [panel for panel, known in ((_draw_genres, corpus.genres), (_draw_years, corpus.years)) if known]
    panels.append(_draw_durations)
    width = TEXT_WIDTH_IN if len(panels) > 1 else TEXT_WIDTH_IN / 2
    some_unknown = 0 < corpus.without_genre < corpus.titles or 0 < corpus.without_year < corpus.titles
    lines = 2 if some_unknown else 1
    bars = min(len(corpus.genres), GENRES_SHOWN + 1)
    figure, axes = plt.subplots(
        1, len(panels), figsize=(width, max(2.2, 0.95 + 0.12 * bars)), squeeze=False, layout="constrained"
    )
    for letter, panel, axis in zip("abc", panels, axes.flat, strict=False):
        name, notes = panel(axis, corpus)
        axis.set_title(f"({letter}) {name}" if len(panels) > 1 else name, loc="left", pad=4 + 8.5 * lines)
        note = "\n".join([*notes, *[""] * (lines - len(notes))])
        text = axis.annotate(note, (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", **NOTE)
        text.set_in_layout(False)  # a long line pushes no panel aside
    unknown = [name for name, known in (("genres", corpus.genres), ("a year", corpus.years)) if not known]
    if unknown:
        figure.supxlabel(f"No title of the catalogue states {' or '.join(unknown)}.", **NOTE)
    return figure


def _draw_genres(axis: Axes, corpus: Corpus) -> tuple[str, list[str]]:
    """Draw the bars; return the panel's name and notes."""
    shown = list(corpus.genres)
    rest = shown[GENRES_SHOWN:] if len(shown) > GENRES_SHOWN + 1 else []
    shown = shown[: len(shown) - len(rest)]
    labels = [_shorten(genre) for genre, _ in shown] + [f"{len(rest)} others"] * bool(rest)
    counts = [count for _, count in shown] + [sum(count for _, count in rest)] * bool(rest)
    places = range(len(labels))
    axis.barh(places, counts, height=0.75, color=[_BAR] * len(shown) + [_REST] * bool(rest))
    axis.set_yticks(places, labels, fontsize=7)
    axis.set_ylim(len(labels) - 0.4, -0.6)  # the first on top
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", visible=False)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10], integer=True))
    axis.set_xlabel("Titles")
    missing = _without("genre", corpus.without_genre, corpus.titles)
    return "Genre", [f"{corpus.titles} titles, {corpus.genres_each:.1f} genres each", *missing]


def _draw_years(axis: Axes, corpus: Corpus) -> tuple[str, list[str]]:
    _draw_histogram(axis, year_histogram(corpus.years))
    axis.set_xlabel("Release year")
    median = float(np.median(corpus.years))
    missing = _without("year", corpus.without_year, corpus.titles)
    return "Release year", [f"{_span(corpus.years, '.0f')}, median {median:.0f}", *missing]


def _draw_durations(axis: Axes, corpus: Corpus) -> tuple[str, list[str]]:
    durations, unit = _durations(corpus)
    _draw_histogram(axis, duration_histogram(durations))
    axis.set_xlabel(f"Duration ({unit})")
    spread = f", SD {np.std(durations, ddof=1):.1f}" if len(durations) > 1 else ""
    return "Duration", [f"{_span(durations, '.1f')} {unit}, mean {np.mean(durations):.1f}{spread}"]


def _durations(corpus: Corpus) -> tuple[tuple[float, ...], str]:
    """Return the durations and their unit."""
    if corpus.durations_min[-1] < SECONDS_BELOW_MIN:
        return tuple(60 * minutes for minutes in corpus.durations_min), "s"
    return corpus.durations_min, "min"


def _draw_histogram(axis: Axes, histogram: Histogram) -> None:
    widths = np.diff(histogram.edges)
    axis.bar(
        histogram.edges[:-1], histogram.counts, width=widths, align="edge", color=_BAR, edgecolor="white", linewidth=0.5
    )
    axis.grid(axis="x", visible=False)
    axis.margins(x=0.02)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10], integer=True))
    axis.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10], integer=True))
    axis.set_ylabel("Titles")


def _without(what: str, missing: int, titles: int) -> list[str]:
    return [f"no {what} for {missing} of {titles}"] if missing else []


def _span(ordered: Sequence[float], form: str) -> str:
    """Return the first and the last value, or the one that all have."""
    first, last = format(ordered[0], form), format(ordered[-1], form)
    return first if first == last else f"{first}–{last}"


def _shorten(text: str) -> str:
    return text if len(text) <= _LABEL_LETTERS else text[: _LABEL_LETTERS - 1].rstrip() + "…"


def to_csv(corpus: Corpus, path: Path) -> None:
    """Write the numbers behind the figure: panel, label (a genre, or `unknown`), lower and upper edge, titles."""
    durations, unit = _durations(corpus)
    rows: list[tuple[str, str, float | None, float | None, int]] = [
        ("genre", genre, None, None, count) for genre, count in corpus.genres
    ]
    rows.append(("genre", "unknown", None, None, corpus.without_genre))
    if corpus.years:
        rows += _bins("year", year_histogram(corpus.years))
    rows.append(("year", "unknown", None, None, corpus.without_year))
    rows += _bins(f"duration_{unit}", duration_histogram(durations))
    frame = pd.DataFrame(rows, columns=["panel", "label", "lower", "upper", "titles"])
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def _bins(panel: str, histogram: Histogram) -> Iterable[tuple[str, str, float, float, int]]:
    edges = histogram.edges
    return [
        (panel, f"{low:g}–{high:g}", low, high, count)
        for low, high, count in zip(edges, edges[1:], histogram.counts, strict=False)
    ]
