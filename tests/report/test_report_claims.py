from collections.abc import Callable
from pathlib import Path

import pytest
from report_factory import claim

from dubaug.errors import DubaugError
from dubaug.report.claims import SHAPES, VERDICTS, read_claims

Write = Callable[..., Path]


def test_each_claim_has_three_verdicts_and_its_comparisons(claims_file: Write) -> None:
    claims = read_claims(claims_file(claim(), slips=[{"where": "Table 2", "slip": "swapped", "found": True}]))
    assert claims is not None
    (one,) = claims.claims
    assert (one.evidence.verdict, one.means.verdict, one.paper.verdict) == ("undecided", "holds", "holds")
    assert (one.evidence.numbers, one.paper.numbers, one.slip) == ("0 of 8 settled", "8 of 8 tasks", "")
    assert (one.comparisons[0].above, one.comparisons[0].low) == ("efj", -0.01)
    assert (claims.level, claims.slips[0].found) == (0.95, True)


def test_a_comparison_is_told_in_words_or_by_its_variants(claims_file: Write) -> None:
    run = {"by_means": "holds", "verdict": "holds", "comparisons": [{"comparison": "AV above RP", "difference": 0.1}]}
    claims = read_claims(claims_file(claim(run=run), meaning="As tested."))
    assert claims is not None
    told = claims.claims[0].comparisons[0]
    assert (told.text, told.task, told.difference, told.low, told.settled) == ("AV above RP", "", 0.1, None, "")
    assert claims.meaning == "As tested."
    with pytest.raises(DubaugError, match="'task'"):
        read_claims(claims_file(claim(run=run | {"comparisons": [{"above": "av", "below": "rp"}]})))


def test_counts_are_by_evidence_means_and_paper(claims_file: Write) -> None:
    failing = {"by_means": "fails", "verdict": "no data"}
    claims = read_claims(claims_file(claim(), claim(run=failing), claim(run=failing, paper={"by_means": "fails"})))
    assert claims is not None
    counts = {verdict: numbers for verdict, _, numbers in claims.counts()}
    assert counts == {"holds": [0, 1, 2], "fails": [0, 2, 1], "undecided": [1, 0, 0], "no data": [2, 0, 0]}


def test_verdicts_differ_by_their_signs() -> None:
    assert len({SHAPES[verdict] for verdict in VERDICTS}) == len(VERDICTS)


def test_no_file_is_no_claims(tmp_path: Path) -> None:
    assert read_claims(tmp_path / "claims.json") is None
    assert read_claims(None) is None


def test_an_unknown_verdict_names_its_claim(claims_file: Write) -> None:
    with pytest.raises(DubaugError, match="claim 'one' has the verdict 'perhaps', expected one of: holds, fails"):
        read_claims(claims_file(claim(run={"by_means": "perhaps", "verdict": "holds"})))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"claims": [{"id": "x"}]}'])
def test_another_file_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "claims.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DubaugError, match=r"claims\.json"):
        read_claims(path)
