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


def test_what_is_no_number_is_named() -> None:
    assert number_or_none("NA", "x") is None
    assert number_or_none("0.5", "x") == 0.5
    with pytest.raises(DubaugError, match=r"a\.csv, column low: 'x' is no number"):
        number_or_none("x", "a.csv, column low")
