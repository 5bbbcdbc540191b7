"""A HEAR task folder, as hearpreprocess 2021.1.1 writes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dubaug.config import Demo
from dubaug.demo.tasks.plan import FilePlan, Miniature, Render, json_text, table
from dubaug.demo.tasks.waves import OUT_RATE_HZ

TOP1_FIRST = ("top1_acc", "mAP", "d_prime", "aucroc")
MAP_FIRST = ("mAP", "d_prime", "aucroc", "top1_acc")
"""The metrics that most HEAR scene tasks name, the primary one first."""


@dataclass(frozen=True, kw_only=True)
class TaskMetadata:
    """The metadata of a task: see `task_metadata.json` in any HEAR task folder."""

    task_name: str
    version: str
    mode: str = "full"
    nfolds: int | None = None
    """None where the sounds are split into those for training, validation and testing."""
    presplit: bool = False
    """Whether the folds are those of the data set's authors, and not HEAR's."""
    sample_duration: float | None = None
    prediction_type: Literal["multiclass", "multilabel"] = "multiclass"
    evaluation: tuple[str, ...] = TOP1_FIRST

    @property
    def folder(self) -> str:
        """The task's folder, as HEAR names it."""
        return f"hear/tasks/{self.task_name}-{self.version}-{self.mode}"

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the split files."""
        if self.nfolds is None:
            return ("train", "valid", "test")
        return tuple(f"fold{fold:02d}" for fold in range(self.nfolds))

    def miniature(self, plan: Callable[[Demo], FilePlan], source: str | None = None) -> Miniature:
        """Return the data set that `plan` fills."""
        return Miniature(folder=self.folder, suite="hear", plan=plan, source=source)


@dataclass(frozen=True, kw_only=True)
class LabelledSound:
    """One sound: its file's name, the split it stands in, its labels (numbers stay numbers in the JSON)."""

    name: str
    split: str
    labels: tuple[str | int, ...]
    render: Render


def hear_plan(task: TaskMetadata, clips: Sequence[LabelledSound], labels: Sequence[str | int]) -> FilePlan:
    """Return the folder of `task`: metadata, vocabulary in the order of `labels`, split files, 48 kHz sounds."""
    kfold = "presplit_kfold" if task.presplit else "new_split_kfold"
    metadata = {
        "task_name": task.task_name,
        "version": task.version,
        "embedding_type": "scene",
        "prediction_type": task.prediction_type,
        "split_mode": "trainvaltest" if task.nfolds is None else kfold,
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
