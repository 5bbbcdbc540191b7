"""Work on files that may be broken, each item in a process that it may take down with it.

A process that dies, or that makes no progress for too long (a decoder caught in a loop, a network file system that
does not answer), costs its item and nothing else. By hand, since the limits that pebble and loky have count from an
item's start: films take minutes or hours, and only one that no longer gets on is to be ended.
"""

import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from dubaug.errors import DubaugError, MediaError

T = TypeVar("T")
R = TypeVar("R")

ARITHMETIC_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What the libraries under NumPy and PyTorch read at their start."""
FAILED = ("crash", "stall")
"""What is heard of a process that is of no more use."""
_REPORT_EVERY_S = 0.5
_START_S = 300.0
"""A process may take this long to start (its imports, from a slow disk); the watchdog counts from then on."""
_JOIN_S = 10.0
"""A killed process that waits for a dead network disk cannot end; it is not waited for longer than this."""


@dataclass(frozen=True, kw_only=True)
class Crash:
    """The process that worked on an item died (a decoder's segmentation fault, the kernel's memory killer)."""

    exit_code: int

    def __str__(self) -> str:
        return f"crashed (exit code {self.exit_code})"


@dataclass(frozen=True, kw_only=True)
class Stall:
    """The process that worked on an item made no progress for so long that it was killed."""

    after_s: float

    def __str__(self) -> str:
        return f"made no progress for {self.after_s:g} s"


def decoder_error(end: Crash | Stall) -> MediaError:
    """Return what to tell people of a film whose decoder took its process down, or made no progress."""
    return MediaError(f"the decoder {end}", "convert the film with another program, or leave it out")


class _Reporter:
    """In a worker: the pipe that progress is reported to."""

    connection: Connection | None = None
    last_s = 0.0


def report_progress() -> None:
    """Say that the work on the current item goes on; the watchdog counts from the last such report.

    Call it where something was achieved (a clip decoded, a file read further), not merely where time passed. Outside
    a worker it does nothing.
    """
    now_s = time.monotonic()
    if _Reporter.connection is not None and now_s - _Reporter.last_s > _REPORT_EVERY_S:
        _Reporter.last_s = now_s
        _Reporter.connection.send(("progress", None))


class _Worker(Generic[T, R]):
    """One process and the pipe to it; it takes an item at a time."""

    def __init__(self, context: multiprocessing.context.BaseContext, function: Callable[[T], Any]) -> None:
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(function, other), daemon=True)  # type: ignore[attr-defined]
        self.process.start()
        other.close()
        self.item: T | None = None
        self.heard_s = time.monotonic() + _START_S

    def give(self, item: T) -> None:
        self.item = item
        self.heard_s = max(self.heard_s, time.monotonic())
        self.connection.send(item)

    def left_s(self, stall_s: float | None) -> float | None:
        """Return how long it may still say nothing."""
        return None if stall_s is None else max(0.0, self.heard_s + stall_s - time.monotonic())

    def receive(self) -> tuple[str, Any]:
        """Return the next message, `progress`, `value` or `done`, or `crash`; raise what the function raised."""
        self.heard_s = time.monotonic()
        try:
            kind, value = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            return "crash", Crash(exit_code=self.process.exitcode or 0)
        if kind == "raised":
            if isinstance(value, BaseException):
                raise value
            raise RuntimeError(f"while working on {self.item!r}:\n{value}")
        return kind, value

    def stop(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join(_JOIN_S)


def _serve(function: Callable[[T], Any], connection: Connection) -> None:
    """Answer items until the pipe closes. An iterator's values are sent one by one."""
    _Reporter.connection = connection
    while True:
        try:
            item = connection.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        try:
            connection.send(("progress", None))  # started
            result = function(item)
            if isinstance(result, Iterator):
                for value in result:
                    connection.send(("value", value))
                result = None
            connection.send(("done", result))
        except MediaError as error:
            connection.send(("raised", error))
        except DubaugError as error:
            connection.send(("raised", DubaugError(str(error))))  # its subclasses need not be picklable
        except Exception:
            connection.send(("raised", traceback.format_exc()))


def _context(preload: Sequence[str]) -> multiprocessing.context.BaseContext:
    """Return how processes are made: forked from one that has `preload`, each with one thread for arithmetic.

    Snakemake tells libraries to use all of a job's threads. Processes that work side by side would each do so, and wait
    for one another's on a busy machine: matrix products of a millisecond were seen to take minutes.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", *preload])
    before = {name: os.environ.get(name) for name in ARITHMETIC_THREADS}
    os.environ.update(dict.fromkeys(ARITHMETIC_THREADS, "1"))
    try:
        forkserver.ensure_running()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return context


def isolated_map(
    function: Callable[[T], R],
    items: Sequence[T],
    *,
    jobs: int,
    stall_s: float | None = None,
    preload: Sequence[str] = (),
) -> Iterator[tuple[T, R | Crash | Stall]]:
    """Yield `(item, function(item))` as they are done, `jobs` at a time, each in a process of its own.

    A process that dies gives a `Crash` for its item and is replaced; so is one that says nothing for `stall_s`
    (`report_progress`; None: no limit), with a `Stall`. `function` and the items must be picklable. `preload` names
    modules that the processes share (imported once). An exception of `function` ends the work: a `DubaugError` as it
    is, another one as `RuntimeError` with its traceback.
    """
    context = _context(preload)
    waiting = list(reversed(items))
    workers: list[_Worker[T, R]] = []
    try:
        while waiting and len(workers) < jobs:
            workers.append(_Worker(context, function))
            workers[-1].give(waiting.pop())
        while workers:
            for worker, kind, result in _heard(workers, stall_s):
                item = worker.item
                assert item is not None
                if not waiting or kind in FAILED:
                    worker.stop()
                    workers.remove(worker)
                    if waiting:
                        workers.append(_Worker(context, function))
                        workers[-1].give(waiting.pop())
                else:
                    worker.give(waiting.pop())
                yield item, result
    finally:
        for worker in workers:
            worker.stop()


def _heard(workers: Sequence[_Worker[T, R]], stall_s: float | None) -> list[tuple[_Worker[T, R], str, Any]]:
    """Wait for a message or for the next deadline; return who says what: `value`, `done`, `crash` or `stall`."""
    deadlines = [left_s for worker in workers if (left_s := worker.left_s(stall_s)) is not None]
    ready = wait([worker.connection for worker in workers], min(deadlines, default=None))
    heard: list[tuple[_Worker[T, R], str, Any]] = []
    for worker in workers:
        if worker.connection in ready:
            kind, value = worker.receive()
            if kind != "progress":
                heard.append((worker, kind, value))
        elif stall_s is not None and worker.left_s(stall_s) == 0:
            heard.append((worker, "stall", Stall(after_s=stall_s)))
    return heard


def isolated_values(
    function: Callable[[T], Iterator[R]], item: T, *, stall_s: float | None = None, preload: Sequence[str] = ()
) -> Iterator[R | Crash | Stall]:
    """Yield what `function(item)` yields, made in a process of its own, which waits while nobody takes its values.

    If the process dies, or says nothing for `stall_s` while it is waited for, the last value is a `Crash` or a
    `Stall`. Exceptions are as in `isolated_map`; a `MediaError` stays one.
    """
    worker: _Worker[T, R] = _Worker(_context(preload), function)
    try:
        worker.give(item)
        ended = False
        while not ended:
            for _, kind, value in _heard([worker], stall_s):
                ended = kind != "value"
                if kind != "done":
                    yield value
                worker.heard_s = time.monotonic()  # the time that the taker needs does not count
    finally:
        worker.stop()
