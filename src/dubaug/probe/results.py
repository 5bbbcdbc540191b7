"""The result JSON: one schema for every suite, checked whenever one is written or read. Light: no torch."""

import json
import math
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json

TOLERANCE = 1e-9


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    """Write `result` to `path` atomically. Raises `DubaugError` if it does not keep to the schema."""
    validate(result, str(path))
    write_json(path, result)


def read_result(path: Path) -> dict[str, Any]:
    """Return the result in `path`. Raises `DubaugError` if there is none, or it does not keep to the schema."""
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
        _check_arithmetic(entry, f"{where}: tasks.{task}")
        for one in entry.get("seeds", ()):
            _check_arithmetic({**one, "n_folds": entry["n_folds"]}, f"{where}: tasks.{task}.seeds[{one['seed']}]")


def mean_and_std(scores: Sequence[float]) -> tuple[float, float | None]:
    """Return mean and standard deviation (n - 1 in the denominator; null for a single score)."""
    return statistics.fmean(scores), statistics.stdev(scores) if len(scores) > 1 else None


def finite(value: float) -> float | None:
    """Return the value as JSON can have it: null for infinities and what is not a number."""
    return value if math.isfinite(value) else None


def git_commit(folder: Path) -> str | None:
    """Return the commit that the checkout around `folder` stands at; null without a checkout or without git."""
    try:
        found = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None


def _check_arithmetic(entry: Mapping[str, Any], where: str) -> None:
    mean, std = mean_and_std(entry["folds"])
    if entry["n_folds"] != len(entry["folds"]):
        raise DubaugError(f"{where}: n_folds is {entry['n_folds']}, but there are {len(entry['folds'])} folds")
    if not math.isclose(mean, entry["mean"], abs_tol=TOLERANCE):
        raise DubaugError(f"{where}: mean is {entry['mean']}, but the folds' mean is {mean}")
    if (std is None) != (entry["std"] is None) or (
        std is not None and not math.isclose(std, entry["std"], abs_tol=TOLERANCE)
    ):
        raise DubaugError(f"{where}: std is {entry['std']}, but the folds' deviation is {std}")


@cache
def _validator() -> Draft202012Validator:
    text = resources.files("dubaug.probe").joinpath("result.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))
