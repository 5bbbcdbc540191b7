"""A HEAR task folder, as hearpreprocess 2021.1.1 writes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dubaug.demo.tasks.plan import FilePlan, Render, json_text, table
from dubaug.demo.tasks.waves import OUT_RATE_HZ

EVALUATION = ("top1_acc", "mAP", "d_prime", "aucroc")
"""The metrics that most HEAR scene tasks name, the primary one first."""


@dataclass(frozen=True, kw_only=True)
class TaskMetadata:
    """The metadata of a task: see `task_metadata.json` in any HEAR task folder."""

    task_name: str
    version: str
    mode: str
    split_mode: Literal["trainvaltest", "presplit_kfold", "new_split_kfold"]
    nfolds: int | None
    sample_duration: float | None
    prediction_type: Literal["multiclass", "multilabel"] = "multiclass"
    evaluation: tuple[str, ...] = EVALUATION

    @property
    def folder(self) -> str:
        """The task's folder, as HEAR names it."""
        return f"hear/tasks/{self.task_name}-{self.version}-{self.mode}"

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the split files."""
        if self.split_mode == "trainvaltest":
            return ("train", "valid", "test")
        assert self.nfolds is not None
        return tuple(f"fold{fold:02d}" for fold in range(self.nfolds))


@dataclass(frozen=True, kw_only=True)
class LabelledSound:
    """One sound: its file's name, the split it stands in, its labels (numbers stay numbers in the JSON)."""

    name: str
    split: str
    labels: tuple[str | int, ...]
    render: Render


def hear_plan(task: TaskMetadata, clips: Sequence[LabelledSound], labels: Sequence[str | int]) -> FilePlan:
    """Return the folder of `task`: metadata, vocabulary in the order of `labels`, split files, 48 kHz sounds."""
    metadata = {
        "task_name": task.task_name,
        "version": task.version,
        "embedding_type": "scene",
        "prediction_type": task.prediction_type,
        "split_mode": task.split_mode,
        **({} if task.nfolds is None else {"nfolds": task.nfolds}),
        "sample_duration": task.sample_duration,
        "evaluation": list(task.evaluation),
        "mode": task.mode,
        "splits": list(task.splits),
    }
    texts: dict[str, str] = {
        "task_metadata.json": json_text(metadata),
        "labelvocabulary.csv": table([("idx", "label"), *enumerate(labels)]),
    }
    for split in task.splits:
        listed: Mapping[str, list[str | int]] = {clip.name: list(clip.labels) for clip in clips if clip.split == split}
        texts[f"{split}.json"] = json_text(listed)
    media = {f"{OUT_RATE_HZ}/{clip.split}/{clip.name}": clip.render for clip in clips}
    return FilePlan(texts=texts, media=media)
