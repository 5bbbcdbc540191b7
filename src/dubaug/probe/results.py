"""The result JSON: one schema for every suite, which is checked on writing, and what readers get. Light: no torch."""

import json
import math
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from dubaug.errors import DubaugError
from dubaug.files import read_json, sha256_of, write_json

TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Of a mean; a bound is None where it is infinite or not known."""

    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class PredictionsFile:
    """Every test item's predicted scores; `path` is relative to the result's folder."""

    path: Path
    sha256: str


@dataclass(frozen=True, kw_only=True)
class MetricScore:
    """One of a data set's metrics; None where it is infinite or undefined."""

    mean: float | None
    std: float | None


@dataclass(frozen=True, kw_only=True)
class ScoredOnce:
    """What one network, or several together, scored on a task by its primary metric; `std` is over folds."""

    mean: float
    std: float | None
    folds: tuple[float, ...]
    git_commit: str | None
    """Of the checkout that computed it; None outside one, and where those of several seeds differ."""
    interval: Interval | None = None
    predictions: PredictionsFile | None = None


@dataclass(frozen=True, kw_only=True)
class SeedResult(ScoredOnce):
    """What the network of one seed scored."""

    seed: int


@dataclass(frozen=True, kw_only=True)
class TaskResult(ScoredOnce):
    """A suite's result on one task."""

    metric: str
    n_folds: int
    n_train: int
    n_test: int
    seconds: float
    experiment: str
    """Hash of the configuration that it depends on."""
    metrics: Mapping[str, MetricScore] = field(default_factory=dict)
    """All of the data set's, the primary one among them."""
    n_absent: int = 0
    """Items that the data set's lists name and that were not on disk."""
    std_seeds: float | None = None
    seeds: tuple[SeedResult, ...] = ()
    """Those that are joined; none in the result of one network."""

    @property
    def members(self) -> tuple[ScoredOnce, ...]:
        """The networks' own scores: of each seed, or of the one network."""
        return self.seeds or (self,)


@dataclass(frozen=True, kw_only=True)
class NetworkId:
    """Which network was probed."""

    seed: int
    checkpoint_sha256: str


@dataclass(frozen=True, kw_only=True)
class SweepPoint:
    """The result after another kept epoch; `path` is relative to the folder of the result that names it."""

    epoch: int
    path: Path
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """Scores of one network, or of a variant's seeds joined (`seed` and `checkpoint_sha256` are None then)."""

    suite: str
    variant: str
    epoch: int
    in_sweep: bool
    """Whether it is a point of a checkpoint sweep; else it is the last checkpoint's, which names the points."""
    seed: int | None
    experiment: str
    checkpoint_sha256: str | None
    git_commit: str | None
    """Of the checkout that wrote the file."""
    tasks: Mapping[str, TaskResult]
    seeds: tuple[NetworkId, ...] = ()
    sweep: tuple[SweepPoint, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    """Tasks whose data were not there, and why."""

    @property
    def networks(self) -> dict[int, str]:
        """The SHA-256 of the weights of each network, by its seed."""
        if self.seed is not None and self.checkpoint_sha256 is not None:
            return {self.seed: self.checkpoint_sha256}
        return {one.seed: one.checkpoint_sha256 for one in self.seeds}


def read_result(path: Path) -> Result:
    """Return the result in `path`. Raises `DubaugError` if there is none of this version."""
    try:
        return _reader().validate_python(read_json(path))
    except (OSError, ValueError) as error:
        raise DubaugError(
            f"{path} is no result of this version ({_words(error)}): leave it out, or remove it and run again"
        ) from error


def _words(error: Exception) -> str:
    """Return what is wrong, of many things the first."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'top level'}: {first['msg']}"


@cache
def _reader() -> "TypeAdapter[Result]":
    return TypeAdapter(Result)


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    """Write `result` to `path` atomically. Raises `DubaugError` if it does not keep to the schema."""
    validate(result, str(path))
    write_json(path, result)


def write_swept(path: Path, result: Mapping[str, Any], points: Mapping[int, Path]) -> None:
    """Write the result of the last checkpoint, which names those of its sweep: `points`, written before, by epoch.

    Raises `DubaugError` if it does not keep to the schema.
    """
    named = [
        {"epoch": epoch, "path": os.path.relpath(point, path.parent), "sha256": sha256_of(point)}
        for epoch, point in points.items()
    ]
    write_result(path, {**result, "sweep": named} if named else result)
    for point in points.values():
        os.utime(point)  # to Snakemake they are made from `path`: they must not look older


def sweep_of(path: Path, result: Result) -> dict[int, Path]:
    """Return the files of the sweep that the result in `path` names, by epoch.

    Raises `DubaugError` if one is gone or is not what was written.
    """
    points = {point.epoch: path.parent / point.path for point in result.sweep}
    for point in result.sweep:
        file = points[point.epoch]
        if not file.is_file() or sha256_of(file) != point.sha256:
            raise DubaugError(
                f"{file} is missing or has changed since {path} was written: delete {path} and run again (what was "
                "probed is kept)"
            )
    return points


def with_sweeps(paths: Iterable[Path]) -> list[Path]:
    """Return the files of results, each once, with those of the sweeps that they name. Raises `DubaugError`."""
    return list(dict.fromkeys(file for path in paths for file in (path, *sweep_of(path, read_result(path)).values())))


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the result in `path` as it was written, to make another one of it: all others call `read_result`.

    Raises `DubaugError` if there is none, or it does not keep to the schema.
    """
    try:
        result: dict[str, Any] = read_json(path)
    except (OSError, ValueError) as error:
        raise DubaugError(f"no result can be read from {path}: {error}. Remove the file and run again") from error
    validate(result, str(path))
    return result


def validate(result: Mapping[str, Any], where: str) -> None:
    """Check `result` against the schema, and mean, std and the number of folds against the folds themselves.

    Raises `DubaugError` that names `where` and the key.
    """
    errors = sorted(_validator().iter_errors(result), key=lambda error: list(map(str, error.absolute_path)))
    if errors:
        key = ".".join(map(str, errors[0].absolute_path)) or "(top level)"
        raise DubaugError(f"{where} is no result of this version: {key}: {errors[0].message}")
    for task, entry in result["tasks"].items():
        _check_task(entry, f"{where}: tasks.{task}")
        for one in entry.get("seeds", ()):
            shared = {"metric": entry["metric"], "n_folds": entry["n_folds"]}
            _check_task({**shared, **one}, f"{where}: tasks.{task}.seeds[{one['seed']}]")


def mean_and_std(scores: Sequence[float]) -> tuple[float, float | None]:
    """Return mean and standard deviation (n - 1 in the denominator; null for a single score)."""
    return statistics.fmean(scores), statistics.stdev(scores) if len(scores) > 1 else None


def over_folds(scores: Sequence[float | None]) -> dict[str, Any]:
    """Return a metric's entry in `metrics`: its folds, and their mean and deviation (null where a fold is null)."""
    known = [score for score in scores if score is not None]
    mean, std = mean_and_std(known) if len(known) == len(scores) else (None, None)
    return {"mean": mean, "std": std, "folds": list(scores)}


def finite(value: float) -> float | None:
    """Return the value as JSON can have it: null for infinities and what is not a number."""
    return value if math.isfinite(value) else None


def _check_task(entry: Mapping[str, Any], where: str) -> None:
    """Check the sums of a task's entry, or of one seed's in it, and that everything is of as many folds."""
    n_folds = len(entry["folds"])
    if entry.get("n_folds", n_folds) != n_folds:
        raise DubaugError(f"{where}: n_folds is {entry['n_folds']}, but there are {n_folds} folds")
    _check_arithmetic(entry, where)
    for name, its in entry.get("metrics", {}).items():
        _check_arithmetic(its, f"{where}.metrics.{name}")
        if len(its["folds"]) != n_folds:
            raise DubaugError(f"{where}.metrics.{name} has {len(its['folds'])} folds, but there are {n_folds}")
    own = entry.get("metrics", {}).get(entry.get("metric"))
    if own is not None and own["folds"] != entry["folds"]:
        raise DubaugError(f"{where}.metrics.{entry['metric']} has other folds than the task's own")
    for key in ("epochs", "best_epochs"):
        if len(entry.get(key, entry["folds"])) != n_folds:
            raise DubaugError(f"{where}.{key} is of {len(entry[key])} folds, but there are {n_folds}")


def _check_arithmetic(entry: Mapping[str, Any], where: str) -> None:
    expected = over_folds(entry["folds"])
    for key, words in (("mean", "mean"), ("std", "deviation")):
        if not _same(entry[key], expected[key]):
            raise DubaugError(f"{where}: {key} is {entry[key]}, but the folds' {words} is {expected[key]}")


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, abs_tol=TOLERANCE)


@cache
def _validator() -> Draft202012Validator:
    text = resources.files("dubaug.probe").joinpath("result.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))
