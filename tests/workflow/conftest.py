"""A copy of the workflow in an empty folder, and a way to run snakemake there."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflow_copy import copy_workflow

Snakemake = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """Return a folder with the workflow in it, as a clone has it, without results."""
    return copy_workflow(repository, tmp_path / "clone")


@pytest.fixture
def snakemake(clone: Path) -> Snakemake:
    """Return a function that runs snakemake in the clone: words of the command line, and keys laid over config.yaml."""

    def run(
        *words: str, overlay: dict[str, Any] | None = None, timeout_s: float = 600
    ) -> subprocess.CompletedProcess[str]:
        if overlay is not None:
            (clone / "overlay.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
            words = (
                ("--configfile", "overlay.yaml", "--", *words)
                if not words[0].startswith("-")
                else (*words, "--configfile", "overlay.yaml")
            )
        bin_dir = Path(sys.executable).parent
        environment = {**os.environ, "PATH": f"{bin_dir}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
        environment.pop("MLFLOW_TRACKING_URI", None)
        return subprocess.run(
            [str(bin_dir / "snakemake"), *words],
            cwd=clone,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    return run
