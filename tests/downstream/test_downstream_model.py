"""What a data set may be: classes or values, items by themselves or parts of what is scored."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dubaug.downstream import store
from dubaug.downstream.checks import check_splits
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.downstream.survey import count_splits
from dubaug.errors import DubaugError

PARTS = ["v1", "v1", "v2", "v3", "v3", "v4"]


def spans(parts: list[str | None], targets: list[float]) -> Dataset:
    """Return six spans of videos with real values: train, validate and test on two each."""
    items = tuple(
        Item(id=f"{n}", audio=Path("a.wav"), video=None, start_s=60.0 * n, duration_s=60.0, part_of=part)
        for n, part in enumerate(parts)
    )
    split = Split(name="test", train=(0, 1), valid=(2,), test=(3, 4, 5))
    return Dataset(
        items=items, splits=(split,), kind="regression", classes=(("likes",),), targets=np.array(targets),
        metrics=("mse",),
    )  # fmt: skip


def test_spans_and_values_survive_the_disk(tmp_path: Path) -> None:
    data = spans([*PARTS], [0.5, 0.5, -1.25, 3, 3, 1e-9])
    assert data.whole_numbers is not None
    assert data.whole_numbers.tolist() == [0, 0, 1, 2, 2, 3]
    store.save(tmp_path / "record.json", data, store.ShardRecord(sha256="0" * 64, windows=(20,) * 6))
    read, _ = store.load(tmp_path / "record.json")
    assert (read.items, read.kind, read.classes) == (data.items, "regression", (("likes",),))
    np.testing.assert_array_equal(read.targets, data.targets, strict=True)
    alone = spans([None] * 6, [0.0, 1, 2, 3, 4, 5])
    assert alone.whole_numbers is None
    assert count_splits(alone) == {"train": 2, "valid": 1, "test": 3}
    check_splits(alone, needs_valid=True, absent_classes=False)


@pytest.mark.parametrize(
    ("parts", "targets", "words"),
    [
        (["v1", "v1", "v1", "v3", "v3", "v4"], [1.0] * 6, "split 'test' has items of 'v1' in two of train, valid and"),
        ([*PARTS], [1.0, 2, 3, 4, 4, 5], "item '1' has another label than the first item of its whole 'v1'"),
        (["v1", "v1", None, "v3", "v3", "v4"], [1.0] * 6, "item '2' is part of no whole, and others are"),
    ],
)
def test_wholes_that_cannot_be_scored_are_told(parts: list[str | None], targets: list[float], words: str) -> None:
    with pytest.raises(DubaugError, match=words):
        spans(parts, targets)


def test_values_are_finite_and_one_output() -> None:
    data = spans([*PARTS], [1.0] * 6)
    with pytest.raises(ValueError, match="one output and finite targets"):
        replace(data, targets=np.array([1.0, 1, 1, np.nan, np.nan, 1]))
    with pytest.raises(ValueError, match="one output and finite targets"):
        replace(data, classes=(("likes", "views"),))
    with pytest.raises(ValueError, match="regression targets must be float64"):
        replace(data, targets=np.ones(6, dtype=np.int64))
