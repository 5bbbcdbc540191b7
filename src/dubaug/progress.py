"""What long work tells the person who waits: how far it is and how long it will take."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def duration(seconds: float) -> str:
    """Return `seconds` as a person writes it: `8 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Progress:
    """Lines on stderr, at most one every `every_s` seconds: fit for log files (tqdm redraws a line) and terminals."""

    def __init__(self, what: str, total: int, unit: str = "items", every_s: float = 5.0) -> None:
        self.what, self.total, self.unit, self.every_s = what, total, unit, every_s
        self.done = 0
        self._start = self._last = time.monotonic()

    def advance(self, count: int = 1, note: str = "") -> None:
        """Count `count` more as done; say so if the last line is old enough or all is done."""
        self.done += count
        now = time.monotonic()
        if now - self._last < self.every_s and self.done < self.total:
            return
        self._last = now
        elapsed = now - self._start
        rate = self.done / elapsed if elapsed > 0 else 0.0
        left = f"{duration((self.total - self.done) / rate)} left" if 0 < self.done < self.total and rate else ""
        if self.done >= self.total:
            left = f"took {duration(elapsed)}"
        parts = [f"{self.what}: {self.done}/{self.total} {self.unit}", f"{rate:.1f}/s", left, note]
        log_line(", ".join(part for part in parts if part))


def track(items: Iterable[T], what: str, total: int, unit: str = "items") -> Iterator[T]:
    """Yield `items`, telling the progress after each."""
    progress = Progress(what, total, unit)
    for item in items:
        yield item
        progress.advance()


def log_line(message: str) -> None:
    """Print one line to stderr, at once."""
    print(message, file=sys.stderr, flush=True)
