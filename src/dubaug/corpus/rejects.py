"""The reject list: what was not used, why, and what its owner can do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from dubaug.errors import DubaugError
from dubaug.files import write_text
from dubaug.tabular import csv_text, read_rows


@dataclass(frozen=True, kw_only=True, order=True)
class Reject:
    """A title, or some clips of one, that a stage could not use."""

    title_id: str
    stage: str
    """`catalogue`, `alignment`, `shards` or `separation`."""
    reason: str
    advice: str
    clips: int | None = None
    """Clips lost: 0 where the row says what was put right; None where it cannot be known."""

    def __str__(self) -> str:
        return f"{self.title_id}: {self.reason}: {self.advice}"


COLUMNS = tuple(field.name for field in fields(Reject))


def write_rejects(path: Path, rejects: Iterable[Reject]) -> None:
    """Write the list as CSV, sorted by title; with nothing rejected it has its header only."""
    ordered = sorted(rejects, key=lambda reject: (reject.title_id, reject.stage, reject.reason))
    write_text(path, csv_text(COLUMNS, map(asdict, ordered)))


def read_rejects(paths: Sequence[Path]) -> tuple[Reject, ...]:
    """Return the rows of several lists. Raises `DubaugError` if one is not there, or is no reject list."""
    rejects: list[Reject] = []
    for path in paths:
        if not path.is_file():
            raise DubaugError(f"no reject list at {path}: leave it out, or make it with `dubaug index`")
        for row in read_rows(path, COLUMNS, what="reject list"):
            words = {column: row[column] for column in COLUMNS if column != "clips"}
            rejects.append(Reject(**words, clips=int(row["clips"]) if row["clips"] else None))
    return tuple(rejects)
