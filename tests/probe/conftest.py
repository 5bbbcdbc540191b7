"""Small made-up tasks, and a configuration small enough for a plain loop to follow."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from dubaug.downstream.model import Dataset, Item, Kind, Split
from dubaug.probe.problem import Problem, make_problem
from dubaug.suites.hear import HearProbe


def folds_of(members: list[list[int]]) -> tuple[Split, ...]:
    """Return HEAR's splits: test = fold i, valid = fold i + 1, train = the rest."""
    splits = []
    for number, test in enumerate(members):
        valid = members[(number + 1) % len(members)]
        train = tuple(i for fold in members if fold is not test and fold is not valid for i in fold)
        splits.append(Split(name=f"fold{number:02d}", train=train, valid=tuple(valid), test=tuple(test)))
    return tuple(splits)


def dataset_of(
    kind: Kind, sizes: Sequence[int], targets: np.ndarray, splits: tuple[Split, ...], metrics: tuple[str, ...]
) -> Dataset:
    """Return a data set whose files are named, but never read."""
    return Dataset(
        items=tuple(Item(id=f"item{n}.wav", audio=Path(f"item{n}.wav"), video=None) for n in range(len(targets))),
        splits=splits,
        kind=kind,
        classes=tuple(tuple(f"{head}-{label}" for label in range(size)) for head, size in enumerate(sizes)),
        targets=targets,
        metrics=metrics,
    )


@pytest.fixture(scope="session")
def make_task() -> Callable[..., Problem]:
    """Return a function that makes a task of classes around random centres."""

    def make(
        task="toy",
        kind="multiclass",
        fold_sizes=(20, 22, 19),
        classes=4,
        dimensions=6,
        spread=1.0,
        seed=0,
        metrics=("top1_acc", "mAP", "d_prime", "aucroc"),
        dtype=np.float64,
        shuffled_labels=False,
        centres_seed=99,
    ) -> Problem:
        rng, count = np.random.default_rng(seed), sum(fold_sizes)
        centres = np.random.default_rng(centres_seed).normal(size=(classes, dimensions))
        bounds = np.cumsum([0, *fold_sizes])
        members = [list(range(a, b)) for a, b in itertools.pairwise(bounds)]
        sizes = (classes,)
        if kind == "multilabel":
            targets = rng.random((count, classes)) < 0.4
            targets[np.arange(classes) * (count // classes), np.arange(classes)] = True
            x = targets @ centres
        elif kind == "multihead":
            sizes = (classes, 3)
            targets = np.stack([rng.integers(0, classes, count), rng.integers(0, 3, count)], axis=1)
            x = centres[targets[:, 0]] + np.roll(centres, 1, axis=1)[targets[:, 1]] * 2
            metrics = ("top1_acc",)
        elif kind == "regression":
            x = rng.normal(size=(count, dimensions))
            targets, sizes, metrics = x @ centres[0] + 3.0, (1,), ("mse", "spearman")
        else:
            targets = np.arange(count) % classes
            x = centres[targets]
        x = (x + spread * rng.normal(size=x.shape)).astype(dtype)
        if shuffled_labels:
            targets = rng.permutation(targets)
        dataset = dataset_of(kind, sizes, targets, folds_of(members), metrics)
        return make_problem(task, x, dataset, needs_valid=True)

    return make


@pytest.fixture(scope="session")
def small_protocol() -> HearProbe:
    return HearProbe(
        hidden=8,
        dropout=0.1,
        hidden_layers=(1, 2),
        learning_rates=(3.2e-3, 1e-2),
        initialisations=("xavier_uniform", "xavier_normal"),
        grid_points=5,
        batch_size=9,
        max_epochs=30,
        validate_every=3,
        patience=3,
    )
