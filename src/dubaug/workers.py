"""Work on files that may be broken, each item in a process that it may take down with it."""

import multiprocessing
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Crash:
    """The process that worked on an item died (a decoder's segmentation fault, the kernel's memory killer)."""

    exit_code: int


class _Worker(Generic[T, R]):
    """One process and the pipe to it; it takes an item at a time."""

    def __init__(self, context: multiprocessing.context.BaseContext, function: Callable[[T], R]) -> None:
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(function, other), daemon=True)  # type: ignore[attr-defined]
        self.process.start()
        other.close()
        self.item: T | None = None

    def give(self, item: T) -> None:
        self.item = item
        self.connection.send(item)

    def result(self) -> R | Crash:
        """Return what came of the item; raise what the function raised."""
        try:
            kind, value = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            return Crash(exit_code=self.process.exitcode or 0)
        if kind == "raised":
            if isinstance(value, BaseException):
                raise value
            raise RuntimeError(f"while working on {self.item!r}:\n{value}")
        result: R = value
        return result

    def stop(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join()


def _serve(function: Callable[[T], R], connection: Connection) -> None:
    """Answer items until the pipe closes."""
    from dubaug.errors import DubaugError

    while True:
        try:
            item = connection.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        try:
            connection.send(("done", function(item)))
        except DubaugError as error:
            connection.send(("raised", DubaugError(str(error))))  # its subclasses need not be picklable
        except Exception:
            connection.send(("raised", traceback.format_exc()))


def isolated_map(
    function: Callable[[T], R], items: Sequence[T], *, jobs: int, preload: Sequence[str] = ()
) -> Iterator[tuple[T, R | Crash]]:
    """Yield `(item, function(item))` as they are done, `jobs` at a time, each in a process of its own.

    A process that dies gives a `Crash` for its item and is replaced. `function` and the items must be picklable.
    `preload` names modules that the processes share (imported once). An exception of `function` ends the work: a
    `DubaugError` as it is, another one as `RuntimeError` with its traceback.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", *preload])
    waiting = list(reversed(items))
    workers: list[_Worker[T, R]] = []
    try:
        while waiting and len(workers) < jobs:
            workers.append(_Worker(context, function))
            workers[-1].give(waiting.pop())
        while workers:
            ready = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in ready]:
                item, result = worker.item, worker.result()
                assert item is not None
                if isinstance(result, Crash):
                    worker.stop()
                    workers.remove(worker)
                    if waiting:
                        worker = _Worker(context, function)
                        workers.append(worker)
                yield item, result
                if worker in workers:
                    if waiting:
                        worker.give(waiting.pop())
                    else:
                        worker.stop()
                        workers.remove(worker)
    finally:
        for worker in workers:
            worker.stop()
