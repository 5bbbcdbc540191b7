"""Predictions as `dubaug probe` keeps them, made up."""

import dataclasses

import numpy as np

from dubaug.probe.predictions import About, Fold, Predictions, save
from dubaug.probe.results import mean_and_std, write_result
from dubaug.probe.sampling import interval_of


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
        elif kind == "regression":
            truth = rng.normal(size=(count, outputs)).astype(dtype)
        else:
            truth = np.hstack([np.eye(size, dtype=bool)[np.arange(count) % size] for size in sizes])
        scores = np.round(rng.random((count, outputs)) * 8 + truth).astype(dtype) / dtype(11)
        items = tuple(f"fold{fold}/ö {number + n}.wav" for n in range(count))
        folds.append(Fold(name=f"fold{fold:02d}", items=items, truth=truth, scores=scores))
        number += count
    return Predictions(about=about_of(kind, sizes, **changes), folds=tuple(folds))


def sized(seed, variant, items=60, folds=2, metric="top1_acc", kind="multiclass", better=0.0, task="esc50", run=0):
    """Return predictions on items that are the same for every variant; `better` draws the scores to the truth."""
    truth = make_predictions(kind, (4,), fold_sizes=(items,) * folds, seed=0)
    rng, changed = np.random.default_rng(seed), []
    for fold in truth.folds:
        scores = rng.random(fold.scores.shape) + (0.5 + better) * fold.truth
        changed.append(dataclasses.replace(fold, scores=scores.astype(np.float32)))
    about = about_of(kind, (4,), (metric,), variant=variant, task=task, seed=run)
    return Predictions(about=about, folds=tuple(changed))


def write_task_results(folder, *tasks):
    """Write one network's result of these tasks (their predictions) as `dubaug probe` does; return its path."""
    about, entries = tasks[0].about, {}
    for answers in tasks:
        name = f"predictions/{answers.about.task}.arrow"
        folds = answers.scores()
        mean, std = mean_and_std(folds)
        entries[answers.about.task] = {
            "metric": answers.about.metrics[0], "mean": mean, "std": std, "n_folds": len(folds), "folds": folds,
            "hyperparameters": {}, "n_train": 1, "n_test": len(answers.folds[0].items), "seconds": 0.0,
            "git_commit": None, "experiment": "b" * 16, "interval": interval_of([answers]),
            "predictions": {"path": name, "sha256": save(folder / name, answers)},
        }  # fmt: skip
    path = folder / "hear.json"
    head = {"suite": "hear", "variant": about.variant, "epoch": 6, "in_sweep": False, "seed": about.seed,
            "experiment": "b" * 16,
            "checkpoint_sha256": "a" * 64, "git_commit": None}  # fmt: skip
    write_result(path, {**head, "tasks": entries})
    return path
