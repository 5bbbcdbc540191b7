"""A toy workflow, run for real: what stands while something is made again, and after that has failed."""

from pathlib import Path

import pytest
from dry_runs import Forks

SNAKEFILE = """
from dubaug.standing import keep_what_stands
keep_what_stands()

rule table:
    input: "scores.json", "data"
    output: "table.csv"
    shell: "cat {input[0]:q} {input[1]:q}/x > {output:q}"

rule probe:
    input: "lists.csv"
    output: "scores.json"
    log: "probe.log"
    params: config.get("lr")
    shell: "cp {output:q} before 2> {log:q} || true; test ! -e broken; echo {params:q} > {output:q}"

rule data:
    output: directory("data")
    params: config.get("lr")
    shell: "test ! -e broken; mkdir -p {output:q}; echo {params:q} > {output:q}/x"
"""
WORDS = ["table.csv", "--workflow-profile", "none", "--cores", "1", "--keep-going", "--rerun-incomplete"]
WORDS += ["--rerun-triggers", "mtime", "input", "params", "--config"]


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Return a folder with the toy, of which everything has been made once."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "lists.csv").write_text("a")
    return folder


def test_results_stand_until_their_successors_are_whole_and_a_failed_job_stays_due(toy: Path, forks: Forks) -> None:
    """Snakemake by itself deletes both outputs, and then has nothing to do: the table would stay the old one."""
    assert "3 of 3 steps" in forks.run([*WORDS, "lr=1"], toy).printed
    (toy / "broken").touch()
    (toy / "lists.csv").write_text("b")
    assert forks.run([*WORDS, "lr=2"], toy).code != 0
    assert [(toy / name).read_text() for name in ("scores.json", "data/x", "table.csv")] == ["1\n", "1\n", "1\n1\n"]
    (toy / "broken").unlink()
    assert "3 of 3 steps" in forks.run([*WORDS, "lr=2"], toy).printed
    assert [(toy / name).read_text() for name in ("before", "table.csv")] == ["1\n", "2\n2\n"]
    assert "Nothing to be done" in forks.run(["-n", *WORDS, "lr=2"], toy).printed
