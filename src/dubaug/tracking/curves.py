"""Curves as files: a JSON object a line, each with its `step`, steps rising. Only ends are added, so that a number
("sent up to step N") says what somewhere else is missing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class MetricValue:
    """One value of a curve; `time_ms` is when it was measured (Unix time)."""

    name: str
    value: float
    step: int
    time_ms: int


class Curve:
    """A file of curves, read as it grows."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        self._inode = self._offset = 0

    def new_steps(self, first: int) -> Iterator[tuple[int, list[MetricValue]]]:
        """Yield the steps from `first` on that were not yielded before, each with its values.

        A line that is being written is left for the next call, one that a full disk has cut short is passed over. A
        file that was replaced (a continued run dropped steps that it will do again) is read from its beginning.
        """
        if not self.path.is_file():
            return
        stat = self.path.stat()
        if stat.st_ino != self._inode or stat.st_size < self._offset:
            self._inode, self._offset = stat.st_ino, 0
        with self.path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                entry = _entry(line)
                if entry is not None and entry["step"] >= first:
                    yield entry["step"], _metrics(entry, int(stat.st_mtime * 1000))

    def rewind(self) -> None:
        """Begin again at the file's beginning: somebody did not get what was yielded."""
        self._inode = self._offset = 0


def last_step(path: Path) -> int:
    """Return the last whole line's step; -1 if there is none."""
    if not path.is_file():
        return -1
    entries = (_entry(line) for line in path.read_bytes().splitlines(keepends=True))
    return max((entry["step"] for entry in entries if entry is not None), default=-1)


def _entry(line: bytes) -> dict[str, Any] | None:
    """Return a line's object; None for a line that was cut short or is still being written."""
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("step"), int) else None


def _metrics(entry: dict[str, Any], file_ms: int) -> list[MetricValue]:
    time_ms = int(entry["time_s"] * 1000) if "time_s" in entry else file_ms
    return [
        MetricValue(name=name, value=float(value), step=entry["step"], time_ms=time_ms)
        for name, value in entry.items()
        if name not in ("step", "time_s") and isinstance(value, int | float) and not isinstance(value, bool)
    ]
