"""What some tests need and some machines lack: a test without it is skipped, unless it was promised to be there.

`DUBAUG_MUST_RUN="slurm latex"` promises: `.ci/run` names what it has installed, so that a broken installation, or a
program that moved, cannot pass as a skip. GPUs and `diffq` are nowhere promised and have `skipif` marks.
"""

import os
from typing import NoReturn

import pytest

MUST_RUN = "DUBAUG_MUST_RUN"
NEEDS = frozenset({
    "accounting", "fuse", "g++", "gpu", "hearvalidator", "latex", "mkvtoolnix", "postgresql", "real-data", "slurm",
    "tmpfs", "triton",
})  # fmt: skip


def promised() -> frozenset[str]:
    """Return what must not be lacking here. Raises `pytest.UsageError` for a name that no test asks for."""
    names = frozenset(os.environ.get(MUST_RUN, "").split())
    if unknown := names - NEEDS:
        raise pytest.UsageError(f"{MUST_RUN} names {sorted(unknown)}; the tests need: {', '.join(sorted(NEEDS))}")
    return names


def lacking(need: str, why: str) -> NoReturn:
    """End a test for want of `need`, one of `NEEDS`: as a failure if it was promised, else as a skip."""
    assert need in NEEDS
    if need in promised():
        pytest.fail(f"{MUST_RUN} promises {need}, but: {why}", pytrace=False)
    pytest.skip(why)
