import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from dubaug.cli import main
from dubaug.corpus.titles import Title, write_titles
from dubaug.corpus.tracks import Track
from dubaug.errors import DubaugError
from dubaug.figures import b1
from dubaug.plotting import TEXT_WIDTH_IN
from dubaug.tracks import TrackName
from figure_checks import assert_fonts_embedded, assert_readable


def title(number: int, *, year: str = "", genres: str = "", minutes: float = 100.0) -> Title:
    return Title(
        title_id=f"t{number}",
        path=Path(f"t{number}.mkv"),
        minutes=minutes,
        clips=int(minutes * 20),
        tracks=(Track(name=TrackName("en"), stream=0),),
        year=year,
        genres=genres,
    )


FILMS = [
    title(0, year="1999", genres="Drama|Comedy", minutes=90),
    title(1, year="2016.0", genres="drama", minutes=100.5),
    title(2, year="2018-05-01", genres=" Drama | War ", minutes=131),
    title(3, year="unknown", genres="", minutes=6),
]


@pytest.fixture
def panels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return a function that draws titles and returns the figure's panels."""
    kept: list[Any] = []
    monkeypatch.setattr(plt, "close", kept.append)

    def draw(titles: Sequence[Title]) -> list[Any]:
        b1.draw(b1.survey(titles), [tmp_path / "b1.png"])
        return list(kept[-1].axes)

    return draw


def heading(axis: Any) -> str:
    return axis.get_title(loc="left")


def notes(axis: Any) -> str:
    return "\n".join(text.get_text() for text in axis.texts)


def test_a_title_counts_for_each_genre_and_bars_are_sorted(panels: Any) -> None:
    genre, year, duration = panels(FILMS)
    assert [label.get_text() for label in genre.get_yticklabels()] == ["Drama", "Comedy", "War"]
    assert [bar.get_width() for bar in genre.patches] == [3, 1, 1]
    assert genre.get_ylim()[0] > genre.get_ylim()[1], "the first bar is on top"
    assert [heading(axis) for axis in (genre, year, duration)] == ["(a) Genre", "(b) Release year", "(c) Duration"]
    assert "no genre for 1 of 4" in notes(genre)
    assert "1999–2018, median 2016 (dashed)" in notes(year)
    assert [line.get_xdata()[0] for line in year.lines] == [2016], "the middle of its bar"
    assert "no year for 1 of 4" in notes(year)
    assert sum(bar.get_height() for bar in year.patches) == 3
    assert duration.get_xlabel() == "Duration (min)"
    lengths = [90, 100.5, 131, 6]
    assert notes(duration).strip() == (
        f"6.0–131.0 min, median {np.median(lengths):.1f}\nmean {np.mean(lengths):.1f}, SD {np.std(lengths, ddof=1):.1f}"
        " (mean dashed)"
    )
    assert [line.get_xdata()[0] for line in duration.lines] == [pytest.approx(np.mean(lengths))]
    for bar in duration.patches:
        low, high = bar.get_x(), bar.get_x() + bar.get_width()
        assert bar.get_height() == sum(low <= length < high for length in lengths)
    assert sum(bar.get_height() for bar in duration.patches) == 4


@pytest.mark.parametrize(("years", "median"), [(["1998"] * 3, 1998), (["1998", "1999"], 1998.5)])
def test_the_median_stands_where_the_axis_has_that_year(years: list[str], median: float, panels: Any) -> None:
    _, year, _ = panels([replace(FILMS[1], title_id=f"t{i}", year=its) for i, its in enumerate(years)])
    assert [line.get_xdata()[0] for line in year.lines] == [median]
    assert f"median {median:g} (dashed)" in notes(year)
    assert [bar.get_x() + bar.get_width() / 2 for bar in year.patches] == sorted({int(its) for its in years})
    assert all(tick == int(tick) for tick in year.get_xticks())


def test_what_no_title_states_has_no_panel_and_is_said(panels: Any) -> None:
    (duration,) = panels([replace(film, genres="", year="") for film in FILMS])
    assert heading(duration) == "Duration"
    assert duration.figure.get_supxlabel() == "No title of the catalogue states genres or a year."
    genre, duration = panels([replace(film, year="") for film in FILMS])
    assert [heading(genre), heading(duration)] == ["(a) Genre", "(b) Duration"]
    assert duration.figure.get_supxlabel() == "No title of the catalogue states a year."


def test_short_titles_are_in_seconds(panels: Any) -> None:
    *_, duration = panels([replace(film, minutes=0.5 + 0.05 * i) for i, film in enumerate(FILMS)])
    assert duration.get_xlabel() == "Duration (s)"
    assert notes(duration).startswith("30.0–39.0 s")
    assert duration.patches[0].get_x() == 30


def test_many_genres_end_in_one_bar(panels: Any) -> None:
    films = [title(i, genres=f"Genre {j:02d}") for j in range(30) for i in range(40 - j)]
    genre, _ = panels(films)
    labels = [label.get_text() for label in genre.get_yticklabels()]
    assert len(labels) == b1.GENRES_SHOWN + 1
    assert labels[0] == "Genre 00"
    assert labels[-1] == f"{30 - b1.GENRES_SHOWN} others"
    assert sum(bar.get_width() for bar in genre.patches) == len(films)


@pytest.mark.parametrize("count", [1, 16, 748, 5000])
def test_bins_are_round_not_too_many_and_lose_nothing(count: int) -> None:
    rng = np.random.default_rng(count)
    years = sorted(int(year) for year in rng.integers(1960, 2023, count))
    lengths = sorted(float(length) for length in rng.normal(106, 19, count))
    for histogram, values in (
        (b1.histogram_of(years, b1.YEARS_A_BAR), years),
        (b1.histogram_of(lengths, b1.DURATION_A_BAR), lengths),
    ):
        assert sum(histogram.counts) == count
        assert len(histogram.edges) == len(histogram.counts) + 1 <= 33
        assert histogram.edges[0] <= values[0]
        assert values[-1] < histogram.edges[-1]
        assert list(histogram.counts) == np.histogram(values, histogram.edges)[0].tolist()
    if count == 748:
        assert np.diff(b1.histogram_of(years, b1.YEARS_A_BAR).edges).tolist() == [2] * 32, "two years a bar"


def test_the_command_writes_the_figure_and_its_data_the_same_each_time(tmp_path: Path) -> None:
    write_titles(tmp_path / "titles.csv", FILMS)
    for folder in ("one", "two"):
        arguments = ["figure-b1", "--titles", str(tmp_path / "titles.csv"), "--out-dir", str(tmp_path / folder)]
        assert main(arguments) == 0
    for name in ("b1.pdf", "b1.png", "b1.csv", "b1.txt"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert_fonts_embedded(tmp_path / "one/b1.pdf")
    assert (tmp_path / "one/b1.txt").read_text(encoding="utf-8") == (
        "The 4 titles selected for pretraining: a bar chart of 3 genres, most often Drama (3), Comedy (1) and War (1); "
        "a histogram of release years: 1999–2018, median 2016; a histogram of durations: 6.0–131.0 min, median 95.2, "
        "mean 81.9, SD 53.5.\n"
    )
    rows = list(csv.DictReader((tmp_path / "one/b1.csv").open(encoding="utf-8")))
    counts = {(row["panel"], row["label"]): int(row["titles"]) for row in rows}
    assert counts["genre", "Drama"] == 3
    assert counts["genre", "unknown"] == counts["year", "unknown"] == 1
    assert sum(int(row["titles"]) for row in rows if row["panel"] == "duration_min") == 4
    stated = {row["label"]: float(row["value"]) for row in rows if row["panel"] == "statistics"}
    assert stated["year median"] == 2016
    assert stated["duration_min mean"] == pytest.approx(np.mean([90, 100.5, 131, 6]))
    assert stated["duration_min sd"] == pytest.approx(np.std([90, 100.5, 131, 6], ddof=1))


@pytest.mark.parametrize("titles", [1, 12, 748])
def test_it_can_be_read_at_the_texts_width(panels: Any, titles: int) -> None:
    rng = np.random.default_rng(titles)
    genres = [
        "Comedy",
        "Drama",
        "Action & Adventure",
        "Science Fiction",
        *(f"A long genre's name {i}" for i in range(20)),
    ]
    films = [
        title(
            i,
            year=str(rng.integers(1960, 2023)) if i % 7 == 0 else "",
            genres="|".join(rng.choice(genres, 2)) if i % 5 == 0 else "",
            minutes=float(rng.normal(106, 19)),
        )
        for i in range(titles)
    ]
    figure = panels(films)[0].figure
    assert figure.get_figwidth() == pytest.approx(TEXT_WIDTH_IN)
    assert_readable(figure)


def test_no_title_is_an_error() -> None:
    with pytest.raises(DubaugError, match="needs titles"):
        b1.survey([])
