"""The result JSON: one shape for every suite, checked whenever it is written or read. Light: no torch.

What stands in it, and under which names, the classes say; what has a default is left out of the file where it is so.
"""

import json
import math
import os
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter, model_validator

from dubaug.errors import DubaugError, first_fault
from dubaug.files import read_json, sha256_of, write_json
from dubaug.settings import Count, Name, NotNegative, PositiveInt, Text, require, rule

TOLERANCE = 1e-9

Digest: TypeAlias = Annotated[str, rule(re.compile("[0-9a-f]{16}").fullmatch, "16 hexadecimal digits")]
"""Hash of the configuration that something depends on."""
Sha256: TypeAlias = Annotated[str, rule(re.compile("[0-9a-f]{64}").fullmatch, "64 hexadecimal digits")]
Epochs: TypeAlias = Annotated[tuple[Count, ...], Field(min_length=1)]
"""One a fold."""
Hyperparameters: TypeAlias = Mapping[str, int | float | str]


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Keys that it does not know are errors, numbers are finite, and text is no number."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True)
class Interval(_Part):
    """Of a mean, over the test items (of this training), or over seeds and test items (docs/results.md)."""

    low: float | None
    """A bound is None where it is infinite or there are too few independent items."""
    high: float | None
    level: Annotated[float, Field(gt=0, lt=1)]
    over: tuple[Literal["items"]] | tuple[Literal["seeds"], Literal["items"]]
    units: Annotated[float, Field(ge=1)]
    """How many independent items the test items are like: groups of equal size that say as much, or the items."""
    grouped_by: str | None
    """What the items of a group have in common (a speaker, a film); None where items are taken as independent."""


@dataclass(frozen=True, kw_only=True)
class PredictionsFile(_Part):
    """Every test item's predicted scores; `path` is relative to the result's folder."""

    path: Path
    sha256: Sha256


@dataclass(frozen=True, kw_only=True)
class MetricScore(_Part):
    """One of a data set's metrics; None where it is infinite or undefined (d' of a perfect ranking)."""

    mean: float | None
    """Of `folds`; None where one of them is."""
    std: NotNegative | None
    """Of `folds`, n - 1 in the denominator; None for one fold, and where one of them is None."""
    folds: Annotated[tuple[float | None, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_sums(self) -> Self:
        expected = over_folds(self.folds)
        for key, words in (("mean", "mean"), ("std", "deviation")):
            own, right = getattr(self, key), expected[key]
            same = own is right if None in (own, right) else math.isclose(own, right, abs_tol=TOLERANCE)
            require(same, key, own, f"the folds' {words}, which is {right}")
        return self


@dataclass(frozen=True, kw_only=True)
class ScoredOnce(MetricScore):
    """What one network, or several together, scored on a task by its primary metric, which always has a value."""

    mean: float
    folds: Annotated[tuple[float, ...], Field(min_length=1)]
    """With several seeds each fold's mean over them."""
    metrics: Annotated[Mapping[str, MetricScore], Field(min_length=1)] = field(default_factory=dict)
    """All of the data set's, the primary one among them."""
    hyperparameters: Hyperparameters
    epochs: Epochs = ()
    """Epochs that each fold's probe ran."""
    best_epochs: Epochs = ()
    """Epoch of each fold's best validation."""
    git_commit: str | None
    """Of the checkout that computed it; None outside one, and where those of several seeds differ."""
    interval: Interval | None = None
    predictions: PredictionsFile | None = None


@dataclass(frozen=True, kw_only=True)
class SeedResult(ScoredOnce):
    """What the network of one seed scored."""

    seed: int


@dataclass(frozen=True, kw_only=True)
class Tried(_Part):
    """One of the settings tried on the first fold."""

    hyperparameters: Hyperparameters
    valid: float | None
    """Best value of `chosen_by`: highest score, lowest loss. None where none was finite, and after a perfect score,
    which ends the search."""


@dataclass(frozen=True, kw_only=True)
class TaskResult(ScoredOnce):
    """A suite's result on one task."""

    metric: Text
    """Name of the primary metric, which the scores are of."""
    n_folds: PositiveInt
    n_train: PositiveInt
    """Of the first fold, as `n_test`."""
    n_test: PositiveInt
    n_absent: PositiveInt = 0
    """Items that the data set's lists name and that were not on disk, which the configuration accepts (VGGSound)."""
    seconds: NotNegative
    """Embedding and probing; probes trained together share the time in equal parts."""
    experiment: Digest
    chosen_by: Text | None = None
    """What the probe was chosen by on the validation items: a metric, or `loss`."""
    grid: Annotated[tuple[Tried, ...], Field(min_length=1)] = ()
    """In the order in which they were tried."""
    std_seeds: NotNegative | None = None
    """Deviation of the seeds' means, n - 1 in the denominator; None for one seed."""
    seeds: Annotated[tuple[SeedResult, ...], Field(min_length=1)] = ()
    """Those that are joined; none in the result of one network."""

    @property
    def members(self) -> tuple[ScoredOnce, ...]:
        """The networks' own scores: of each seed, or of the one network."""
        return self.seeds or (self,)

    @model_validator(mode="after")
    def _check_folds(self) -> Self:
        scored: tuple[ScoredOnce, ...] = (self, *self.seeds)
        for one in scored:
            of_folds: dict[str, tuple[float | None, ...]]
            of_folds = {"folds": one.folds, "epochs": one.epochs, "best_epochs": one.best_epochs}
            of_folds |= {f"metrics.{name}": its.folds for name, its in one.metrics.items()}
            for key, values in of_folds.items():
                require(
                    len(values) in (0, self.n_folds), key, list(values), f"one of each fold, n_folds is {self.n_folds}"
                )
            primary = one.metrics.get(self.metric, one)
            require(
                primary.folds == one.folds, f"metrics.{self.metric}.folds", list(primary.folds), "the task's own folds"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class NetworkId(_Part):
    """Which network was probed."""

    seed: int
    experiment: Digest
    checkpoint_sha256: Sha256


@dataclass(frozen=True, kw_only=True)
class SweepPoint(_Part):
    """The result after another kept epoch; `path` is relative to the folder of the result that names it."""

    epoch: Count
    path: Path
    sha256: Sha256


@dataclass(frozen=True, kw_only=True)
class Result(_Part):
    """Scores of one network, or of a variant's seeds joined (`seed` and `checkpoint_sha256` are None then)."""

    suite: Name
    variant: Text
    epoch: Count
    in_sweep: bool
    """Whether it is a point of a checkpoint sweep; else it is the last checkpoint's, which names the points."""
    seed: int | None
    experiment: Digest
    checkpoint_sha256: Sha256 | None
    git_commit: str | None
    """Of the checkout that wrote the file. Each task says which one computed it."""
    tasks: Annotated[Mapping[str, TaskResult], Field(min_length=1)]
    seeds: Annotated[tuple[NetworkId, ...], Field(min_length=1)] = ()
    sweep: Annotated[tuple[SweepPoint, ...], Field(min_length=1)] = ()
    """The results after each kept epoch, of a suite that is swept."""
    missing: Annotated[Mapping[str, Text], Field(min_length=1)] = field(default_factory=dict)
    """Tasks whose data were not there, and why."""

    @property
    def networks(self) -> dict[int, str]:
        """The SHA-256 of the weights of each network, by its seed."""
        if self.seed is not None and self.checkpoint_sha256 is not None:
            return {self.seed: self.checkpoint_sha256}
        return {one.seed: one.checkpoint_sha256 for one in self.seeds}

    @model_validator(mode="after")
    def _check_networks(self) -> Self:
        for key in ("seed", "checkpoint_sha256"):
            value = getattr(self, key)
            require((value is None) == bool(self.seeds), key, value, "null where seeds are joined, and nowhere else")
        return self


def read_result(path: Path) -> Result:
    """Return the result in `path`. Raises `DubaugError` if there is none of this version."""
    try:
        return parse(read_json(path))
    except (OSError, ValueError) as error:
        raise DubaugError(
            f"{path} is no result of this version ({first_fault(error)}): leave it out, or remove it and run again"
        ) from error


def parse(content: Any) -> Result:
    """Return the result that a file's content is, or will be. Raises `ValueError` (`dubaug.errors.first_fault`)."""
    return _reader().validate_json(json.dumps(content, allow_nan=False))


@cache
def _reader() -> "TypeAdapter[Result]":
    return TypeAdapter(Result)


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    """Write `result` to `path` atomically. Raises `DubaugError` if it is none."""
    try:
        parse(result)
    except ValueError as error:
        raise DubaugError(f"{path} would be no result of this version: {first_fault(error)}") from error
    write_json(path, result)


def write_swept(path: Path, result: Mapping[str, Any], points: Mapping[int, Path]) -> None:
    """Write the result of the last checkpoint, which names those of its sweep: `points`, written before, by epoch.

    Raises `DubaugError` if it is none.
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
