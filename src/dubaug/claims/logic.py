"""Truth that may be unknown (Kleene's three values: True, False, None), and how many of some things must be true."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Truth = bool | None
"""None: not known, for want of data or of evidence."""

Kind = Literal["every", "some", "more_than_half_of", "fewer_than_half_of", "at_least", "exactly", "all_but"]


def negation(truth: Truth) -> Truth:
    """Return the opposite; what is unknown stays unknown."""
    return None if truth is None else not truth


def every(truths: Iterable[Truth]) -> Truth:
    """Return whether all are true; unknown if none is false and some are unknown."""
    found = list(truths)
    return False if False in found else None if None in found else True


def some(truths: Iterable[Truth]) -> Truth:
    """Return whether one is true; unknown if none is and some are unknown."""
    return negation(every(map(negation, truths)))


@dataclass(frozen=True, kw_only=True)
class Quantifier:
    """Of how many of `names` something must be so: of `number`, or of all but `exceptions` and of none of those."""

    kind: Kind
    names: tuple[str, ...]
    number: int = 0
    exceptions: tuple[str, ...] = ()

    def settle(self, truths: Mapping[str, Truth]) -> Truth:
        """Return whether it is so, from the truth for each name; names that are left out there do not count."""
        found = list(truths.values())
        if self.kind == "all_but":
            return every(negation(truth) if name in self.exceptions else truth for name, truth in truths.items())
        if self.kind == "exactly":
            return every([_at_least(self.number, found), _at_most(self.number, found)])
        if self.kind == "fewer_than_half_of":
            return _at_most((len(found) - 1) // 2, found)
        fewest = {"every": len(found), "some": 1, "more_than_half_of": len(found) // 2 + 1, "at_least": self.number}
        return _at_least(fewest[self.kind], found)


def _at_least(number: int, truths: Sequence[Truth]) -> Truth:
    if truths.count(True) >= number:
        return True
    return False if truths.count(True) + truths.count(None) < number else None


def _at_most(number: int, truths: Sequence[Truth]) -> Truth:
    return negation(_at_least(number + 1, truths))
