"""What becomes of a dub by the policy: kept, corrected, or its title rejected, with reason and advice."""

from dataclasses import dataclass
from typing import Literal

from dubaug.alignment.measure import Measurement
from dubaug.config import Alignment
from dubaug.corpus.languages import name_of

STAGE = "alignment"
MOSTLY = 0.5
"""Share of the windows from which a dub is silent."""

Status = Literal["aligned", "shifted", "drifting", "cut", "dissimilar", "duplicate", "silent", "unreadable"]
Verdict = Literal["keep", "correct", "reject"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One dub: what was measured, what that means, and what follows."""

    title_id: str
    language: str
    status: Status
    verdict: Verdict
    measurement: Measurement


def status_of(measured: Measurement, *, length_s: float, settings: Alignment) -> Status:
    """Return what a measurement means in a film of `length_s`."""
    move = measured.move
    if not measured.windows or measured.silence > MOSTLY:
        return "silent"
    if move is None:
        return "dissimilar"
    if measured.agreement < settings.agreement_min:
        return "cut"
    if measured.identical > settings.identical_max:
        return "duplicate"
    if not move.shift_only:
        return "drifting"
    return "shifted" if abs(move.offset_s) > settings.tolerance_s else "aligned"


def verdict_of(status: Status, policy: Literal["correct", "keep", "reject"]) -> Verdict:
    """Return what follows from a status."""
    if status == "aligned" or policy == "keep":
        return "keep"
    return "correct" if policy == "correct" and status in ("shifted", "drifting") else "reject"


def reason_and_advice(finding: Finding) -> tuple[str, str]:
    """Return why a dub is rejected, and what its owner can do."""
    measured, name = finding.measurement, name_of(finding.language)
    offset_s, drift = measured.offset_s or 0.0, measured.drift or 0.0
    late = f"{abs(offset_s):.3f} s {'late' if offset_s > 0 else 'early'}"
    move = "shift it by that much, or set `alignment.policy: correct`"
    return {
        "aligned": ("", ""),
        "shifted": (f"the {name} track is {late}", move),
        "drifting": (f"the {name} track is {late} and drifts by {100 * drift:.4f} %", move),
        "cut": (
            f"the {name} track is cut differently: only {measured.agreement:.0%} of the windows agree on one place",
            "give a dub of the same cut of the film",
        ),
        "dissimilar": (
            f"the {name} track shares no music and effects with the primary (similarity {measured.similarity:.2f})",
            "check in a player that it belongs to this film, and is shifted by no more than `alignment.search_s`",
        ),
        "duplicate": (
            f"the {name} track is the primary track once more",
            f"give the {name} dub, or correct the language in the catalogue's `tracks`",
        ),
        "silent": (
            f"the {name} track is silent" if measured.windows else "the primary track is silent",
            "check it in a player, and copy it again",
        ),
        "unreadable": (f"the {name} track cannot be read", "check the film in a player, and copy it again"),
    }[finding.status]
