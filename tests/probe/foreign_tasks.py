"""Tasks that nobody has named, in HEAR's own layout, as hearpreprocess would have written them."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE_HZ = 48000


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """What a made-up task is like: its lists' sizes, its labels, and what its metadata say."""

    sizes: Mapping[str, int]
    """Files of each list, in the metadata's order."""
    labels: tuple[int | str, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "multiclass"

    def files(self) -> dict[str, dict[str, list[int | str]]]:
        """Return the lists: labels in turn, or, where there may be several, each with some chance."""
        rng, lists = np.random.default_rng(5), {}
        for name, count in self.sizes.items():
            lists[name] = {}
            for number in rng.permutation(count).tolist():
                found = [self.labels[number % len(self.labels)]]
                if self.kind == "multilabel":
                    found = [label for label in self.labels if rng.random() < 0.4]
                lists[name][f"{name}_{number:03d}.wav"] = found
        return lists

    def write(self, folder: Path, *, seconds: float | None = None) -> Path:
        """Write the task's folder; without `seconds`, its sound files are empty."""
        folder.mkdir(parents=True)
        lists = self.files()
        values = {
            "task_name": folder.name.split("-")[0],
            "version": "v3",
            "embedding_type": "scene",
            "prediction_type": self.kind,
            "split_mode": "trainvaltest" if "train" in lists else "new_split_kfold",
            "sample_duration": seconds,
            "splits": list(lists),
            "nfolds": None if "train" in lists else len(lists),
            "mode": "full",
            **self.metadata,
        }
        (folder / "task_metadata.json").write_text(json.dumps(values))
        with (folder / "labelvocabulary.csv").open("w", newline="") as lines:
            csv.writer(lines, lineterminator="\n").writerows([("idx", "label"), *enumerate(self.labels)])
        for name, files in lists.items():
            (folder / f"{name}.json").write_text(json.dumps(files))
            sounds = folder / str(RATE_HZ) / name
            sounds.mkdir(parents=True)
            for file, found in files.items():
                if seconds is None:
                    (sounds / file).touch()
                else:
                    self._write_sound(sounds / file, found, seconds)
        return folder

    def _write_sound(self, path: Path, found: list[int | str], seconds: float) -> None:
        """Write a tone for each label, in noise."""
        rng = np.random.default_rng(sum(path.name.encode()))
        times_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        samples = 0.05 * rng.standard_normal(len(times_s))
        for label in found:
            samples += 0.05 * np.sin(2 * np.pi * 400 * (1 + self.labels.index(label)) * times_s)
        soundfile.write(path, samples, RATE_HZ, subtype="PCM_16")

    def embeddings(self, dimensions: int = 6, spread: float = 1.5) -> dict[str, np.ndarray]:
        """Return an embedding for each file, around the sum of its labels' centres."""
        rng = np.random.default_rng(9)
        centres = dict(zip(self.labels, rng.normal(size=(len(self.labels), dimensions)), strict=True))
        return {
            file: sum((centres[label] for label in found), np.zeros(dimensions)) + spread * rng.normal(size=dimensions)
            for files in self.files().values()
            for file, found in files.items()
        }


ALL_SCORES = ["top1_acc", "mAP", "d_prime", "aucroc"]
FOLDS = {"fold02": 13, "fold00": 11, "fold03": 10, "fold01": 19}

FOREIGN = {
    "folds_and_numbers": Foreign(sizes=FOLDS, labels=(3, 10, 40, 5), metadata={"evaluation": ALL_SCORES}),
    "parts_and_many_labels": Foreign(
        sizes={"test": 21, "train": 37, "valid": 18},
        labels=("hum", "Rattle, loud", "click"),
        kind="multilabel",
        metadata={"evaluation": ["aucroc", "mAP", "d_prime", "top1_acc"]},
    ),
    "by_d_prime": Foreign(
        sizes={"fold00": 24, "fold01": 20, "fold02": 26},
        labels=("a", "b"),
        kind="multilabel",
        metadata={"evaluation": ["d_prime", "mAP"], "split_mode": "presplit_kfold"},
    ),
    "pitches": Foreign(
        sizes={"train": 46, "valid": 17, "test": 15},
        labels=tuple(range(21, 36)),
        metadata={"evaluation": ["pitch_acc", "chroma_acc"]},
    ),
    "by_chroma": Foreign(
        sizes={"train": 46, "valid": 17, "test": 15},
        labels=tuple(range(21, 36)),
        metadata={"evaluation": ["chroma_acc", "pitch_acc"]},
    ),
    "own_grid": Foreign(
        sizes=FOLDS,
        labels=("x", "y", "z"),
        metadata={
            "evaluation": ["mAP", "top1_acc"],
            "evaluation_params": {
                "task_specific_param_grid": {
                    "hidden_layers": [0, 1], "hidden_dim": [4, 6], "batch_size": [7], "lr": [1e-2, 3e-2],
                    "max_epochs": [20], "patience": [2], "check_val_every_n_epoch": [2], "dropout": [0],
                }
            },
        },
    ),
    "by_loss": Foreign(
        sizes={"train": 30, "valid": 15, "test": 14},
        labels=("x", "y", "z"),
        metadata={"evaluation": ["top1_acc"], "use_scoring_for_early_stopping": False},
    ),
    "by_loss_of_many_labels": Foreign(
        sizes={"train": 30, "valid": 15, "test": 14},
        labels=("x", "y", "z"),
        kind="multilabel",
        metadata={"evaluation": ["mAP"], "use_scoring_for_early_stopping": False},
    ),
}  # fmt: skip
