"""The shard: one Arrow IPC file with one row a clip, read by random access through a memory map.

Columns: `item` (title or file), `index` (clip number in it), `start_s`, `frames` (JPEGs; only where there is video),
and for each track `mel/<track>`: a log-mel in half precision, flattened, its shape `(C, T, F)` in the schema's
metadata. Rows lie in record batches of `ROWS_PER_BATCH`, so that writing needs little memory and row i is found
without a search. Nothing is compressed: JPEGs do not shrink, and the mels are used in place (zero copy).

Bytes a clip, and how to read a shard with pyarrow alone: docs/shards.md.
"""

import itertools
import json
import math
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from dubaug.errors import DubaugError
from dubaug.files import atomic_path

ROWS_PER_BATCH = 16
_MEL = "mel/"
_METADATA = b"dubaug"
_OPENING = threading.Lock()
VERSION = 1


class ShardWriter:
    """Write one shard; use as a context manager. The file appears only after a clean exit, whole.

    `metadata` is any JSON value worth keeping (settings, source); `mel_shapes` gives each track's `(C, T, F)`.
    """

    def __init__(
        self,
        path: Path,
        *,
        metadata: Mapping[str, Any],
        mel_shapes: Mapping[str, tuple[int, int, int]],
        with_frames: bool,
    ) -> None:
        self.path = path
        self._mel_shapes = {track: tuple(shape) for track, shape in mel_shapes.items()}
        self._with_frames = with_frames
        self._schema = _schema(metadata, self._mel_shapes, with_frames)
        self._stack = ExitStack()
        self._writer: pa.ipc.RecordBatchFileWriter | None = None
        self._rows: list[dict[str, Any]] = []
        self.clips = 0
        """Clips added so far."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self.path))
            sink = stack.enter_context(pa.OSFile(str(temporary), "wb"))
            self._writer = stack.enter_context(pa.ipc.new_file(sink, self._schema))
            stack.push(self._flush_unless_failed)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def _flush_unless_failed(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush()

    def add(
        self,
        *,
        item: str,
        index: int,
        start_s: float,
        frames_jpeg: Sequence[bytes] | None,
        mels: Mapping[str, np.ndarray],
    ) -> None:
        """Append a clip. Raises `ValueError` if frames, tracks, shapes or values are not what the shard holds."""
        if (frames_jpeg is not None) != self._with_frames:
            raise ValueError(f"clip {item}:{index}: this shard is {'with' if self._with_frames else 'without'} frames")
        if set(mels) != set(self._mel_shapes):
            raise ValueError(f"clip {item}:{index}: tracks {sorted(mels)}, expected {sorted(self._mel_shapes)}")
        row: dict[str, Any] = {"item": item, "index": index, "start_s": start_s}
        if frames_jpeg is not None:
            row["frames"] = list(frames_jpeg)
        for track, shape in self._mel_shapes.items():
            mel_CTF = np.asarray(mels[track], dtype=np.float16)
            if mel_CTF.shape != shape:
                raise ValueError(f"clip {item}:{index}: mel of {track} is {mel_CTF.shape}, expected {shape}")
            if not np.isfinite(mel_CTF).all():
                raise ValueError(f"clip {item}:{index}: mel of {track} is not finite")
            row[_MEL + track] = mel_CTF.reshape(-1)
        self._rows.append(row)
        self.clips += 1
        if len(self._rows) == ROWS_PER_BATCH:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        assert self._writer is not None, "use the writer as a context manager"
        arrays = []
        for field in self._schema:
            values = [row[field.name] for row in self._rows]
            if field.name.startswith(_MEL):
                flat = pa.array(np.concatenate(values), type=pa.float16())
                arrays.append(pa.FixedSizeListArray.from_arrays(flat, type=field.type))
            else:
                arrays.append(pa.array(values, type=field.type))
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        self._rows.clear()


def _schema(metadata: Mapping[str, Any], mel_shapes: Mapping[str, tuple[int, ...]], with_frames: bool) -> pa.Schema:
    fields = [
        pa.field("item", pa.string(), nullable=False),
        pa.field("index", pa.int32(), nullable=False),
        pa.field("start_s", pa.float64(), nullable=False),
    ]
    if with_frames:
        fields.append(pa.field("frames", pa.list_(pa.binary()), nullable=False))
    for track, shape in mel_shapes.items():
        size = math.prod(shape)
        element = pa.field("item", pa.float16(), nullable=False)
        fields.append(pa.field(_MEL + track, pa.list_(element, size), nullable=False))
    header = {
        "version": VERSION,
        "rows_per_batch": ROWS_PER_BATCH,
        "mel_shapes": {track: list(shape) for track, shape in mel_shapes.items()},
        "metadata": dict(metadata),
    }
    return pa.schema(fields, metadata={_METADATA: json.dumps(header, sort_keys=True, allow_nan=False).encode()})


class ShardReader:
    """Random access to a shard, by any number of threads at once.

    Opened at the first use and in each process by itself, so it may be pickled.

    Arrays and frames are views of a memory map: they stay valid as long as they are referenced.
    Raises `DubaugError` at the first use if the file is no shard.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: pa.ipc.RecordBatchFileReader | None = None
        self._batches: dict[int, pa.RecordBatch] = {}
        self._header: dict[str, Any] = {}
        self._length = 0

    def __reduce__(self) -> tuple[type["ShardReader"], tuple[Path]]:
        return ShardReader, (self.path,)

    def __repr__(self) -> str:
        return f"ShardReader({str(self.path)!r})"

    def __len__(self) -> int:
        self._open()
        return self._length

    @property
    def metadata(self) -> dict[str, Any]:
        """What the writer was given."""
        self._open()
        metadata: dict[str, Any] = self._header["metadata"]
        return metadata

    @property
    def mel_shapes(self) -> dict[str, tuple[int, int, int]]:
        """Each track's `(C, T, F)`."""
        self._open()
        return {track: tuple(shape) for track, shape in self._header["mel_shapes"].items()}

    @property
    def tracks(self) -> tuple[str, ...]:
        """Names of the mel columns, in the order in which they were written."""
        names = self._open().schema.names
        return tuple(name.removeprefix(_MEL) for name in names if name.startswith(_MEL))

    @property
    def with_frames(self) -> bool:
        """Whether the clips have frames."""
        return "frames" in self._open().schema.names

    def item(self, row: int) -> str:
        """Return the title or file that the clip is from."""
        return str(self._value(row, "item").as_py())

    def index(self, row: int) -> int:
        """Return the clip's number within its item."""
        return int(self._value(row, "index").as_py())

    def indices(self) -> list[int]:
        """Return every row's clip number; damaged clips leave holes in them."""
        file = self._open()
        return [
            number for batch in range(file.num_record_batches) for number in file.get_batch(batch)["index"].to_pylist()
        ]

    def start_s(self, row: int) -> float:
        """Return the clip's start within its item, in seconds."""
        return float(self._value(row, "start_s").as_py())

    def frames_jpeg(self, row: int) -> list[bytes]:
        """Return the clip's frames as JPEGs."""
        return [bytes(jpeg) for jpeg in self._jpegs(row)]

    def frame_size(self, row: int) -> tuple[int, int]:
        """Return height and width of the clip's frames."""
        from dubaug.media.jpeg import size

        return size(self._jpegs(row)[0])

    def frames(self, row: int, out: np.ndarray | None = None) -> np.ndarray:
        """Return the clip's frames as uint8 RGB `(T, H, W, 3)`; in `out`, if given, which must be that, contiguous."""
        from dubaug.media.jpeg import decode

        return decode(self._jpegs(row), out)

    def _jpegs(self, row: int) -> list[memoryview]:
        """Return views of the clip's JPEGs, by the column's offsets: a tenth of the time of Arrow's own scalars."""
        batch, offset = self._batch(row)
        if not self.with_frames:
            raise DubaugError(f"{self.path} has no frames")
        clips = batch.column("frames")
        frames = clips.values
        first, last = clips.offsets[offset].as_py(), clips.offsets[offset + 1].as_py()
        _, offsets, data = frames.buffers()
        begin, end = first + frames.offset, last + frames.offset + 1
        ends = np.frombuffer(offsets, dtype=np.int32)[begin:end].tolist()
        view = memoryview(data).cast("B")
        return [view[start:stop] for start, stop in itertools.pairwise(ends)]

    def mel(self, row: int, track: str) -> np.ndarray:
        """Return the clip's log-mel of `track`, float16 `(C, T, F)`, a read-only view of the file."""
        batch, offset = self._batch(row)
        shape = self._shape(track)
        size = math.prod(shape)
        column = batch.column(_MEL + track)
        flat = np.frombuffer(column.values.buffers()[1], dtype=np.float16)
        begin = (column.offset + offset) * size
        view: np.ndarray = flat[begin : begin + size].reshape(shape)
        return view

    def mels(self, rows: Sequence[int], track: str) -> np.ndarray:
        """Return the log-mels of several clips, float16 `(N, C, T, F)`."""
        result_NCTF = np.empty((len(rows), *self._shape(track)), dtype=np.float16)
        for place, row in enumerate(rows):
            result_NCTF[place] = self.mel(row, track)
        return result_NCTF

    def _shape(self, track: str) -> tuple[int, int, int]:
        shapes = self.mel_shapes
        if track not in shapes:
            raise DubaugError(f"{self.path} has no track {track!r}; it has {', '.join(shapes)}")
        return shapes[track]

    def _value(self, row: int, column: str) -> Any:
        batch, offset = self._batch(row)
        return batch.column(column)[offset]

    def _batch(self, row: int) -> tuple[pa.RecordBatch, int]:
        file = self._open()
        if not 0 <= row < self._length:
            raise IndexError(f"clip {row} of {self._length} in {self.path}")
        number, offset = divmod(row, self._header["rows_per_batch"])
        if number not in self._batches:
            with _OPENING:
                self._batches[number] = file.get_batch(number)
        return self._batches[number], offset

    def _open(self) -> pa.ipc.RecordBatchFileReader:
        if self._file is None:
            with _OPENING:
                if self._file is None:
                    self._file = self._opened()
        return self._file

    def _opened(self) -> pa.ipc.RecordBatchFileReader:
        """Open the file and read its header."""
        try:
            file = pa.ipc.open_file(pa.memory_map(str(self.path), "r"))
            header = json.loads(file.schema.metadata[_METADATA])
        except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
            raise DubaugError(f"{self.path} is no readable shard ({error}): delete it and run again") from error
        if header.get("version") != VERSION:
            raise DubaugError(f"{self.path} is a shard of version {header.get('version')}: delete it and run again")
        last = file.num_record_batches - 1
        self._header = header
        self._length = last * header["rows_per_batch"] + file.get_batch(last).num_rows if last >= 0 else 0
        return file
