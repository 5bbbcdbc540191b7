"""What the profiles say, as Snakemake reads them."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from snakemake.profiles import ProfileConfigFileParser

from dubaug.config import Experiment

Snakemake = Callable[..., subprocess.CompletedProcess[str]]


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


def test_the_slurm_profile_is_the_papers_scale(repository: Path) -> None:
    profile = _slurm_profile(repository)
    assert profile["executor"] == "slurm"
    assert profile["config"] == ["scale=paper"]
    assert "pretrain:gpu_model=a100" in profile["set-resources"]


def test_squeue_is_asked_as_long_as_it_remembers_finished_jobs(repository: Path) -> None:
    """The executor takes `sacct`'s "CANCELLED by <user>" for a job that still runs; it asks every 180 s at the most."""
    profile = _slurm_profile(repository)
    assert profile["slurm-status-command"] == "squeue"
    assert 3 * int(profile["slurm-init-seconds-before-status-checks"]) >= 180, "below that the executor asks sacct"


def test_all_rules_with_a_gpu_have_a_place_for_their_partition(
    snakemake: Snakemake, clone: Path, paper_experiment: Experiment
) -> None:
    """A site uncomments its partitions' names, and no rule is left behind, Appendix C's neither."""
    for task in paper_experiment.tasks.values():
        (clone / task.path).mkdir(parents=True, exist_ok=True)
    (clone / "data/films").mkdir()
    (clone / "data/films/catalogue.csv").write_text("title_id,path\n")
    profile = clone / "slurm/profile.yaml"
    profile.write_text(profile.read_text().replace("# slurm_partition:", "slurm_partition:"))
    words = ["--profile", "slurm", "--workflow-profile", "none", "--dry-run", "--configfile"]
    run = snakemake(*words, "workflow/config/appendix_c.yaml", "--", "all_hear", "all_tables")
    assert run.returncode == 0, run.stderr
    printed = run.stdout + run.stderr
    partitions: dict[str, set[str]] = {"gpu": set(), "cpu": set()}
    for rule, resources in re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", printed, re.MULTILINE):
        found = re.search(r"slurm_partition=(\w+)", resources)
        assert found is not None, rule
        assert found[1] == ("gpu" if re.search(r"\bgpu=[1-9]", resources) else "cpu"), rule
        partitions[found[1]].add(rule)
    probes = {"probe_hear", "probe_hares", "probe_visual"}
    assert partitions["gpu"] == {"pretrain", "separate", "separate_task", *probes}
    assert {"shards", "features", "align", "catalogue", "result_tables"} <= partitions["cpu"]
