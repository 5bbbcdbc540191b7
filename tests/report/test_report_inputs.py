from pathlib import Path

import pytest

from dubaug.errors import DubaugError
from dubaug.report.inputs import read_object, read_table


def test_a_table_without_a_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert read_table(path, ("x",)) is None
    assert read_table(None, ("x",)) is None
    path.write_text("x,y\n1,2\n", encoding="utf-8")
    assert read_table(path, ("y",)) == [{"x": "1", "y": "2"}]
    with pytest.raises(DubaugError, match=r"a\.csv has no column 'z'"):
        read_table(path, ("x", "z"))


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_what_is_no_object_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(DubaugError, match=r"a\.json"):
        read_object(tmp_path / "a.json")
