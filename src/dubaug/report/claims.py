"""claims.json as the page shows it: what the paper says, what its numbers say, and what this run says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubaug.errors import DubaugError
from dubaug.report.inputs import read_object

VERDICTS = ("holds", "fails", "undecided", "no data")
SHAPES: Mapping[str, str] = {"holds": "✓", "fails": "✗", "undecided": "?", "no data": "–"}
"""A verdict's sign, so that none is told by its colour alone."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One comparison behind a claim: `difference` is of the scores, above less below, with its interval.

    `text` is the comparison in words; without them it is told by its task and variants.
    """

    text: str
    task: str
    above: str
    below: str
    difference: float | None
    low: float | None
    high: float | None
    p_holm: float | None
    settled: str


@dataclass(frozen=True, kw_only=True)
class ShownVerdict:
    """A verdict and the numbers that it rests on."""

    verdict: str
    numbers: str

    @property
    def shape(self) -> str:
        """The verdict's sign."""
        return SHAPES[self.verdict]

    @property
    def css(self) -> str:
        """The verdict's class name."""
        return self.verdict.replace(" ", "-")


@dataclass(frozen=True, kw_only=True)
class ShownClaim:
    """One claim of the paper with its three verdicts."""

    id: str
    section: str
    text: str
    slip: str
    paper: ShownVerdict
    means: ShownVerdict
    evidence: ShownVerdict
    comparisons: tuple[Compared, ...]


@dataclass(frozen=True, kw_only=True)
class Slip:
    """Where the paper contradicts itself; `found` says whether the published numbers show it (None: they cannot)."""

    where: str
    text: str
    found: bool | None


@dataclass(frozen=True, kw_only=True)
class Claims:
    """All claims, and how they were judged."""

    level: float | None
    meaning: str
    """How the verdicts are reached, in the words of who reached them; empty if they say nothing."""
    claims: tuple[ShownClaim, ...]
    slips: tuple[Slip, ...]

    def counts(self) -> list[tuple[str, str, list[int]]]:
        """Return a row a verdict: its name, its sign, and its number by the evidence, the means, the paper's means."""
        judged = [(claim.evidence, claim.means, claim.paper) for claim in self.claims]
        return [
            (verdict, SHAPES[verdict], [sum(row[i].verdict == verdict for row in judged) for i in range(3)])
            for verdict in VERDICTS
        ]


def read_claims(path: Path | None) -> Claims | None:
    """Return the claims; None where no file is. Unknown keys are ignored. Raises `DubaugError`."""
    if path is None or not path.is_file():
        return None
    value = read_object(path)
    try:
        return Claims(
            level=value.get("level"),
            meaning=value.get("meaning") or "",
            claims=tuple(_claim(entry) for entry in value["claims"]),
            slips=tuple(
                Slip(where=entry["where"], text=entry["slip"], found=entry.get("found"))
                for entry in value.get("slips") or ()
            ),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DubaugError(f"{path} is not from `dubaug claims` of this version ({error!r}): make it anew") from None
    except ValueError as error:
        raise DubaugError(f"{path}: {error}") from None


def _claim(entry: Mapping[str, Any]) -> ShownClaim:
    paper, run = entry["paper"], entry["run"]
    return ShownClaim(
        id=str(entry["id"]),
        section=entry.get("section") or "",
        text=entry["claim"],
        slip=entry.get("slip") or "",
        paper=_judged(entry, paper["by_means"], paper.get("numbers")),
        means=_judged(entry, run["by_means"], run.get("means_numbers")),
        evidence=_judged(entry, run["verdict"], run.get("evidence_numbers")),
        comparisons=_comparisons(run.get("comparisons") or ()),
    )


def _judged(entry: Mapping[str, Any], verdict: str, numbers: str | None) -> ShownVerdict:
    if verdict not in VERDICTS:
        raise ValueError(f"claim {entry['id']!r} has the verdict {verdict!r}, expected one of: {', '.join(VERDICTS)}")
    return ShownVerdict(verdict=verdict, numbers=numbers or "")


def _comparisons(entries: Sequence[Mapping[str, Any]]) -> tuple[Compared, ...]:
    return tuple(
        Compared(
            **_compared(entry),
            difference=entry.get("difference"),
            low=entry.get("low"),
            high=entry.get("high"),
            p_holm=entry.get("p_holm"),
            settled=entry.get("settled") or "",
        )
        for entry in entries
    )


def _compared(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return what is compared: in words if the entry has them, else by task and variants, which it must have."""
    if entry.get("comparison"):
        return {"text": entry["comparison"], "task": "", "above": "", "below": ""}
    return {"text": "", "task": entry["task"], "above": entry["above"], "below": entry["below"]}
