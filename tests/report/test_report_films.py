from pathlib import Path
from typing import Any

import pytest

from dubaug.corpus.rejects import Reject
from dubaug.report.films import read_alignment, read_films, read_left_out, reasons_of


def test_titles_are_counted(results: dict[str, Any]) -> None:
    films = read_films(results["titles"])
    assert films is not None
    assert (films.titles, films.clips, films.years) == (2, 90, (1972, 1985))
    assert (films.hours, films.shortest_min, films.longest_min) == (pytest.approx(0.075), 1.5, 3)
    assert films.original_languages == (("French (fr)", 1), ("not said", 1))


def test_dubs_are_counted_by_finding_and_language(results: dict[str, Any]) -> None:
    alignment = read_alignment(results["alignment"])
    assert alignment.languages == ("Spanish (es)", "French (fr)")
    assert [(row.meaning, row.done, row.by_language) for row in alignment.rows] == [
        ("in its place", "kept", (2, 0)),
        ("early or late by a constant time", "moved to its place", (0, 1)),
        ("silent where the film is not", "title rejected", (0, 1)),
    ]
    assert (alignment.dubs, alignment.shift_ms) == (4, pytest.approx(12.3))


def test_reasons_are_counted_with_their_titles_and_clips() -> None:
    def reject(title: str, reason: str, clips: int | None) -> Reject:
        return Reject(title_id=title, stage="shards", reason=reason, advice="mend it", clips=clips)

    reasons = reasons_of([reject("a", "x", None), reject("b", "y", 2), reject("c", "y", 3), reject("c", "y", 1)])
    assert [(reason.reason, reason.titles, reason.clips) for reason in reasons] == [("y", 2, 6), ("x", 1, 0)]


def test_no_reject_list_is_none_and_an_empty_one_is_a_list(tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    assert read_left_out([path]) is None
    path.write_text("title_id,stage,reason,advice,clips\n", encoding="utf-8")
    assert read_left_out([path, tmp_path / "other.csv"]) == ()
