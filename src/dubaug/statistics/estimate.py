"""A weighted sum of scores with its error: one pivot, so that p-values and intervals never contradict each other.

Pretraining seeds are drawn once for all scores: seed s of two variants is paired (same initialisation, same batches),
and the sums of the seeds are what spreads. Variants with other seeds are independent of those. Items are drawn once for
all scores that were tested on them, of all variants and tasks. With a single seed nothing is known of another training:
the estimate is of these networks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dubaug.statistics import pivot, variance
from dubaug.statistics.sample import Sample, Units

LEVEL = 0.95
SIGNIFICANCE = round(1 - LEVEL, 10)
FEWEST_UNITS = 5
"""Independent items or groups below which nothing is said: the simulation has no fewer."""

ITEMS = "item"
"""Stands for what items are grouped by where each is taken as independent of the others."""

Over = Literal["items", "seeds and items", "items, seeds of some"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with the variances of its two parts of error. Its methods give NaN where these are not known."""

    value: float
    seeds_variance: float
    seeds_df: float
    items_variance: float
    items_df: float
    over: Over
    """What the error is over. Of networks with a single seed it is over items alone: it is of these trainings."""
    grouped_by: tuple[str, ...]
    """What the tasks' test items are grouped by; `ITEMS` for those that are taken as independent."""
    why_none: str | None
    """Why there is no error, in words; None where there is one."""
    share_of: float | None
    """Where the value is one accuracy: of how many items it would be the share; its error is that of what is asked."""

    def p(self, asked: float = 0.0) -> float:
        """Return the two-sided p of the true value being `asked`."""
        items = self.items_variance
        if self.why_none or not math.isfinite(self.value):
            return math.nan
        if self.share_of is not None:
            items = max(asked * (1 - asked), 0.0) / self.share_of
        if self.seeds_variance + items == 0 and self.share_of is None:
            return 1.0 if self.value == asked else math.nan
        distance, of_seeds, of_items = (np.asarray(part) for part in (self.value - asked, self.seeds_variance, items))
        return min(1.0, float(pivot.tail(distance, of_seeds, of_items, self.seeds_df, self.items_df)))

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Return the lowest and the highest value whose p is not below 1 less `level`: Wilson's for one accuracy."""
        error = math.sqrt(self.seeds_variance + max(self.items_variance, self._least_variance()))
        if math.isnan(self.p(self.value)) or not error:
            return math.nan, math.nan
        low, high = pivot.bounds(self.p, self.value, error, level)
        return (low, high) if self.share_of is None else (max(low, 0.0), min(high, 1.0))

    def _least_variance(self) -> float:
        return 0.0 if self.share_of is None else 0.25 / self.share_of


def estimate(terms: Sequence[tuple[Sample, float]]) -> Estimate:
    """Return the estimate of the sum of `weight` x score over `terms`."""
    seeds: dict[tuple[int, ...], list[tuple[Sample, float]]] = {}
    units: dict[str, list[tuple[Sample, float]]] = {}
    for term in terms:
        seeds.setdefault(tuple(sorted(term[0].seeds)), []).append(term)
        units.setdefault(term[0].units.key, []).append(term)
    value = math.fsum(weight * sample.score for sample, weight in terms)
    known = [_over_seeds(block) for block in seeds.values() if len(block[0][0].seeds) > 1]
    of_seeds = np.array(known or [(0.0, 1.0)])
    alone = terms[0][0] if len(terms) == 1 and terms[0][1] == 1 and terms[0][0].is_share else None
    of_items = np.array(
        [(_over_units(part) + (0.0 if alone else _rare(part)), part[0][0].units.number - 1) for part in units.values()]
    )
    fewest = min(part[0][0].units.number for part in units.values())
    items_variance = float(of_items[:, 0].sum())
    known_by_asking = alone is not None and alone.units.grouped_by is None
    return Estimate(
        value=value,
        seeds_variance=float(of_seeds[:, 0].sum()),
        seeds_df=variance.pooled_df(*of_seeds.T),
        items_variance=items_variance,
        items_df=math.inf if known_by_asking else variance.pooled_df(*of_items.T),
        over="items" if not known else "seeds and items" if len(known) == len(seeds) else "items, seeds of some",
        grouped_by=tuple(dict.fromkeys(sample.units.grouped_by or ITEMS for sample, _ in terms)),
        why_none=_why_none(value, items_variance, fewest),
        share_of=equivalent_items(value, items_variance, alone.units) if alone else None,
    )


def _over_seeds(block: Sequence[tuple[Sample, float]]) -> tuple[float, float]:
    """Return the variance from seeds of a sum of scores with the same seeds, and its degrees of freedom."""
    sums = sum(weight * sample.scores[np.argsort(sample.seeds)] for sample, weight in block)
    return float(variance.over_seeds(np.asarray(sums))), len(block[0][0].seeds) - 1


def _over_units(part: Sequence[tuple[Sample, float]]) -> float:
    """Return the variance from the items of a sum of scores that were tested on the same items."""
    units = part[0][0].units
    blocks: dict[tuple[int, ...], np.ndarray] = {}
    for sample, weight in part:
        order = np.argsort(sample.seeds)
        key = tuple(sorted(sample.seeds))
        blocks[key] = blocks.get(key, 0.0) + weight * sample.influence[order]
    shared = float(variance.over_units(tuple(blocks.values()), units.number))
    return shared * variance.RETRAINING if units.retrained else shared


def _rare(part: Sequence[tuple[Sample, float]]) -> float:
    """Return what is added to the variance for accuracies whose networks differ on hardly any item."""
    shares = [(sample, weight) for sample, weight in part if sample.is_share]
    return sum(
        variance.rare(weight, len(sample.seeds), sample.units.items, sample.units.number) for sample, weight in shares
    )


def _why_none(value: float, items_variance: float, fewest: float) -> str | None:
    if not (math.isfinite(value) and math.isfinite(items_variance)):
        return "a score is infinite"
    if fewest < FEWEST_UNITS:
        return f"the test items are like {fewest:.1f} independent ones, fewer than {FEWEST_UNITS}"
    return None


def equivalent_items(share: float, items_variance: float, units: Units) -> float:
    """Return of how many independent items a share would have this variance; of all units if none or all are right."""
    if 0 < share < 1:
        return share * (1 - share) / items_variance if items_variance else math.inf
    return units.number / (variance.RETRAINING if units.retrained else 1.0)
