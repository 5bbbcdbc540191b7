"""The corpus in numbers: what was found and used, where dubs lie, and what was left out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dubaug.alignment.judge import Status, Verdict
from dubaug.alignment.table import read_findings
from dubaug.corpus.rejects import Reject, read_rejects
from dubaug.corpus.titles import read_titles
from dubaug.languages import coded_name_of

STATUSES: Mapping[Status, str] = {
    "aligned": "in its place",
    "shifted": "early or late by a constant time",
    "drifting": "runs faster or slower than the film",
    "cut": "cut differently from the film",
    "dissimilar": "another film's sound",
    "duplicate": "the primary track once more",
    "silent": "silent where the film is not",
    "unreadable": "could not be read",
}
VERDICTS: Mapping[Verdict, str] = {"keep": "kept", "correct": "moved to its place", "reject": "title rejected"}


@dataclass(frozen=True, kw_only=True)
class FilmCounts:
    """The titles that were selected."""

    titles: int
    clips: int
    hours: float
    shortest_min: float
    longest_min: float
    years: tuple[int, int] | None
    original_languages: tuple[tuple[str, int], ...]
    """By number of titles, most first; `not said` where the catalogue is silent."""


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """How many dubs of each language lie beside their film in one way, and what was done."""

    meaning: str
    done: str
    by_language: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class AlignmentCounts:
    """A row a kind of finding, a column a language; `shift_ms` is the largest shift of a dub that was kept as it is."""

    languages: tuple[str, ...]
    rows: tuple[Aligned, ...]
    dubs: int
    shift_ms: float | None


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason for which titles or clips were left out, most frequent first on the page."""

    stage: str
    reason: str
    advice: str
    titles: int
    clips: int


def read_films(path: Path) -> FilmCounts | None:
    """Return what the titles selected are (titles.csv); None where there is no title."""
    titles = read_titles(path)
    if not titles:
        return None
    years = sorted(year for title in titles if (year := title.released) is not None)
    languages = [title.original_language for title in titles]
    spoken = Counter(coded_name_of(language) if language else "not said" for language in languages)
    return FilmCounts(
        titles=len(titles),
        clips=sum(title.clips for title in titles),
        hours=sum(title.minutes for title in titles) / 60,
        shortest_min=min(title.minutes for title in titles),
        longest_min=max(title.minutes for title in titles),
        years=(years[0], years[-1]) if years else None,
        original_languages=tuple(sorted(spoken.items(), key=lambda entry: (-entry[1], entry[0]))),
    )


def read_alignment(path: Path) -> AlignmentCounts:
    """Return the counts of alignment.csv."""
    findings = read_findings([path])
    tracks = tuple(dict.fromkeys(finding.track for finding in findings))
    counts = Counter((finding.status, finding.verdict, finding.track) for finding in findings)
    order = list(STATUSES)
    kinds = sorted({(one.status, one.verdict) for one in findings}, key=lambda kind: (order.index(kind[0]), kind[1]))
    shifts = [one.measurement.offset_s for one in findings if one.verdict == "keep"]
    kept = [abs(shift_s) for shift_s in shifts if shift_s is not None]
    return AlignmentCounts(
        languages=tuple(track.coded for track in tracks),
        rows=tuple(
            Aligned(
                meaning=STATUSES[status],
                done=VERDICTS[verdict],
                by_language=tuple(counts[status, verdict, track] for track in tracks),
            )
            for status, verdict in kinds
        ),
        dubs=len(findings),
        shift_ms=max(kept) * 1000 if kept else None,
    )


def read_left_out(paths: Sequence[Path]) -> tuple[Reject, ...] | None:
    """Return the rows of the reject lists that are there; None if none is."""
    there = [path for path in paths if path.is_file()]
    return read_rejects(there) if there else None


def reasons_of(rejects: Sequence[Reject]) -> tuple[Reason, ...]:
    """Return the reasons with the titles and clips that they cost, most titles first."""
    groups: dict[tuple[str, str, str], list[Reject]] = {}
    for reject in rejects:
        groups.setdefault((reject.stage, reject.reason, reject.advice), []).append(reject)
    reasons = [
        Reason(
            stage=stage,
            reason=reason,
            advice=advice,
            titles=len({reject.title_id for reject in group}),
            clips=sum(reject.clips or 0 for reject in group),
        )
        for (stage, reason, advice), group in groups.items()
    ]
    return tuple(sorted(reasons, key=lambda entry: (-entry.titles, entry.stage, entry.reason)))
