"""The paper's own numbers, judged as a reader would: claim by claim what its text says, and its known slips."""

from pathlib import Path

import pytest

from dubaug.claims.claims import Claim, read_claims, read_slips
from dubaug.claims.evidence import comparisons_of
from dubaug.claims.means import published_board
from dubaug.claims.numbers import Names
from dubaug.claims.verdicts import judge_means, slip_found
from dubaug.errors import DubaugError

PAPER = Path(__file__).parents[2] / "workflow/resources/paper"
CLAIMS = read_claims(PAPER, (2, 4, 6, 8, 10))
NAMES = Names(tasks={}, variants={})


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_papers_numbers_say_what_its_text_says_but_for_the_slips(claim: Claim) -> None:
    verdict = judge_means(claim, published_board(PAPER, claim.table), NAMES).word
    expected = "no data" if claim.without_numbers else "fails" if claim.slip else "holds"
    assert verdict == expected


def test_there_are_enough_claims_of_every_table_with_numbers() -> None:
    told = [claim for claim in CLAIMS if not claim.slip and not claim.without_numbers]
    assert len(told) >= 15
    assert {claim.where.split(",")[0] for claim in told} >= {"§4", "§4.1", "Appendix A", "Appendix D"}


def test_the_numbers_that_the_text_gives() -> None:
    """The text's own counts: 6/8 tasks, the exceptions, +EFJ the lowest on 1/8, RP's gaps."""
    words = {claim.id: judge_means(claim, published_board(PAPER, claim.table), NAMES).numbers for claim in CLAIMS}
    assert words["all_dubs_above_av_in_6"] == "6 of 8 tasks; not tut18, gtzan_music_speech"
    assert words["all_dubs_above_av_in_6_literally"].startswith("5 of 8 tasks; not fsd50k")
    assert "efj 1 (of 8 tasks)" in words["efj_least_often_lowest"]
    assert words["rp_closer_without_speech"].startswith("+.025 on fluent_speech_commands_nospeech, +.071")
    assert words["a_efj_above_a"] == "12 of 12 tasks"


def test_all_tasks_and_variants_are_ones_of_the_paper() -> None:
    known = {(cell.task, cell.variant) for table in (None, "d6") for cell in published_board(PAPER, table)}
    for claim in CLAIMS:
        if not claim.without_numbers:
            asked = {(cell.task, cell.variant) for one in comparisons_of(claim.predicate) for cell in one.cells}
            assert asked <= known, claim.id


@pytest.mark.parametrize("slip", read_slips(PAPER), ids=lambda slip: slip["slip"][:30])
def test_slips_are_found_in_the_numbers(slip) -> None:
    assert slip_found(slip.get("check"), PAPER) is (True if "check" in slip else None)


def test_a_slip_that_is_none_is_not_found(tmp_path: Path) -> None:
    for name in ("results.csv", "tasks_b5.csv"):
        text = (PAPER / name).read_text(encoding="utf-8")
        text = text.replace(
            "2,fluent_speech_commands,A,top1_acc,fr,.410,", "2,fluent_speech_commands,A,top1_acc,fr,.402,"
        )
        (tmp_path / name).write_text(text.replace("1,fsd50k,A,mAP", "1,fsd50k,A,top1_acc"), encoding="utf-8")
    found = [slip_found(slip.get("check"), tmp_path) for slip in read_slips(PAPER)]
    assert found[:2] == [False, False]
    assert slip_found({"classes_differ": ["esc50"]}, PAPER) is False


def test_which_table_counts_where_two_differ() -> None:
    first, d6 = published_board(PAPER), published_board(PAPER, "d6")
    differ = {cell.variant for cell in first if first[cell] != d6[cell]}
    assert differ == {"fr", "ja"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{id: x, where: w, claim: c, predicate: {older: {}}}", "claim x.*older"),
        ("{id: x, where: w, claim: c, predicate: {order: {tasks: {most: t}, variants: {}, above: {}}}}", "most"),
        ("{id: x, where: w, predicate: {mean_difference: {tasks: t, of: a, less: b, above: 0}}}", "'claim'"),
    ],
)  # fmt: skip
def test_a_claim_that_cannot_be_read_is_named(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "claims.yaml").write_text(f"groups: {{}}\nclaims: [{text}]\n", encoding="utf-8")
    with pytest.raises(DubaugError, match=named):
        read_claims(tmp_path, ())


def test_two_claims_of_one_name_are_refused(tmp_path: Path) -> None:
    claim = "{id: x, where: w, claim: c, predicate: {mean_difference: {tasks: t, of: a, less: b, above: 0}}}"
    (tmp_path / "claims.yaml").write_text(f"groups: {{}}\nclaims: [{claim}, {claim}]\n", encoding="utf-8")
    with pytest.raises(DubaugError, match="two claims are called x"):
        read_claims(tmp_path, ())
