"""Scores of classes as HEAR has them, without scikit-learn (its import would cost each job two seconds; the tests do).

All take `probabilities` and `truth` (0 or 1), (items, outputs). Accuracies are shares of the items; the others count
all classes alike ("macro"). A class needs a positive item (and, for areas under the ROC curve, a negative one) to have
a score: **classes without are left out of the mean**, where scikit-learn would count an average precision of 0 or
refuse. heareval takes scikit-learn's mean as it is; the two differ only where a test fold lacks a class altogether.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

_NORMAL = NormalDist()

SEMITONES = 12
"""In an octave: `chroma_acc` takes classes to be pitches in order, and forgives a wrong octave."""


def right(outputs: np.ndarray, truth: np.ndarray, heads: Sequence[int], *, period: int | None = None) -> np.ndarray:
    """Return which items are right, bool (items,): the highest output of every head is (Fluent Speech Commands).

    With a `period`, it is enough that the class's number is the right one but for a multiple of it.
    """
    found = np.ones(len(truth), dtype=bool)
    start = 0
    for size in heads:
        head = slice(start, start + size)
        difference = outputs[:, head].argmax(axis=1) - truth[:, head].argmax(axis=1)
        found &= (difference if period is None else difference % period) == 0
        start += size
    return found


def has_positive(truth: np.ndarray) -> bool:
    """Return whether any class has an item."""
    return bool((truth > 0).any())


def has_both(truth: np.ndarray) -> bool:
    """Return whether any class has an item with it and one without."""
    return bool(((truth > 0).any(axis=0) & (truth == 0).any(axis=0)).any())


def mean_average_precision(probabilities: np.ndarray, truth: np.ndarray, heads: Sequence[int] = ()) -> float:
    """Return the average precision of each class that has a positive item, averaged over these classes."""
    return _mean(average_precision(probabilities, truth))


def mean_area_under_roc(probabilities: np.ndarray, truth: np.ndarray, heads: Sequence[int] = ()) -> float:
    """Return the area under each class's ROC curve, averaged over the classes with positives and negatives."""
    return _mean(area_under_roc(probabilities, truth))


def d_prime(probabilities: np.ndarray, truth: np.ndarray, heads: Sequence[int] = ()) -> float:
    """Return the mean over classes of sqrt(2) times the normal quantile of the area under the ROC curve."""
    areas = area_under_roc(probabilities, truth)
    with np.errstate(invalid="ignore"):  # a perfect class beside a wholly wrong one: infinity less infinity
        return _mean(np.array([math.sqrt(2) * quantile(area) for area in areas[~np.isnan(areas)]]))


def average_precision(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the average precision (step-wise, equal scores being one threshold) by class, NaN without positives."""
    true_positives, false_positives, _, _ = _curves(probabilities, truth)
    positives = true_positives[-1]
    gained = np.diff(true_positives, axis=0, prepend=0)
    precision = true_positives / np.maximum(true_positives + false_positives, 1)
    return _divide((gained * precision).sum(axis=0), positives)


def area_under_roc(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve (trapezoids) by class, NaN without positives or without negatives."""
    true_positives, false_positives, before_true, before_false = _curves(probabilities, truth)
    area = ((false_positives - before_false) * (true_positives + before_true) / 2).sum(axis=0)
    return _divide(area, true_positives[-1] * false_positives[-1])


def _curves(probabilities: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return true and false positives (items, classes) at thresholds from high to low, and those a threshold before.

    Within a run of equal scores the counts stay at the threshold before, so that only its last item steps.
    """
    order = np.argsort(-probabilities, axis=0, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=0)
    true_positives = np.cumsum(np.take_along_axis(truth, order, axis=0) > 0, axis=0, dtype=np.int64)
    last_of_run = np.ones(ranked.shape, dtype=bool)
    last_of_run[:-1] = ranked[:-1] != ranked[1:]
    false_positives = np.arange(1, len(ranked) + 1)[:, None] - true_positives
    held_true, held_false = (
        np.maximum.accumulate(np.where(last_of_run, counts, 0), axis=0) for counts in (true_positives, false_positives)
    )
    before_true, before_false = (np.vstack([np.zeros_like(held[:1]), held[:-1]]) for held in (held_true, held_false))
    return held_true, held_false, before_true, before_false


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)
    return ratio


def _mean(by_class: np.ndarray) -> float:
    known = by_class[~np.isnan(by_class)]
    return float(known.mean()) if len(known) else math.nan


def quantile(area: float) -> float:
    """Return the normal distribution's quantile, infinite at 0 and 1."""
    if 0.0 < area < 1.0:
        return _NORMAL.inv_cdf(area)
    return math.inf if area >= 1.0 else -math.inf
