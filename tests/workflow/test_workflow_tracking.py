"""A call of Snakemake has one process beside it that sends results, and a dry run has none."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

NETWORK = "results/rp/seed0/pretraining.json"
"""A short job, without data."""


@pytest.fixture
def watched(clone: Path) -> Any:
    """Return a function that runs snakemake; its output and the processes that watched its results come back."""

    def run(*words: str) -> tuple[str, dict[int, psutil.Process]]:
        bin_dir = Path(sys.executable).parent
        environment = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
        environment.pop("MLFLOW_TRACKING_URI", None)
        process = subprocess.Popen(
            [str(bin_dir / "snakemake"), *words],
            cwd=clone,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        seen: dict[int, psutil.Process] = {}
        while process.poll() is None:
            seen |= {other.pid: other for other in psutil.process_iter() if _watches(other, clone)}
            time.sleep(0.05)
        output, _ = process.communicate(timeout=5)
        assert process.returncode == 0, output
        return output, seen

    return run


def _watches(process: psutil.Process, clone: Path) -> bool:
    try:
        return "--watch" in process.cmdline() and process.cwd() == str(clone)
    except psutil.Error:
        return False


@pytest.mark.slow
def test_one_process_watches_a_call(watched: Any, clone: Path) -> None:
    output, seen = watched("--cores", "1", NETWORK)
    assert len(seen) == 1
    assert not [process for process in seen.values() if process.is_running()]
    assert "mlflow: 1 runs written" in output, "the end's sync is there as ever"
    assert "#/experiments/1/runs?workflowType=machine_learning" in output
    (clone / NETWORK).unlink()
    assert watched("--dry-run", NETWORK)[1] == {}


def test_mlflows_pages_are_served_to_this_machine_only(repository: Path) -> None:
    words = ["make", "--dry-run", "--assume-old=install", "ui"]
    command = subprocess.check_output(words, cwd=repository, text=True)
    assert command.index("mlflow-sync") < command.index("mlflow ui"), "it says the addresses"
    assert "--host 127.0.0.1" in command
