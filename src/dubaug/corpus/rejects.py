"""The reject list: what was not used, why, and what its owner can do about it."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from dubaug.errors import DubaugError
from dubaug.files import write_text


@dataclass(frozen=True, kw_only=True, order=True)
class Reject:
    """A title, or some clips of one, that a stage could not use."""

    title_id: str
    stage: str
    """`catalogue`, `alignment`, `shards` or `separation`."""
    reason: str
    advice: str
    clips: int | None = None
    """Clips lost; None where it cannot be known."""

    def __str__(self) -> str:
        return f"{self.title_id}: {self.reason}: {self.advice}"


COLUMNS = tuple(field.name for field in fields(Reject))


def write_rejects(path: Path, rejects: Iterable[Reject]) -> None:
    """Write the list as CSV, sorted by title; with nothing rejected it has its header only."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    ordered = sorted(rejects, key=lambda reject: (reject.title_id, reject.stage, reject.reason))
    writer.writerows({**asdict(reject), "clips": "" if reject.clips is None else reject.clips} for reject in ordered)
    write_text(path, buffer.getvalue())


def read_rejects(paths: Sequence[Path]) -> tuple[Reject, ...]:
    """Return the rows of several lists. Raises `DubaugError` if one is no reject list."""
    rejects: list[Reject] = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise DubaugError(f"{path} is no reject list: its columns are {reader.fieldnames}")
            for row in reader:
                clips = row.pop("clips")
                rejects.append(Reject(**row, clips=int(clips) if clips else None))
    return tuple(rejects)
