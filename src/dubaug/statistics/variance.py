"""Variances of a weighted sum of scores, from its seeds and from its items, each with its degrees of freedom.

Arrays may have leading axes (...), so that many sums are one call.
"""

from collections.abc import Sequence

import numpy as np

RETRAINING = 1.6
"""By how much the variance over test items is widened where each fold's items also train the other folds' probes. The
scores of such folds vary with the items that train as well as with those that test; predictions show the latter alone.
Measured with real five-fold probes the whole is 0.8 to 2.0 times the part that they show (benchmarks/NOTES.md)."""


def over_seeds(sums: np.ndarray) -> np.ndarray:
    """Return the variance (...) of the mean of `sums` (..., seeds), a value a seed."""
    return np.asarray(sums.var(axis=-1, ddof=1) / sums.shape[-1])


def over_units(influences: Sequence[np.ndarray], units: float) -> np.ndarray:
    """Return the variance (...) over test units of the mean over seeds, as far as all seeds share it.

    Each of `influences` is (..., seeds, units), of networks with the same seeds; their means are added. Units (items,
    or groups of them) move the mean over seeds, alike for all seeds or each seed in its own way. The latter part is in
    the spread of the seeds' sums already, where there are several, and is taken off here; what is left is not below 0.
    `units` is their effective number, by which the sample's variance is widened as any is.
    """
    whole = (sum(influence.mean(axis=-2) for influence in influences) ** 2).sum(axis=-1)
    for influence in influences:
        seeds = influence.shape[-2]
        if seeds > 1:
            own = influence - influence.mean(axis=-2, keepdims=True)
            whole = whole - (own**2).sum(axis=(-1, -2)) / (seeds * (seeds - 1))
    return np.asarray(np.maximum(whole, 0.0) * units / np.maximum(units - 1, 1e-12))


def rare(weight: float, seeds: int, items: int, units: float) -> float:
    """Return the variance that a weighted share of `items` is given on top, against too narrow errors near 0 and 1.

    As if two more items stood there, one that only the one network gets right and one that only the other does (Bonett
    and Price 2012): where hardly any item tells two networks apart, the spread among items says too little. Of grouped
    items there are as many more as a unit has.
    """
    return weight**2 / (seeds * items * units)


def effective_units(sizes: np.ndarray) -> float:
    """Return how many units of equal size say as much as units of these sizes (Kish)."""
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def pooled_df(variances: np.ndarray, dfs: np.ndarray) -> float:
    """Return Satterthwaite's degrees of freedom of a sum of independent variances (parts,); of Welch's test for two."""
    total = variances.sum()
    return float(total**2 / (variances**2 / dfs).sum()) if total > 0 else float(dfs.min())
