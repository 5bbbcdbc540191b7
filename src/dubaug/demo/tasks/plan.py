"""What a miniature's folder will hold, said before anything is written; and how items are dealt to folds."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from dubaug.config import Demo

T = TypeVar("T")

Render = Callable[[Path, np.random.Generator], None]
"""Writes one media file. A module-level function or a `functools.partial` of one, so that it can go to a process."""


@dataclass(frozen=True, kw_only=True)
class FilePlan:
    """The files of one data set, by path relative to its folder."""

    texts: Mapping[str, str]
    """Contents of the lists and tables, line ends included."""
    media: Mapping[str, Render]
    """How each sound or video is made; it gets a generator seeded by the demo's seed, the data set and the path."""


@dataclass(frozen=True, kw_only=True)
class Miniature:
    """One downstream data set: where it lies under the demo's folder, which suite needs it, what it holds."""

    folder: str
    suite: str
    plan: Callable[[Demo], FilePlan]
    source: str | None = None
    """Data sets of one source make files of the same name alike (Speech Commands' two sizes share files)."""


def folds(items_per_class: float, n_folds: int) -> list[int]:
    """Return the fold of each file of a class: about `items_per_class` in all, as many in each fold, at least 2.

    The probe is trained on `n_folds - 2` folds, down to one: a single file a class there would say little.
    """
    return list(range(n_folds)) * max(2, round(items_per_class / n_folds))


def shares(n_items: int) -> list[str]:
    """Return train, valid or test for each of `n_items` items: half, a fifth or so, and the rest (none is empty)."""
    test = max(1, round(0.3 * n_items))
    valid = max(1, round(0.2 * n_items))
    train = max(1, n_items - test - valid)
    return ["train"] * train + ["valid"] * valid + ["test"] * (n_items - train - valid)


def cycle(items: Sequence[T], n: int, rng: np.random.Generator) -> list[T]:
    """Return `n` of `items` in random order, each as often as any other (to within one)."""
    order: list[T] = []
    while len(order) < n:
        order.extend(items[index] for index in rng.permutation(len(items)))
    return order[:n]


def table(rows: Iterable[Sequence[Any]], *, delimiter: str = ",") -> str:
    """Return `rows` as CSV text, quoted where a value needs it."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def json_text(value: Any) -> str:
    """Return `value` as indented JSON."""
    return json.dumps(value, indent=1, ensure_ascii=False)
