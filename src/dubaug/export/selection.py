"""How the corpus came to be what it is, in numbers: languages, alignment, rejections. Titles are never named."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dubaug.alignment.judge import Status, Verdict
from dubaug.alignment.table import read_findings
from dubaug.corpus.rejects import read_rejects
from dubaug.corpus.titles import read_titles

ANOTHER = "another reason (see the reject list)"
"""In place of a reason that may hold the name of a file."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The films that could be read, before any was selected."""

    titles: int
    hours: float


@dataclass(frozen=True, kw_only=True)
class Dubs:
    """Dubs of one status and verdict, of all selected titles."""

    status: Status
    verdict: Verdict
    dubs: int
    titles: int
    offset_s_max: float | None
    """The largest offset that was measured, either way; None where none was."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What one stage rejected for one reason."""

    stage: str
    reason: str
    titles: int
    clips: int | None
    """Those of which the number is known; None if it is of none."""


def summarise_found(catalogue_csv: Path) -> Found:
    """Return the size of what was found. Raises `DubaugError` if it is no list of titles."""
    titles = read_titles(catalogue_csv)
    return Found(titles=len(titles), hours=sum(title.minutes for title in titles) / 60)


def summarise_alignment(paths: Sequence[Path]) -> tuple[Dubs, ...]:
    """Return the dubs of each status and verdict, most first. Raises `DubaugError` for other tables."""
    findings = read_findings(paths)
    groups = sorted({(finding.status, finding.verdict) for finding in findings})
    counted = []
    for status, verdict in groups:
        members = [finding for finding in findings if (finding.status, finding.verdict) == (status, verdict)]
        offsets = [abs(one.measurement.offset_s) for one in members if one.measurement.offset_s is not None]
        counted.append(
            Dubs(
                status=status,
                verdict=verdict,
                dubs=len(members),
                titles=len({finding.title_id for finding in members}),
                offset_s_max=max(offsets, default=None),
            )
        )
    return tuple(sorted(counted, key=lambda group: -group.dubs))


def summarise_losses(paths: Sequence[Path]) -> tuple[Loss, ...]:
    """Return what was rejected by stage and reason, most titles first. Raises `DubaugError` for other files."""
    rejects = [(reject, general_reason(reject.reason, reject.title_id)) for reject in set(read_rejects(paths))]
    losses = []
    for stage, reason in sorted({(reject.stage, reason) for reject, reason in rejects}):
        members = [reject for reject, why in rejects if (reject.stage, why) == (stage, reason)]
        titles = len({reject.title_id for reject in members})
        known = [reject.clips for reject in members if reject.clips is not None]
        losses.append(Loss(stage=stage, reason=reason, titles=titles, clips=sum(known) if known else None))
    return tuple(sorted(losses, key=lambda loss: -loss.titles))


def general_reason(reason: str, title_id: str) -> str:
    """Return a reason without what is of one film alone: names, paths, numbers, and details after a colon.

    `the file ends at 30.0 s of the 90.0 s its header promises` gives `the file ends at … s of the … s its header ...`.
    """
    text = reason.partition(": ")[0].replace(title_id, "the film")
    text = re.sub(r"^.*\.\w{2,4} (?=has |holds |cannot )", "the file ", text)
    text = re.sub(r"^there is no file .*$", "there is no such file", text)
    text = re.sub(r"\d+(\.\d+)?", "…", text)
    return ANOTHER if re.search(r"[/\\]|\.\w", text) else text
