"""A score with what is known of its error: each seed's value, and how much each test item moves it. Light: no torch."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Units:
    """The test items of a task as they are drawn: in groups of one speaker, recording or film, or one by one."""

    key: str
    """Of the items and their labels: what has the same was tested on the same items."""
    number: float
    """How many units of equal size say as much."""
    items: int
    """Distinct items."""
    grouped_by: str | None
    """What the items of a group have in common; None where items are taken as independent."""
    retrained: bool
    """Whether there are several folds, so that items that test one probe train another."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A task's primary score by one network, or by a variant's networks of several seeds, on the same items."""

    seeds: tuple[int, ...]
    scores: np.ndarray
    """(seeds,): the mean over folds."""
    influence: np.ndarray
    """(seeds, units): a unit's is the sum of its items'."""
    units: Units
    is_share: bool
    """Whether the score is an accuracy, the share of items that are right."""

    @property
    def score(self) -> float:
        """The mean over seeds."""
        return float(self.scores.mean())
