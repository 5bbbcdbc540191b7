"""Work that may take its process down with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dubaug.errors import DubaugError, MediaError
from dubaug.workers import (
    ARITHMETIC_THREADS,
    Crash,
    Stall,
    decoder_error,
    isolated_map,
    isolated_values,
    report_progress,
)


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


def decode(seconds: float) -> float:
    """A decoder that works for so long if positive, telling so, and hangs if negative."""
    end = time.monotonic() + abs(seconds)
    while time.monotonic() < end:
        time.sleep(0.1)
        if seconds > 0:
            report_progress()
    return seconds


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_decoder_that_hangs_is_stopped_and_a_slow_one_is_not(jobs: int) -> None:
    begin = time.monotonic()
    results = dict(isolated_map(decode, [0.1, -600.0, 7.0, 0.2], jobs=jobs, stall_s=5.0))
    assert results == {0.1: 0.1, -600.0: Stall(after_s=5.0), 7.0: 7.0, 0.2: 0.2}
    assert time.monotonic() - begin < 60


def count_to(number: int) -> Iterator[int]:
    yield from range(number)
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 4:
        time.sleep(600)
    if number == 5:
        raise MediaError("the fifth", "count again")


def test_values_come_from_a_process_that_may_die_or_hang() -> None:
    assert list(isolated_values(count_to, 2)) == [0, 1]
    assert list(isolated_values(count_to, 3)) == [0, 1, 2, Crash(exit_code=-signal.SIGKILL)]
    assert list(isolated_values(count_to, 4, stall_s=5.0)) == [0, 1, 2, 3, Stall(after_s=5.0)]
    values = isolated_values(count_to, 5)
    with pytest.raises(MediaError, match="the fifth") as caught:
        list(values)
    assert caught.value.advice == "count again"


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (Crash(exit_code=-11), "the decoder crashed (exit code -11)"),
        (Stall(after_s=600.0), "the decoder made no progress for 600 s"),
    ],
)
def test_a_film_that_ends_its_decoder_is_told_apart(end: Crash | Stall, reason: str) -> None:
    error = decoder_error(end)
    assert (error.reason, error.advice) == (reason, "convert the film with another program, or leave it out")


def test_values_that_nobody_takes_do_not_count_as_a_stall() -> None:
    values = isolated_values(count_to, 2, stall_s=1.0)
    assert next(values) == 0
    time.sleep(1.5)
    assert list(values) == [1]


def test_progress_outside_a_worker_is_nothing() -> None:
    report_progress()


def threads_told(_: int) -> list[str]:
    return [os.environ[name] for name in ARITHMETIC_THREADS]


def test_processes_side_by_side_have_one_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Snakemake exports a job's threads to every process in it."""
    script = (
        "import os; os.environ['OMP_NUM_THREADS'] = '8'\n"
        "from dubaug.workers import ARITHMETIC_THREADS, isolated_map\n"
        "from test_workers import threads_told\n"
        "if __name__ == '__main__':\n"
        "    (pair,) = isolated_map(threads_told, [0], jobs=1)\n"
        "    print(*pair[1], os.environ['OMP_NUM_THREADS'], os.environ.get('MKL_NUM_THREADS'))\n"
    )
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    printed = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.split() == ["1"] * len(ARITHMETIC_THREADS) + ["8", "None"], printed.stderr
