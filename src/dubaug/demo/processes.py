"""Work shared out to fresh processes, for films and data sets alike."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def processes(jobs: int) -> Iterator[ProcessPoolExecutor | None]:
    """Yield a pool of `jobs` fresh processes, or none for one job (a debugger then sees everything).

    On an error what has not begun is dropped, so that the error is seen at once.
    """
    if jobs <= 1:
        yield None
        return
    # spawn: a forked copy of a process that has threads (torch, BLAS) may hang.
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def as_done(pool: ProcessPoolExecutor | None, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield `function(item)` of each item as they are done; in their order where there is no pool."""
    if pool is None:
        yield from map(function, items)
        return
    for future in as_completed([pool.submit(function, item) for item in items]):
        yield future.result()
