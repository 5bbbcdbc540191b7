"""MLflow brought up to date from the records. What is there already is left alone, so it can be run at any time."""

import hashlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dubaug.companion.address import sqlite_file
from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json
from dubaug.tracking.records import Record
from dubaug.tracking.store import CONTENT_TAG, Store, StoreError, alone
from dubaug.tracking.view import TAG, view_of

if TYPE_CHECKING:
    from mlflow.entities import Run


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """How many runs were written, and how many stood there already."""

    written: int
    unchanged: int
    experiment_id: str = field(default="", compare=False)
    """Of all runs, in the store."""


def sync(records: Iterable[Record], *, uri: str, experiment: str, state_dir: Path) -> SyncReport:
    """Bring the MLflow store at `uri` up to date. A run that holds what its record says is not touched.

    `state_dir` remembers what was written to a SQLite file, so that a second call returns at once, without MLflow's
    import, while nobody else has written to it. Raises `DubaugError` when the store cannot be reached, or does not take
    some record (the others are written): nothing is lost, the next call writes it.
    """
    wanted = list(records)
    memory = state_dir / f"{hashlib.sha256(f'{uri} {experiment}'.encode()).hexdigest()[:12]}.json"
    with syncing_alone(state_dir):
        contents, view = {record.key: record.content for record in wanted}, view_of(wanted)
        known = _remembered(memory, uri)
        if known.get("runs") == contents and known.get("view") == view:
            return SyncReport(written=0, unchanged=len(wanted), experiment_id=known["experiment_id"])
        store = Store(uri, experiment, state_dir=state_dir)
        present = store.runs()
        stale = [
            record
            for record in wanted
            if record.key not in present or present[record.key].data.tags.get(CONTENT_TAG) != contents[record.key]
        ]
        _write(store, stale, present)
        store.tag(TAG, view)
        here = store.experiment_id
        if state := _state(uri):
            write_json(memory, {"store": state, "runs": contents, "view": view, "experiment_id": here})
    return SyncReport(written=len(stale), unchanged=len(wanted) - len(stale), experiment_id=here)


def _write(store: Store, records: list[Record], present: "dict[str, Run]") -> None:
    """Write the records; one that is refused does not keep the others from being written."""
    refused: list[StoreError] = []
    for record in records:
        parent = present.get(record.parent) if record.parent else None
        try:
            if record.key not in present:
                present[record.key] = store.run(record, parent.info.run_id if parent else None)
            store.write(present[record.key], record)
        except StoreError as error:
            if not error.refused:
                raise
            refused.append(error)
    if refused:
        raise DubaugError(f"{len(refused)} of {len(records)} runs were refused; the first: {refused[0]}")


def _remembered(memory: Path, uri: str) -> dict[str, Any]:
    """Return what was written to this store; nothing if it has been removed, replaced or written to since."""
    content: dict[str, Any] = read_json(memory) if memory.is_file() else {}
    return content if content.get("store") == _state(uri) else {}


def _state(uri: str) -> list[int] | None:
    """Return what tells that a SQLite file is as it was; None for other stores, which only they can tell."""
    path = sqlite_file(uri)
    if path is None or not path.is_file():
        return None
    stat = path.stat()
    return [stat.st_ino, stat.st_mtime_ns, stat.st_size]


def syncing_alone(state_dir: Path) -> AbstractContextManager[None]:
    """Let one process at a time bring a store up to date: the second finds that nothing is left to do."""
    state_dir.mkdir(parents=True, exist_ok=True)
    return alone(state_dir / "sync.lock")
