"""`pretraining.json`: which checkpoints a run made. Written last, so that whoever reads it finds all of them."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dubaug.errors import DubaugError
from dubaug.files import read_json, sha256_of, write_json


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """One kept epoch's weights."""

    epoch: int
    path: Path
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A finished pretraining run."""

    variant: str
    seed: int
    experiment: str
    epochs: int
    checkpoints: tuple[Checkpoint, ...]
    """By epoch, the last one last."""
    n_clips: int
    n_titles: int
    seconds: float
    """Time spent training, over all parts of an interrupted run."""
    device: str
    dubaug_version: str | None = None
    """Of the code that wrote the last weights, as they say themselves: this file may be written anew long after."""
    git_commit: str | None = None

    @property
    def final(self) -> Checkpoint:
        """The last epoch's checkpoint."""
        return self.checkpoints[-1]

    def save(self, path: Path) -> None:
        """Write the manifest atomically; checkpoints' paths become relative to its folder."""
        value: dict[str, Any] = asdict(self)
        folder = path.resolve().parent
        for entry in value["checkpoints"]:
            entry["path"] = Path(os.path.relpath(entry["path"].resolve(), folder)).as_posix()
        write_json(path, value)

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """Read a manifest; checkpoints' paths become usable from here. Raises `DubaugError`."""
        try:
            value = read_json(path)
            checkpoints = tuple(
                Checkpoint(epoch=entry["epoch"], path=path.parent / entry["path"], sha256=entry["sha256"])
                for entry in value.pop("checkpoints")
            )
            return cls(**value, checkpoints=checkpoints)
        except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise DubaugError(f"{path} is no manifest of a pretraining run ({error}): run it again") from error


def checkpoint_at(path: Path, epoch: int) -> Checkpoint:
    """Return the entry for the checkpoint file at `path`."""
    return Checkpoint(epoch=epoch, path=path, sha256=sha256_of(path))
