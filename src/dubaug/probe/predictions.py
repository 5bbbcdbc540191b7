"""What a probe answered for each test item, one Arrow file a task: every score can be computed again from it alone.

One record batch a fold, one row a thing that is scored: `fold`, `item` (its id in the data set; where items are parts
of a whole, that), `group` (what it shares with items that are like it, null where it stands alone), `labels` (the true
classes' numbers; for several heads one a head; of a regression the true value)
and `scores` (one an output, in the precision that the metrics saw). Names of the classes and what the probe was made
from stand in the schema's metadata. `pandas.read_feather` reads it, too.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from dubaug.downstream.model import Dataset, Kind
from dubaug.errors import DubaugError
from dubaug.files import atomic_path, sha256_of
from dubaug.probe.problem import Problem
from dubaug.probe.results import ScoredOnce
from dubaug.suites.registry import metric

FORMAT = 2
_METADATA = b"dubaug"


@dataclass(frozen=True, kw_only=True)
class About:
    """What predictions are of."""

    suite: str
    task: str
    variant: str
    seed: int
    epoch: int
    checkpoint_sha256: str
    experiment: str
    """Hash of the configuration that the task's result depends on."""
    kind: Kind
    classes: tuple[tuple[str, ...], ...]
    """Names of the outputs, one tuple a head."""
    metrics: tuple[str, ...]
    """The first one is the primary score."""
    hyperparameters: Mapping[str, Any]
    grouped_by: str | None = None
    """What the items of a group have in common; None where they have no groups."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fold:
    """What a fold scores: its test items in the split's order, or the wholes that they are parts of."""

    name: str
    items: tuple[str, ...]
    truth: np.ndarray
    """bool (items, outputs): one-hot, multi-hot, or one one-hot part a head; of a regression the values (items, 1)."""
    scores: np.ndarray
    """float32 or float64 (items, outputs)."""
    groups: tuple[str | None, ...] | None = None
    """The items' groups; None where nothing is known of any."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """A task's predictions by one network."""

    about: About
    folds: tuple[Fold, ...]

    @property
    def heads(self) -> tuple[int, ...]:
        """Number of outputs of each head."""
        return tuple(map(len, self.about.classes))

    def scores(self, name: str | None = None) -> list[float]:
        """Return a metric (default: the primary one) of each fold."""
        chosen = metric(name or self.about.metrics[0])
        return [chosen.score(fold.scores, fold.truth, self.heads) for fold in self.folds]

    @classmethod
    def of(cls, about: About, dataset: Dataset, problem: Problem, probabilities: Sequence[np.ndarray]) -> Self:
        """Return the predictions for the problem made of a data set from each split's outputs (test items, outputs)."""
        folds = []
        for split, outputs in zip(problem.splits, probabilities, strict=True):
            scored, joined = problem.joined(outputs, split.test)
            truth, rows = problem.truth[scored], [dataset.items[number] for number in scored]
            folds.append(
                Fold(
                    name=split.name,
                    items=tuple(item.id if item.part_of is None else item.part_of for item in rows),
                    truth=truth if problem.kind == "regression" else truth > 0,
                    scores=joined,
                    groups=tuple(item.group for item in rows) if dataset.grouped_by else None,
                )
            )
        return cls(about=about, folds=tuple(folds))


def save(path: Path, predictions: Predictions) -> str:
    """Write the predictions to `path` atomically; return the file's SHA-256."""
    value = {"format": FORMAT, **asdict(predictions.about)}
    outputs, precision = sum(predictions.heads), pa.from_numpy_dtype(predictions.folds[0].scores.dtype)
    schema = pa.schema(
        [
            ("fold", pa.string()),
            ("item", pa.string()),
            ("group", pa.string()),
            ("labels", pa.list_(precision if predictions.about.kind == "regression" else pa.int32())),
            ("scores", pa.list_(precision, outputs)),
        ],
        metadata={_METADATA: json.dumps(value, ensure_ascii=False, allow_nan=False)},
    )
    with atomic_path(path) as temporary:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_file(temporary, schema, options=options) as writer:
            for fold in predictions.folds:
                writer.write_batch(_batch(fold, predictions.heads, schema))
        digest = sha256_of(temporary)
    return digest


def load(path: Path) -> Predictions:
    """Return what `save` wrote. Raises `DubaugError` if the file is missing, damaged or of another version."""
    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all().combine_chunks()
        value = json.loads(table.schema.metadata[_METADATA])
        if value.pop("format") != FORMAT:
            raise DubaugError(f"{path} is of another version of dubaug: run `dubaug probe` again")
        classes = tuple(map(tuple, value.pop("classes")))
        about = About(classes=classes, metrics=tuple(value.pop("metrics")), **value)
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise DubaugError(f"{path} holds no predictions ({error}): run `dubaug probe` again") from error
    return Predictions(about=about, folds=tuple(_folds(table, about)))


def load_of(result: Path, task: str, entry: ScoredOnce) -> Predictions:
    """Return the predictions that an entry (a task's, or one seed's in it) of the result file `result` names.

    Raises `DubaugError` if it names none, or the file is missing, damaged or not the one that was written.
    """
    if entry.predictions is None:
        raise DubaugError(f"{result}: task {task} has no predictions: run `dubaug probe` again")
    path = result.parent / entry.predictions.path
    predictions = load(path)
    if sha256_of(path) != entry.predictions.sha256:
        raise DubaugError(f"{path} is not what {result} was written with: run `dubaug probe` again")
    return predictions


def check_same_items(first_name: str, first: Predictions, name: str, other: Predictions) -> None:
    """Raise `DubaugError`, naming the first difference, unless both are of the same task, folds, items and labels."""
    where = f"task {first.about.task}: {first_name} and {name}"
    for key in ("task", "metrics", "classes"):
        if getattr(first.about, key) != getattr(other.about, key):
            raise DubaugError(f"{where} differ in {key}; only predictions of one task and data set can be paired")
    folds, other_folds = [[fold.name for fold in one.folds] for one in (first, other)]
    if folds != other_folds:
        raise DubaugError(f"{where} are of different folds ({', '.join(folds)}; {', '.join(other_folds)})")
    for one, two in zip(first.folds, other.folds, strict=True):
        for row in range(max(len(one.items), len(two.items))):
            items = [fold.items[row] if row < len(fold.items) else None for fold in (one, two)]
            if items[0] != items[1]:
                shown = " and ".join("no item" if item is None else repr(item) for item in items)
                raise DubaugError(f"{where} are on different items: fold {one.name}, row {row} has {shown}")
        differing = np.flatnonzero((one.truth != two.truth).any(axis=1))
        if len(differing):
            item = one.items[differing[0]]
            raise DubaugError(f"{where} have different labels: fold {one.name}, item {item!r}")


def _batch(fold: Fold, heads: Sequence[int], schema: pa.Schema) -> pa.RecordBatch:
    if fold.truth.dtype == bool:
        rows, columns = np.nonzero(fold.truth)
        labels = columns - np.repeat(np.cumsum([0, *heads[:-1]]), heads)[columns]
    else:
        rows, labels = np.arange(len(fold.items)), fold.truth[:, 0]
    label_lists = pa.ListArray.from_arrays(
        np.searchsorted(rows, np.arange(len(fold.items) + 1)).astype(np.int32),
        pa.array(labels).cast(schema.field("labels").type.value_type),
    )
    scores = pa.FixedSizeListArray.from_arrays(np.ascontiguousarray(fold.scores).reshape(-1), sum(heads))
    names = pa.array([fold.name] * len(fold.items), pa.string())
    groups = pa.array(fold.groups or [None] * len(fold.items), pa.string())
    return pa.record_batch([names, pa.array(fold.items, pa.string()), groups, label_lists, scores], schema=schema)


def _folds(table: pa.Table, about: About) -> list[Fold]:
    names, items = table["fold"].to_pylist(), table["item"].to_pylist()
    labels, groups = table["labels"].to_pylist(), table["group"].to_pylist()
    outputs = sum(map(len, about.classes))
    flat = table["scores"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    scores, folds = flat.reshape(-1, outputs), []
    for name, group in groupby(range(len(names)), key=names.__getitem__):
        rows = list(group)
        part = slice(rows[0], rows[-1] + 1)
        values = about.kind == "regression"
        truth = np.array(labels[part], scores.dtype) if values else _truth(labels[part], about)
        its_groups = tuple(groups[part]) if about.grouped_by else None
        folds.append(Fold(name=name, items=tuple(items[part]), truth=truth, scores=scores[part], groups=its_groups))
    return folds


def _truth(labels: Sequence[Sequence[int]], about: About) -> np.ndarray:
    """Return the truth (items, outputs) of the classes' numbers."""
    sizes = list(map(len, about.classes))
    truth = np.zeros((len(labels), sum(sizes)), dtype=bool)
    starts = np.cumsum([0, *sizes[:-1]])
    for row, numbers in zip(truth, labels, strict=True):
        columns = np.asarray(numbers, dtype=np.int64)
        row[columns if about.kind == "multilabel" else starts + columns] = True
    return truth
