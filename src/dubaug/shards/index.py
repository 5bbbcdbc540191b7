"""Which shards there are: a JSON file whose paths are relative to its own folder."""

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json
from dubaug.shards.format import ShardReader

OPEN_SHARDS = 256
"""Readers that one index keeps open: each holds a file descriptor, of which a process usually has 1024."""

_OPENING = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class ShardEntry:
    """One title's shard."""

    title_id: str
    path: Path
    clips: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ClipIndex:
    """The shards of a corpus, sorted by title, and what all of them hold."""

    shards: tuple[ShardEntry, ...]
    tracks: tuple[str, ...]
    sample_rate_hz: int
    _readers: "OrderedDict[str, ShardReader]" = field(default_factory=OrderedDict, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.shards, key=lambda shard: shard.title_id))
        for one, next_one in pairwise(ordered):
            if one.title_id == next_one.title_id:
                raise DubaugError(f"title {one.title_id!r} has two shards: the batches do not belong together")
        object.__setattr__(self, "shards", ordered)

    @property
    def n_clips(self) -> int:
        """Clips in all shards."""
        return sum(shard.clips for shard in self.shards)

    def open(self, title_id: str) -> ShardReader:
        """Return the reader of a title's shard, in any thread; at most `OPEN_SHARDS` are kept."""
        with _OPENING:
            if title_id in self._readers:
                self._readers.move_to_end(title_id)
                return self._readers[title_id]
            reader = self._readers[title_id] = ShardReader(self._paths[title_id])
            if len(self._readers) > OPEN_SHARDS:
                self._readers.popitem(last=False)
            return reader

    @cached_property
    def _paths(self) -> dict[str, Path]:
        return {shard.title_id: shard.path for shard in self.shards}

    @classmethod
    def load(cls, path: Path) -> "ClipIndex":
        """Read an index, or a batch's manifest (the same format). Raises `DubaugError`."""
        try:
            value: dict[str, Any] = read_json(path)
            folder = path.resolve().parent
            shards = tuple(ShardEntry(**{**entry, "path": folder / entry["path"]}) for entry in value["shards"])
            return cls(shards=shards, tracks=tuple(value["tracks"]), sample_rate_hz=int(value["sample_rate_hz"]))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise DubaugError(f"{path} is no clip index ({error!r}): make it with `dubaug index`") from error

    def save(self, path: Path) -> None:
        """Write the index atomically, shards' paths relative to its folder."""
        folder = path.resolve().parent
        shards = [
            {**asdict(shard), "path": Path(os.path.relpath(shard.path.resolve(), folder)).as_posix()}
            for shard in self.shards
        ]
        content = {"shards": shards, "tracks": list(self.tracks), "sample_rate_hz": self.sample_rate_hz}
        write_json(path, content)


def join(indices: Sequence[ClipIndex]) -> ClipIndex:
    """Return the batches' shards as one index. Raises `DubaugError` if they differ in tracks or rate, or are empty."""
    kinds = {(index.tracks, index.sample_rate_hz) for index in indices}
    if len(kinds) != 1:
        raise DubaugError(f"the batches were not made with the same settings ({sorted(kinds)}): run them again")
    ((tracks, sample_rate_hz),) = kinds
    shards = tuple(shard for index in indices for shard in index.shards)
    return ClipIndex(shards=shards, tracks=tracks, sample_rate_hz=sample_rate_hz)
