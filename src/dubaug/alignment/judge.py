"""What becomes of a dub by the policy: kept, corrected, or its title rejected, with reason and advice."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dubaug.alignment.measure import NOTHING, Measurement
from dubaug.config import Alignment, Experiment
from dubaug.corpus.rejects import Reject
from dubaug.corpus.titles import Title
from dubaug.errors import MediaError
from dubaug.tracks import TrackName

STAGE = "alignment"

Status = Literal["aligned", "shifted", "drifting", "cut", "dissimilar", "duplicate", "silent", "unreadable"]
Verdict = Literal["keep", "correct", "reject"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One dub: what was measured, what that means, and what follows."""

    title_id: str
    track: TrackName
    status: Status
    verdict: Verdict
    measurement: Measurement


def judge(
    title: Title, result: Mapping[TrackName, Measurement] | MediaError, experiment: Experiment
) -> tuple[list[Finding], list[Reject]]:
    """Return a finding a dub, and a reject if one of them is rejected; `result` may be why nothing was measured."""
    settings, findings = experiment.alignment, []
    for name in experiment.corpus.tracks[1:]:
        measured = NOTHING if isinstance(result, MediaError) else result[name]
        status: Status = "unreadable" if isinstance(result, MediaError) else status_of(measured, settings)
        verdict = verdict_of(status, settings.policy)
        findings.append(
            Finding(title_id=title.title_id, track=name, status=status, verdict=verdict, measurement=measured)
        )
    rejected = [finding for finding in findings if finding.verdict == "reject"]
    if not rejected:
        return findings, []
    if isinstance(result, MediaError):
        pairs = [(f"the tracks could not be compared: {result.reason}", result.advice)]
    else:
        pairs = [reason_and_advice(finding) for finding in rejected]
    reason, advice = "; ".join(pair[0] for pair in pairs), "; ".join(dict.fromkeys(pair[1] for pair in pairs))
    return findings, [Reject(title_id=title.title_id, stage=STAGE, reason=reason, advice=advice, clips=title.clips)]


def status_of(measured: Measurement, settings: Alignment) -> Status:
    """Return what a measurement means."""
    move = measured.move
    if not measured.windows or measured.silence > settings.silence_max:
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
    measured, name = finding.measurement, finding.track.coded
    offset_s, drift = measured.offset_s or 0.0, measured.drift or 0.0
    late = f"{abs(offset_s):.3f} s {'late' if offset_s > 0 else 'early'}"
    speed = f"{abs(100 * drift):.3f} % too {'slow' if drift > 0 else 'fast'}"
    move = "put it in its place, or set `alignment.policy: correct`"
    return {
        "shifted": (f"the {name} track is {late}", move),
        "drifting": (f"the {name} track is {late} and {speed}", move),
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
            f"the {name} track is silent in {measured.silence:.0%} of the windows"
            if measured.windows
            else "the primary track is silent",
            "check it in a player, and copy it again",
        ),
    }[finding.status]
