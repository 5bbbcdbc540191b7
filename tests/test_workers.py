"""Work that may take its process down with it."""

import os
import signal

import pytest

from dubaug.errors import DubaugError
from dubaug.workers import Crash, isolated_map


def square(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 100:
        raise ValueError("a hundred")
    if number == 200:
        raise DubaugError("mend it")
    return number * number


@pytest.mark.parametrize("jobs", [1, 2, 9])
def test_a_crash_is_a_result_and_the_rest_is_done(jobs: int) -> None:
    results = dict(isolated_map(square, [1, 2, 3, 4, 5], jobs=jobs))
    assert results == {1: 1, 2: 4, 3: Crash(exit_code=-signal.SIGKILL), 4: 16, 5: 25}


def test_nothing_to_do() -> None:
    assert list(isolated_map(square, [], jobs=2)) == []


def test_errors_of_the_program_and_for_people_are_raised() -> None:
    with pytest.raises(RuntimeError, match=r"while working on 100:[\s\S]*ValueError: a hundred"):
        list(isolated_map(square, [1, 100], jobs=1))
    with pytest.raises(DubaugError, match="mend it"):
        list(isolated_map(square, [200], jobs=1))
