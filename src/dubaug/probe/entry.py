"""What a probed task says in a result: its scores by fold, and how they came about. Light: no torch."""

from typing import Any

import numpy as np

from dubaug.errors import DubaugError
from dubaug.probe.problem import Probed, Problem
from dubaug.probe.results import finite, mean_and_std, over_folds


def entry_of(problem: Problem, probed: Probed) -> dict[str, Any]:
    """Return a result's entry: the scores by fold, sizes (of the first fold), and what the protocol notes.

    Raises `DubaugError` where a training diverged or a score has no value.
    """
    for split, part in zip(problem.splits, probed.outputs, strict=True):
        if not np.isfinite(part).all():
            raise DubaugError(
                f"task {problem.task}, split {split.name}: the probe's training diverged; lower its learning rate "
                "(config keys `probe.*.learning_rate`)"
            )
    scores = [problem.scores(part, split.test) for part, split in zip(probed.outputs, problem.splits, strict=True)]
    folds = [score[problem.metrics[0]] for score in scores]
    for split, score in zip(problem.splits, folds, strict=True):
        if finite(score) is None:
            raise DubaugError(
                f"task {problem.task}, split {split.name}: {problem.metrics[0]} is {score} on the test part, of which "
                "there is no mean: a class is ranked perfectly, or wholly wrong. Put another metric first in the "
                "task's list of metrics (HEAR: `evaluation` in task_metadata.json)"
            )
    mean, std = mean_and_std(folds)
    return {
        "metric": problem.metrics[0],
        "mean": mean,
        "std": std,
        "n_folds": len(folds),
        "folds": folds,
        "n_train": len(problem.splits[0].train),
        "n_test": len(problem.joined(probed.outputs[0], problem.splits[0].test)[0]),
        "metrics": {name: over_folds([finite(score[name]) for score in scores]) for name in problem.metrics},
        **probed.notes,
    }
