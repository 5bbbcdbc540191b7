from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dubaug.config import Task
from dubaug.downstream.checks import check_missing, check_splits
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.errors import DubaugError


def dataset(kind: str, targets: np.ndarray, classes: tuple[tuple[str, ...], ...]) -> Dataset:
    """Return a data set of six items: two each to train, validate and test."""
    items = tuple(Item(id=f"{number}.wav", audio=Path(f"{number}.wav"), video=None) for number in range(6))
    split = Split(name="fold1", train=(0, 1), valid=(2, 3), test=(4, 5))
    return Dataset(items=items, splits=(split,), kind=kind, classes=classes, targets=targets, metrics=("top1_acc",))  # type: ignore[arg-type]


def check(data: Dataset, *, needs_valid: bool = True, absent_classes: bool = False) -> None:
    check_splits(data, needs_valid=needs_valid, absent_classes=absent_classes)


SINGLE = (("a", "b"),)


def test_whole_splits_pass() -> None:
    check(dataset("multiclass", np.array([0, 1, 0, 0, 1, 0]), SINGLE))
    check(dataset("multilabel", np.eye(2, dtype=bool)[[0, 1, 0, 0, 1, 0]], SINGLE))


@pytest.mark.parametrize(
    ("targets", "words"),
    [([0, 0, 1, 1, 0, 1], "'fold1' has no train item of 'b'"), ([0, 1, 1, 1, 1, 1], "'fold1' has no test item of 'a'")],
)
@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_a_part_without_a_class_is_named_unless_allowed(kind: str, targets: list[int], words: str) -> None:
    values = np.array(targets) if kind == "multiclass" else np.eye(2, dtype=bool)[targets]
    data = dataset(kind, values, SINGLE)
    with pytest.raises(DubaugError, match=words):
        check(data)
    check(data, absent_classes=True)


def test_each_head_must_have_its_classes() -> None:
    heads = (("go", "stop"), ("lamp", "music"))
    whole = np.array([[0, 1], [1, 0]] * 3)
    check(dataset("multihead", whole, heads))
    whole[4, 1] = 0
    with pytest.raises(DubaugError, match="'fold1' has no test item of 'music'"):
        check(dataset("multihead", whole, heads))


def test_many_classes_are_counted() -> None:
    names = (tuple(f"c{number}" for number in range(9)),)
    with pytest.raises(DubaugError, match=r"'c2', .*'c6' and 2 more classes.*absent_classes: true"):
        check(dataset("multiclass", np.array([0, 1, 0, 0, 1, 0]), names))


def test_validation_items_are_asked_for_where_probes_are_chosen_by_them() -> None:
    data = dataset("multiclass", np.array([0, 1, 0, 0, 1, 0]), SINGLE)
    data = replace(data, splits=(Split(name="fold1", train=(0, 1), valid=(), test=(4, 5)),))
    check(data, needs_valid=False)
    with pytest.raises(DubaugError, match="'fold1' has no valid items"):
        check(data)


@pytest.mark.parametrize(
    ("absent", "listed", "words"),
    [
        ("", None, None),
        ("a b", None, r"split 'fold1' \(train, test\): 2 listed items are not on disk: a, b\..*--absent vggsound"),
        ("a b", "a", r"split 'fold1' \(test\): 1 listed items are not on disk: b\."),
        ("a b", "b a", None),
        ("a b", "a b 0.wav", r"absent\.txt \(tasks\.vggsound\.absent_files\) lists 0\.wav, which the data set has"),
        ("abcdefg", None, r"7 listed items are not on disk: .* and 2 more\."),
    ],
)
def test_items_that_are_not_on_disk_are_exactly_those_accepted(
    tmp_path: Path, absent: str, listed: str | None, words: str | None
) -> None:
    missing = {item: "test" if item == "b" else "train" for item in (absent.split() if " " in absent else absent)}
    data = replace(dataset("multiclass", np.array([0, 1, 0, 0, 1, 0]), SINGLE), missing=missing)
    if listed is not None:
        (tmp_path / "absent.txt").write_text("".join(f"{item}\n" for item in listed.split()))
    task = Task(
        suite="visual", path="x", layout="vggsound", modality="AV", separated=False, absent_classes=False,
        absent_files=None if listed is None else str(tmp_path / "absent.txt"), label="VGGSound",
    )  # fmt: skip
    if words is None:
        check_missing(data, "vggsound", task)
    else:
        with pytest.raises(DubaugError, match=words):
            check_missing(data, "vggsound", task)
    if listed is not None:
        (tmp_path / "absent.txt").unlink()
        with pytest.raises(
            DubaugError, match=r"tasks\.vggsound\.absent_files: there is no .*absent\.txt: `dubaug data"
        ):
            check_missing(data, "vggsound", task)
