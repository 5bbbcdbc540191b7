"""From the user's keys to a validated `Experiment`: merge with the scale, check, convert. Done once, at the border."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from dubaug.config.messages import Written, explain
from dubaug.config.model import Experiment
from dubaug.config.places import HEADER, check_results_dir
from dubaug.errors import ConfigError
from dubaug.files import write_text
from dubaug.yaml_files import read_yaml

SCALES = ("demo", "paper")


@cache
def _experiment() -> TypeAdapter[Experiment]:
    return TypeAdapter(Experiment)


def resolve(user: Mapping[str, Any], workflow_dir: Path, *, files: Sequence[Path] = ()) -> Experiment:
    """Return the experiment that the user's keys describe, laid over those of the scale that they name.

    `workflow_dir` holds `config/<scale>.yaml`; `files` are where the user's keys were read, if they are known: errors
    then say where. Raises `ConfigError`.
    """
    scale = user.get("scale", "demo")
    if scale not in SCALES:
        where = Written(user, files).where(["scale"])
        raise ConfigError(f"config key `scale`: got {scale!r}, expected one of: {', '.join(SCALES)}{where}")
    below = workflow_dir / "config" / f"{scale}.yaml"
    merged = _merge({**_read(below), "scale": scale}, user)
    try:
        experiment = _experiment().validate_python(_fill_defaults(merged))
    except ValidationError as error:
        raise ConfigError(explain(error, Written(merged, [below, *files]))) from None
    check_results_dir(experiment, workflow_dir)
    return experiment


def check_files(paths: Sequence[Path]) -> None:
    """Read configuration files for what Snakemake, which reads them itself, lets through. Raises `ConfigError`."""
    for path in paths:
        _read(path)


def resolve_files(paths: Sequence[Path], workflow_dir: Path, *, scale: str | None = None) -> Experiment:
    """Return the experiment of configuration files as snakemake lays them over each other, the last one on top.

    `scale` replaces the files' own. Raises `ConfigError`.
    """
    user: dict[str, Any] = {}
    for path in paths:
        user = _merge(user, _read(path))
    return resolve({**user, "scale": scale} if scale else user, workflow_dir, files=paths)


def from_mapping(resolved: Mapping[str, Any], source: Path | None = None) -> Experiment:
    """Return the experiment in a complete mapping, as `to_mapping` gives it, of file `source`. Raises `ConfigError`."""
    try:
        return _experiment().validate_python(resolved)
    except ValidationError as error:
        lines = explain(error, Written(resolved, [source] if source else []))
        raise ConfigError(f"the resolved configuration is not of this version:\n{lines}") from None


def to_mapping(experiment: Experiment) -> dict[str, Any]:
    """Return the experiment as plain lists and dictionaries."""
    mapping: dict[str, Any] = json.loads(json.dumps(asdict(experiment)))
    return mapping


def load(path: Path) -> Experiment:
    """Return the experiment saved at `path` by `save`. Raises `ConfigError`."""
    if not path.is_file():
        raise ConfigError(
            f"no resolved configuration at {path}: run snakemake once, it writes <results_dir>/config.yaml"
        )
    return from_mapping(_read(path), path)


def save(experiment: Experiment, path: Path) -> None:
    """Write the experiment to `path`, unless it stands there already (an unchanged file keeps its time)."""
    text = HEADER + yaml.safe_dump(to_mapping(experiment), sort_keys=False, allow_unicode=True, width=120)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def _read(path: Path) -> dict[str, Any]:
    """Return the keys in a file. Raises `ConfigError` if it is not there or holds anything else."""
    if not path.is_file():
        raise ConfigError(
            f"there is no configuration file {path.absolute()}: copy one there, or name another one, or the folder in "
            "which relative paths begin (snakemake --directory)"
        )
    value = read_yaml(path) or {}
    if not isinstance(value, dict):
        raise ConfigError(f"{path} holds no keys with values: it begins with {str(value)[:40]!r}")
    return value


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid on it, key by key; lists are replaced, not joined.

    A section that names another `family` than below has other keys, too: it replaces the one below.
    """
    result = copy.deepcopy(dict(base))
    for key, value in over.items():
        old = result.get(key)
        both = isinstance(old, dict) and isinstance(value, Mapping)
        both = both and value.get("family", old.get("family")) == old.get("family")  # type: ignore[union-attr]
        result[key] = _merge(old, value) if both else copy.deepcopy(value)  # type: ignore[arg-type]
    return result


def _fill_defaults(merged: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the variants and tasks that are null, and give the others what they have from elsewhere."""
    corpus = merged.get("corpus")
    primary = corpus.get("primary") if isinstance(corpus, Mapping) else None
    defaults = {"variants": {"primary": primary}, "tasks": {}}
    filled = dict(merged)
    for group, shared in defaults.items():
        if isinstance(entries := merged.get(group), Mapping):
            filled[group] = {
                name: {"label": str(name), **shared, **entry} if isinstance(entry, Mapping) else entry
                for name, entry in entries.items()
                if entry is not None
            }
    return filled
