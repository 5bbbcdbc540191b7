"""What the profiles say, as Snakemake reads them."""

import sys
from pathlib import Path
from typing import Any

import pytest
from snakemake.profiles import ProfileConfigFileParser


def _slurm_profile(repository: Path) -> dict[str, Any]:
    with (repository / "slurm/profile.yaml").open(encoding="utf-8") as stream:
        return dict(ProfileConfigFileParser().parse(stream))


@pytest.mark.parametrize(
    ("words", "variable", "cores"),
    [
        (["all_tables"], None, "all"),
        (["--profile", "slurm", "all_tables"], None, None),
        (["--profile=slurm", "all_tables"], None, None),
        (["--executor", "slurm", "all_tables"], None, None),
        (["all_tables"], "slurm", None),
    ],
)
def test_local_cores_are_given_only_to_local_jobs(
    repository: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], variable: str | None, cores: str | None
) -> None:
    """`cores` of this machine would be the most threads that any job of a cluster gets."""
    monkeypatch.setattr(sys, "argv", ["snakemake", *words])
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    if variable:
        monkeypatch.setenv("SNAKEMAKE_PROFILE", variable)
    with (repository / "profiles/default/profile.yaml").open(encoding="utf-8") as stream:
        profile = ProfileConfigFileParser().parse(stream)
    assert profile.get("cores") == cores
    assert profile["rerun-incomplete"] == "True"
    assert "default-resources" not in profile, "it would wipe the cluster profile's"


def test_the_slurm_profile_is_the_papers_scale(repository: Path) -> None:
    profile = _slurm_profile(repository)
    assert profile["executor"] == "slurm"
    assert profile["config"] == ["scale=paper"]
    assert "pretrain:gpu_model=a100" in profile["set-resources"]


def test_a_folders_name_is_not_executed_by_the_shell_that_submits(repository: Path) -> None:
    """`sbatch --wrap="..."` would: tried in `my $(touch run) site`."""
    assert _slurm_profile(repository)["slurm-pass-command-as-script"] == "True"


def test_squeue_is_asked_as_long_as_it_remembers_finished_jobs(repository: Path) -> None:
    """The executor takes `sacct`'s "CANCELLED by <user>" for a job that still runs; it asks every 180 s at the most."""
    profile = _slurm_profile(repository)
    assert profile["slurm-status-command"] == "squeue"
    assert 3 * int(profile["slurm-init-seconds-before-status-checks"]) >= 180, "below that the executor asks sacct"
