"""What a score is: what it is called, which way is better, between what it lies, and how it is computed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Computed = Callable[[np.ndarray, np.ndarray, Sequence[int]], float]
"""The score of outputs (items, outputs) for a truth of the same shape; the numbers of outputs of each head."""
OfItems = Callable[[np.ndarray, np.ndarray, Sequence[int]], np.ndarray]
"""The same, as one value an item (items,)."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A score by which networks are judged. Give `of_items` where it is a mean over items, else `of_all`."""

    name: str
    """In data sets and results."""
    label: str
    """In tables, figures, cards."""
    better: Literal["higher", "lower"] = "higher"
    low: float = 0.0
    high: float = 1.0
    """It is between these; infinite where there is no bound."""
    of_items: OfItems | None = None
    """Each item's value, if the score is their mean."""
    of_all: Computed | None = None
    """The score of all items together; not a number where their labels allow none."""
    right_or_wrong: bool = False
    """Whether an item's value says that it is right: true or false."""
    of_values: bool = False
    """Whether it is of real values (regression) and not of classes."""
    defined: Callable[[np.ndarray], bool] = lambda truth: len(truth) > 0
    """Whether items with a truth (items, outputs) have a score at all."""
    needs: str = "item"
    """What there must be for that, in words that follow "there is no"."""

    def __post_init__(self) -> None:
        if (self.of_items is None) == (self.of_all is None):
            raise ValueError(f"metric {self.name!r} must have one of of_items and of_all")

    def score(self, outputs: np.ndarray, truth: np.ndarray, heads: Sequence[int]) -> float:
        """Return the score of outputs (items, outputs); not a number, or infinite, where it has no value."""
        if self.of_items is not None:
            return float(self.of_items(outputs, truth, heads).mean())
        assert self.of_all is not None
        return self.of_all(outputs, truth, heads)

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 where lower is: scores times it can be compared."""
        return 1 if self.better == "higher" else -1

    @property
    def perfect(self) -> float:
        """The best value that there is."""
        return self.high if self.better == "higher" else self.low

    @property
    def title(self) -> str:
        """The label, and which way is better where that is not the usual one: `MSE (lower is better)`."""
        return self.label if self.better == "higher" else f"{self.label} (lower is better)"

    def within(self, value: float) -> float:
        """Return the value, moved to the nearest bound if it lies beyond one."""
        return min(max(value, self.low), self.high)
