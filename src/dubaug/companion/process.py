"""Processes that go along with another one: of low priority, and of no weight to what they go along with."""

import os
import subprocess
import sys
from collections.abc import Sequence

_LAUNCH = 'trap "" TERM INT HUP USR1 USR2; exec nice -n 10 "$0" "$@"'
"""They end when the other one does: signals go to all processes of a job, and are the other one's to answer."""


def start(words: Sequence[str], *, stderr: int | None = None) -> "subprocess.Popen[bytes]":
    """Start `dubaug WORDS` with a pipe as standard input, whose end says that the other process has ended.

    It writes to no terminal but, as `stderr` says, its errors. Raises `OSError` if it cannot be started.
    """
    return subprocess.Popen(
        ["sh", "-c", _LAUNCH, sys.executable, "-m", "dubaug.cli", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
