from pathlib import Path

import pytest

from dubaug.errors import DubaugError
from dubaug.report.inputs import read_object


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_what_is_no_object_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(DubaugError, match=r"a\.json"):
        read_object(tmp_path / "a.json")
