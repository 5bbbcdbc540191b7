"""alignment.csv: one row a dub."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from dubaug.alignment.judge import Finding, Status, Verdict
from dubaug.alignment.measure import Measurement
from dubaug.corpus.titles import Title
from dubaug.errors import DubaugError
from dubaug.files import write_text
from dubaug.media.warp import Move
from dubaug.tabular import csv_text, read_rows
from dubaug.tracks import TrackName

_SHARES = ("similarity", "agreement", "identical", "silence")
COLUMNS = ("title_id", "language", "status", "verdict", "offset_s", "drift", *_SHARES, "windows")


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Write the findings as CSV, sorted by title and track; an offset that was not found is empty."""
    ordered = sorted(findings, key=lambda finding: (finding.title_id, finding.track))
    write_text(path, csv_text(COLUMNS, map(_row, ordered)))


def _row(finding: Finding) -> dict[str, object]:
    measured = finding.measurement
    return {
        "title_id": finding.title_id,
        "language": finding.track,
        "status": finding.status,
        "verdict": finding.verdict,
        "offset_s": None if measured.offset_s is None else f"{measured.offset_s:.6f}",
        "drift": None if measured.drift is None else f"{measured.drift:.9f}",
        **{name: f"{getattr(measured, name):.4f}" for name in _SHARES},
        "windows": measured.windows,
    }


def read_findings(paths: Sequence[Path]) -> tuple[Finding, ...]:
    """Return the rows of several tables. Raises `DubaugError` if one is no such table."""
    findings = []
    for path in paths:
        if not path.is_file():
            raise DubaugError(f"no alignment at {path}: make it with `dubaug align`")
        findings += [_finding(row, path) for row in read_rows(path, COLUMNS, what="alignment of dubs")]
    return tuple(findings)


def _finding(row: Mapping[str, str], path: Path) -> Finding:
    for column, known in (("status", get_args(Status)), ("verdict", get_args(Verdict))):
        if row[column] not in known:
            raise DubaugError(
                f"{path}, title {row['title_id']}: {column} {row[column]!r}, expected one of: {', '.join(known)}"
            )
    return Finding(
        title_id=row["title_id"],
        track=TrackName(row["language"]),
        status=row["status"],  # type: ignore[arg-type]
        verdict=row["verdict"],  # type: ignore[arg-type]
        measurement=Measurement(
            offset_s=float(row["offset_s"]) if row["offset_s"] else None,
            drift=float(row["drift"]) if row["drift"] else None,
            **{name: float(row[name]) for name in _SHARES},
            windows=int(row["windows"]),
        ),
    )


def moves_by_title(findings: Iterable[Finding]) -> dict[str, dict[TrackName, Move]]:
    """Return how tracks are to be moved, by title and name: those to be corrected only."""
    moves: dict[str, dict[TrackName, Move]] = {}
    for finding in findings:
        move = finding.measurement.move
        if finding.verdict == "correct" and move is not None:
            moves.setdefault(finding.title_id, {})[finding.track] = move
    return moves


def without_rejected(titles: Iterable[Title], findings: Iterable[Finding]) -> list[Title]:
    """Return the titles that have no dub to be rejected."""
    rejected = {finding.title_id for finding in findings if finding.verdict == "reject"}
    return [title for title in titles if title.title_id not in rejected]
