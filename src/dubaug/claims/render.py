"""Claims with their verdicts in words and as Markdown."""

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from dubaug.claims.file import Claims, JudgedClaim, Word
from dubaug.markdown import escape, table_lines
from dubaug.statistics.estimate import ITEMS
from dubaug.words import listed

HEAD = ("Claim", "Paper's numbers", "This run, by the means", "This run, by the evidence")

MEANING = (
    "*By the means* is what a reader of the tables would say: scores are compared as printed, equal ones are not "
    "above each other. *By the evidence* is what the test items and the pretraining seeds bear out: a claim holds if "
    "paired tests settle enough of its comparisons for it (p below .05, corrected by Holm for all comparisons of the "
    "claim), fails if they settle enough against it, and is undecided otherwise; bounds of mean differences are tested "
    "likewise. Undecided is no finding: few items and few seeds leave most differences open. *Of these trainings* "
    "stands where some variant has one seed: another training may turn out otherwise. The paper publishes no items, so "
    "that its numbers have the first verdict alone."
)


def meaning(claims: Sequence[JudgedClaim]) -> str:
    """Return how these verdicts are reached, in words."""
    return " ".join(filter(None, [MEANING.replace("*", ""), taken_for_granted(claims)]))


def taken_for_granted(claims: Sequence[JudgedClaim]) -> str:
    """Return what the verdicts rest on that the data do not say, in a sentence; empty where nothing was tested."""
    tested = [one for claim in claims for one in claim.run.comparisons]
    groups = dict.fromkeys(name for one in tested for name in one.grouped_by)
    drawn = [f"one {name}" for name in groups if name != ITEMS]
    if not groups:
        return ""
    if not drawn:
        sentence = "Test items are taken as independent of each other."
    else:
        rest = ", and are taken as independent where it does not" if ITEMS in groups else ""
        sentence = f"Test items of {listed(drawn)} count together where a data set says so{rest}."
    reasons = dict.fromkeys(one.note for one in tested if one.note)
    return " ".join([sentence, *[f"Nothing is settled where {reason}." for reason in reasons]])


def to_markdown(claims: Claims, footer: Sequence[str] = ()) -> str:
    """Return the claims as a table, the paper's slips below, and what the verdicts mean.

    Of `footer` (what is other than in the paper) the first line, the most important one, stands above.
    """
    judged = claims.claims
    counts = Counter(one.run.verdict for one in judged)
    tally = ", ".join(f"{counts[word]} {word}" for word in get_args(Word) if counts[word])
    lines = [
        f"**{len(judged)} claims of the paper.** By the evidence of this run: {tally}.",
        "",
        *[f"{escape(line)}\n" for line in footer[:1]],
        *table_lines(HEAD, "llll", [_row(one) for one in judged]),
        "",
        f"{MEANING} {escape(taken_for_granted(judged))}".rstrip(),
        "",
        "**Slips in the paper** (its text says one thing, its numbers or the data another):",
        "",
        *[f"- {escape(one.section)}: {escape(one.slip)}" for one in judged if one.slip],
        *[f"- {escape(slip.where)}: {escape(slip.slip)}" for slip in claims.slips],
        *[f"\n<sub>{escape(line)}</sub>" for line in footer[1:]],
    ]
    return "\n".join(lines) + "\n"


def _row(one: JudgedClaim) -> tuple[str, str, str, str]:
    paper, run = one.paper, one.run
    of_paper = (
        f"{paper.by_means}: {escape(paper.numbers)}" if one.without_numbers else _cell(paper.by_means, paper.numbers)
    )
    return (
        f"{escape(one.claim)} <sub>{escape(one.section)}</sub>",
        of_paper + (" *(a slip)*" if one.slip else ""),
        _cell(run.by_means, run.means_numbers),
        _cell(run.verdict, run.evidence_numbers),
    )


def _cell(word: Word, numbers: str) -> str:
    return f"**{word}**" + (f" ({escape(numbers)})" if numbers else "")
