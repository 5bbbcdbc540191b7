"""Small words that pages, cards and pictures share."""

from collections.abc import Sequence


def plural(count: int, noun: str) -> str:
    """Return `1 clip`, `1,000 clips`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(words: Sequence[str]) -> str:
    """Return words as a sentence has them: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
