"""claims.json: the paper's claims with their verdicts, as `dubaug claims` writes them and others read them."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from dubaug.errors import DubaugError, first_fault
from dubaug.files import read_json, write_json
from dubaug.statistics.estimate import LEVEL, SIGNIFICANCE, Over

Word = Literal["holds", "fails", "undecided", "no data"]
"""A verdict."""


@dataclass(frozen=True, kw_only=True)
class Tested:
    """A comparison behind a claim: a difference with its 95 % interval, and whether it is settled."""

    comparison: str
    """What is asked, in words."""
    task: str | None = None
    """With `above` and `below`: of a plain "this variant is above that one"; of other comparisons there is none."""
    above: str | None = None
    below: str | None = None
    difference: float
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    over: Over
    """What the error is over; without seeds, it is of these trainings."""
    grouped_by: tuple[str, ...]
    """What the tasks' items are grouped by; "item" for those that are taken as independent."""
    note: str | None
    """Why there is no p."""
    settled: Literal["yes", "no", "undecided"]


@dataclass(frozen=True, kw_only=True)
class OfPaper:
    """What the paper's own numbers say."""

    by_means: Word
    numbers: str


@dataclass(frozen=True, kw_only=True)
class OfRun:
    """What a run's numbers say: by the means, and (`verdict`) by paired tests over the test items and seeds."""

    by_means: Word
    means_numbers: str
    verdict: Word
    evidence_numbers: str
    comparisons: tuple[Tested, ...]


@dataclass(frozen=True, kw_only=True)
class JudgedClaim:
    """A claim with its verdicts. The fields that the claim brings are explained at `dubaug.claims.claims.Claim`."""

    id: str
    section: str
    """Its place in the paper."""
    claim: str
    slip: str | None
    without_numbers: str | None
    tasks: tuple[str, ...]
    """Of all comparisons, as the variants."""
    variants: tuple[str, ...]
    paper: OfPaper
    run: OfRun


@dataclass(frozen=True, kw_only=True)
class Slip:
    """Where the paper contradicts itself; `found` says whether the published numbers show it (None: they cannot)."""

    where: str
    slip: str
    found: bool | None


@dataclass(frozen=True, kw_only=True)
class Claims:
    """All claims, and how they were judged."""

    level: float = LEVEL
    significance: float = SIGNIFICANCE
    correction: str = "holm"
    meaning: str
    """How the verdicts are reached, in words."""
    claims: tuple[JudgedClaim, ...]
    slips: tuple[Slip, ...]


def write_claims(path: Path, claims: Claims) -> None:
    """Write the claims as JSON."""
    write_json(path, asdict(claims, dict_factory=_without_absent_pairs))


def _without_absent_pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in items if value is not None or key not in ("task", "above", "below")}


def read_claims(path: Path) -> Claims:
    """Return what `write_claims` wrote. Raises `DubaugError`."""
    try:
        return TypeAdapter(Claims).validate_python(read_json(path))
    except (OSError, ValueError) as error:
        raise DubaugError(
            f"{path} is not from `dubaug claims` of this version ({first_fault(error)}): delete it, and run again"
        ) from error
