"""A copy of the workflow in an empty folder, and ways to run snakemake there."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dry_runs import DryRun, Forks, environment, forking

from workflow_copy import copy_workflow

Snakemake = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """Return a folder with the workflow in it, as a clone has it, without results."""
    return copy_workflow(repository, tmp_path / "clone")


def _overlaid(words: tuple[str, ...], overlay: dict[str, Any] | None, clone: Path) -> list[str]:
    """Return the words, with the keys in a file that is laid over config.yaml."""
    if overlay is None:
        return list(words)
    (clone / "overlay.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    return [*words, "--configfile", "overlay.yaml"]


@pytest.fixture
def snakemake(clone: Path) -> Snakemake:
    """Return a function that runs snakemake in the clone: words of the command line, and keys laid over config.yaml."""

    def run(
        *words: str, overlay: dict[str, Any] | None = None, timeout_s: float = 600
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).with_name("snakemake")), *_overlaid(words, overlay, clone)],
            cwd=clone,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def forks(repository: Path) -> Iterator[Forks]:
    with forking(repository) as process:
        yield process


@pytest.fixture
def dry_run(clone: Path, forks: Forks) -> Callable[..., DryRun]:
    """Return a function like `snakemake`'s that only plans, and is quicker."""

    def run(*words: str, overlay: dict[str, Any] | None = None) -> DryRun:
        return forks.run(["-n", *_overlaid(words, overlay, clone)], clone)

    return run
