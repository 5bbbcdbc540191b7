"""A run's work directory: one process at a time, one configuration, everything that a restart needs."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json, write_text
from dubaug.pretrain.experiment import differences
from dubaug.progress import say

IDENTITY = "experiment.json"


@dataclass(frozen=True)
class WorkDirectory:
    """Where a run's files are."""

    path: Path

    @property
    def state(self) -> Path:
        """The state to continue from (see `state`)."""
        return self.path / "state.safetensors"

    @property
    def metrics(self) -> Path:
        """One JSON object a step."""
        return self.path / "metrics.jsonl"

    def checkpoint(self, epoch: int) -> Path:
        """The weights kept after `epoch`."""
        return self.path / "checkpoints" / f"epoch{epoch:02d}.safetensors"

    def log(self, message: str) -> None:
        """Say a line, and keep it with its time in `log.txt`."""
        say(message)
        with (self.path / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}\n")

    def forget_metrics_from(self, step: int) -> None:
        """Drop the lines of `step` and later: an interrupted run wrote them and they will be computed again."""
        if self.metrics.is_file():
            lines = self.metrics.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if (number := _step_of(line)) is not None and number < step]
            write_text(self.metrics, "".join(f"{line}\n" for line in kept))


@contextmanager
def open_work_directory(path: Path, identity: Mapping[str, Any]) -> Iterator[WorkDirectory]:
    """Lock and yield the work directory of the run that `identity` (plain JSON values) describes.

    A directory made by another run is moved to `<path>.old-<hash>` and a new one begun, which one line says, with the
    keys that differ. Raises `DubaugError` if another process works in it.
    """
    path.mkdir(parents=True, exist_ok=True)
    plain = json.loads(json.dumps(identity))
    lock = _lock(path)
    try:
        known = path / IDENTITY
        if known.is_file() and (old := read_json(known)) != plain:
            moved = path.with_name(f"{path.name}.old-{old.get('experiment', 'unknown')}")
            changes = "; ".join(differences(old, plain)[:8])
            if moved.exists():
                shutil.rmtree(moved)
            path.rename(moved)
            path.mkdir()
            os.close(lock)
            lock = _lock(path)
            say(f"{path} was made by another run ({changes}): it is now {moved.name}, training starts afresh")
        if not known.is_file():
            write_json(known, plain)
        yield WorkDirectory(path)
    finally:
        os.close(lock)


def _lock(path: Path) -> int:
    """Return a descriptor that holds the directory's lock until it is closed (also by the process's death)."""
    descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise DubaugError(f"another process trains in {path}: wait for it or end it, then run again") from error
    return descriptor


def _step_of(line: str) -> int | None:
    """Return the step of a line of metrics, None for one cut short."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return None
