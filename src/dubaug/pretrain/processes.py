"""One process or several: torchrun's environment, the device, and the signals that ask for an early end."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Literal

import torch
import torch.distributed as dist

from dubaug.hardware import choose_device
from dubaug.progress import log_line

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
PATIENCE_S = 30.0
"""How long processes wait for one another before they say so: libraries load at different speeds."""


@dataclass(frozen=True, kw_only=True)
class Processes:
    """This process among all that train together."""

    rank: int
    count: int
    device: torch.device
    launcher: int = field(default_factory=os.getppid)
    """The process that started this one."""

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    @property
    def orphaned(self) -> bool:
        """Whether torchrun has died: nobody would pass signals on, and nobody would end this process."""
        return self.count > 1 and os.getppid() != self.launcher

    @property
    def device_name(self) -> str:
        """What to tell people: `cpu`, or the GPUs."""
        if self.device.type != "cuda":
            return "cpu"
        return f"{self.count} x {torch.cuda.get_device_name(self.device)}"

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """Return the sum of every process's values."""
        return summed(values) if self.count > 1 else values

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            dist.barrier()


@contextmanager
def joined_processes(setting: Literal["auto", "cpu", "cuda"]) -> Iterator[Processes]:
    """Yield this process's place: alone, or among those that torchrun started (NCCL on GPUs, gloo on CPUs).

    Raises `ConfigError` if the configuration says `cuda` and there is none.
    """
    on_gpu = choose_device(setting) == "cuda"
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes(rank=0, count=1, device=device)
        return
    place = os.environ.get("MASTER_ADDR")
    words = f"waiting for all {count} processes at {place}: on one machine give torchrun --local-addr=localhost"
    note = threading.Timer(PATIENCE_S, log_line, [words])
    note.daemon = True
    note.start()
    try:
        dist.init_process_group("nccl" if on_gpu else "gloo", device_id=device if on_gpu else None)
    finally:
        note.cancel()
    try:
        yield Processes(rank=dist.get_rank(), count=count, device=device)
    finally:
        dist.destroy_process_group()


def summed(values: torch.Tensor) -> torch.Tensor:
    """Return the sum of every process's values, which must be several; gradients flow back to all of them."""
    total: torch.Tensor = _Summed.apply(values)
    return total


class _Summed(torch.autograd.Function):
    """The sum over all processes; backward sums what every process's loss says about it."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        total = values.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return summed(gradients[0])


class StopRequest:
    """While in its `with` block, notes SIGTERM, SIGUSR1 and SIGINT instead of dying; a second SIGINT does end it."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopRequest":
        self._previous = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.signal == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal = signal.Signals(number)
