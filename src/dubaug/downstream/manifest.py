"""`features/<suite>.json`: where each task's features are, and which tasks have none. Light: no torch."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json


@dataclass(frozen=True, kw_only=True)
class TaskEntry:
    """A task's data set as it was decoded; tasks of one data set share its files."""

    experiment: str
    """Hash of the configuration that the features depend on."""
    record: Path
    """See `dubaug.downstream.store`."""
    shard: Path
    sha256: str
    """Of the shard."""
    items: int
    windows: int
    missing: int
    """Items that the data set's lists name and that are not there."""


@dataclass(frozen=True, kw_only=True)
class FeaturesManifest:
    """A suite's features."""

    suite: str
    tasks: Mapping[str, TaskEntry]
    missing: Mapping[str, str]
    """Tasks without data, and why."""

    def save(self, path: Path) -> None:
        """Write the manifest atomically; the files' paths become relative to its folder."""
        home = path.resolve().parent

        def entry(task: TaskEntry) -> dict[str, object]:
            paths = {"record": task.record, "shard": task.shard}
            return {**asdict(task), **{name: os.path.relpath(file.resolve(), home) for name, file in paths.items()}}

        tasks = {name: entry(task) for name, task in self.tasks.items()}
        write_json(path, {"suite": self.suite, "tasks": tasks, "missing": dict(self.missing)})

    @classmethod
    def load(cls, path: Path) -> "FeaturesManifest":
        """Read a manifest; the files' paths become usable from here. Raises `DubaugError`."""
        home = path.resolve().parent
        try:
            value = read_json(path)
            tasks = {
                name: TaskEntry(**{**entry, "record": home / entry["record"], "shard": home / entry["shard"]})
                for name, entry in value["tasks"].items()
            }
            return cls(suite=value["suite"], tasks=tasks, missing=value["missing"])
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise DubaugError(f"{path} is no manifest of features ({error!r}): run `dubaug features`") from error
