"""Claims with their verdicts as JSON and as Markdown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dubaug.claims.evidence import Outcome
from dubaug.claims.numbers import Names
from dubaug.claims.verdicts import ByEvidence, ByMeans, Judged
from dubaug.markdown import table_lines
from dubaug.statistics.estimate import ITEMS, LEVEL, SIGNIFICANCE
from dubaug.words import listed

Slip = Mapping[str, Any]
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


def taken_for_granted(judged: Sequence[Judged]) -> str:
    """Return what the verdicts rest on that the data do not say, in a sentence; empty where nothing was tested."""
    tested = [outcome for one in judged for outcome in one.evidence.tested]
    groups = dict.fromkeys(name for outcome in tested for name in outcome.grouped_by)
    drawn = [f"one {name}" for name in groups if name != ITEMS]
    if not groups:
        return ""
    if not drawn:
        sentence = "Test items are taken as independent of each other."
    else:
        rest = ", and are taken as independent where it does not" if ITEMS in groups else ""
        sentence = f"Test items of {listed(drawn)} count together where a data set says so{rest}."
    reasons = dict.fromkeys(outcome.note for outcome in tested if outcome.note)
    return " ".join([sentence, *[f"Nothing is settled where {reason}." for reason in reasons]])


def to_mapping(judged: Sequence[Judged], slips: Sequence[Slip], names: Names) -> dict[str, Any]:
    """Return all of it as JSON; `verdict` is the one by the evidence."""
    return {
        "level": LEVEL,
        "significance": SIGNIFICANCE,
        "correction": "holm",
        "meaning": " ".join(filter(None, [MEANING.replace("*", ""), taken_for_granted(judged)])),
        "claims": [_claim(one, names) for one in judged],
        "slips": list(slips),
    }


def _claim(one: Judged, names: Names) -> dict[str, Any]:
    claim = one.claim
    cells = list(dict.fromkeys(cell for tested in one.evidence.tested for cell in tested.comparison.cells))
    return {
        "id": claim.id,
        "section": claim.where,
        "claim": claim.claim,
        "slip": claim.slip,
        "without_numbers": claim.without_numbers,
        "tasks": list(dict.fromkeys(cell.task for cell in cells)),
        "variants": list(dict.fromkeys(cell.variant for cell in cells)),
        "paper": {"by_means": one.paper.verdict, "numbers": claim.without_numbers or one.paper.numbers},
        "run": {
            "by_means": one.means.verdict,
            "means_numbers": one.means.numbers,
            "verdict": one.evidence.verdict,
            "evidence_numbers": one.evidence.numbers,
            "comparisons": [_tested(tested, names) for tested in one.evidence.tested],
        },
    }


def _tested(tested: Outcome, names: Names) -> dict[str, Any]:
    pair = tested.comparison.pair
    plain = {"task": pair[0].task, "above": pair[0].variant, "below": pair[1].variant} if pair else {}
    return {
        "comparison": names.comparison(tested.comparison),
        **plain,
        "difference": tested.value,
        "low": tested.low,
        "high": tested.high,
        "p": tested.p,
        "p_holm": tested.p_holm,
        "over": tested.over,
        "grouped_by": list(tested.grouped_by),
        "note": tested.note,
        "settled": {True: "yes", False: "no", None: "undecided"}[tested.settled],
    }


def to_markdown(judged: Sequence[Judged], slips: Sequence[Slip], footer: Sequence[str] = ()) -> str:
    """Return the claims as a table, the paper's slips below, and what the verdicts mean.

    Of `footer` (what is other than in the paper) the first line, the most important one, stands above.
    """
    counts = Counter(one.evidence.verdict for one in judged)
    tally = ", ".join(f"{counts[word]} {word}" for word in ("holds", "fails", "undecided", "no data") if counts[word])
    lines = [
        f"**{len(judged)} claims of the paper.** By the evidence of this run: {tally}.",
        "",
        *[f"{line}\n" for line in footer[:1]],
        *table_lines(HEAD, "llll", [_row(one) for one in judged]),
        "",
        " ".join(filter(None, [MEANING, taken_for_granted(judged)])),
        "",
        "**Slips in the paper** (its text says one thing, its numbers or the data another):",
        "",
        *[f"- {one.claim.where}: {one.claim.slip}" for one in judged if one.claim.slip],
        *[f"- {slip['where']}: {slip['slip']}" for slip in slips],
        *[f"\n<sub>{line}</sub>" for line in footer[1:]],
    ]
    return "\n".join(lines) + "\n"


def _row(one: Judged) -> tuple[str, str, str, str]:
    claim = one.claim
    paper = f"{one.paper.verdict}: {claim.without_numbers}" if claim.without_numbers else _cell(one.paper)
    slip = " *(a slip)*" if claim.slip else ""
    return f"{claim.claim} <sub>{claim.where}</sub>", paper + slip, _cell(one.means), _cell(one.evidence)


def _cell(found: ByMeans | ByEvidence) -> str:
    return f"**{found.verdict}**" + (f" ({found.numbers})" if found.numbers else "")
