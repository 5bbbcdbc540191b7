"""A score with what is known of its error: each seed's value, and how much each test item moves it. Light: no torch."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dubaug.probe.predictions import Fold, Predictions, check_same_items
from dubaug.statistics import influence
from dubaug.statistics.variance import effective_units
from dubaug.suites.registry import metric


@dataclass(frozen=True, kw_only=True)
class Units:
    """The test items of a task as they are drawn: in groups of one speaker, recording or film, or one by one."""

    key: str
    """Of the items and their labels: what has the same was tested on the same items."""
    number: float
    """How many units of equal size say as much."""
    items: int
    """Distinct items."""
    grouped_by: str | None
    """What the items of a group have in common; None where items are taken as independent."""
    retrained: bool
    """Whether there are several folds, so that items that test one probe train another."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A task's primary score by one network, or by a variant's networks of several seeds, on the same items."""

    seeds: tuple[int, ...]
    scores: np.ndarray
    """(seeds,): the mean over folds."""
    influence: np.ndarray
    """(seeds, units): a unit's is the sum of its items'."""
    units: Units
    is_share: bool
    """Whether the score is an accuracy, the share of items that are right."""

    @property
    def score(self) -> float:
        """The mean over seeds."""
        return float(self.scores.mean())


def sample_of(members: Sequence[Predictions]) -> Sample:
    """Return the sample of one network's predictions, or of those of several seeds.

    Raises `DubaugError` unless all are of the same items.
    """
    first = members[0]
    for member in members[1:]:
        check_same_items(_name(first), first, _name(member), member)
    names = [_units(fold) for fold in first.folds]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(name for fold in names for name in fold))}
    rows = [np.array([numbers[name] for name in fold]) for fold in names]
    sizes = np.bincount(np.concatenate(rows))
    return Sample(
        seeds=tuple(member.about.seed for member in members),
        scores=np.array([np.mean(member.scores()) for member in members]),
        influence=np.stack([_of_member(member, rows, len(numbers)) for member in members]),
        units=Units(
            key=_key(first),
            number=effective_units(sizes),
            items=len({item for fold in first.folds for item in fold.items}),
            grouped_by=first.about.grouped_by,
            retrained=len(first.folds) > 1,
        ),
        is_share=metric(first.about.metrics[0]).right_or_wrong,
    )


def _of_member(member: Predictions, rows: Sequence[np.ndarray], units: int) -> np.ndarray:
    """Return the influence (units,) on the mean over folds: within a fold, and by how far the fold is from the mean."""
    scores, folds = member.scores(), len(member.folds)
    total = np.zeros(units)
    with np.errstate(invalid="ignore"):  # infinite scores (d' of a perfect ranking) have no error
        for fold, score, units_of_items in zip(member.folds, scores, rows, strict=True):
            from_mean = (score - np.mean(scores)) / len(fold.items)
            np.add.at(total, units_of_items, (_of_fold(fold, member) + from_mean) / folds)
    return total


def _of_fold(fold: Fold, member: Predictions) -> np.ndarray:
    """Return the influence (items,) on the primary metric of a fold."""
    name = member.about.metrics[0]
    chosen = metric(name)
    if chosen.of_items is not None:
        return influence.of_mean(fold.item_values(name, member.heads).astype(np.float64))
    if name in influence.RANKINGS:
        return influence.of_mean_over_classes(name, fold.scores, fold.truth)
    return influence.of_any(
        lambda rows: chosen.score(fold.scores[rows], fold.truth[rows], member.heads), len(fold.items)
    )


def _units(fold: Fold) -> list[tuple[str, str]]:
    """Return each item's unit: its group, or itself where it has none."""
    if fold.groups is None:
        return [("item", item) for item in fold.items]
    return [("group", group) if group else ("item", item) for item, group in zip(fold.items, fold.groups, strict=True)]


def _key(predictions: Predictions) -> str:
    digest = hashlib.sha256()
    for fold in predictions.folds:
        digest.update("\n".join(fold.items).encode() + np.packbits(fold.truth).tobytes())
    return digest.hexdigest()


def _name(member: Predictions) -> str:
    about = member.about
    return f"{about.variant} seed {about.seed} epoch {about.epoch}"
