"""Any scene task of HEAR 2021, as hearpreprocess writes its folder (FACTS.md section 3)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dubaug.downstream.lists import read_object, read_table, require_distinct, require_files, require_folder
from dubaug.downstream.model import Dataset, Item, Kind, Split
from dubaug.errors import DubaugError

RATE_FOLDER = "48000"
"""The sample rate that is read; the others are resampled copies."""

METRICS = ("top1_acc", "mAP", "d_prime", "aucroc")


def load(path: Path) -> Dataset:
    """Return the task in a folder `<task>-<version>-<mode>`; items are called `<split>/<file>`.

    Raises `DubaugError` for an event task, an unknown split mode or metric, a label outside the vocabulary, or a
    file that a split names and that is not there.
    """
    require_folder(path, "a HEAR task folder")
    metadata_path = path / "task_metadata.json"
    metadata = read_object(metadata_path)
    kind = _kind(metadata, metadata_path)
    names = _split_names(metadata, metadata_path)
    classes = _vocabulary(path / "labelvocabulary.csv")
    places = {label: number for number, label in enumerate(classes)}
    items: list[Item] = []
    rows: list[list[int]] = []
    members: dict[str, tuple[int, ...]] = {}
    by_list: dict[Path, list[str]] = {}
    for name in names:
        listed_in = path / f"{name}.json"
        labels = read_object(listed_in)
        files = [path / RATE_FOLDER / name / file for file in labels]
        require_files(files, listed_in)
        by_list[listed_in] = list(labels)
        members[name] = tuple(range(len(items), len(items) + len(files)))
        items += [Item(id=f"{name}/{file.name}", audio=file, video=None) for file in files]
        rows += [_numbers(listed_in, file, value, places, kind) for file, value in labels.items()]
    require_distinct(by_list)  # hearpreprocess gives every recording of a task a name of its own
    if not items:
        raise DubaugError(f"{path}: the splits {', '.join(names)} hold no file")
    targets = _one_hot(rows, len(classes)) if kind == "multilabel" else np.array([row[0] for row in rows], np.int64)
    kfold = metadata["split_mode"] != "trainvaltest"
    try:
        splits = kfold_splits(members) if kfold else (Split(name="test", **members),)
    except DubaugError as error:
        raise DubaugError(f"{path}: {error}") from error
    return Dataset(
        items=tuple(items),
        splits=splits,
        kind=kind,
        classes=(classes,),
        targets=targets,
        metrics=_metrics(metadata, metadata_path),
    )


def kfold_splits(members: dict[str, tuple[int, ...]]) -> tuple[Split, ...]:
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


def _kind(metadata: dict[str, Any], path: Path) -> Kind:
    embedding = metadata.get("embedding_type")
    if embedding != "scene":
        raise DubaugError(
            f"{path}: embedding_type is {embedding!r}; only scene tasks (one label set a file) can be probed here, "
            "not event tasks with times"
        )
    kind = metadata.get("prediction_type")
    if kind == "multiclass":
        return "multiclass"
    if kind == "multilabel":
        return "multilabel"
    raise DubaugError(f"{path}: prediction_type is {kind!r}, expected multiclass or multilabel")


def _split_names(metadata: dict[str, Any], path: Path) -> Sequence[str]:
    mode = metadata.get("split_mode")
    if mode == "trainvaltest":
        return ("train", "valid", "test")
    if mode not in ("presplit_kfold", "new_split_kfold"):
        raise DubaugError(f"{path}: split_mode is {mode!r}, expected trainvaltest, presplit_kfold or new_split_kfold")
    names = metadata.get("splits") or [f"fold{fold:02d}" for fold in range(int(metadata.get("nfolds") or 0))]
    if not names or not all(isinstance(name, str) for name in names):
        raise DubaugError(f"{path}: a {mode} task needs `splits` (names of folds) or `nfolds`")
    return sorted(names)


def _metrics(metadata: dict[str, Any], path: Path) -> tuple[str, ...]:
    metrics = tuple(metadata.get("evaluation") or ())
    unknown = [name for name in metrics if name not in METRICS]
    if unknown or not metrics:
        raise DubaugError(f"{path}: evaluation is {list(metrics)}, expected some of {', '.join(METRICS)}")
    return metrics


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
