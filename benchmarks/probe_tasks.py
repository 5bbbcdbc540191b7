"""Made-up embeddings with the sizes of HEAR's tasks: classes are directions, items scatter round them."""

from dataclasses import dataclass

import numpy as np

from dubaug.downstream.model import HearTask, Kind, Split
from dubaug.probe.problem import Problem

DIMENSIONS = 1024
"""Of the paper's encoders."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What a task is made up from. `scatter` is in units of the directions' own length: more is harder."""

    items: int
    classes: int
    folds: int
    """1: one split with a tenth of the items for validation and a tenth for the test."""
    kind: Kind
    scatter: float


TASKS = {
    "esc50": Sizes(items=2000, classes=50, folds=5, kind="multiclass", scatter=5.0),
    "gtzan_easy": Sizes(items=128, classes=2, folds=10, kind="multiclass", scatter=4.0),
    "gtzan": Sizes(items=128, classes=2, folds=10, kind="multiclass", scatter=5.0),
    "gtzan_hard": Sizes(items=128, classes=2, folds=10, kind="multiclass", scatter=16.0),
    "fsd50k": Sizes(items=51185, classes=200, folds=1, kind="multilabel", scatter=5.0),
    "speech_commands_full": Sizes(items=100503, classes=12, folds=1, kind="multiclass", scatter=5.0),
}


def make_problem(name: str) -> Problem:
    """Return a task's embeddings, float32 (items, 1024), truth and splits; the same each time."""
    sizes, rng = TASKS[name], np.random.default_rng(0)
    directions = rng.standard_normal((sizes.classes, DIMENSIONS), dtype=np.float32)
    if sizes.kind == "multilabel":
        truth = rng.random((sizes.items, sizes.classes), dtype=np.float32) < 1.5 / sizes.classes
        truth[np.arange(sizes.items), np.arange(sizes.items) % sizes.classes] = True
    else:
        truth = np.arange(sizes.items)[:, None] % sizes.classes == np.arange(sizes.classes)
    truth = truth.astype(np.float32)
    embeddings = truth @ directions
    for start in range(0, sizes.items, 4096):
        part = embeddings[start : start + 4096]
        part += sizes.scatter * rng.standard_normal(part.shape, dtype=np.float32)
        np.maximum(part, 0, out=part)
    return Problem(
        task=name,
        embeddings=embeddings,
        truth=truth,
        kind=sizes.kind,
        heads=(sizes.classes,),
        splits=_splits(sizes, rng),
        metrics=("mAP",) if sizes.kind == "multilabel" else ("top1_acc",),
        hear=HearTask(order=tuple(rng.permutation(sizes.items).tolist())),
    )


def _splits(sizes: Sizes, rng: np.random.Generator) -> tuple[Split, ...]:
    parts = [part.tolist() for part in np.array_split(rng.permutation(sizes.items), max(sizes.folds, 10))]
    if sizes.folds == 1:
        parts = [parts[0], parts[1], [item for part in parts[2:] for item in part]]
        return (Split(name="test", train=tuple(parts[2]), valid=tuple(parts[1]), test=tuple(parts[0])),)
    if sizes.folds < len(parts):
        parts = [[item for part in parts[fold :: sizes.folds] for item in part] for fold in range(sizes.folds)]
    splits = []
    for test in range(sizes.folds):
        valid = (test + 1) % sizes.folds
        train = [item for fold, part in enumerate(parts) if fold not in (test, valid) for item in part]
        splits.append(
            Split(name=f"fold{test:02d}", train=tuple(train), valid=tuple(parts[valid]), test=tuple(parts[test]))
        )
    return tuple(splits)
