"""Several pretraining seeds of a variant, joined to one result of the same schema. Light: no torch.

A fold's score is its mean over the seeds, for every metric; `mean` and `std` follow from the folds as in any result, so
`std` keeps its meaning (over folds). What the seeds add stands beside it: `std_seeds`, the deviation of the seeds'
means, and each seed's own folds. The interval is of the mean over seeds, over seeds and items, from the seeds'
predictions.
"""

import os
import statistics
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from dubaug.digests import digest
from dubaug.errors import DubaugError
from dubaug.probe.results import (
    MetricScore,
    Result,
    ScoredOnce,
    TaskResult,
    mean_and_std,
    over_folds,
    read_result,
    sweep_of,
    write_swept,
)
from dubaug.provenance import git_commit

SAME = ("suite", "variant", "epoch", "in_sweep")
SAME_BY_TASK = ("metric", "n_folds", "n_train", "n_test", "n_absent")


def write_joined(paths: Sequence[Path], out: Path) -> None:
    """Join the results of single seeds to `out`, and the points of their sweeps to files at the same paths beside it.

    Raises `DubaugError` as `aggregate` and `add_intervals` do, and if the sweeps are of different epochs.
    """
    results = {path: read_result(path) for path in paths}
    joined = aggregate({str(path): result for path, result in results.items()})
    add_intervals(joined, results, out.parent)
    sweeps = [sweep_of(path, result) for path, result in results.items()]
    if any(set(sweep) != set(sweeps[0]) for sweep in sweeps):
        raise DubaugError(f"the sweeps of {', '.join(map(str, paths))} are of different epochs: probe again")
    points = {epoch: out.parent / point.relative_to(paths[0].parent) for epoch, point in sweeps[0].items()}
    for epoch, point in points.items():
        write_joined([sweep[epoch] for sweep in sweeps], point)
    write_swept(out, joined, points)


def aggregate(results: Mapping[str, Result]) -> dict[str, Any]:
    """Return one result for the results of single seeds, which are given by name (their paths).

    Where predictions lie stands in it as the single seeds say it: `add_intervals` mends that. Raises `DubaugError`,
    naming two of the results, if they are not of one suite, variant, epoch and set of tasks, if their tasks differ in
    metric or size, or if two are of one seed.
    """
    names = sorted(results, key=lambda name: (results[name].seed is None, results[name].seed))
    members = [results[name] for name in names]
    first, seeds = members[0], [member.seed for member in members]
    for name, member in zip(names, members, strict=True):
        _check(names[0], first, name, member)
    if len(set(seeds)) != len(seeds):
        raise DubaugError(f"two results are of one seed: {', '.join(names)} (seeds {seeds})")
    return {
        **{key: getattr(first, key) for key in SAME},
        "seed": None,
        "experiment": digest([member.experiment for member in members]),
        "checkpoint_sha256": None,
        "git_commit": git_commit(),
        "seeds": [
            {key: getattr(member, key) for key in ("seed", "experiment", "checkpoint_sha256")} for member in members
        ],
        **({"missing": first.missing} if first.missing else {}),
        "tasks": {task: _join(seeds, [member.tasks[task] for member in members]) for task in first.tasks},
    }


def add_intervals(joined: dict[str, Any], results: Mapping[Path, Result], folder: Path) -> None:
    """Add to each task of `joined` its interval over seeds and items, and each seed's own with its predictions.

    `results` are the single seeds' by their paths, `folder` is that of the joined result: paths are relative to it.
    Raises `DubaugError` if predictions or an interval are missing, or predictions have changed or are of other items
    than another seed's.
    """
    paths = {result.seed: path for path, result in results.items()}
    for task, entry in joined["tasks"].items():
        for one in entry["seeds"]:
            path = paths[one["seed"]]
            for key in ("predictions", "interval"):
                if key not in one:
                    raise DubaugError(
                        f"{path}: task {task} has no {key}; its results are of an older version: probe again"
                    )
            one["predictions"]["path"] = os.path.relpath(path.parent / one["predictions"]["path"], folder)
    if len(results) == 1:
        for entry in joined["tasks"].values():
            entry["interval"] = entry["seeds"][0]["interval"]
        return

    from dubaug.probe.predictions import load_of  # NumPy, SciPy and PyArrow, for nothing where there is one seed
    from dubaug.probe.sampling import interval_of

    by_seed = [paths[one["seed"]] for one in joined["seeds"]]
    for task, entry in joined["tasks"].items():
        entry["interval"] = interval_of([load_of(path, task, results[path].tasks[task]) for path in by_seed])


def _join(seeds: Sequence[int | None], entries: Sequence[TaskResult]) -> dict[str, Any]:
    """Return a task's entry over the seeds. Hyperparameters that differ between seeds stand with the seeds only."""
    first = entries[0]
    folds = [statistics.fmean(scores) for scores in zip(*(entry.folds for entry in entries), strict=True)]
    mean, std = mean_and_std(folds)
    common = set.intersection(*(set(entry.hyperparameters.items()) for entry in entries))
    metrics = _join_metrics([entry.metrics for entry in entries])
    chosen_by, commits = ({getattr(entry, key) for entry in entries} for key in ("chosen_by", "git_commit"))
    return {
        "metric": first.metric,
        "mean": mean,
        "std": std,
        "n_folds": first.n_folds,
        "folds": folds,
        "hyperparameters": {key: value for key, value in first.hyperparameters.items() if (key, value) in common},
        "n_train": first.n_train,
        "n_test": first.n_test,
        **({"n_absent": first.n_absent} if first.n_absent else {}),
        "seconds": sum(entry.seconds for entry in entries),
        "experiment": digest([entry.experiment for entry in entries]),
        "git_commit": commits.pop() if len(commits) == 1 else None,
        "std_seeds": mean_and_std([entry.mean for entry in entries])[1],
        "seeds": [
            {"seed": seed, **_scores().dump_python(entry, mode="json", exclude_defaults=True)}
            for seed, entry in zip(seeds, entries, strict=True)
        ],
        **({"metrics": metrics} if metrics else {}),
        **({"chosen_by": first.chosen_by} if len(chosen_by) == 1 and first.chosen_by else {}),
    }


@cache
def _scores() -> "TypeAdapter[ScoredOnce]":
    return TypeAdapter(ScoredOnce)


def _join_metrics(by_seed: Sequence[Mapping[str, MetricScore]]) -> dict[str, Any]:
    """Return `metrics` over the seeds, those that all of them have. A fold that is null for one is null."""
    names = [name for name in by_seed[0] if all(name in metrics for metrics in by_seed)]
    by_fold = {name: zip(*(metrics[name].folds for metrics in by_seed), strict=True) for name in names}
    return {name: over_folds([over_folds(scores)["mean"] for scores in folds]) for name, folds in by_fold.items()}


def _check(first_name: str, first: Result, name: str, other: Result) -> None:
    pair = f"{first_name} and {name} cannot be joined"
    if other.seed is None:
        raise DubaugError(f"{name} joins several seeds already; give the single seeds' results")
    _check_same(SAME, first, other, pair)
    if set(first.tasks) != set(other.tasks):
        differing = ", ".join(sorted(set(first.tasks) ^ set(other.tasks)))
        raise DubaugError(f"{pair}: only one of them has {differing}")
    for task, entry in first.tasks.items():
        _check_same(SAME_BY_TASK, entry, other.tasks[task], pair, f"tasks.{task}.")


def _check_same(keys: Sequence[str], one: object, other: object, pair: str, where: str = "") -> None:
    for key in keys:
        values = getattr(one, key), getattr(other, key)
        if values[0] != values[1]:
            raise DubaugError(f"{pair}: {where}{key} is {values[0]!r} and {values[1]!r}")
