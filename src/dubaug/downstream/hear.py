"""Any scene task of HEAR 2021, as hearpreprocess writes its folder (FACTS.md section 3)."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from dubaug.downstream.hear_groups import groups_of
from dubaug.downstream.lists import read_object, read_table, require_distinct, require_files, require_folder, unlike
from dubaug.downstream.model import Dataset, HearTask, Item, Kind, OwnGrid, Split
from dubaug.errors import DubaugError, first_fault
from dubaug.settings import Count, Distinct, Flag, Text, require, rule

RATE_FOLDER = "48000"
"""The sample rate that is read; the others are resampled copies."""

PARTS = ("train", "valid", "test")

Metric = Literal["top1_acc", "pitch_acc", "chroma_acc", "mAP", "d_prime", "aucroc"]
"""heareval's scores of scenes, all it has; those of events are not for whole recordings."""

ORDER_SEED = 0
"""Of heareval's shuffle of each list of recordings."""


@dataclass(frozen=True, kw_only=True)
class _OfEvaluation:
    task_specific_param_grid: OwnGrid | None = None


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What is read of `task_metadata.json`, by its own names; other keys may stand there."""

    embedding_type: Annotated[
        Any, rule(lambda kind: kind == "scene", "scene: one label set a file; tasks with times cannot be probed here")
    ]
    prediction_type: Literal["multiclass", "multilabel"]
    split_mode: Literal["trainvaltest", "presplit_kfold", "new_split_kfold"]
    splits: Annotated[tuple[Text, ...], Distinct] | None = None
    """Names of the lists, in the order in which heareval shuffles them."""
    nfolds: Count | None = None
    evaluation: Annotated[tuple[Metric, ...], Field(min_length=1)]
    evaluation_params: _OfEvaluation | None = None
    use_scoring_for_early_stopping: Flag = True

    @property
    def kfold(self) -> bool:
        """Whether the lists are folds, each of which is tested once."""
        return self.split_mode != "trainvaltest"

    @model_validator(mode="after")
    def _check_splits(self) -> Self:
        if not self.kfold and self.splits:
            require(set(self.splits) == set(PARTS), "splits", self.splits, "train, valid and test")
        folds = self.splits or self.nfolds or not self.kfold
        require(bool(folds), "splits", self.splits, "names of folds, or their number in nfolds")
        return self

    @property
    def lists(self) -> tuple[str, ...]:
        """Names of the lists in the metadata's order."""
        folds = tuple(f"fold{fold:02d}" for fold in range(self.nfolds or 0))
        return self.splits or (folds if self.kfold else PARTS)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what the file says. Raises `DubaugError`, also for an event task, and what no probe can follow."""
        try:
            return TypeAdapter(cls).validate_python(read_object(path))
        except ValidationError as error:
            raise DubaugError(f"{path}: {first_fault(error)}") from error


def load(path: Path) -> Dataset:
    """Return the task in a folder `<task>-<version>-<mode>`; items are called `<split>/<file>`.

    Raises `DubaugError` for an event task, an unknown split mode, metric or grid, a label outside the vocabulary, or
    a file that a split names and that is not there.
    """
    require_folder(path, "a HEAR task folder")
    metadata = Metadata.read(path / "task_metadata.json")
    kind, names, own = metadata.prediction_type, metadata.lists, metadata.evaluation_params
    classes = _vocabulary(path / "labelvocabulary.csv")
    places = {label: number for number, label in enumerate(classes)}
    files_in: list[tuple[str, Path]] = []
    rows: list[list[int]] = []
    members: dict[str, tuple[int, ...]] = {}
    by_list: dict[Path, list[str]] = {}
    for name in sorted(names) if metadata.kfold else PARTS:
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
        splits = kfold_splits(members) if metadata.kfold else (Split(name="test", **members),)
    except DubaugError as error:
        raise DubaugError(f"{path}: {error}") from error
    grouped_by, groups = groups_of(path.name, [file.name for _, file in files_in])
    return Dataset(
        items=tuple(
            Item(id=f"{name}/{file.name}", audio=file, video=None, group=group, stated_hz=int(RATE_FOLDER))
            for (name, file), group in zip(files_in, groups, strict=True)
        ),
        splits=splits,
        kind=kind,
        classes=(classes,),
        targets=targets,
        metrics=tuple(dict.fromkeys(metadata.evaluation)),
        hear=HearTask(
            order=training_order({name: members[name] for name in names}),
            grid=(own and own.task_specific_param_grid) or OwnGrid(),
            criterion="score" if metadata.use_scoring_for_early_stopping else "loss",
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
        raise DubaugError(
            f"{listed_in}: {file} has the label {unknown[0]!r}, which labelvocabulary.csv does not "
            f"name{unlike(unknown[0], places)}"
        )
    if kind == "multiclass" and len(labels) != 1:
        raise DubaugError(f"{listed_in}: {file} has {len(labels)} labels, a multiclass task has one")
    return [places[label] for label in labels]


def _one_hot(rows: Sequence[Sequence[int]], n_classes: int) -> np.ndarray:
    targets = np.zeros((len(rows), n_classes), dtype=bool)
    for target, numbers in zip(targets, rows, strict=True):
        target[list(numbers)] = True
    return targets
