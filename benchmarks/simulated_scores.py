"""Two methods' scores on simulated test items, many replicates at a time, whose true scores are known.

An item is right, or a ranking's score high, by what the item is for every network (easy or hard), what it is for every
network of a method, and chance: so that items, methods and seeds all matter, as with real networks. Two methods are
alike but for `gain`. Arrays are (replicates, tasks, methods, seeds[, items]).
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from dubaug.statistics import influence

ITEM, METHOD, CHANCE = 0.6, 0.5, 0.62
"""Deviations of the three parts of an item's latent value; their squares sum to one."""
SHARE_RIGHT = 0.7
SEED_EFFECT = 0.02
"""Deviation of a network's score from its method's, beside what items and chance make of it."""
FOLDS = 5
RETRAINED = 0.4
"""Variance of what the training items add to a score of five folds, in parts of what the test items do: the middle of
what `five_fold_probes` finds. It is alike for two networks as far as their items are."""
SEPARATION = 1.6
"""By how much the positives of a class are above the others, in deviations."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is simulated."""

    metric: str
    items: int
    folds: bool
    seeds: int
    tasks: int
    gain: float = 0.0
    """By how much the second method is better, in points of accuracy (of the latent value for mAP)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Simulated:
    """Scores without the networks' own effects, and the influence of each item."""

    scores: np.ndarray
    influence: np.ndarray


def simulate(setting: Setting, replicates: int, rng: np.random.Generator) -> Simulated:
    """Return replicates of a setting."""
    shape = (replicates, setting.tasks, 2, setting.seeds)
    if setting.metric == "top1_acc":
        scores, found = _accuracy(setting, shape, rng)
    else:
        scores, found = _ranking(setting, shape, rng)
    if setting.folds:
        drawn = rng.standard_normal((replicates, setting.tasks, 1, setting.items), dtype=np.float32)
        scores = scores + np.sqrt(RETRAINED) * np.einsum(
            "rtmsn,rtmn->rtms", found, np.broadcast_to(drawn, found[:, :, :, 0].shape)
        )
    return Simulated(scores=scores, influence=found)


def network_effects(shape: tuple[int, ...], shared: float, rng: np.random.Generator) -> np.ndarray:
    """Return what each network (replicates, tasks, methods, seeds) adds to its score, a part alike on all its tasks."""
    replicates, _, methods, seeds = shape
    alike = rng.normal(size=(replicates, 1, methods, seeds))
    own = rng.normal(size=shape)
    return SEED_EFFECT * (np.sqrt(shared) * alike + np.sqrt(1 - shared) * own)


def _latent(shape: tuple[int, ...], items: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return latent values, float32: (*items, *shape), of deviation 1."""
    replicates, tasks, methods, _ = shape

    def draw(*axes: int) -> np.ndarray:
        return rng.standard_normal((*items, *axes), dtype=np.float32)

    value = CHANCE * draw(*shape)
    value += ITEM * draw(replicates, tasks, 1, 1)
    value += METHOD * draw(replicates, tasks, methods, 1)
    return value


def _accuracy(setting: Setting, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and influence of accuracies. The folds' mean is the mean of all: they are of one size."""
    normal = NormalDist()
    levels = [normal.inv_cdf(SHARE_RIGHT), normal.inv_cdf(SHARE_RIGHT + setting.gain)]
    latent = _latent(shape, (setting.items,), rng) + np.array(levels, np.float32)[:, None]
    right = (latent > 0).astype(np.float32)
    return right.mean(axis=0), np.moveaxis(influence.of_mean(right), 0, -1)


def _ranking(setting: Setting, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and influence of mean average precision: five classes of 50 items, or one rare class of 2,000."""
    classes, size = (5 if setting.items < 500 else 1), setting.items
    kinds = (size, classes, *shape[:2], 1, 1)
    truth = rng.random(kinds) < (0.2 if classes > 1 else 0.05)
    if classes > 1:
        truth = rng.integers(0, classes, (size, 1, *kinds[2:])) == np.arange(classes)[:, None, None, None, None]
    latent = _latent(shape, (size, classes), rng) + (SEPARATION + np.array([[0.0], [setting.gain]])) * truth
    whole = np.broadcast_to(truth, latent.shape)
    folds = np.array_split(np.arange(size), FOLDS if setting.folds else 1)
    parts = [_one_fold(latent[rows], whole[rows]) for rows in folds]
    scores = np.mean([score for score, _ in parts], axis=0)
    found = [(found + (score - scores) / len(found)) / len(parts) for score, found in parts]
    return scores, np.moveaxis(np.concatenate(found), 0, -1)


def _one_fold(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, found = influence.average_precision(scores, truth)
    return influence.mean_over_classes(values, found, truth)
