"""What a probe is given: one task's embeddings by one network, its truth, and its splits, checked."""

import math
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dubaug.downstream.model import Dataset, HearTask, Kind, Split
from dubaug.errors import DubaugError
from dubaug.metrics.metric import Metric
from dubaug.probe.loss import mean_loss
from dubaug.suites.registry import metric
from dubaug.suites.suite import Join

WORST = -sys.float_info.max
"""Stands for validation scores without a value, so that the first validation of all is better than none."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One task for one network. Truth is dense, 0 or 1: one-hot, multi-hot, or one one-hot part a head; or real."""

    task: str
    embeddings: np.ndarray
    """(items, dimensions), float32 or float64: the probe is trained in that precision."""
    truth: np.ndarray
    """(items, outputs) of the same type."""
    kind: Kind
    heads: tuple[int, ...]
    """Outputs of each head; one head unless `kind` is multihead."""
    splits: tuple[Split, ...]
    metrics: tuple[str, ...]
    """The first one is the primary score."""
    hear: HearTask
    """What HEAR's protocol takes from the task."""
    wholes: np.ndarray | None = None
    """int64 (items,): the number of the whole that an item is part of; None where every item is scored by itself."""
    join: Join = "mean"
    """How the outputs of a whole's items become the whole's."""

    @property
    def metric(self) -> Metric:
        """The primary score."""
        return metric(self.metrics[0])

    def joined(self, outputs: np.ndarray, items: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what is scored of the outputs (items, outputs) for those items: (wholes, outputs), by whole.

        First the number of an item of each, whose truth is the whole's; without wholes, items are what is scored.
        """
        numbers = np.asarray(items, dtype=np.int64)
        if self.wholes is None:
            return numbers, outputs
        _, first, place, counts = np.unique(
            self.wholes[numbers], return_index=True, return_inverse=True, return_counts=True
        )
        sums = np.zeros((len(first), outputs.shape[1]), outputs.dtype)
        np.add.at(sums, place, outputs)
        return numbers[first], sums if self.join == "sum" else sums / counts[:, None].astype(outputs.dtype)

    def scores(self, outputs: np.ndarray, items: Sequence[int] | np.ndarray) -> dict[str, float]:
        """Return all metrics of the outputs (items, outputs) for those items."""
        scored, outputs = self.joined(outputs, items)
        return {name: metric(name).score(outputs, self.truth[scored], self.heads) for name in self.metrics}

    def primary(self, outputs: np.ndarray, items: Sequence[int] | np.ndarray) -> float:
        """Return how good the outputs (items, outputs) of a validation are, to choose by: higher is better.

        The primary metric (minus it, where lower is better), or minus the loss, which is of items. Never NaN: a mean
        d' of both infinities is as bad as can be.
        """
        if self.hear.criterion == "loss":
            value = -mean_loss(outputs, self.truth[list(items)], kind=self.kind, heads=self.heads)
        else:
            scored, outputs = self.joined(outputs, items)
            value = self.metric.sign * self.metric.score(outputs, self.truth[scored], self.heads)
        return WORST if np.isnan(value) else max(WORST, value)

    @property
    def perfect(self) -> float:
        """What `primary` cannot surpass; infinite for a loss, which can always be lower still."""
        return math.inf if self.hear.criterion == "loss" else self.metric.sign * self.metric.perfect


@dataclass(frozen=True, kw_only=True)
class Probed:
    """What a protocol makes of a problem."""

    outputs: Sequence[np.ndarray]
    """(test items, outputs) of each split: probabilities, or values."""
    notes: Mapping[str, Any]
    """What the result's entry says of it: `hyperparameters`, and what else the protocol tells."""


def make_problem(
    task: str, embeddings: np.ndarray, dataset: Dataset, *, needs_valid: bool, join: Join = "mean"
) -> Problem:
    """Return the problem of `dataset` with `embeddings` (items, dimensions); `join` is how its suite joins items.

    Raises `DubaugError`, naming task and split, for embeddings that are not finite, a wrong number of them, a test
    part whose labels give the primary metric nothing to score, and, if `needs_valid`, such a validation part.
    """
    if len(embeddings) != len(dataset.items):
        raise DubaugError(f"task {task}: {len(embeddings)} embeddings for {len(dataset.items)} items")
    broken = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
    if len(broken):
        names = "; ".join(f"{dataset.where(item)}, {dataset.items[item].id}" for item in broken[:3])
        raise DubaugError(
            f"task {task}: {len(broken)} embeddings are not finite (first: {names}). The checkpoint's weights or these "
            "files' features are broken; try another checkpoint, or look at the files"
        )
    truth, heads = _dense(dataset)
    _check_metrics(task, dataset)
    _check_scores(task, dataset, truth, parts=("valid", "test") if needs_valid else ("test",))
    return Problem(
        task=task,
        embeddings=embeddings,
        truth=truth.astype(embeddings.dtype),
        kind=dataset.kind,
        heads=heads,
        splits=tuple(dataset.splits),
        metrics=tuple(dataset.metrics),
        hear=dataset.hear or HearTask(order=_shuffled(len(dataset.items))),
        wholes=dataset.whole_numbers,
        join="mean" if dataset.kind == "regression" else join,
    )


def _shuffled(items: int) -> tuple[int, ...]:
    """Return an order for data sets whose own says nothing (theirs may be by class), the same for every network."""
    order = list(range(items))
    random.Random(0).shuffle(order)
    return tuple(order)


def _check_scores(task: str, dataset: Dataset, truth: np.ndarray, parts: Sequence[str]) -> None:
    """Raise `DubaugError` for a part of a split whose labels leave the primary metric nothing to score."""
    primary = metric(dataset.metrics[0])
    for split in dataset.splits:
        for part in parts:
            if not primary.defined(truth[list(getattr(split, part))]):
                raise DubaugError(
                    f"task {task}, split {split.name}: the {part} part has no {primary.name}: there is no "
                    f"{primary.needs}"
                )


def _check_metrics(task: str, dataset: Dataset) -> None:
    """Raise `DubaugError` for a metric that nobody knows, or of classes for values, or the other way round."""
    for name in dataset.metrics:
        if metric(name).of_values != (dataset.kind == "regression"):
            raise DubaugError(f"task {task}: {name} is no metric of a {dataset.kind} task")


def _dense(dataset: Dataset) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return the truth (items, outputs), booleans or real values, and the sizes of the heads."""
    heads = tuple(len(classes) for classes in dataset.classes)
    if dataset.kind == "regression":
        return dataset.targets[:, None], heads
    if dataset.kind == "multilabel":
        return np.asarray(dataset.targets, dtype=bool), heads
    targets = np.asarray(dataset.targets).reshape(len(dataset.items), len(heads))
    return np.hstack([np.arange(size) == targets[:, [head]] for head, size in enumerate(heads)]), heads
