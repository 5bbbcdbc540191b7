"""Several pretraining seeds of a variant, joined to one result of the same schema. Light: no torch.

A fold's score is its mean over the seeds, for every metric; `mean` and `std` follow from the folds as in any result, so
`std` keeps its meaning (over folds). What the seeds add stands beside it: `std_seeds`, the deviation of the seeds'
means, and each seed's own folds. The interval is of the mean over seeds, over seeds and items, from the seeds'
predictions.
"""

import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dubaug.digests import digest
from dubaug.errors import DubaugError
from dubaug.probe.results import mean_and_std, over_folds, read_mapping, read_result, sweep_of, write_swept
from dubaug.provenance import git_commit

SAME = ("suite", "variant", "epoch", "in_sweep")
SAME_BY_TASK = ("metric", "n_folds", "n_train", "n_test", "n_absent")


def write_joined(paths: Sequence[Path], out: Path) -> None:
    """Join the results of single seeds to `out`, and the points of their sweeps to files at the same paths beside it.

    Raises `DubaugError` as `aggregate` and `add_intervals` do, and if the sweeps are of different epochs.
    """
    results = {path: read_mapping(path) for path in paths}
    joined = aggregate({str(path): result for path, result in results.items()})
    add_intervals(joined, results, out.parent)
    sweeps = [sweep_of(path, read_result(path)) for path in paths]
    if any(set(sweep) != set(sweeps[0]) for sweep in sweeps):
        raise DubaugError(f"the sweeps of {', '.join(map(str, paths))} are of different epochs: probe again")
    points = {epoch: out.parent / point.relative_to(paths[0].parent) for epoch, point in sweeps[0].items()}
    for epoch, point in points.items():
        write_joined([sweep[epoch] for sweep in sweeps], point)
    write_swept(out, joined, points)


def aggregate(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return one result for the results of single seeds, which are given by name (their paths).

    Raises `DubaugError`, naming two of them, if they are not of one suite, variant, epoch and set of tasks, if their
    tasks differ in metric or size, or if two are of one seed.
    """
    names = sorted(results, key=lambda name: (results[name]["seed"] is None, results[name]["seed"]))
    first = results[names[0]]
    for name in names:
        _check(names[0], first, name, results[name])
    members = [results[name] for name in names]
    seeds = [member["seed"] for member in members]
    if len(set(seeds)) != len(seeds):
        raise DubaugError(f"two results are of one seed: {', '.join(names)} (seeds {seeds})")
    return {
        **{key: first[key] for key in SAME},
        "seed": None,
        "experiment": digest([member["experiment"] for member in members]),
        "checkpoint_sha256": None,
        "git_commit": git_commit(),
        "seeds": [{key: member[key] for key in ("seed", "experiment", "checkpoint_sha256")} for member in members],
        **({"missing": first["missing"]} if "missing" in first else {}),
        "tasks": {task: _join(seeds, [member["tasks"][task] for member in members]) for task in first["tasks"]},
    }


def add_intervals(joined: dict[str, Any], results: Mapping[Path, Mapping[str, Any]], folder: Path) -> None:
    """Add to each task of `joined` its interval over seeds and items, and each seed's own with its predictions.

    `results` are the single seeds' by their paths, `folder` is that of the joined result: paths are relative to it.
    Raises `DubaugError` if predictions or an interval are missing, or predictions have changed or are of other items
    than another seed's.
    """
    by_seed = {result["seed"]: (path, result) for path, result in results.items()}
    for task, entry in joined["tasks"].items():
        for one in entry["seeds"]:
            path, result = by_seed[one["seed"]]
            own = result["tasks"][task]
            for key in ("predictions", "interval"):
                if key not in own:
                    raise DubaugError(
                        f"{path}: task {task} has no {key}; its results are of an older version: probe again"
                    )
            relative = os.path.relpath(path.parent / own["predictions"]["path"], folder)
            one["interval"] = own["interval"]
            one["predictions"] = {**own["predictions"], "path": relative}
    if len(results) == 1:
        for entry in joined["tasks"].values():
            entry["interval"] = entry["seeds"][0]["interval"]
        return

    from dubaug.probe.predictions import load_of  # NumPy, SciPy and PyArrow, for nothing where there is one seed
    from dubaug.probe.sampling import interval_of

    typed = {path: read_result(path) for path in results}
    for task, entry in joined["tasks"].items():
        entry["interval"] = interval_of([load_of(path, task, result.tasks[task]) for path, result in typed.items()])


def _join(seeds: Sequence[int], entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a task's entry over the seeds. Hyperparameters that differ between seeds stand with the seeds only."""
    folds = [statistics.fmean(scores) for scores in zip(*(entry["folds"] for entry in entries), strict=True)]
    mean, std = mean_and_std(folds)
    settings = [entry["hyperparameters"] for entry in entries]
    common = set.intersection(*(set(one.items()) for one in settings))
    own = ("mean", "std", "folds", "metrics", "hyperparameters", "epochs", "best_epochs", "git_commit")
    commits = {entry["git_commit"] for entry in entries}
    return {
        "metric": entries[0]["metric"],
        "mean": mean,
        "std": std,
        "n_folds": entries[0]["n_folds"],
        "folds": folds,
        "hyperparameters": {key: value for key, value in settings[0].items() if (key, value) in common},
        "n_train": entries[0]["n_train"],
        "n_test": entries[0]["n_test"],
        **({"n_absent": entries[0]["n_absent"]} if "n_absent" in entries[0] else {}),
        "seconds": sum(entry["seconds"] for entry in entries),
        "experiment": digest([entry["experiment"] for entry in entries]),
        "git_commit": commits.pop() if len(commits) == 1 else None,
        "std_seeds": mean_and_std([entry["mean"] for entry in entries])[1],
        "seeds": [
            {"seed": seed, **{key: entry[key] for key in own if key in entry}}
            for seed, entry in zip(seeds, entries, strict=True)
        ],
        **_join_metrics([entry.get("metrics", {}) for entry in entries]),
        **_shared("chosen_by", entries),
    }


def _join_metrics(by_seed: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return `metrics` over the seeds, those that all of them have. A fold that is null for one is null."""
    names = [name for name in by_seed[0] if all(name in metrics for metrics in by_seed)]
    joined = {
        name: over_folds(
            [
                None if None in scores else statistics.fmean(scores)
                for scores in zip(*(metrics[name]["folds"] for metrics in by_seed), strict=True)
            ]
        )
        for name in names
    }
    return {"metrics": joined} if joined else {}


def _shared(key: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the key with its value where all entries have the same."""
    values = {entry.get(key) for entry in entries}
    return {key: values.pop()} if len(values) == 1 and None not in values else {}


def _check(first_name: str, first: Mapping[str, Any], name: str, other: Mapping[str, Any]) -> None:
    pair = f"{first_name} and {name} cannot be joined"
    if other["seed"] is None:
        raise DubaugError(f"{name} joins several seeds already; give the single seeds' results")
    for key in SAME:
        if first[key] != other[key]:
            raise DubaugError(f"{pair}: {key} is {first[key]!r} and {other[key]!r}")
    if set(first["tasks"]) != set(other["tasks"]):
        differing = ", ".join(sorted(set(first["tasks"]) ^ set(other["tasks"])))
        raise DubaugError(f"{pair}: only one of them has {differing}")
    for task, entry in first["tasks"].items():
        for key in SAME_BY_TASK:
            if entry.get(key) != other["tasks"][task].get(key):
                raise DubaugError(
                    f"{pair}: tasks.{task}.{key} is {entry.get(key)!r} and {other['tasks'][task].get(key)!r}"
                )
