"""Batches in order, read ahead by threads, on the device.

Threads and not processes: JPEGs are decoded without holding Python's lock, and into memory that is used again
(page-locked where there is a GPU, so that copies overlap with computation). A batch from another process would come
through shared memory, whose fresh pages cost more than half of what decoding does.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import torch

from dubaug.pretrain.batches import Clip
from dubaug.pretrain.data import Batch, ClipSource, Memory


@dataclass
class _Place:
    """Where one batch is read into, and on a GPU how it gets there."""

    memory: Memory
    stream: torch.cuda.Stream | None
    copied: torch.cuda.Event | None = field(default=None)
    """When the GPU has taken what was read."""


def loaded(
    source: ClipSource,
    batches: Sequence[Sequence[Clip]],
    *,
    epoch: int,
    first_step: int,
    workers: int,
    device: torch.device,
) -> Iterator[Batch]:
    """Yield the batches in order, on `device`, whatever the number of workers (0: read when asked for).

    On the CPU a batch is valid until the next one is asked for: its memory is used again. To a GPU it is copied as soon
    as it is read, beside the computation.
    """
    on_gpu = device.type == "cuda"

    def place() -> _Place:
        return _Place(Memory(pinned=on_gpu), torch.cuda.Stream(device) if on_gpu else None)

    def read(number: int, place: _Place) -> tuple[Batch, _Place]:
        if place.copied is not None:
            place.copied.synchronize()
        batch = source.read(batches[number], epoch=epoch, step=first_step + number, memory=place.memory)
        if place.stream is not None:
            with torch.cuda.stream(place.stream):
                batch = batch.to(device)
                place.copied = torch.cuda.Event()
                place.copied.record(place.stream)
        return batch, place

    def hand_over(batch: Batch, place: _Place) -> Batch:
        if place.copied is not None:
            place.copied.wait(torch.cuda.current_stream(device))
            batch.used_by(torch.cuda.current_stream(device))
        return batch

    if workers == 0:
        only = place()
        for number in range(len(batches)):
            yield hand_over(*read(number, only))
        return
    ahead = min(workers + 1, len(batches))
    pool = ThreadPoolExecutor(workers, thread_name_prefix="read-clips")
    try:
        reading: deque[Future[tuple[Batch, _Place]]] = deque(
            pool.submit(read, number, place()) for number in range(ahead)
        )
        for number in range(len(batches)):
            batch, read_into = reading.popleft().result()
            yield hand_over(batch, read_into)
            if number + ahead < len(batches):
                reading.append(pool.submit(read, number + ahead, read_into))
    finally:
        pool.shutdown(cancel_futures=True)
