"""What a probe is given: one task's embeddings by one network, its truth, and its splits, checked."""

import math
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dubaug.downstream.model import Dataset, HearTask, Kind, Split
from dubaug.errors import DubaugError
from dubaug.probe import metrics

WORST = -sys.float_info.max
"""Stands for validation scores without a value, so that the first validation of all is better than none."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One task for one network. Truth is dense, 0 or 1: one-hot, multi-hot, or one one-hot part a head."""

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

    def scores(self, probabilities: np.ndarray, items: Sequence[int]) -> dict[str, float]:
        """Return all metrics of the outputs (items, outputs) for those items."""
        truth = self.truth[list(items)]
        return {name: metrics.score(name, probabilities, truth, self.heads) for name in self.metrics}

    def primary(self, probabilities: np.ndarray, truth: np.ndarray) -> float:
        """Return how good the outputs (items, outputs) of a validation are, to choose by: higher is better.

        The primary metric, or minus the loss. Never NaN: a mean d' of both infinities is as bad as can be.
        """
        if self.hear.criterion == "loss":
            multilabel = self.kind == "multilabel"
            value = -metrics.mean_loss(probabilities, truth, self.heads, multilabel=multilabel)
        else:
            value = metrics.score(self.metrics[0], probabilities, truth, self.heads)
        return WORST if np.isnan(value) else max(WORST, value)

    @property
    def perfect(self) -> float:
        """What `primary` cannot surpass; infinite for a loss, which can always be lower still."""
        return math.inf if self.hear.criterion == "loss" else metrics.PERFECT[self.metrics[0]]


def make_problem(task: str, embeddings: np.ndarray, dataset: Dataset, *, needs_valid: bool) -> Problem:
    """Return the problem of `dataset` with `embeddings` (items, dimensions).

    Raises `DubaugError`, naming task and split, for embeddings that are not finite, a wrong number of them, a test
    part whose labels give the primary metric nothing to score, and, if `needs_valid`, such a validation part or none.
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
    for split in dataset.splits:
        if needs_valid and not split.valid:
            raise DubaugError(
                f"task {task}, split {split.name}: no items for validation; this protocol chooses by them"
            )
    truth, heads = _dense(dataset)
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
    )


def _shuffled(items: int) -> tuple[int, ...]:
    """Return an order for data sets whose own says nothing (theirs may be by class), the same for every network."""
    order = list(range(items))
    random.Random(0).shuffle(order)
    return tuple(order)


def _check_scores(task: str, dataset: Dataset, truth: np.ndarray, parts: Sequence[str]) -> None:
    """Raise `DubaugError` for a part of a split whose labels leave the primary metric nothing to score."""
    metric = dataset.metrics[0]
    for split in dataset.splits:
        for part in parts:
            if not metrics.has_score(metric, truth[list(getattr(split, part))]):
                kinds = "with it" if metric == "mAP" else "with it and items without"
                raise DubaugError(
                    f"task {task}, split {split.name}: the {part} part has no {metric}: there is no class that has "
                    f"items {kinds}"
                )


def _dense(dataset: Dataset) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return the truth (items, outputs) as booleans, and the sizes of the heads."""
    heads = tuple(len(classes) for classes in dataset.classes)
    if dataset.kind == "multilabel":
        return np.asarray(dataset.targets, dtype=bool), heads
    targets = np.asarray(dataset.targets).reshape(len(dataset.items), len(heads))
    return np.hstack([np.arange(size) == targets[:, [head]] for head, size in enumerate(heads)]), heads
