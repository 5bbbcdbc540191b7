"""A run's work directory: one process at a time, one configuration, everything that a restart needs."""

import fcntl
import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json, write_text, writing_to
from dubaug.layout import epoch_name
from dubaug.pretrain.experiment import differences
from dubaug.progress import log_line

IDENTITY = "experiment.json"
TRAINING_ID = "training_id"
_DIFFERENCES_NAMED = 8
_LOOKED_AT_S = 0.2
"""Longer than `in_use` holds a lock to look whether it is free."""


@dataclass(frozen=True, kw_only=True)
class RunIdentity:
    """What a run is, as its work directory says."""

    experiment: str
    """`pretraining_digest` of the configuration."""
    configuration: Mapping[str, Any]
    """`pretraining_parts`: what the weights depend on, by section."""
    titles: tuple[str, ...]
    """Trained on; none for an untrained network."""


@dataclass(frozen=True)
class WorkDirectory:
    """Where a run's files are."""

    path: Path

    @property
    def identity_file(self) -> Path:
        """What `identity` reads."""
        return self.path / IDENTITY

    @property
    def states(self) -> Path:
        """The folder of the states to continue from (see `state`)."""
        return self.path / "states"

    @property
    def metrics(self) -> Path:
        """One JSON object a step (see `steps`)."""
        return self.path / "metrics.jsonl"

    @property
    def system(self) -> Path:
        """How busy the machine was: one JSON object a sample."""
        return self.path / "system.jsonl"

    @property
    def training_id(self) -> str:
        """What tells this training from another one of the same configuration; empty in a directory without it."""
        file = self.path / TRAINING_ID
        return file.read_text(encoding="utf-8").strip() if file.is_file() else ""

    def identity(self) -> RunIdentity:
        """Return what the run is. Raises `DubaugError` if the directory does not say so."""
        try:
            value = read_json(self.identity_file)
            shards = value["shards"] or {"clips": []}
            return RunIdentity(
                experiment=value["experiment"],
                configuration=value["configuration"],
                titles=tuple(shard.rpartition(":")[0] for shard in shards["clips"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DubaugError(
                f"{self.identity_file} does not say how the weights were trained ({error!r}): it lies in the run's "
                "work directory, copy it from there"
            ) from error

    def checkpoint(self, epoch: int) -> Path:
        """The weights kept after `epoch`."""
        return self.path / "checkpoints" / f"{epoch_name(epoch)}.safetensors"

    def log(self, message: str) -> None:
        """Say a line, and keep it with its time in `log.txt`."""
        log_line(message)
        self.note(message)

    def note(self, message: str) -> None:
        """Keep a line with its time in `log.txt`. Raises `DubaugError` if the disk is full."""
        path = self.path / "log.txt"
        with writing_to(path), path.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}\n")


@contextmanager
def open_work_directory(
    path: Path, identity: Mapping[str, Any], *, move_aside: bool = False
) -> Iterator[WorkDirectory]:
    """Lock and yield the work directory of the run that `identity` (plain JSON values) describes.

    A directory made by another run is refused, with the keys that differ; with `move_aside` it becomes
    `<path>.old-<hash>`, which one line says, and a new one is begun. What killed processes left half written is
    removed. Raises `DubaugError` for that, if another process works in it, or if nothing can be written there.
    """
    with writing_to(path):
        path.mkdir(parents=True, exist_ok=True)
        lock = _lock(path)
    plain = json.loads(json.dumps(identity))
    try:
        old = _identity_in(path)
        if old is not None and old != plain:
            changes = differences(old, plain)
            named = "; ".join(changes[:_DIFFERENCES_NAMED])
            more = f"; {len(changes) - _DIFFERENCES_NAMED} more" if len(changes) > _DIFFERENCES_NAMED else ""
            if not move_aside:
                raise DubaugError(
                    f"{path} was made by another run ({named}{more}): nothing was touched. Give another --work-dir, or "
                    "--move-aside to keep that one under another name and begin anew"
                )
            moved = path.with_name(f"{path.name}.old-{old.get('experiment', 'unknown')}")
            if moved.exists():
                shutil.rmtree(moved)
            path.rename(moved)
            path.mkdir(exist_ok=True)
            old_lock, lock = lock, _lock(path)
            os.close(old_lock)
            log_line(f"{path} was made by another run ({named}{more}): it is now {moved.name}, training starts afresh")
        if not (path / IDENTITY).is_file():
            write_json(path / IDENTITY, plain)
        if not (path / TRAINING_ID).is_file():
            write_text(path / TRAINING_ID, f"{uuid.uuid4().hex[:12]}\n")
        for unfinished in path.rglob(".*.part*"):
            unfinished.unlink(missing_ok=True)
        yield WorkDirectory(path)
    finally:
        os.close(lock)


def in_use(path: Path) -> bool:
    """Return whether a process trains in the directory (False where it cannot be told)."""
    try:
        with (path / "lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _identity_in(path: Path) -> dict[str, Any] | None:
    """Return what the directory's files belong to: None if there are none, empty if it cannot be told."""
    try:
        value = read_json(path / IDENTITY)
    except FileNotFoundError:
        return {} if any(path.glob("*/*.safetensors")) else None
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _lock(path: Path) -> int:
    """Return a descriptor that holds the directory's lock until it is closed (also by the process's death)."""
    descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return _signed(descriptor)
        time.sleep(_LOOKED_AT_S)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 200).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise DubaugError(
            f"another process trains in {path} ({holder}): wait for it or end it, then run again"
        ) from error
    except OSError as error:  # some cluster file systems are mounted without locks
        log_line(f"warning: {path} cannot be locked ({error.strerror}): see to it that only one process trains there")
    return _signed(descriptor)


def _signed(descriptor: int) -> int:
    """Write who holds the lock into its file, and return it."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    return descriptor
