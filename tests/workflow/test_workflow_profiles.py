"""What the profiles say, as Snakemake reads them."""

import sys
from pathlib import Path

import pytest
from snakemake.profiles import ProfileConfigFileParser


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


def test_the_slurm_profile_is_the_papers_scale(repository: Path) -> None:
    with (repository / "slurm/profile.yaml").open(encoding="utf-8") as stream:
        profile = ProfileConfigFileParser().parse(stream)
    assert profile["executor"] == "slurm"
    assert profile["config"] == ["scale=paper"]
    assert "pretrain:gpu_model=a100" in profile["set-resources"]
