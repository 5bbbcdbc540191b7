"""What README and docs print of the claims is what the claims are; the demo's columns are put there by a tool."""

import re
from pathlib import Path

import pytest

from dubaug.claims.claims import read_claims
from dubaug.claims.means import published_board
from dubaug.claims.numbers import Names
from dubaug.claims.verdicts import judge_means

REPOSITORY = Path(__file__).parents[2]
PAPER = REPOSITORY / "workflow/resources/paper"
VERDICTS = {"holds", "fails", "undecided", "no data"}


@pytest.mark.parametrize(("document", "block"), [("README.md", "claims"), ("docs/claims.md", "claims with numbers")])
def test_the_printed_claims_are_the_claims_with_the_papers_verdict(document: str, block: str) -> None:
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    (printed,) = re.findall(f"<!-- demo {block} -->(.*?)<!-- end of demo {block} -->", text, re.DOTALL)
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in printed.strip().splitlines()][2:]
    claims = read_claims(PAPER, ())
    assert len(rows) == len(claims), "run tools/docs_tables/fill.py on a demo's results"
    for row, claim in zip(rows, claims, strict=True):
        assert row[0].startswith(claim.claim)
        means = judge_means(claim, published_board(PAPER, claim.table), Names(tasks={}, variants={}))
        assert row[1].replace("*", "").startswith(means.word)
        assert ("slip" in row[1]) == bool(claim.slip)
        assert all(any(cell.replace("*", "").startswith(word) for word in VERDICTS) for cell in row[2:])
    assert f"{len(claims)} claims" in text or f"{len(claims)} of them" in text
