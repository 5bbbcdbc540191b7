"""The distribution that an estimate is measured by: one for its p-value and for its interval, which so always agree.

The error of an estimate has up to two parts, from pretraining seeds and from test items, each with a variance that is
itself estimated: seeds from few values, items from many. Behrens' and Fisher's distribution of sqrt(A) t_a + sqrt(B)
t_b takes both for what they are. Welch's and Satterthwaite's single t is shorter and wrong in its tails where seeds are
few (benchmarks/NOTES.md).
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from scipy import special  # scipy.stats takes a second to import, in each of many short jobs

FARTHEST = 1e6
"""Standard errors beyond which no bound of an interval is looked for."""


def tail(distance: np.ndarray, seeds: np.ndarray, items: np.ndarray, seeds_df: float, items_df: float) -> np.ndarray:
    """Return the two-sided p of a distance from what is asked, all (...): how often chance alone goes as far.

    `seeds` and `items` are the variances of the two parts, with their degrees of freedom; the first may be 0.
    """
    if not np.any(seeds):
        return np.asarray(2 * special.stdtr(items_df, -_ratio(distance, np.sqrt(items))))
    (seeds_scale, seeds_weight), (items_scale, items_weight) = _nodes(seeds_df, 48), _nodes(items_df, 12)
    p = np.zeros(np.broadcast(distance, seeds, items).shape)
    for scale, weight in zip(items_scale, items_weight, strict=True):
        error = np.sqrt(np.asarray(seeds)[..., None] / seeds_scale + np.asarray(items)[..., None] / scale)
        p += weight * special.ndtr(-_ratio(np.asarray(distance)[..., None], error)) @ seeds_weight
    return 2 * p


def _ratio(distance: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Return the distance in standard errors; infinite where there is one and no error, 0 where there is neither."""
    far = np.where(distance != 0, np.inf, 0.0)
    return np.where(error > 0, np.abs(distance) / np.where(error > 0, error, 1.0), far)


def bounds(p_of: Callable[[float], float], value: float, error: float, level: float) -> tuple[float, float]:
    """Return the two values, on either side of `value`, whose p is 1 less `level`; `error` is a standard error."""
    from scipy import optimize  # half a second

    found = []
    for side in (-1, 1):

        def excess(distance: float, side: int = side) -> float:
            return p_of(value + side * distance) - (1 - level)

        farthest = error
        while excess(farthest) > 0 and farthest < FARTHEST * error:
            farthest *= 2
        found.append(value + side * optimize.brentq(excess, 0.0, farthest, xtol=1e-9 * error))
    return found[0], found[1]


NORMAL_DF = 300
"""Degrees of freedom beyond which an estimated variance is taken as known."""


@cache
def _nodes(df: float, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return values of chi-squared over its degrees of freedom, and weights, whose sum is the mean over it.

    Gauss' and Legendre's nodes in the cube root of the probability: thickest at 0, where the far tails come from.
    """
    if df > NORMAL_DF:
        return np.ones(1), np.ones(1)
    places, weights = np.polynomial.legendre.leggauss(number)
    roots = (places + 1) / 2
    return 2 * special.gammaincinv(df / 2, roots**3) / df, weights * 1.5 * roots**2
