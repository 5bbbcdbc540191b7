"""What every task's data must have before anything is computed from them."""

from collections.abc import Sequence

import numpy as np

from dubaug.downstream.model import Dataset
from dubaug.errors import DubaugError

NAMED = 5
"""Classes that a message names."""


def check_splits(dataset: Dataset, *, needs_valid: bool, absent_classes: bool) -> None:
    """Raise `DubaugError`, naming the split, for one that cannot be trained or scored as its protocol asks.

    Training and test parts must have every class of the vocabulary, unless `absent_classes`; where `needs_valid`, the
    probe is chosen by validation items. That all parts but this one have items, `Split` has seen to.
    """
    for split in dataset.splits:
        if needs_valid and not split.valid:
            raise DubaugError(f"split {split.name!r} has no valid items; this suite's protocol chooses probes by them")
        for part in () if absent_classes else ("train", "test"):
            absent = _absent(dataset, getattr(split, part))
            if absent:
                more = f" and {len(absent) - NAMED} more classes" if len(absent) > NAMED else ""
                raise DubaugError(
                    f"split {split.name!r} has no {part} item of {', '.join(map(repr, absent[:NAMED]))}{more}: is the "
                    "data set whole? If it is published so, set tasks.<name>.absent_classes: true"
                )


def _absent(dataset: Dataset, numbers: Sequence[int]) -> list[str]:
    """Return the classes that none of these items has, of all heads."""
    targets = dataset.targets[list(numbers)]
    if dataset.kind == "multilabel":
        seen = [set(np.flatnonzero(targets.any(axis=0)).tolist())]
    else:
        seen = [set(head.tolist()) for head in targets.reshape(len(numbers), -1).T]
    return [
        name
        for names, present in zip(dataset.classes, seen, strict=True)
        for place, name in enumerate(names)
        if place not in present
    ]
