"""Work done ahead of its taker."""

import threading
import time
from collections.abc import Iterator

import pytest

from dubaug.separation.ahead import ahead


def weigh(item: int) -> int:
    return 10


def test_everything_comes_in_order() -> None:
    assert list(ahead((number for number in range(1000)), limit=50, weight=weigh)) == list(range(1000))


def test_no_more_is_made_than_the_limit_and_one() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    taken = ahead(numbers(), limit=50, weight=weigh)
    for number in range(30):
        assert next(taken) == number
        deadline = time.monotonic() + 10
        while len(made) < number + 7 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.005)  # time to make more than it may
        assert len(made) == number + 7  # the one taken, five in store, and one that waits for room
    taken.close()


def test_an_error_comes_after_what_was_made_before_it() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("three")

    taken = ahead(numbers(), limit=100, weight=weigh)
    assert [next(taken), next(taken)] == [1, 2]
    with pytest.raises(ValueError, match="three"):
        next(taken)


def test_closed_early_it_closes_what_it_reads() -> None:
    closed = threading.Event()

    def numbers() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    taken = ahead(numbers(), limit=20, weight=weigh)
    next(taken)
    taken.close()
    assert closed.wait(10)
