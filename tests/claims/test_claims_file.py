"""claims.json is read as it is written (tests/claims/test_claims_evidence.py); what is none is named."""

from pathlib import Path

import pytest

from dubaug.claims.file import read_claims
from dubaug.errors import DubaugError


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"claims": [{"id": "x"}]}'])
def test_another_file_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "claims.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DubaugError, match=r"claims\.json is not from `dubaug claims` of this version"):
        read_claims(path)
