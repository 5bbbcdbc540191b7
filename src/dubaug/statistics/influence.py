"""How much each test item moves a score: the score less that without the item, times (n - 1) / n (the jackknife).

The sum of their squares, times n / (n - 1), is the variance of the score over draws of the items. Ranking metrics are
taken column by column, so that any number of classes, networks or data sets is one array. Light: no torch.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import special

Ranking = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Takes scores and truth (items, columns); returns values (columns,), NaN for none, and influence (items, columns)."""


def of_mean(values: np.ndarray) -> np.ndarray:
    """Return the influence (items, ...) of each item on the mean of `values` (items, ...), such as right or wrong."""
    return np.asarray((values - values.mean(axis=0)) / len(values))


def of_any(score: Callable[[np.ndarray], float], items: int) -> np.ndarray:
    """Return the influence (items,) on any score of rows, by computing it without each of them."""
    rows = np.arange(items)
    without = np.array([score(np.delete(rows, row)) for row in rows])
    influence: np.ndarray = (score(rows) - without) * (1 - 1 / items)
    return influence


def of_mean_over_classes(metric: str, scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the influence (items,) on a ranking metric's mean over the classes that have one, of (items, classes)."""
    values, influence = RANKINGS[metric](scores, truth)
    return mean_over_classes(values, influence, truth)[1]


def mean_over_classes(values: np.ndarray, influence: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (...) over classes that have a value, and its influence (items, ...).

    Of values (classes, ...), their influence and the truth, both (items, classes, ...).

    A class with a single positive has no score without it, and its spread cannot be seen: the positive is given the
    class's distance from the mean of all classes instead.
    """
    alone = truth & (truth.sum(axis=0) == 1)
    known = ~np.isnan(values)
    mean = np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0)
    by_class = np.where(alone, values - mean, influence)
    return mean, np.where(known, by_class, 0.0).sum(axis=1) / known.sum(axis=0)


def average_precision(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the average precision (columns,), equal scores being one threshold, and its influence (items, columns).

    Without a positive item, those at or below it in the ranking have one hit and one item less at their threshold;
    without another item, one item less. The influence of a class's only positive is 0.
    """
    order, first, last = _ranked(scores)
    positive = np.take_along_axis(truth, order, axis=0)
    positives = positive.sum(axis=0)
    found, until = np.take_along_axis(np.cumsum(positive, axis=0), last, axis=0), last + 1
    precision = found / until
    pairs = until * np.maximum(last, 1)
    gain, loss = positive * (until - found) / pairs, positive * found / pairs
    with np.errstate(invalid="ignore", divide="ignore"):
        value = (positive * precision).sum(axis=0) / positives
        with_it = (precision - value + _from(gain, first) - gain) / np.maximum(positives - 1, 1)
        influence = np.where(positive, with_it * (positives > 1), -_from(loss, first) / positives)
    return value, _unranked(influence, order) * (1 - 1 / len(scores))


def area_under_roc(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the area under the ROC curve (columns,) and its influence (items, columns).

    The influence of a class's only positive, or only negative, is 0.
    """
    order, first, last = _ranked(scores)
    positive = np.take_along_axis(truth, order, axis=0)
    value_of_pairs = []
    for kind in (positive, ~positive):  # what of its kind stands above an item, equal scores counting half
        through = np.cumsum(kind, axis=0)
        before = np.take_along_axis(through - kind, first, axis=0)
        value_of_pairs.append((np.take_along_axis(through, last, axis=0) + before) / 2)
    positives, negatives = positive.sum(axis=0), (~positive).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        won, lost = 1 - value_of_pairs[1] / negatives, value_of_pairs[0] / positives
        value = np.where(negatives > 0, (positive * won).sum(axis=0) / positives, math.nan)
        fewer = np.where(positive, positives - 1, negatives - 1)
        influence = np.where(positive, won - value, lost - value) / np.maximum(fewer, 1)
    return value, _unranked(influence, order) * (1 - 1 / len(scores))


def d_prime(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sqrt(2) times the normal quantile of the area under the ROC curve (columns,), and its influence."""
    area, influence = area_under_roc(scores, truth)
    quantile = special.ndtri(area)
    with np.errstate(invalid="ignore", divide="ignore"):
        return math.sqrt(2) * quantile, math.sqrt(2) * influence * math.sqrt(2 * math.pi) * np.exp(quantile**2 / 2)


RANKINGS: dict[str, Ranking] = {"mAP": average_precision, "aucroc": area_under_roc, "d_prime": d_prime}
"""By HEAR's names of their means over classes."""


def _ranked(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the order from the highest score down, and the first and last place of each place's run of equals."""
    order = np.argsort(-scores, axis=0, kind="stable")
    ranked = np.take_along_axis(scores, order, axis=0)
    places = np.broadcast_to(np.arange(len(scores)).reshape(-1, *[1] * (scores.ndim - 1)), scores.shape)
    new = np.ones(ranked.shape, dtype=bool)
    new[1:] = ranked[1:] != ranked[:-1]
    first = np.maximum.accumulate(np.where(new, places, 0), axis=0)
    ends = np.ones(ranked.shape, dtype=bool)
    ends[:-1] = new[1:]
    last = np.minimum.accumulate(np.where(ends, places, len(scores))[::-1], axis=0)[::-1]
    return order, first, last


def _from(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return, for each place, the sum of `values` from the first place of its run to the end."""
    return np.take_along_axis(np.cumsum(values[::-1], axis=0)[::-1], first, axis=0)


def _unranked(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return values by place as values by item."""
    by_item = np.empty_like(values)
    np.put_along_axis(by_item, order, values, axis=0)
    return by_item
