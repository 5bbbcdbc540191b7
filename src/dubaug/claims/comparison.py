"""The one thing that is asked of scores: whether a weighted sum of them is above a margin."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dubaug.claims.logic import Truth


@dataclass(frozen=True)
class ScoreName:
    """A score: a variant's on a task, after its last epoch or (in a checkpoint sweep) another one."""

    task: str
    variant: str
    epoch: int | None = None

    def key(self) -> tuple[str, str, int]:
        """Return what cells are sorted by."""
        return self.task, self.variant, -1 if self.epoch is None else self.epoch


Terms = tuple[tuple[ScoreName, float], ...]
"""A weighted sum of scores."""


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Whether the sum of `weight` x score over `terms` is above `margin`. Nothing that is equal is above."""

    terms: Terms
    margin: float = 0.0

    @property
    def cells(self) -> tuple[ScoreName, ...]:
        """The scores that it needs."""
        return tuple(cell for cell, _ in self.terms)

    @property
    def pair(self) -> tuple[ScoreName, ScoreName] | None:
        """The two scores of a plain "one above the other"; None for other sums and with a margin."""
        if self.margin or [weight for _, weight in self.terms] != [1.0, -1.0]:
            return None
        return self.terms[0][0], self.terms[1][0]

    def in_order(self) -> tuple["Contrast", bool]:
        """Return this or the reversed one, whichever is first in the alphabet, and whether it is this one."""
        terms = sorted(self.terms, key=lambda term: term[0].key())
        if terms[0][1] >= 0:
            return Contrast(terms=tuple(terms), margin=self.margin), True
        return Contrast(terms=tuple((cell, -weight) for cell, weight in terms), margin=-self.margin), False


Judge = Callable[[Contrast], Truth]
"""Says of a comparison whether it is so."""


def above(one: ScoreName, other: ScoreName) -> Contrast:
    """Return the comparison "one is above the other"."""
    return Contrast(terms=((one, 1.0), (other, -1.0)))


def mean_of(task: str, variants: Sequence[str], epoch: int, weight: float = 1.0) -> Terms:
    """Return the terms of `weight` times the mean of variants on a task."""
    return tuple((ScoreName(task, variant, epoch), weight / len(variants)) for variant in variants)


def mean_difference(
    tasks: Sequence[str], of: Sequence[str], less: Sequence[str], *, epochs: Iterable[int | None] = (None,)
) -> Terms:
    """Return the terms of: the mean of variants `of` less that of variants `less`, averaged over tasks and epochs."""
    at = list(epochs)
    return tuple(
        (ScoreName(task, variant, epoch), weight / (len(tasks) * len(at)))
        for task in tasks
        for epoch in at
        for variants, weight in ((of, 1 / len(of)), (less, -1 / len(less)))
        for variant in variants
    )


def value_of(comparison: Contrast, scores: Callable[[ScoreName], float | None]) -> float | None:
    """Return the weighted sum, or None if a score is missing."""
    found = [(scores(cell), weight) for cell, weight in comparison.terms]
    if any(score is None for score, _ in found):
        return None
    return math.fsum(weight * (score or 0.0) for score, weight in found)
