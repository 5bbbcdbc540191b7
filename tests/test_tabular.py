from pathlib import Path

import pytest

from dubaug.errors import DubaugError
from dubaug.tabular import csv_text, number_or_none, read_rows


def test_rows_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(("x", "y"), [{"x": 'a, "b"', "y": None}]), encoding="utf-8")
    assert path.read_bytes() == b'x,y\n"a, ""b""",\n'
    assert read_rows(path, ("y",)) == [{"x": 'a, "b"', "y": ""}]
    with pytest.raises(DubaugError, match=r"a\.csv is no list, it has no column 'z'"):
        read_rows(path, ("x", "z"), what="list")


@pytest.mark.parametrize("inside", ["\n", "\r", "\r\n", "\x85", "\u2028"])
def test_line_ends_within_a_field_come_back(tmp_path: Path, inside: str) -> None:
    rows = [{"x": f"a{inside}b", "y": "c"}, {"x": "d", "y": inside}]
    (tmp_path / "a.csv").write_bytes(csv_text(("x", "y"), rows).encode())
    assert read_rows(tmp_path / "a.csv") == rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x,y\n1,2\n3", "row 2: 1 fields, the header has 2"),
        ('x\n"a\nb\n', "is no CSV"),
        ("x\n" + "b" * 200_000, "is no CSV"),
    ],
    ids=["cut short", "an open quote", "too long"],
)
def test_what_is_no_csv_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DubaugError, match=rf"a\.csv.* {words}"):
        read_rows(tmp_path / "a.csv")


def test_what_is_no_number_is_named() -> None:
    assert number_or_none("NA", "x") is None
    assert number_or_none("0.5", "x") == 0.5
    with pytest.raises(DubaugError, match=r"a\.csv, column low: 'x' is no number"):
        number_or_none("x", "a.csv, column low")
