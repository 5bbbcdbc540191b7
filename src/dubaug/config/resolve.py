"""From the user's keys to a validated `Experiment`: merge with the scale, check, convert. Done once, at the border."""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import cattrs
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from dubaug.config.model import MEL_FRAMES_MIN, Experiment, Mel
from dubaug.errors import ConfigError
from dubaug.files import write_text
from dubaug.suites.registry import known_layouts, known_suites

SCALES = ("demo", "paper")

_converter = cattrs.Converter(forbid_extra_keys=True)


def resolve(user: Mapping[str, Any], workflow_dir: Path) -> Experiment:
    """Return the experiment that the user's keys describe, laid over those of the scale that they name.

    `workflow_dir` holds `config/<scale>.yaml` and `schemas/config.schema.yaml`. Raises `ConfigError`.
    """
    scale = user.get("scale", "demo")
    if scale not in SCALES:
        raise ConfigError(f"config key `scale`: got {scale!r}, expected one of: {', '.join(SCALES)}")
    merged = _merge(_read_yaml(workflow_dir / "config" / f"{scale}.yaml"), user)
    for group in ("variants", "tasks"):
        if isinstance(merged.get(group), dict):
            merged[group] = {name: value for name, value in merged[group].items() if value is not None}
    schema = _read_yaml(workflow_dir / "schemas" / "config.schema.yaml")
    _check_schema(merged, schema)
    _fill_defaults(merged)
    _cross_check(merged)
    return from_mapping(merged)


def resolve_files(paths: Sequence[Path], workflow_dir: Path, *, scale: str | None = None) -> Experiment:
    """Return the experiment of configuration files as snakemake lays them over each other, the last one on top.

    `scale` replaces the files' own. Raises `ConfigError`.
    """
    user: dict[str, Any] = {}
    for path in paths:
        if not path.is_file():
            raise ConfigError(f"there is no configuration file {path}")
        user = _merge(user, _read_yaml(path) or {})
    return resolve({**user, "scale": scale} if scale else user, workflow_dir)


def from_mapping(resolved: Mapping[str, Any]) -> Experiment:
    """Return the experiment in a complete mapping, as `to_mapping` gives it. Raises `ConfigError`."""
    try:
        return _converter.structure(dict(resolved), Experiment)
    except Exception as error:
        lines = cattrs.transform_error(error, path="config")
        raise ConfigError("the resolved configuration is not of this version: " + "; ".join(lines)) from error


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
    return from_mapping(_read_yaml(path))


def save(experiment: Experiment, path: Path) -> None:
    """Write the experiment to `path`, unless it stands there already (an unchanged file keeps its time)."""
    text = "# The configuration of these results, complete. Written by the workflow; edit config.yaml instead.\n"
    text += yaml.safe_dump(to_mapping(experiment), sort_keys=False, allow_unicode=True, width=120)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def digest(*parts: Any) -> str:
    """Return a 16-digit hash of dataclasses, mappings, lists and plain values: equal values, equal hash."""
    text = json.dumps([_plain(part) for part in parts], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(part: Any) -> Any:
    return asdict(part) if hasattr(part, "__dataclass_fields__") else part


def _read_yaml(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        value: dict[str, Any] = yaml.safe_load(file)
    return value


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid on it, key by key; lists are replaced, not joined."""
    result = copy.deepcopy(dict(base))
    for key, value in over.items():
        old = result.get(key)
        both = isinstance(old, dict) and isinstance(value, Mapping)
        result[key] = _merge(old, value) if both else copy.deepcopy(value)  # type: ignore[arg-type]
    return result


def _check_schema(merged: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    errors = sorted(Draft202012Validator(schema).iter_errors(merged), key=lambda error: list(map(str, error.path)))
    if errors:
        raise ConfigError("\n".join(_explain(error) for error in errors[:5]))


def _explain(error: ValidationError) -> str:
    """Return one line: the key, the value it has, and what would be right."""
    if error.context:  # of the alternatives of a oneOf, the one that came furthest
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    key = ".".join(map(str, error.absolute_path)) or "(top level)"
    rule, value = error.validator, cast(Any, error.instance)
    if rule == "additionalProperties" and isinstance(error.schema, dict):
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(set(value) - set(known))
        prefix = "" if key == "(top level)" else f"{key}."
        return f"config key `{prefix}{unknown[0]}` is unknown; known here: {', '.join(known)}"
    if rule == "required":
        return f"config key `{key}`: {error.message}"
    if rule == "type" and isinstance(value, str) and _is_number(value):
        return f"config key `{key}`: got {value!r}, which YAML reads as text; write it with a point: 3.0e-4, not 3e-4"
    schema: dict[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    expected = {
        "enum": lambda: "one of: " + ", ".join(map(str, cast(list[Any], error.validator_value))),
        "type": lambda: str(error.validator_value),
        "minimum": lambda: f"at least {error.validator_value}",
        "exclusiveMinimum": lambda: f"more than {error.validator_value}",
        "maximum": lambda: f"at most {error.validator_value}",
        "exclusiveMaximum": lambda: f"less than {error.validator_value}",
        "minItems": lambda: f"at least {error.validator_value} entries",
        "uniqueItems": lambda: "entries that differ",
        "pattern": lambda: schema.get("description", f"text like {error.validator_value}"),
    }.get(str(rule), lambda: error.message)()
    return f"config key `{key}`: got {value!r}, expected {expected}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _fill_defaults(merged: dict[str, Any]) -> None:
    """Give every variant and task all its keys: a later change of a default then shows in the saved configuration."""
    defaults = {
        "primary": merged["corpus"]["primary"],
        "secondary": [],
        "video": True,
        "separated": False,
        "untrained": False,
        "epochs": None,
        "checkpoints": None,
        "start_from": None,
        "seeds": None,
    }
    for name, variant in merged["variants"].items():
        merged["variants"][name] = {"label": name, **defaults, **variant}
    suites = known_suites()
    merged["suites"] = {name: merged["suites"].get(name, []) for name in suites}
    task_defaults = {"separated": False, "absent_classes": False, "absent_files": None}
    for name, task in merged["tasks"].items():
        suite = suites[task["suite"]]
        layout = {"layout": suite.layout} if suite.layout else {}
        merged["tasks"][name] = {"label": name, "modality": suite.modality, **task_defaults, **layout, **task}


def _cross_check(merged: Mapping[str, Any]) -> None:
    """Check what a schema cannot: keys against each other. Raises `ConfigError` with the first fault."""
    corpus, pretraining = merged["corpus"], merged["pretraining"]
    languages = [corpus["primary"], *corpus["secondary"]]
    _require(
        corpus["primary"] not in corpus["secondary"],
        "corpus.secondary",
        corpus["secondary"],
        f"languages other than corpus.primary ({corpus['primary']})",
    )
    rates = merged["alignment"]["rates"]
    _require(1.0 in rates, "alignment.rates", rates, "the film's own speed, 1.0, among them")
    _check_epochs("pretraining", pretraining["epochs"], pretraining["checkpoints"])
    for name, variant in merged["variants"].items():
        _check_variant(name, variant, languages, pretraining)
        _check_start(name, merged["variants"], merged["seeds"])
    for suite, listed in merged["suites"].items():
        for task in listed:
            _require(
                task in merged["tasks"],
                f"suites.{suite}",
                task,
                f"a task that stands under `tasks` with its path (add tasks.{task}.suite and .path)",
            )
            _require(
                merged["tasks"][task]["suite"] == suite,
                f"tasks.{task}.suite",
                merged["tasks"][task]["suite"],
                f"{suite}, since suites.{suite} lists it",
            )
    for name, task in merged["tasks"].items():
        _require(
            task.get("layout") in known_layouts(),
            f"tasks.{name}.layout",
            task.get("layout"),
            f"the data set's layout, one of: {', '.join(known_layouts())} (only HEAR tasks have a default)",
        )
        _require(
            task["absent_files"] is None or task["layout"] == "vggsound",
            f"tasks.{name}.absent_files",
            task["absent_files"],
            "nothing: only VGGSound may lack files, other data sets must be whole",
        )
    augmentation, crop = merged["augmentation"], merged["encoders"]["video"]["crop"]
    _require(
        augmentation["height_min"] >= crop,
        "augmentation.height_min",
        augmentation["height_min"],
        f"at least encoders.video.crop ({crop})",
    )
    _require(
        augmentation["height_max"] >= augmentation["height_min"],
        "augmentation.height_max",
        augmentation["height_max"],
        f"at least augmentation.height_min ({augmentation['height_min']})",
    )
    clip_samples = int(merged["clips"]["duration_s"] * merged["separation"]["sample_rate_hz"])
    _require(
        merged["mel"]["n_fft"] <= clip_samples,
        "mel.n_fft",
        merged["mel"]["n_fft"],
        f"at most a clip's samples ({clip_samples})",
    )
    frames = Mel(**merged["mel"]).frames(round(merged["clips"]["duration_s"] * merged["clips"]["sample_rate_hz"]))
    _require(
        frames >= MEL_FRAMES_MIN,
        "mel.hop_length",
        merged["mel"]["hop_length"],
        f"a hop that gives at least {MEL_FRAMES_MIN} frames a clip, for the Acoustic ResNet; this one gives {frames}",
    )
    hear = merged["probe"]["hear"]
    _require(
        hear["max_epochs"] >= hear["validate_every"],
        "probe.hear.max_epochs",
        hear["max_epochs"],
        f"at least probe.hear.validate_every ({hear['validate_every']}), or nothing is ever validated",
    )
    points = len(hear["hidden_layers"]) * len(hear["learning_rates"]) * len(hear["initialisations"])
    _require(
        hear["grid_points"] <= points,
        "probe.hear.grid_points",
        hear["grid_points"],
        f"at most the grid's size ({points})",
    )


def _check_variant(name: str, variant: Mapping[str, Any], languages: list[str], pretraining: Mapping[str, Any]) -> None:
    key, known = f"variants.{name}", f"a language of corpus.primary or corpus.secondary ({', '.join(languages)})"
    for language in [variant["primary"], *variant["secondary"]]:
        _require(
            language in languages,
            f"{key}.secondary" if language in variant["secondary"] else f"{key}.primary",
            language,
            known,
        )
    if variant["untrained"]:
        return
    if variant["separated"]:
        _require(
            not variant["secondary"],
            f"{key}.secondary",
            variant["secondary"],
            "nothing: a separated variant has no secondary audio (paper §3.4)",
        )
    _require(
        variant["video"] or bool(variant["secondary"]),
        f"{key}.secondary",
        [],
        "at least one language, since without video the loss is between two audio views",
    )
    epochs = variant["epochs"] or pretraining["epochs"]
    _check_epochs(key, epochs, variant["checkpoints"] or pretraining["checkpoints"])


def _check_start(name: str, variants: Mapping[str, Any], seeds: list[int]) -> None:
    """Check that the variants that lead to `name`, one starting from the other, are there and begin somewhere."""
    chain = [name]
    while (start := variants[chain[-1]]["start_from"]) is not None:
        variant, key = variants[chain[-1]], f"variants.{chain[-1]}.start_from"
        fitting = [
            other
            for other, its in variants.items()
            if not its["untrained"] and its["video"] >= variant["video"] and other not in chain
        ]
        _require(not variant["untrained"], key, start, "nothing: an untrained variant has random weights")
        _require(
            start in fitting,
            key,
            start,
            f"a trained variant that does not start from this one{', with video' if variant['video'] else ''}: "
            f"{', '.join(fitting) or 'there is none'}",
        )
        own, there = variant["seeds"] or seeds, variants[start]["seeds"] or seeds
        _require(set(own) <= set(there), f"variants.{chain[-1]}.seeds", own, f"seeds that {start} has, too: {there}")
        chain.append(start)


def _check_epochs(key: str, epochs: int, checkpoints: list[int]) -> None:
    _require(
        max(checkpoints) == epochs,
        f"{key}.checkpoints",
        checkpoints,
        f"epochs up to the last one, ending with {epochs} ({key}.epochs)",
    )
    _require(sorted(checkpoints) == list(checkpoints), f"{key}.checkpoints", checkpoints, "epochs in rising order")


def _require(holds: bool, key: str, value: Any, expected: str) -> None:
    if not holds:
        raise ConfigError(f"config key `{key}`: got {value!r}, expected {expected}")
