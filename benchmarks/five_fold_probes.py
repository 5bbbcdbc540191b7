"""Two encoders' embeddings of simulated items, probed in five folds with real retraining (ridge, in closed form).

Items of a class lie around its place in each encoder's space; those of one source (recording, speaker) lie near each
other, and a source is in one fold. As in HEAR, three folds train, one is for validation (not used), one tests.
"""

from dataclasses import dataclass

import numpy as np

FOLDS = 5
SPREAD = 2.2
"""Distance of the classes' places from the centre, in deviations of an item."""


@dataclass(frozen=True, kw_only=True)
class Probing:
    """What is simulated: `alike` is the share of an item's variance that its source makes."""

    items: int
    dimensions: int
    classes: int
    per_source: int = 1
    alike: float = 0.0


def probed(setting: Probing, replicates: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return which items are right, bool (replicates, 2 encoders, items), and the items' sources (items,)."""
    sources = setting.items // setting.per_source
    of_source = np.repeat(np.arange(sources), setting.per_source)
    label = np.repeat(
        rng.permuted(np.tile(np.arange(sources) % setting.classes, (replicates, 1)), axis=1), setting.per_source, axis=1
    )
    fold = np.repeat(np.arange(sources) % FOLDS, setting.per_source)
    places = np.random.default_rng(5).normal(size=(2, setting.classes, setting.dimensions))
    both = _items(setting, replicates, sources, of_source, rng)
    right = np.empty((replicates, 2, setting.items), dtype=bool)
    for encoder in range(2):
        own = _items(setting, replicates, sources, of_source, rng)
        where = places[encoder][label] * SPREAD / np.sqrt(setting.dimensions)
        right[:, encoder] = _cross_validated(where + np.sqrt(0.5) * (both + own), label, fold, setting.classes)
    return right, of_source


def _items(
    setting: Probing, replicates: int, sources: int, of_source: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return deviations (replicates, items, dimensions) of variance 1, of which the source makes a share."""
    own = rng.normal(size=(replicates, setting.items, setting.dimensions))
    source = rng.normal(size=(replicates, sources, setting.dimensions))[:, of_source]
    return np.sqrt(setting.alike) * source + np.sqrt(1 - setting.alike) * own


def _cross_validated(embeddings: np.ndarray, label: np.ndarray, fold: np.ndarray, classes: int) -> np.ndarray:
    """Return which items are right, bool (replicates, items), each by the probe of its fold."""
    inputs = np.concatenate([embeddings, np.ones((*embeddings.shape[:2], 1))], axis=2)
    targets = np.eye(classes)[label]
    right = np.empty(label.shape, dtype=bool)
    for test in range(FOLDS):
        train = (fold != test) & (fold != (test + 1) % FOLDS)
        one, its = inputs[:, train], targets[:, train]
        transposed = one.swapaxes(1, 2)
        weights = np.linalg.solve(transposed @ one + np.eye(inputs.shape[2]), transposed @ its)
        right[:, fold == test] = (inputs[:, fold == test] @ weights).argmax(axis=2) == label[:, fold == test]
    return right
