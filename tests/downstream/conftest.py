"""Tiny data sets in published layouts, written here and not by the demo's generator."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from downstream_files import touch, write_sound

HearFolder = Callable[..., Path]


@pytest.fixture
def hear_folder(tmp_path: Path) -> HearFolder:
    """Return a function that writes a HEAR task folder: splits are `{split: {file: [label, ...]}}`."""

    def write(
        splits: Mapping[str, Mapping[str, list[Any]]],
        *,
        vocabulary: str = "idx,label\n0,a\n1,b\n",
        seconds: float | None = None,
        name: str = "task-v1-full",
        **metadata: Any,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        values = {
            "task_name": "task",
            "version": "v1",
            "embedding_type": "scene",
            "prediction_type": "multiclass",
            "split_mode": "presplit_kfold",
            "nfolds": len(splits),
            "sample_duration": 5.0,
            "evaluation": ["top1_acc", "mAP"],
            "splits": list(splits),
            "mode": "full",
            **metadata,
        }
        (folder / "task_metadata.json").write_text(json.dumps(values))
        (folder / "labelvocabulary.csv").write_text(vocabulary)
        for split, files in splits.items():
            (folder / f"{split}.json").write_text(json.dumps(files))
            for number, file in enumerate(files):
                path = folder / "48000" / split / file
                if seconds is None:
                    touch(path)
                else:
                    write_sound(path, seconds, seed=number)
        return folder

    return write


@pytest.fixture
def five_folds(hear_folder: HearFolder) -> Path:
    return hear_folder({f"fold{fold:02d}": {f"{fold}a.wav": ["a"], f"{fold}b.wav": ["b"]} for fold in range(5)})
