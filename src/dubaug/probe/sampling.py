"""What predictions say of a score's error, for `dubaug.statistics`, and a result's `interval`. Light: no torch."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from dubaug.probe.predictions import Fold, Predictions, check_same_items
from dubaug.probe.results import finite
from dubaug.statistics import influence
from dubaug.statistics.estimate import LEVEL, estimate
from dubaug.statistics.sample import Sample, Units
from dubaug.statistics.variance import effective_units
from dubaug.suites.registry import metric


def interval_of(members: Sequence[Predictions]) -> dict[str, Any]:
    """Return the interval as the result's schema has it; bounds are null where there is no error to give.

    Raises `DubaugError` unless all members are of the same items.
    """
    sample = sample_of(members)
    found = estimate([(sample, 1.0)])
    low, high = map(metric(members[0].about.metrics[0]).within, found.interval(LEVEL))
    return {
        "low": finite(low),
        "high": finite(high),
        "level": LEVEL,
        "over": ["items"] if found.over == "items" else ["seeds", "items"],
        "units": round(sample.units.number, 1),
        "grouped_by": sample.units.grouped_by,
    }


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
        return influence.of_mean(chosen.of_items(fold.scores, fold.truth, member.heads).astype(np.float64))
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
        digest.update("\n".join(fold.items).encode() + np.ascontiguousarray(fold.truth).tobytes())
    return digest.hexdigest()


def _name(member: Predictions) -> str:
    about = member.about
    return f"{about.variant} seed {about.seed} epoch {about.epoch}"
