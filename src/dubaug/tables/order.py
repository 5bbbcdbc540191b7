"""Whether two rows of numbers put the same things in the same order."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import scipy.stats

from dubaug.tables.render import TIE_DECIMALS, number

MEANING = (
    "τ-b is Kendall's rank correlation between our numbers and the paper's: 1 if both have the same order, −1 if the "
    "reverse, about 0 if they have nothing to do with each other; in brackets, of how many"
)


@dataclass(frozen=True, kw_only=True)
class OrderAgreement:
    """Kendall's tau-b over `n` pairs of numbers; None where it says nothing, and then `why`."""

    tau: float | None
    n: int
    why: str = ""

    @property
    def text(self) -> str:
        """As shown in a table: `.62 (8)`."""
        return "" if self.tau is None else f"{coefficient(self.tau)} ({self.n})"


def compare_order(ours: Sequence[float | None], paper: Sequence[float | None]) -> OrderAgreement:
    """Return tau-b over the places where both have a number; with less than three, or one side all tied, none."""
    pairs = [
        (round(a, TIE_DECIMALS), round(b, TIE_DECIMALS))
        for a, b in zip(ours, paper, strict=True)
        if a is not None and b is not None
    ]
    if len(pairs) < 3:
        return OrderAgreement(tau=None, n=len(pairs), why="no order: fewer than three have both numbers")
    if any(len(set(side)) == 1 for side in zip(*pairs, strict=True)):
        return OrderAgreement(tau=None, n=len(pairs), why="no order: all are equal")
    tau = scipy.stats.kendalltau(*zip(*pairs, strict=True), variant="b").statistic
    return OrderAgreement(tau=float(tau), n=len(pairs))


def mean_order(orders: Sequence[OrderAgreement]) -> tuple[float | None, int]:
    """Return the mean tau-b and over how many orders; None if none of them says anything."""
    known = [order.tau for order in orders if order.tau is not None]
    return (statistics.fmean(known) if known else None), len(known)


def coefficient(tau: float) -> str:
    """Return a correlation with two decimals: `.62`, `−.14`, `1.00`."""
    text = number(round(abs(tau), 2))[:-1]
    return f"−{text}" if round(tau, 2) < 0 else text
