"""Work that is done ahead of its taker, in a thread: sound is decoded while the GPU computes."""

import threading
from collections import deque
from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")

_JOIN_S = 2.0
"""A thread that waits for a decoder that stands still is not waited for longer than this; it ends with the process."""


def ahead(items: Generator[T, None, None], *, limit: int, weight: Callable[[T], int]) -> Generator[T, None, None]:
    """Yield `items`, made in a thread of their own, which waits while the items not yet taken weigh `limit`.

    What `items` raises is raised here, after the items before it. If nobody takes the rest (close the generator),
    `items` is closed by its thread.
    """
    made: deque[T] = deque()
    error: BaseException | None = None
    ended = stopped = False
    changed = threading.Condition()

    def make() -> None:
        nonlocal ended, error
        try:
            for item in items:
                with changed:
                    changed.wait_for(lambda: stopped or sum(map(weight, made)) < limit)
                    if stopped:
                        break
                    made.append(item)
                    changed.notify_all()
            items.close()
        except BaseException as raised:  # whatever it is, the taker shall have it
            error = raised
        with changed:
            ended = True
            changed.notify_all()

    thread = threading.Thread(target=make, name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            with changed:
                changed.wait_for(lambda: made or ended)
                if not made:
                    break
                item = made.popleft()
                changed.notify_all()
            yield item
        if error is not None:
            raise error
    finally:
        with changed:
            stopped = True
            changed.notify_all()
        thread.join(_JOIN_S)
