"""Bootstrap intervals of scores over test items, and over pretraining seeds. Light: no torch.

A resample draws each fold's items with replacement, as many as it has, scores every fold and averages the folds: what
the score itself does. Items that are tested in several folds (HMDB51, UCF101) are drawn once for all of them. Draws
depend on the task and its folds alone, so that resample r of two networks is of the same items: their differences are
paired. A resample is a column of weights (how often each item was drawn), and all metrics are computed from weights,
many resamples at a time, with one sort a class.

An item that is drawn twice stands beside itself in a ranking, so that average precision is higher on resamples than on
test sets of the same size. The percentiles are therefore moved by the difference between the score and the resamples'
mean (not for accuracy, which has no such bias): intervals are for the score to expect on a test set of this size.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from dubaug.metrics.classes import quantile
from dubaug.probe.predictions import Fold, Predictions, check_same_items
from dubaug.probe.results import finite
from dubaug.seeding import item_rng
from dubaug.suites.registry import metric

RESAMPLES = 1000
LEVEL = 0.95
BLOCK = 250
"""Resamples computed at a time: 10,000 items then take 5 MB of weights."""


class _Scorer(Protocol):
    """A metric on one fold."""

    def __call__(self, weights_NB: np.ndarray) -> np.ndarray:
        """Return the metric (resamples,) of the fold's items with these weights (items, resamples); NaN for none."""


def interval_of(members: Sequence[Predictions], *, resamples: int = RESAMPLES, level: float = LEVEL) -> dict[str, Any]:
    """Return a result's `interval`: that of one network's score, or of the mean over seeds, from the percentiles.

    Raises `DubaugError` unless all members are of the same items.
    """
    values = resampled_mean(members, resamples=resamples)
    score, name = mean_score(members), members[0].about.metrics[0]
    low, high = map(metric(name).within, percentiles(unbiased(values, score, name), level=level))
    over = ["items"] if len(members) == 1 else ["seeds", "items"]
    return {"low": finite(low), "high": finite(high), "level": level, "resamples": resamples, "over": over}


def mean_score(members: Sequence[Predictions]) -> float:
    """Return the primary metric's mean over folds and members."""
    return statistics.fmean(statistics.fmean(member.scores()) for member in members)


def unbiased(values: np.ndarray, score: float, name: str) -> np.ndarray:
    """Return the resampled values moved so that their mean is `score`; means of items stay, and what has none."""
    known = values[~np.isnan(values)]
    if metric(name).of_items is not None or not len(known) or not np.isfinite(known).all():
        return values
    return values + (score - known.mean())


def resampled_mean(members: Sequence[Predictions], *, resamples: int) -> np.ndarray:
    """Return the mean score (resamples,) over as many members, drawn with replacement, as there are, on drawn items.

    All drawn members are scored on the same items. Raises `DubaugError` unless they are of the same items.
    """
    for member in members[1:]:
        check_same_items(_name(members[0]), members[0], _name(member), member)
    values_SR = np.stack([resampled_scores(member, resamples=resamples) for member in members])
    if len(members) == 1:
        return values_SR[0]
    about = members[0].about
    rng = item_rng("bootstrap", about.task, about.variant, "seeds")
    drawn_SR = rng.integers(0, len(members), values_SR.shape)
    means: np.ndarray = np.take_along_axis(values_SR, drawn_SR, axis=0).mean(axis=0)
    return means


def resampled_scores(predictions: Predictions, *, resamples: int) -> np.ndarray:
    """Return one network's score (the primary metric's mean over folds) on each resample of the items, (resamples,).

    NaN where a fold of the resample has no score (no item with a label).
    """
    scorers = [_scorer(fold, predictions) for fold in predictions.folds]
    blocks = [
        np.mean([score(weights) for score, weights in zip(scorers, block, strict=True)], axis=0)
        for block in draw_weights(predictions, resamples=resamples)
    ]
    return np.concatenate(blocks)


def percentiles(values: np.ndarray, *, level: float = LEVEL) -> tuple[float, float]:
    """Return the values between which the middle `level` of them lies, not interpolated; NaNs are left out first."""
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return math.nan, math.nan
    outside = int(len(known) * (1 - level) / 2)
    return float(known[outside]), float(known[len(known) - 1 - outside])


def draw_weights(predictions: Predictions, *, resamples: int) -> Iterator[list[np.ndarray]]:
    """Yield, block after block of resamples, how often each item was drawn: one array (items, resamples) a fold."""
    about, folds = predictions.about, predictions.folds
    numbers: dict[str, int] = {}
    rows = [np.array([numbers.setdefault(item, len(numbers)) for item in fold.items]) for fold in folds]
    shared = len(numbers) < sum(map(len, rows))
    names = ["all folds"] if shared else [fold.name for fold in folds]
    sizes = [len(numbers)] if shared else [len(fold.items) for fold in folds]
    rngs = [item_rng("bootstrap", about.task, name) for name in names]
    for start in range(0, resamples, BLOCK):
        count = min(BLOCK, resamples - start)
        drawn = [_draw(rng, size, count) for rng, size in zip(rngs, sizes, strict=True)]
        yield [drawn[0][items] for items in rows] if shared else drawn


def _draw(rng: np.random.Generator, items: int, resamples: int) -> np.ndarray:
    """Return the counts (items, resamples) of `items` draws with replacement; their sums fit the type."""
    cells = rng.integers(0, items, (items, resamples)) * resamples + np.arange(resamples)
    counts = np.bincount(cells.ravel(), minlength=items * resamples).reshape(items, resamples)
    return counts.astype(np.int16 if items < 1 << 15 else np.int32)


def _scorer(fold: Fold, predictions: Predictions) -> _Scorer:
    name = predictions.about.metrics[0]
    if metric(name).of_items is not None:
        return _MeanOfItems(fold.item_values(name, predictions.heads))
    if name in ("mAP", "aucroc", "d_prime"):
        return _MeanOverClasses(fold, name)
    return _Repeated(fold, name, predictions.heads)


class _MeanOfItems:
    """A score that is a mean over items, such as the share of them that are right."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __call__(self, weights_NB: np.ndarray) -> np.ndarray:
        drawn = weights_NB.sum(axis=0, dtype=np.int64)
        if self.values.dtype == bool:
            return _share(weights_NB[self.values].sum(axis=0, dtype=np.int64), drawn)
        return _share(self.values @ weights_NB, drawn)


class _Repeated:
    """Any other score, computed resample by resample on the items that were drawn, as often as they were."""

    def __init__(self, fold: Fold, name: str, heads: Sequence[int]) -> None:
        self.fold, self.metric, self.heads = fold, metric(name), heads

    def __call__(self, weights_NB: np.ndarray) -> np.ndarray:
        rows = np.arange(len(weights_NB))
        drawn = [np.repeat(rows, weights_N) for weights_N in weights_NB.T]
        return np.array([self.metric.score(self.fold.scores[it], self.fold.truth[it], self.heads) for it in drawn])


class _MeanOverClasses:
    """A ranking metric by class, averaged over the classes that the drawn items give one."""

    def __init__(self, fold: Fold, metric: str) -> None:
        self.metric = metric
        classes = range(fold.truth.shape[1])
        rankings = [_Ranking(fold.scores[:, c], fold.truth[:, c]) for c in classes if fold.truth[:, c].any()]
        self.rankings = rankings

    def __call__(self, weights_NB: np.ndarray) -> np.ndarray:
        resamples = weights_NB.shape[1]
        total, known = np.zeros(resamples), np.zeros(resamples, dtype=np.int64)
        for ranking in self.rankings:
            by_class = self._by_class(ranking, weights_NB)
            has = ~np.isnan(by_class)
            if self.metric == "d_prime":
                by_class[has] = [math.sqrt(2) * quantile(area) for area in by_class[has]]
            with np.errstate(invalid="ignore"):  # a perfect class beside a wholly wrong one: infinity less infinity
                total[has] += by_class[has]
            known += has
        return _share(total, known)

    def _by_class(self, ranking: "_Ranking", weights_NB: np.ndarray) -> np.ndarray:
        if self.metric == "mAP":
            return ranking.average_precision(weights_NB)
        return ranking.area_under_roc(weights_NB)


class _Ranking:
    """One class's items from the highest score down, cut where the thresholds are at which a positive is gained.

    Equal scores are one threshold (a run). Between the runs that hold a positive, only the number of items matters.
    """

    def __init__(self, scores: np.ndarray, truth: np.ndarray) -> None:
        self.order = np.argsort(-scores, kind="stable")
        ranked, positive = scores[self.order], truth[self.order]
        first = np.concatenate([[True], ranked[1:] != ranked[:-1]])
        run = np.cumsum(first) - 1
        starts = np.append(np.flatnonzero(first), len(scores))
        positives = np.flatnonzero(positive)
        runs, self.first_positive = np.unique(run[positives], return_index=True)
        self.positives = self.order[positives]
        self.bounds = np.unique(np.concatenate([[0], starts[runs], starts[runs + 1]]))
        self.bounds = self.bounds[self.bounds < len(scores)]
        self.segment = np.searchsorted(self.bounds, starts[runs])

    def average_precision(self, weights_NB: np.ndarray) -> np.ndarray:
        """Return the average precision (resamples,); NaN without positives."""
        gained_KB, _, until_KB = self._counts(weights_NB)
        found_KB = np.cumsum(gained_KB, axis=0)
        return _share((gained_KB * (found_KB / np.maximum(until_KB, 1))).sum(axis=0), found_KB[-1])

    def area_under_roc(self, weights_NB: np.ndarray) -> np.ndarray:
        """Return the area under the ROC curve (resamples,); NaN without positives or negatives."""
        gained_KB, before_KB, until_KB = self._counts(weights_NB)
        found_KB = np.cumsum(gained_KB, axis=0)
        negatives = weights_NB.sum(axis=0, dtype=np.int64) - found_KB[-1]
        above_KB, until_false_KB = before_KB - (found_KB - gained_KB), until_KB - found_KB
        won = (gained_KB * (negatives - (above_KB + until_false_KB) / 2)).sum(axis=0)
        return _share(won, found_KB[-1] * negatives)

    def _counts(self, weights_NB: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return, by run that holds positives (K, resamples): positives in it, all items above it, and to its end."""
        ranked_NB = weights_NB[self.order]
        segments = np.add.reduceat(ranked_NB, self.bounds, axis=0, dtype=weights_NB.dtype)
        until_KB = np.cumsum(segments, axis=0, dtype=np.int64)[self.segment]
        positives = weights_NB[self.positives]
        gained_KB = np.add.reduceat(positives, self.first_positive, axis=0, dtype=np.int64)
        return gained_KB, until_KB - segments[self.segment], until_KB


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(whole), math.nan), where=whole > 0)


def _name(member: Predictions) -> str:
    about = member.about
    return f"{about.variant} seed {about.seed} epoch {about.epoch}"
