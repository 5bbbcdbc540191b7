"""Features of whole data sets, decoded once for all checkpoints and all tasks that share a data set.

In the work directory each data set has `<folder>-<layout>-<key>.arrow`, a shard with one row a window (item's id,
window's number), and a `.json` of the same name (`dubaug.downstream.store`). The key is the hash of the settings and of
the files' names, sizes and times: a data set that has not changed is not decoded again.
"""

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dubaug.config import Experiment
from dubaug.digests import digest
from dubaug.downstream import load_dataset, store
from dubaug.downstream.checks import check_task
from dubaug.downstream.experiment import FeatureSettings, downstream_digest, feature_settings, no_data
from dubaug.downstream.manifest import FeaturesManifest, TaskEntry
from dubaug.downstream.model import Dataset, Item
from dubaug.downstream.parallel import in_order
from dubaug.errors import DubaugError, MediaError
from dubaug.files import sha256_of
from dubaug.progress import Progress, log_line
from dubaug.shards.format import ShardReader, ShardWriter

if TYPE_CHECKING:
    from dubaug.downstream.extract import ItemFeatures

VERSION = 1
"""Raise it when the same files and settings give other features."""

NAMED = 10
"""Unreadable recordings that the error itself names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TaskFeatures:
    """A task's data set and the windows of its items."""

    task: str
    dataset: Dataset
    reader: ShardReader
    window_items: np.ndarray
    """int64 (windows,): the item's number of each row of the shard."""
    sha256: str
    """Of the shard."""


def load_features(manifest: Path, task: str) -> TaskFeatures:
    """Return a task's features as `dubaug features` wrote them. Raises `DubaugError`."""
    tasks = FeaturesManifest.load(manifest).tasks
    if task not in tasks:
        raise DubaugError(f"{manifest} has no features of task {task!r}; it has {', '.join(tasks)}")
    record = tasks[task].record
    dataset, shard = store.load(record)
    reader = ShardReader(tasks[task].shard)
    if len(shard.windows) != dataset.n_items or sum(shard.windows) != len(reader):
        raise DubaugError(f"{reader.path} and {record.name} do not belong together: delete both and run again")
    return TaskFeatures(
        task=task,
        dataset=dataset,
        reader=reader,
        window_items=np.repeat(np.arange(dataset.n_items), shard.windows),
        sha256=shard.sha256,
    )


def extract_suite(
    experiment: Experiment,
    suite: str,
    *,
    work_dir: Path,
    manifest: Path,
    separated: Mapping[str, Path],
    jobs: int,
    missing: Collection[str] = (),
) -> None:
    """Extract what is missing of a suite's features into `work_dir`, then write `manifest`.

    `separated` gives the folders of the tasks that have speech removed. `jobs` threads decode. Tasks in `missing` are
    left out, since their data are not there; the manifest and stderr say so. Raises `DubaugError`, naming the task,
    for data that are not whole: all lists are checked before anything is decoded, and recordings that cannot be read
    are told together, after the data sets that can be read are done.
    """
    settings = feature_settings(experiment)
    reasons = {name: no_data(experiment, name) for name in experiment.suites[suite] if name in missing}
    for name, reason in reasons.items():
        log_line(f"left out: {name}: {reason}")
    present = [name for name in experiment.suites[suite] if name not in reasons]
    if not present:
        raise DubaugError(f"no task of suite {suite} has data: {'; '.join(reasons.values()) or 'it has no tasks'}")
    todo = _sources(experiment, present, separated, settings, work_dir)
    fresh = sum(source.dataset.n_items for source in todo if source.known is None)
    log_line(
        f"features ({suite}): {len(todo)} data sets, {sum(source.known is not None for source in todo)} already there"
    )
    progress = Progress(f"features ({suite})", fresh, "items")
    entries: dict[str, TaskEntry] = {}
    unreadable: list[str] = []
    with ThreadPoolExecutor(jobs) as pool:
        for source in todo:
            try:
                shard = source.known or _extract(source, settings, pool, jobs, progress)
            except UnreadableError as error:
                unreadable.append(str(error))
                continue
            _finish(source, shard)
            entries |= {name: _entry(experiment, name, source, shard) for name in source.tasks}
    if unreadable:
        raise DubaugError("\n".join(unreadable))
    FeaturesManifest(suite=suite, tasks={name: entries[name] for name in present}, missing=reasons).save(manifest)


class UnreadableError(DubaugError):
    """A data set holds recordings that cannot be read. The message names task, splits, files and reasons."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Source:
    """A data set on disk, whose tasks it serves, and where its features go."""

    dataset: Dataset
    folder: Path
    tasks: tuple[str, ...]
    record: Path
    key: str

    @property
    def shard(self) -> Path:
        """Where the features lie."""
        return self.record.with_suffix(".arrow")

    @cached_property
    def known(self) -> store.ShardRecord | None:
        """The shard's record, if it was finished before."""
        return store.load_shard_record(self.record) if self.shard.is_file() else None


def _sources(
    experiment: Experiment,
    tasks: Sequence[str],
    separated: Mapping[str, Path],
    settings: FeatureSettings,
    work_dir: Path,
) -> list[_Source]:
    """Return each data set of these tasks, read once and checked."""
    places: dict[tuple[str, Path], list[str]] = {}
    for name in tasks:
        task = experiment.tasks[name]
        if task.separated and name not in separated:
            raise DubaugError(f"task {name} is evaluated without speech: give its folder, --separated-task {name}=DIR")
        folder = separated[name] if task.separated else Path(task.path)
        places.setdefault((task.layout, folder), []).append(name)
    sources = []
    for (layout, folder), names in places.items():
        try:
            dataset = load_dataset(layout, folder)
            if len({(item.audio is None, item.video is None) for item in dataset.items}) > 1:
                raise DubaugError("some items have sound or a picture and some have not")
            for name in names:
                check_task(dataset, name, experiment.tasks[name])
        except DubaugError as error:
            raise DubaugError(f"{_called(names)}: {folder}: {error}") from error
        key = _key(dataset, settings)
        record = work_dir / f"{folder.name}-{layout}-{key}.json"
        sources.append(_Source(dataset=dataset, folder=folder, tasks=tuple(names), record=record, key=key))
    return sources


def _called(tasks: Sequence[str]) -> str:
    return f"task{'s' if len(tasks) > 1 else ''} {', '.join(tasks)}"


def _key(dataset: Dataset, settings: FeatureSettings) -> str:
    """Return the hash of all that the features of a data set depend on."""
    files = [
        [item.id, item.start_s, item.duration_s, *_state(file)]
        for item in dataset.items
        for file in (item.audio, item.video)
        if file is not None
    ]
    first = dataset.items[0]  # as all of them
    return digest(
        VERSION, settings.for_audio() if first.audio else None, settings.for_video() if first.video else None, files
    )


def _state(file: Path) -> tuple[str, int, int]:
    """Return what tells a file from another of its name: suffix, size, time (zeros if it cannot be reached)."""
    try:
        status = os.stat(file)  # noqa: PTH116 - for 200,000 files
    except OSError:
        return file.suffix, 0, 0
    return file.suffix, status.st_size, status.st_mtime_ns


def _extract(
    source: _Source, settings: FeatureSettings, pool: ThreadPoolExecutor, jobs: int, progress: Progress
) -> store.ShardRecord:
    """Write a data set's shard and return its record. Memory holds the items being decoded and a few more.

    Raises `UnreadableError` after all items have been tried; no shard is left then.
    """
    from dubaug.downstream.extract import extract

    def attempt(item: Item) -> "ItemFeatures | MediaError":
        try:
            return extract(item, settings)
        except MediaError as error:
            return error

    dataset, first = source.dataset, source.dataset.items[0]
    rates_hz = settings.sample_rates_hz if first.audio else ()
    shapes = {str(rate_hz): settings.mel.shape(round(settings.window_s * rate_hz)) for rate_hz in rates_hz}
    windows: list[int] = []
    failed: list[str] = []
    remarks: Counter[str] = Counter()
    metadata = {"key": source.key, "version": VERSION}
    with_frames = first.video is not None
    with ShardWriter(source.shard, metadata=metadata, mel_shapes=shapes, with_frames=with_frames) as writer:
        results = in_order(pool, attempt, dataset.items, ahead=2 * jobs)
        for number, (item, result) in enumerate(zip(dataset.items, results, strict=True)):
            if isinstance(result, MediaError):
                failed.append(f"{dataset.where(number)}, {item.audio or item.video}: {result}")
                log_line(f"cannot be read: {_called(source.tasks)}, {failed[-1]}")
            elif not failed:
                windows.append(len(result.starts_s))
                remarks.update(result.remarks)
                _write(writer, item, result)
            progress.advance(note=source.folder.name)
        if failed:
            raise UnreadableError(_unreadable(source, failed))
    notes = tuple(f"{count} of {dataset.n_items} recordings {remark}" for remark, count in remarks.items())
    return store.ShardRecord(sha256=sha256_of(source.shard), windows=tuple(windows), notes=notes)


def _unreadable(source: _Source, failed: Sequence[str]) -> str:
    """Return what to tell people of recordings that cannot be read."""
    more = [f"... and {len(failed) - NAMED} more, all in this command's log"] if len(failed) > NAMED else []
    deleted = ", or delete them and list them in absent_files" if source.dataset.may_lack_items else ""
    return (
        f"{_called(source.tasks)}: {len(failed)} of {source.dataset.n_items} recordings cannot be read; nothing is "
        f"evaluated on a part of a data set. Get these files anew{deleted}:"
        + "".join(f"\n  {line}" for line in [*failed[:NAMED], *more])
    )


def _write(writer: ShardWriter, item: Item, features: "ItemFeatures") -> None:
    for window, start_s in enumerate(features.starts_s):
        writer.add(
            item=item.id,
            index=window,
            start_s=start_s,
            frames_jpeg=None if features.frames is None else features.frames[window],
            mels={track: mels_WCTF[window] for track, mels_WCTF in features.mels.items()},
        )


def _finish(source: _Source, shard: store.ShardRecord) -> None:
    """Write the record: labels and splits are always today's, the shard's part is what was extracted."""
    store.save(source.record, source.dataset, shard)
    if source.dataset.missing:
        log_line(
            f"{source.folder.name}: {len(source.dataset.missing)} listed items are not on disk, as absent_files says"
        )
    for note in filter(None, (source.dataset.note, *shard.notes)):
        log_line(f"{source.folder.name}: {note}")


def _entry(experiment: Experiment, task: str, source: _Source, shard: store.ShardRecord) -> TaskEntry:
    return TaskEntry(
        experiment=downstream_digest(experiment, task),
        record=source.record,
        shard=source.shard,
        sha256=shard.sha256,
        items=len(shard.windows),
        windows=sum(shard.windows),
        missing=len(source.dataset.missing),
    )
