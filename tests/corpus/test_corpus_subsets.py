"""Table B4 against brute force, and the selection."""

import random
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from dubaug.corpus.subsets import Subset, count_subsets, read_subsets, select, write_subsets
from dubaug.corpus.titles import Title, read_titles, write_titles
from dubaug.corpus.tracks import Track
from dubaug.errors import DubaugError
from dubaug.tracks import TrackName

EN = TrackName("en")
ALL = ("en", "es", "fr", "ja", "de", "it", "pt")


def named(texts: Iterable[str]) -> tuple[TrackName, ...]:
    return tuple(map(TrackName, texts))


def random_titles(count: int, seed: int) -> list[Title]:
    rng = random.Random(seed)
    return [
        Title(
            title_id=f"t{number}",
            path=Path(f"t{number}.mkv"),
            minutes=rng.uniform(6, 208),
            clips=1,
            tracks=tuple(
                Track(name=TrackName(language), stream=stream)
                for stream, language in enumerate(["en", *rng.sample(ALL[1:], rng.randint(0, len(ALL) - 1))])
            ),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("secondary", [("es",), ("es", "fr", "ja"), ("ja", "de", "es", "it", "pt")])
@pytest.mark.parametrize("seed", [0, 1])
def test_counts_against_brute_force(secondary: tuple[str, ...], seed: int) -> None:
    titles = random_titles(60, seed)
    rows = count_subsets(titles, EN, named(secondary))
    found = {row.languages: row for row in rows}
    masks = range(1, 2 ** len(secondary))
    assert len(rows) == len(masks)
    for mask in masks:
        languages = ["en"] + [language for bit, language in enumerate(secondary) if mask >> bit & 1]
        number, minutes = 0, 0.0
        for title in titles:
            if all(any(track.name == language for track in title.tracks) for language in languages):
                number += 1
                minutes += title.minutes
        row = found[tuple(languages)]
        assert row.titles == number
        assert row.video_hours == pytest.approx(minutes / 60)


def test_the_order_is_table_b4s() -> None:
    rows = count_subsets(random_titles(60, 0), EN, named(("es", "fr", "ja")))
    assert [len(row.languages) for row in rows] == [2, 2, 2, 3, 3, 3, 4]
    for size in (2, 3):
        counts = [row.titles for row in rows if len(row.languages) == size]
        assert counts == sorted(counts, reverse=True)
    assert rows[-1].languages == ("en", "es", "fr", "ja")


def test_the_selected_titles_have_all_languages() -> None:
    titles = random_titles(60, 0)
    chosen = select(titles, named(("en", "es", "ja")))
    assert {title.title_id for title in chosen} == {t.title_id for t in titles if {"es", "ja"} <= set(t.languages)}


def test_an_empty_intersection_says_what_there_is() -> None:
    titles = [title for title in random_titles(60, 0) if "ja" not in title.languages]
    with pytest.raises(DubaugError, match=r"no title has all of en, ja.*English \(en\) \d+, Japanese \(ja\) 0"):
        select(titles, named(("en", "ja")))


def test_ten_thousand_titles_take_little_time(tmp_path: Path) -> None:
    titles = random_titles(10_000, 3)
    write_titles(tmp_path / "catalogue.csv", titles)
    start = time.perf_counter()
    count_subsets(read_titles(tmp_path / "catalogue.csv"), EN, named(("es", "fr", "ja")))
    assert time.perf_counter() - start < 10


def test_titles_come_back_from_their_csv(tmp_path: Path) -> None:
    title = Title(
        title_id="a",
        path=tmp_path / "films/a, with comma.mkv",
        minutes=1.5,
        clips=30,
        tracks=(
            Track(name=TrackName("en"), stream=1),
            Track(name=TrackName("fr"), stream=0, path=tmp_path / "other/f.ac3", clock=0.960000123),
        ),
        genres="Drama|Action",
        notes='say "so"',
    )
    write_titles(tmp_path / "results/corpus/titles.csv", [title])
    assert "../../films/a" in (tmp_path / "results/corpus/titles.csv").read_text()
    (read,) = read_titles(tmp_path / "results/corpus/titles.csv")
    assert read.path.resolve() == title.path
    assert [track.clock for track in read.tracks] == [1.0, 0.960000123]
    assert read.tracks[1].path is not None
    assert read.tracks[1].path.resolve() == tmp_path / "other/f.ac3"
    assert (read.languages, read.clips, read.notes) == (("en", "fr"), 30, 'say "so"')
    with pytest.raises(DubaugError, match="no de track"):
        read.track(TrackName("de"))


def test_counts_come_back_from_their_csv(tmp_path: Path) -> None:
    path = tmp_path / "subsets.csv"
    counts = (Subset(languages=(TrackName("en"), TrackName("es@synthetic")), titles=22, video_hours=0.2296),)
    write_subsets(path, counts)
    assert path.read_text(encoding="utf-8") == "languages,titles,video_hours\nen+es@synthetic,22,0.2296\n"
    assert read_subsets(path) == counts
    assert counts[0].names == "English, Spanish (synthetic)"
    with pytest.raises(DubaugError, match="no counts by track at"):
        read_subsets(tmp_path / "none.csv")
    path.write_text("title_id,path\n", encoding="utf-8")
    with pytest.raises(DubaugError, match="is no count by track, it has no column 'languages'"):
        read_subsets(path)
