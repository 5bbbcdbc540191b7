"""A data set and its features' bookkeeping as one JSON file beside the shard: probing needs nothing else."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dubaug.downstream.model import Dataset, HearTask, Item, OwnGrid, Split
from dubaug.errors import DubaugError
from dubaug.files import read_json, write_text

FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class ShardRecord:
    """A finished shard of features."""

    sha256: str
    windows: tuple[int, ...]
    """How many windows each item has, in the items' order."""
    notes: tuple[str, ...] = ()
    """What the recordings turned out to be, for people."""


def save(path: Path, dataset: Dataset, shard: ShardRecord) -> None:
    """Write both to `path`, atomically."""
    value = {"format": FORMAT, "shard": asdict(shard), "dataset": _to_mapping(dataset)}
    write_text(path, json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")


def load_shard_record(path: Path) -> ShardRecord | None:
    """Return the shard's record in `path`, or None if there is none that can be used."""
    try:
        value = read_json(path)
        return _shard_record(value["shard"]) if value["format"] in (1, FORMAT) else None  # 1 differs in the items
    except (OSError, KeyError, TypeError, ValueError):
        return None


def load(path: Path) -> tuple[Dataset, ShardRecord]:
    """Return what `save` wrote. Raises `DubaugError`."""
    try:
        value = read_json(path)
        if value["format"] != FORMAT:
            raise DubaugError(f"{path} is of format {value['format']}, not {FORMAT}: run `dubaug features` again")
        return _from_mapping(value["dataset"]), _shard_record(value["shard"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DubaugError(f"{path} holds no features ({error!r}): run `dubaug features` again") from error


def _shard_record(value: Mapping[str, Any]) -> ShardRecord:
    return ShardRecord(sha256=value["sha256"], windows=tuple(value["windows"]), notes=tuple(value.get("notes", ())))


def _to_mapping(dataset: Dataset) -> dict[str, Any]:
    if dataset.kind == "multilabel":
        targets: list[Any] = [np.flatnonzero(row).tolist() for row in dataset.targets]
    else:
        targets = dataset.targets.tolist()
    return {
        "kind": dataset.kind,
        "classes": dataset.classes,
        "metrics": dataset.metrics,
        "splits": [asdict(split) for split in dataset.splits],
        "items": [
            [
                item.id,
                item.audio and str(item.audio),
                item.video and str(item.video),
                item.start_s,
                item.duration_s,
                item.group,
            ]
            for item in dataset.items
        ],
        "grouped_by": dataset.grouped_by,
        "targets": targets,
        "missing": dict(dataset.missing),
        "hear": asdict(dataset.hear) if dataset.hear else None,
        **({} if dataset.whole_numbers is None else {"part_of": [item.part_of for item in dataset.items]}),
    }


def _from_mapping(value: Mapping[str, Any]) -> Dataset:
    classes = tuple(tuple(names) for names in value["classes"])
    wholes = value.get("part_of") or [None] * len(value["items"])
    return Dataset(
        items=tuple(
            Item(
                id=name,
                audio=audio and Path(audio),
                video=video and Path(video),
                start_s=start_s,
                duration_s=duration_s,
                group=group,
                part_of=whole,
            )
            for (name, audio, video, start_s, duration_s, group), whole in zip(value["items"], wholes, strict=True)
        ),
        splits=tuple(
            Split(name=split["name"], **{part: tuple(split[part]) for part in ("train", "valid", "test")})
            for split in value["splits"]
        ),
        kind=value["kind"],
        classes=classes,
        targets=_targets(value["kind"], value["targets"], len(classes[0])),
        metrics=tuple(value["metrics"]),
        missing=dict(value["missing"]),
        hear=_hear_task(value["hear"]) if value["hear"] else None,
        grouped_by=value["grouped_by"],
    )


def _hear_task(value: Mapping[str, Any]) -> HearTask:
    grid = {name: None if values is None else tuple(values) for name, values in value["grid"].items()}
    return HearTask(order=tuple(value["order"]), grid=OwnGrid(**grid), criterion=value["criterion"])


def _targets(kind: str, values: Sequence[Any], n_classes: int) -> np.ndarray:
    if kind != "multilabel":
        return np.array(values, dtype=np.float64 if kind == "regression" else np.int64)
    targets = np.zeros((len(values), n_classes), dtype=bool)
    for row, numbers in zip(targets, values, strict=True):
        row[numbers] = True
    return targets
