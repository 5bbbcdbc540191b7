"""Predictions as `dubaug probe` keeps them, made up."""

import numpy as np

from dubaug.probe.predictions import About, Fold, Predictions


def about_of(kind="multiclass", sizes=(4,), names=("top1_acc",), **changes):
    classes = tuple(tuple(f"{head}-{label}" for label in range(size)) for head, size in enumerate(sizes))
    values = {
        "suite": "hear", "task": "toy", "variant": "efj", "seed": 0, "epoch": 6, "checkpoint_sha256": "a" * 64,
        "experiment": "b" * 16, "kind": kind, "classes": classes, "metrics": names, "hyperparameters": {"rate": 0.1},
    }  # fmt: skip
    return About(**{**values, **changes})


def make_predictions(kind="multiclass", sizes=(4,), fold_sizes=(9, 7), dtype=np.float32, seed=0, **changes):
    """Return random predictions with ties; every class has a positive and a negative item in each fold."""
    rng, outputs, number, folds = np.random.default_rng(seed), sum(sizes), 0, []
    for fold, count in enumerate(fold_sizes):
        if kind == "multilabel":
            truth = rng.random((count, outputs)) < 0.4
            truth[0], truth[1] = True, False
        else:
            truth = np.hstack([np.eye(size, dtype=bool)[np.arange(count) % size] for size in sizes])
        scores = np.round(rng.random((count, outputs)) * 8 + truth).astype(dtype) / dtype(11)
        items = tuple(f"fold{fold}/ö {number + n}.wav" for n in range(count))
        folds.append(Fold(name=f"fold{fold:02d}", items=items, truth=truth, scores=scores))
        number += count
    return Predictions(about=about_of(kind, sizes, **changes), folds=tuple(folds))
