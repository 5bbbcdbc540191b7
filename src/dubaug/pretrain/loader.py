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
    """Where one batch is read into."""

    memory: Memory
    copied: torch.cuda.Event | None = field(default=None)
    """When the GPU has taken what was there before."""


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

    On the CPU a batch is valid until the next one is asked for: its memory is used again.
    """
    on_gpu = device.type == "cuda"

    def read(number: int, place: _Place) -> tuple[Batch, _Place]:
        if place.copied is not None:
            place.copied.synchronize()
        return source.read(batches[number], epoch=epoch, step=first_step + number, memory=place.memory), place

    def hand_over(batch: Batch, place: _Place) -> Batch:
        batch = batch.to(device)
        if on_gpu:
            place.copied = torch.cuda.Event()
            place.copied.record()
        return batch

    if workers == 0:
        place = _Place(Memory(pinned=on_gpu))
        for number in range(len(batches)):
            yield hand_over(*read(number, place))
        return
    ahead = min(workers + 1, len(batches))
    pool = ThreadPoolExecutor(workers, thread_name_prefix="read-clips")
    try:
        reading: deque[Future[tuple[Batch, _Place]]] = deque(
            pool.submit(read, number, _Place(Memory(pinned=on_gpu))) for number in range(ahead)
        )
        for number in range(len(batches)):
            batch, place = reading.popleft().result()
            yield hand_over(batch, place)
            if number + ahead < len(batches):
                reading.append(pool.submit(read, number + ahead, place))
    finally:
        pool.shutdown(cancel_futures=True)
