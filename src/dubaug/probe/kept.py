"""Finished tasks in a probe's work directory, each with all that it was made from, its predictions beside it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dubaug.downstream.model import Dataset
from dubaug.files import read_json, sha256_of, write_json
from dubaug.layout import epoch_name
from dubaug.probe.predictions import Predictions, save
from dubaug.progress import log_line


@dataclass(frozen=True)
class KeptTasks:
    """One network's, by task and epoch."""

    work_dir: Path

    def predictions(self, task: str, epoch: int) -> Path:
        """Return where the predictions of a finished task lie."""
        return self._entry(task, epoch).with_suffix(".arrow")

    def read(self, task: str, epoch: int, key: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the entry if it was made from what `key` says and its predictions are there, else none."""
        path = self._entry(task, epoch)
        if not path.is_file():
            return None
        try:
            kept = read_json(path)
            entry: dict[str, Any] = kept["entry"]
            if kept["key"] != key:
                return None
            if sha256_of(path.with_suffix(".arrow")) != entry["predictions"]["sha256"]:
                log_line(f"the predictions beside {path} have changed: probing again")
                return None
            return entry
        except (OSError, ValueError, KeyError, TypeError):
            log_line(f"{path} cannot be read, or its predictions are not there: probing again")
            return None

    def write(
        self, task: str, epoch: int, key: Mapping[str, str], entry: Mapping[str, Any], answers: Predictions
    ) -> dict[str, Any]:
        """Keep an entry and its predictions; return it with where those lie beside a result."""
        digest = save(self.predictions(task, epoch), answers)
        whole = {**entry, "predictions": {"path": f"predictions/{task}.arrow", "sha256": digest}}
        write_json(self._entry(task, epoch), {"key": dict(key), "entry": whole})
        return whole

    def _entry(self, task: str, epoch: int) -> Path:
        return self.work_dir / epoch_name(epoch) / f"{task}.json"


def labels_sha256(dataset: Dataset) -> str:
    """Return the hash of a data set's items, groups, classes, labels, splits and metrics: all but the recordings."""
    described = {
        "items": [[item.id, item.group] for item in dataset.items],
        "splits": [asdict(split) for split in dataset.splits],
        "kind": dataset.kind,
        "classes": dataset.classes,
        "metrics": dataset.metrics,
        "hear": asdict(dataset.hear) if dataset.hear else None,
        **({} if dataset.whole_numbers is None else {"part_of": [item.part_of for item in dataset.items]}),
    }
    text = json.dumps(described, separators=(",", ":")).encode()
    return hashlib.sha256(text + np.ascontiguousarray(dataset.targets).tobytes()).hexdigest()
