"""Work that is done ahead of its taker, in a thread: sound is decoded while the GPU computes."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_JOIN_S = 2.0
"""A thread that waits for a decoder that stands still is not waited for longer than this; it ends with the process."""


class _Buffer(Generic[T]):
    """What is made and not yet taken; at most one item more than `limit` by weight."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.items: deque[tuple[T, int]] = deque()
        self.weight = 0
        self.ended = self.stopped = False
        self.error: BaseException | None = None
        self.changed = threading.Condition()

    def put(self, item: T, weight: int) -> bool:
        """Add an item once there is room; return whether anybody still wants more."""
        with self.changed:
            self.changed.wait_for(lambda: self.stopped or self.weight < self.limit)
            self.items.append((item, weight))
            self.weight += weight
            self.changed.notify_all()
            return not self.stopped

    def end(self, error: BaseException | None) -> None:
        with self.changed:
            self.ended, self.error = True, error
            self.changed.notify_all()

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    def take(self) -> Iterator[T]:
        """Yield the items; then raise what their maker raised."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.items or self.ended)
                if not self.items:
                    break
                item, weight = self.items.popleft()
                self.weight -= weight
                self.changed.notify_all()
            yield item
        if self.error is not None:
            raise self.error


def ahead(items: Generator[T, None, None], *, limit: int, weight: Callable[[T], int]) -> Generator[T, None, None]:
    """Yield `items`, made in a thread of their own, which waits while the items not yet taken weigh `limit`.

    What `items` raises is raised here, after the items before it. If nobody takes the rest (close the generator),
    `items` is closed by its thread.
    """
    buffer: _Buffer[T] = _Buffer(limit)

    def make() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if not buffer.put(item, weight(item)):
                    break
            items.close()
        except BaseException as raised:  # whatever it is, the taker shall have it
            error = raised
        buffer.end(error)

    thread = threading.Thread(target=make, name="ahead", daemon=True)
    thread.start()
    try:
        yield from buffer.take()
    finally:
        buffer.stop()
        thread.join(_JOIN_S)
