"""Any scene task of HEAR 2021, as hearpreprocess writes its folder (FACTS.md section 3)."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dubaug.downstream.hear_groups import groups_of
from dubaug.downstream.lists import read_object, read_table, require_distinct, require_files, require_folder
from dubaug.downstream.model import Criterion, Dataset, HearTask, Item, Kind, OwnGrid, Split
from dubaug.errors import DubaugError

RATE_FOLDER = "48000"
"""The sample rate that is read; the others are resampled copies."""

PARTS = ("train", "valid", "test")

METRICS = ("top1_acc", "pitch_acc", "chroma_acc", "mAP", "d_prime", "aucroc")
"""heareval's scores of scenes, all it has; those of events are not for whole recordings."""

ORDER_SEED = 0
"""Of heareval's shuffle of each list of recordings."""


@dataclass(frozen=True)
class _Axis:
    """An axis of the search that a task may set itself: its name here, and what its values must be."""

    name: str
    allowed: Callable[[float], bool]
    words: str
    whole: bool = True


_COUNT = (lambda value: value >= 1, "whole numbers from 1")
AXES: Mapping[str, _Axis] = {
    "batch_size": _Axis("batch_size", lambda value: value >= 2, "whole numbers from 2"),
    "check_val_every_n_epoch": _Axis("validate_every", *_COUNT),
    "dropout": _Axis("dropout", lambda value: 0 <= value < 1, "numbers from 0 to below 1", whole=False),
    "hidden_dim": _Axis("hidden", *_COUNT),
    "hidden_layers": _Axis("hidden_layers", lambda value: value >= 0, "whole numbers from 0"),
    "lr": _Axis("learning_rate", lambda value: 0 < value < math.inf, "numbers above 0", whole=False),
    "max_epochs": _Axis("max_epochs", *_COUNT),
    "patience": _Axis("patience", *_COUNT),
}
"""The keys of heareval's grid whose values JSON can hold. The others are Python functions and classes."""


def load(path: Path) -> Dataset:
    """Return the task in a folder `<task>-<version>-<mode>`; items are called `<split>/<file>`.

    Raises `DubaugError` for an event task, an unknown split mode, metric or grid, a label outside the vocabulary, or
    a file that a split names and that is not there.
    """
    require_folder(path, "a HEAR task folder")
    metadata_path = path / "task_metadata.json"
    metadata = read_object(metadata_path)
    kind = _kind(metadata, metadata_path)
    names = _split_names(metadata, metadata_path)
    classes = _vocabulary(path / "labelvocabulary.csv")
    places = {label: number for number, label in enumerate(classes)}
    files_in: list[tuple[str, Path]] = []
    rows: list[list[int]] = []
    members: dict[str, tuple[int, ...]] = {}
    by_list: dict[Path, list[str]] = {}
    kfold = metadata["split_mode"] != "trainvaltest"
    for name in sorted(names) if kfold else PARTS:
        listed_in = path / f"{name}.json"
        labels = read_object(listed_in)
        files = [path / RATE_FOLDER / name / file for file in labels]
        require_files(files, listed_in)
        by_list[listed_in] = list(labels)
        members[name] = tuple(range(len(files_in), len(files_in) + len(files)))
        files_in += [(name, file) for file in files]
        rows += [_numbers(listed_in, file, value, places, kind) for file, value in labels.items()]
    require_distinct(by_list)  # hearpreprocess gives every recording of a task a name of its own
    if not files_in:
        raise DubaugError(f"{path}: the splits {', '.join(names)} hold no file")
    targets = _one_hot(rows, len(classes)) if kind == "multilabel" else np.array([row[0] for row in rows], np.int64)
    try:
        splits = kfold_splits(members) if kfold else (Split(name="test", **members),)
    except DubaugError as error:
        raise DubaugError(f"{path}: {error}") from error
    grouped_by, groups = groups_of(path.name, [file.name for _, file in files_in])
    return Dataset(
        items=tuple(
            Item(id=f"{name}/{file.name}", audio=file, video=None, group=group)
            for (name, file), group in zip(files_in, groups, strict=True)
        ),
        splits=splits,
        kind=kind,
        classes=(classes,),
        targets=targets,
        metrics=_metrics(metadata, metadata_path),
        hear=HearTask(
            order=training_order({name: members[name] for name in names}),
            grid=_own_grid(metadata, metadata_path),
            criterion=_criterion(metadata, metadata_path),
        ),
        grouped_by=grouped_by,
    )


def kfold_splits(members: Mapping[str, tuple[int, ...]]) -> tuple[Split, ...]:
    """Return heareval's splits of sorted folds: test on fold i, validate on fold i + 1, train on the others."""
    folds = sorted(members)
    if len(folds) < 3:
        raise DubaugError(f"{len(folds)} folds are too few: one each is needed to train, validate and test")
    splits = []
    for place, test in enumerate(folds):
        valid = folds[(place + 1) % len(folds)]
        train = tuple(number for fold in folds if fold not in (test, valid) for number in members[fold])
        splits.append(Split(name=test, train=train, valid=members[valid], test=members[test]))
    return tuple(splits)


def training_order(lists: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    """Return all items as heareval has them when it trains: each list shuffled, the lists one after another, sorted.

    `lists` are in the metadata's order, in which one generator shuffles all of them. heareval does so once, when it
    writes the embeddings; it then puts the lists that train together by name, and no epoch shuffles again.
    """
    generator = random.Random(ORDER_SEED)
    shuffled = {name: list(numbers) for name, numbers in lists.items()}
    for numbers in shuffled.values():
        generator.shuffle(numbers)
    return tuple(number for name in sorted(shuffled) for number in shuffled[name])


def _kind(metadata: dict[str, Any], path: Path) -> Kind:
    embedding = metadata.get("embedding_type")
    if embedding != "scene":
        raise DubaugError(
            f"{path}: embedding_type is {embedding!r}; only scene tasks (one label set a file) can be probed here, "
            "not event tasks with times"
        )
    kind: Kind = metadata.get("prediction_type")  # type: ignore[assignment]  # what it is, the next line asks
    if kind not in ("multiclass", "multilabel"):
        raise DubaugError(f"{path}: prediction_type is {kind!r}, expected multiclass or multilabel")
    return kind


def _split_names(metadata: dict[str, Any], path: Path) -> Sequence[str]:
    """Return the names of the lists in the metadata's order, each once."""
    mode, names = metadata.get("split_mode"), metadata.get("splits")
    if mode not in ("trainvaltest", "presplit_kfold", "new_split_kfold"):
        raise DubaugError(f"{path}: split_mode is {mode!r}, expected trainvaltest, presplit_kfold or new_split_kfold")
    if names is not None and not (
        isinstance(names, list) and all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
    ):
        raise DubaugError(f"{path}: splits is {names!r}, expected a list of names, each once")
    if mode == "trainvaltest":
        if names and set(names) != set(PARTS):
            raise DubaugError(f"{path}: splits is {names!r}, a trainvaltest task has train, valid and test")
        return names or PARTS
    folds = metadata.get("nfolds")
    names = names or [f"fold{fold:02d}" for fold in range(folds if isinstance(folds, int) else 0)]
    if not names:
        raise DubaugError(f"{path}: a {mode} task needs `splits` (names of folds) or `nfolds`")
    return names


def _metrics(metadata: dict[str, Any], path: Path) -> tuple[str, ...]:
    metrics = metadata.get("evaluation")
    if not isinstance(metrics, list) or not metrics or any(name not in METRICS for name in metrics):
        raise DubaugError(f"{path}: evaluation is {metrics!r}, expected a list of some of {', '.join(METRICS)}")
    return tuple(dict.fromkeys(metrics))


def _criterion(metadata: dict[str, Any], path: Path) -> Criterion:
    by_score = metadata.get("use_scoring_for_early_stopping", True)
    if not isinstance(by_score, bool):
        raise DubaugError(f"{path}: use_scoring_for_early_stopping is {by_score!r}, expected true or false")
    return "score" if by_score else "loss"


def _own_grid(metadata: dict[str, Any], path: Path) -> OwnGrid:
    """Return what the task itself says is to be searched: values that replace those of heareval's grid, key by key."""
    parameters = metadata.get("evaluation_params") or {}
    if not isinstance(parameters, dict):
        raise DubaugError(f"{path}: evaluation_params is {parameters!r}, expected an object")
    own, key = parameters.get("task_specific_param_grid") or {}, "evaluation_params.task_specific_param_grid"
    if not isinstance(own, dict):
        raise DubaugError(f"{path}: {key} is {own!r}, expected an object of lists")
    unknown = [name for name in own if name not in AXES]
    if unknown:
        raise DubaugError(f"{path}: {key} has {unknown[0]!r}; what a task may set is {', '.join(AXES)}")
    return OwnGrid(
        **{AXES[name].name: _axis(values, AXES[name], f"{path}: {key}.{name}") for name, values in own.items()}
    )


def _axis(values: Any, axis: _Axis, where: str) -> tuple[Any, ...]:
    """Return the values of one axis. Raises `DubaugError` for what heareval could not train with."""
    numbers = int if axis.whole else (int, float)
    if (
        not isinstance(values, list)
        or not values
        or any(isinstance(value, bool) or not isinstance(value, numbers) or not axis.allowed(value) for value in values)
    ):
        raise DubaugError(f"{where} is {values!r}, expected a list of {axis.words}")
    return tuple(values)


def _vocabulary(path: Path) -> tuple[str, ...]:
    """Return the labels in the order of their numbers, which must be 0, 1, 2, ..."""
    rows = read_table(path, ("idx", "label"))
    by_number = {row["idx"].strip(): row["label"] for row in rows}
    expected = [str(number) for number in range(len(rows))]
    if sorted(by_number) != sorted(expected):
        raise DubaugError(f"{path}: idx must be 0 to {len(rows) - 1}, each once")
    labels = tuple(by_number[number] for number in expected)
    if len(set(labels)) != len(labels):
        raise DubaugError(f"{path} names a label twice")
    return labels


def _numbers(listed_in: Path, file: str, value: Any, places: dict[str, int], kind: Kind) -> list[int]:
    """Return the numbers of a file's labels. Labels that JSON has as numbers are compared as text, as heareval does."""
    labels = [str(label) for label in value] if isinstance(value, list) else []
    if not isinstance(value, list) or any(isinstance(label, dict) for label in value):
        raise DubaugError(f"{listed_in}: {file} has {value!r}, expected a list of labels")
    unknown = [label for label in labels if label not in places]
    if unknown:
        raise DubaugError(f"{listed_in}: {file} has the label {unknown[0]!r}, which labelvocabulary.csv does not name")
    if kind == "multiclass" and len(labels) != 1:
        raise DubaugError(f"{listed_in}: {file} has {len(labels)} labels, a multiclass task has one")
    return [places[label] for label in labels]


def _one_hot(rows: Sequence[Sequence[int]], n_classes: int) -> np.ndarray:
    targets = np.zeros((len(rows), n_classes), dtype=bool)
    for target, numbers in zip(targets, rows, strict=True):
        target[list(numbers)] = True
    return targets
