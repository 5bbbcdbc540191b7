"""The corpus in numbers: the films that a network was trained on, and how they came to be chosen.

Titles are counted and never named. Light: no torch.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dubaug.alignment.judge import Status, Verdict
from dubaug.alignment.table import read_findings
from dubaug.corpus.rejects import read_rejects
from dubaug.corpus.titles import read_titles
from dubaug.errors import DubaugError

ANOTHER = "another reason (see the reject list)"
"""In place of a reason that may hold the name of a file."""


@dataclass(frozen=True, kw_only=True)
class Films:
    """Summary of the titles trained on."""

    titles: int
    minutes: float
    years: tuple[int, int] | None
    """The first and the last, of the titles that say theirs; None if none does."""
    original_languages: tuple[tuple[str, int], ...]
    """Language and number of titles, most first; "" for those that do not say."""
    genres: tuple[tuple[str, int], ...]
    """Genre and number of titles, most first; a title may have several."""
    decades: tuple[tuple[str, int], ...]
    """Decade (`1990s`) and number of titles, in order; those without a year last, as ""."""
    pictures: tuple[tuple[str, int], ...]
    """Codec, size and rate of the picture, and number of titles, most first."""
    minutes_range: tuple[float, float]
    """Of the shortest and of the longest title."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What was found and could not be used, as the reject lists have it."""

    reasons: tuple[tuple[str, int], ...]
    """Stage and number of titles that lost something there, most first."""
    titles: int


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


def summarise_films(titles_csv: Path, trained_on: Collection[str]) -> Films:
    """Return the summary of the titles in `trained_on`. Raises `DubaugError` if the CSV lacks one of them."""
    titles = {title.title_id: title for title in read_titles(titles_csv)}
    missing = sorted(set(trained_on) - set(titles))
    if missing:
        raise DubaugError(
            f"{titles_csv} lacks {len(missing)} of the {len(trained_on)} titles that were trained on, such as "
            f"{missing[0]!r}: give the one of the corpus that the run was trained on"
        )
    used = [titles[title_id] for title_id in trained_on]
    years = sorted(year for title in used if (year := title.released) is not None)
    return Films(
        titles=len(used),
        minutes=sum(title.minutes for title in used),
        years=(years[0], years[-1]) if years else None,
        original_languages=_counted(title.original_language for title in used),
        genres=_counted(genre for title in used for genre in title.genres.split("|") if genre),
        decades=tuple(sorted(_counted(_decade(title.released) for title in used), key=lambda pair: pair[0] or "~")),
        pictures=_counted(title.picture for title in used if title.picture),
        minutes_range=(min(title.minutes for title in used), max(title.minutes for title in used)),
    )


def _decade(year: int | None) -> str:
    return "" if year is None else f"{year // 10}0s"


def summarise_rejects(paths: Sequence[Path]) -> LeftOut:
    """Return how many titles lost clips or were lost whole, by stage. Raises `DubaugError` for other files."""
    rejects = {reject for reject in read_rejects(paths) if reject.clips != 0}
    by_stage = {(reject.stage, reject.title_id) for reject in rejects}
    return LeftOut(
        reasons=_counted(stage for stage, _ in by_stage),
        titles=len({reject.title_id for reject in rejects}),
    )


def _counted(values: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Return each value with its number, most first, ties by name."""
    return tuple(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))


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
