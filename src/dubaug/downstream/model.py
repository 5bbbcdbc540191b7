"""What every loader returns: items, their labels, and which of them train, validate and test."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import numpy as np
from pydantic import ConfigDict, Field, StrictFloat, StrictInt, model_validator

from dubaug.errors import DubaugError
from dubaug.settings import Count, PositiveInt, require_known

Kind = Literal["multiclass", "multilabel", "multihead", "regression"]
"""What is predicted: one class, several classes, one class of each head, or a real value."""
Criterion = Literal["score", "loss"]
"""What HEAR's probes are chosen by: the primary score on the validation items, or the loss on them."""

T = TypeVar("T")
Axis: TypeAlias = Annotated[tuple[T, ...], Field(min_length=1)] | None


@dataclass(frozen=True, kw_only=True)
class Item:
    """One labelled recording: a sound file, a video file, or both; the whole file, or a part of it."""

    id: str
    """Unique in the data set; the file's path in it as far as that says which it is."""
    audio: Path | None
    video: Path | None
    start_s: float = 0.0
    duration_s: float | None = None
    """Null takes everything from `start_s` to the file's end."""
    group: str | None = None
    """What the item shares with others that are like it (`Dataset.grouped_by`); None where it stands alone."""
    part_of: str | None = None
    """What is scored, where several items are parts of it: the video that a span is of. Their outputs are joined to
    one (`dubaug.suites.suite.Join`). None: the item itself."""
    stated_hz: int | None = field(default=None, compare=False)
    """The sample rate that the layout promises of its sound, where it promises one; only reading it asks for it."""

    def __post_init__(self) -> None:
        if self.audio is None and self.video is None:
            raise ValueError(f"item {self.id!r} has neither audio nor video")
        if self.start_s < 0 or (self.duration_s is not None and self.duration_s <= 0):
            raise ValueError(f"item {self.id!r}: start_s {self.start_s}, duration_s {self.duration_s}")


@dataclass(frozen=True, kw_only=True)
class Split:
    """One evaluation: train on some items, choose by others (there may be none), test on the rest. Item numbers."""

    name: str
    train: tuple[int, ...]
    valid: tuple[int, ...]
    test: tuple[int, ...]

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            if not getattr(self, part):
                raise DubaugError(f"split {self.name!r} has no {part} items")
        everything = [*self.train, *self.valid, *self.test]
        if len(set(everything)) != len(everything):
            raise DubaugError(f"split {self.name!r} has an item in two of train, valid and test, or twice in one")


def _name_in_heareval(axis: str) -> str:
    """Return what heareval calls an axis of its grid."""
    others = {"hidden": "hidden_dim", "learning_rate": "lr", "validate_every": "check_val_every_n_epoch"}
    return others.get(axis, axis)


@dataclass(frozen=True, kw_only=True)
class OwnGrid:
    """Values that a HEAR task's metadata put in place of the search's own, by name; None leaves an axis as it is.

    These are the keys of heareval's grid whose values JSON can hold; the rest are Python functions and classes. A whole
    number stays one, also where fractions may stand: random draws are named after it.
    """

    __pydantic_config__ = ConfigDict(allow_inf_nan=False, alias_generator=_name_in_heareval)

    batch_size: Axis[Annotated[int, Field(strict=True, ge=2)]] = None
    validate_every: Axis[PositiveInt] = None
    dropout: Axis[Annotated[StrictInt | StrictFloat, Field(ge=0, lt=1)]] = None
    hidden: Axis[PositiveInt] = None
    hidden_layers: Axis[Count] = None
    learning_rate: Axis[Annotated[StrictInt | StrictFloat, Field(gt=0)]] = None
    max_epochs: Axis[PositiveInt] = None
    patience: Axis[PositiveInt] = None

    @model_validator(mode="before")
    @classmethod
    def _has_known_keys(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            require_known(value, [_name_in_heareval(field.name) for field in fields(cls)])
        return value


@dataclass(frozen=True, kw_only=True)
class HearTask:
    """What heareval takes from a task's folder beside items, labels, splits and metrics."""

    order: tuple[int, ...]
    """All items, in the order in which those of them that train are gone through."""
    grid: OwnGrid = OwnGrid()
    criterion: Criterion = "score"


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """A downstream data set. The first of `metrics` is the primary one; scores are averaged over `splits`.

    Either all items are parts of wholes or none is; those of one whole stand together in a split, with one label.
    `top1_acc` of a multihead data set counts an item only if every head is right (Fluent Speech Commands).
    """

    items: tuple[Item, ...]
    splits: tuple[Split, ...]
    kind: Kind
    classes: tuple[tuple[str, ...], ...]
    """Names of the classes, one tuple a head; one head unless the kind is multihead. Of a regression what is measured,
    as the one class."""
    targets: np.ndarray
    """multiclass: int64 (n,); multilabel: bool (n, classes); multihead: int64 (n, heads); regression: float64 (n,)."""
    metrics: tuple[str, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    """Ids that the lists name and that are not on disk, where the data set is known for it, and the part (train or
    test) that they would stand in. Whether they may be missing, `dubaug.downstream.checks` says."""
    may_lack_items: bool = False
    """Known for it: VGGSound, whose videos are downloaded one by one while they last."""
    note: str = ""
    """What people should know of this copy of the data set."""
    hear: HearTask | None = None
    """For the folders of HEAR's tasks."""
    grouped_by: str | None = None
    """What the items of a group have in common (a speaker, a film), for people; None where nothing is known of it.
    Items of a group are drawn together where the error of a score is estimated."""

    def __post_init__(self) -> None:
        counts = Counter(item.id for item in self.items)
        if len(counts) != len(self.items):
            raise DubaugError(f"two items are called {counts.most_common(1)[0][0]!r}")
        if not self.splits or not self.metrics:
            raise DubaugError("a data set needs at least one split and one metric")
        numbers = [number for split in self.splits for number in (*split.train, *split.valid, *split.test)]
        if min(numbers) < 0 or max(numbers) >= len(self.items):
            raise ValueError(f"splits name items {min(numbers)} to {max(numbers)} of {len(self.items)}")
        if self.hear and sorted(self.hear.order) != list(range(len(self.items))):
            raise ValueError(f"the training order must have each of {len(self.items)} items once")
        if any(item.group for item in self.items) != bool(self.grouped_by):
            raise ValueError(f"items have groups if and only if grouped_by says by what; it says {self.grouped_by!r}")
        self._check_targets()
        self._check_wholes()

    def _check_targets(self) -> None:
        n, heads = len(self.items), len(self.classes)
        if heads != 1 and self.kind != "multihead":
            raise ValueError(f"{self.kind} has one head; got {heads}")
        shapes = {"multilabel": (n, len(self.classes[0])), "multihead": (n, heads)}
        expected = shapes.get(self.kind, (n,))
        dtype = np.dtype({"multilabel": bool, "regression": np.float64}.get(self.kind, np.int64))
        if self.targets.shape != expected or self.targets.dtype != dtype:
            raise ValueError(
                f"{self.kind} targets must be {dtype} {expected}; got {self.targets.dtype} {self.targets.shape}"
            )
        if self.kind == "regression":
            if len(self.classes[0]) != 1 or not np.isfinite(self.targets).all():
                raise ValueError(f"a regression has one output and finite targets; got {self.classes}")
        elif self.kind != "multilabel":
            sizes = np.array([len(names) for names in self.classes])
            numbers = self.targets.reshape(n, heads)
            if (numbers < 0).any() or (numbers >= sizes).any():
                raise ValueError(f"targets {numbers.min()} to {numbers.max()} for {sizes.tolist()} classes")

    def _check_wholes(self) -> None:
        numbers = self.whole_numbers
        if numbers is None:
            return
        _, first, place = np.unique(numbers, return_index=True, return_inverse=True)
        differing = np.flatnonzero((self.targets != self.targets[first[place]]).reshape(len(numbers), -1).any(axis=1))
        if len(differing):
            item = self.items[differing[0]]
            raise DubaugError(f"item {item.id!r} has another label than the first item of its whole {item.part_of!r}")
        for split in self.splits:
            parts = [set(numbers[list(getattr(split, part))].tolist()) for part in ("train", "valid", "test")]
            for one, other in combinations(parts, 2):
                for number in sorted(one & other)[:1]:
                    whole = self.items[first[number]].part_of
                    raise DubaugError(f"split {split.name!r} has items of {whole!r} in two of train, valid and test")

    @property
    def whole_numbers(self) -> np.ndarray | None:
        """int64 (items,): the wholes by number, in the order of their first items; None without wholes."""
        names = [item.part_of for item in self.items]
        if not any(name is not None for name in names):
            return None
        numbers: dict[str, int] = {}
        for item in self.items:
            if item.part_of is None:
                raise DubaugError(f"item {item.id!r} is part of no whole, and others are")
            numbers.setdefault(item.part_of, len(numbers))
        return np.array([numbers[str(name)] for name in names], dtype=np.int64)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.items)

    def where(self, number: int) -> str:
        """Return which split an item stands in, in words: the one that it tests, if there is one."""
        for part in ("test", "valid", "train"):
            for split in self.splits:
                if number in getattr(split, part):
                    return f"split {split.name} ({part})"
        return "no split"
