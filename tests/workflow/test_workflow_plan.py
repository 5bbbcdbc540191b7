"""`dubaug plan` in a clone: Snakemake's own counts, and a small results folder whose times are worked out by hand."""

import csv
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from dry_runs import DryRun, Forks

from dubaug.cli import main
from dubaug.config import Experiment, save
from dubaug.shards.index import ClipIndex, ShardEntry

Dry = Callable[..., DryRun]
Planned = Callable[..., dict[str, Any]]


@pytest.fixture
def planned(clone: Path, forks: Forks, monkeypatch: pytest.MonkeyPatch) -> Planned:
    """Return a function that plans in the clone with these words, and returns the plan as --out wrote it."""

    def forked(words: list[str], **_: object) -> "subprocess.CompletedProcess[str]":
        run = forks.run(words[words.index("snakemake") + 1 :], clone)
        return subprocess.CompletedProcess(words, run.code, run.printed, "")

    monkeypatch.setattr("dubaug.plan.jobs.subprocess", SimpleNamespace(run=forked))
    monkeypatch.chdir(clone)

    def plan(*words: str) -> dict[str, Any]:
        given = ["--config", "config.yaml", "--workflow", "workflow", "--snakefile", "Snakefile"]
        given += ["--paper", "workflow/resources/paper", "--cores", "2"]
        assert main(["plan", *given, *words, "--out", "plan.json", "plan.md", "plan.csv", "--", *TARGETS]) == 0
        found: dict[str, Any] = json.loads((clone / "plan.json").read_text(encoding="utf-8"))
        return found

    return plan


TARGETS = ("all_tables", "all_figures")


def _snakemakes_counts(run: DryRun) -> dict[str, int]:
    """Return the counts of Snakemake's own table of jobs."""
    table = re.search(r"^job +count\n-+ +-+\n(.*?)^total", run.printed, re.DOTALL | re.MULTILINE)
    assert table is not None
    return {rule: int(count) for rule, count in (line.split() for line in table[1].splitlines())}


def _counts(plan: dict[str, Any]) -> dict[str, int]:
    return {row["rule"]: row["jobs"] for row in plan["rules"]}


def test_the_jobs_are_those_that_snakemake_counts(dry_run: Dry, planned: Planned) -> None:
    own = dry_run("--quiet", "rules", "--workflow-profile", "none", "--cores", "2", *TARGETS)
    plan = planned()
    assert _counts(plan) == _snakemakes_counts(own)
    assert plan["total"]["jobs"] == sum(_counts(plan).values())
    assert {row["basis"] for row in plan["rules"] if row["rule"] not in TARGETS} == {"unknown"}, "nothing was measured"
    assert plan["films"]["clips"]["value"] == 208


def test_the_papers_scale_is_planned_without_its_data(
    dry_run: Dry, planned: Planned, clone: Path, paper_experiment: Experiment, repository: Path
) -> None:
    rates = [str(repository / f"benchmarks/results/plan_{name}.json") for name in ("bounds", "paper")]
    plan = planned("--scale", "paper", "--rates", *rates)
    assert not (clone / "data").exists(), "stand-ins are elsewhere, and gone"
    for task in paper_experiment.tasks.values():
        (clone / task.path).mkdir(parents=True, exist_ok=True)
    (clone / paper_experiment.corpus.catalogue).parent.mkdir(parents=True)
    (clone / paper_experiment.corpus.catalogue).write_text("title_id,path\n", encoding="utf-8")
    words = ("--quiet", "rules", "--workflow-profile", "none", "--config", "scale=paper", "--", *TARGETS)
    assert _counts(plan) == _snakemakes_counts(dry_run(*words))
    rows = {row["rule"]: row for row in plan["rules"]}
    assert (rows["shards"]["jobs"], rows["pretrain"]["gpus"]) == (64, 4)
    # 1.56 M clips, ten epochs: five variants at 662 clips/s a GPU, two without picture at 1276, sep at 909.
    assert rows["pretrain"]["gpu_hours"] == pytest.approx(15.6e6 * (5 / 662 + 2 / 1276 + 1 / 909) / 3600, rel=2e-3)
    assert rows["pretrain"]["basis"] == "bound"
    for rule in ("catalogue", "align", "shards"):
        assert rows[rule]["basis"] == "measured elsewhere", f"{rule}: its settings changed; measure again"
    assert "pretrain" not in plan["total"]["unknown"]
    assert {"probe_hares", "separate", "features"} <= set(plan["total"]["unknown"])


def test_your_own_figure_replaces_the_bound(planned: Planned, repository: Path) -> None:
    bounds = str(repository / "benchmarks/results/plan_bounds.json")
    plan = planned("--scale", "paper", "--rates", bounds, "--clips-per-s-per-gpu", "300", "--film-hours", "130")
    (row,) = [row for row in plan["rules"] if row["rule"] == "pretrain"]
    assert (row["basis"], row["source"]) == ("given", "--clips-per-s-per-gpu 300")
    assert row["gpu_hours"] == pytest.approx(8 * 10 * 156_000 / 300 / 3600)


def _benchmark(path: Path, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\n{seconds}\t0:00:00\n", encoding="utf-8")


def test_an_earlier_run_of_these_results_tells_how_long_the_next_one_takes(
    planned: Planned, clone: Path, demo_experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    results = clone / "results"
    results.mkdir()
    save(demo_experiment, results / "config.yaml")
    _benchmark(results / "efj/seed0/benchmarks/pretrain.tsv", 40.0)
    _benchmark(results / "es/seed0/benchmarks/pretrain.tsv", 50.0)
    _benchmark(results / "sep/seed0/benchmarks/pretrain.tsv", 30.0)
    _benchmark(results / "benchmarks/shards0.tsv", 12.0)
    _benchmark(results / "efj/seed0/benchmarks/probe_hear.tsv", 21.0)
    (results / "corpus").mkdir()
    (results / "corpus/film.arrow").write_bytes(bytes(1000))
    shard = ShardEntry(title_id="film", path=results / "corpus/film.arrow", clips=2, sha256="")
    ClipIndex(shards=(shard,), tracks=("en",), sample_rate_hz=48000).save(results / "corpus/clips.json")
    plan = planned()
    assert plan["disk"][0]["size_bytes"] == 208 * 500
    rows = {row["rule"]: row for row in plan["rules"]}
    # av, es, fr, ja, efj: two tracks and a picture, 45 s in the mean; sep 30; a, a_efj see nothing: never measured.
    assert rows["pretrain"]["wall_hours"] == pytest.approx((5 * 45 + 30) / 3600)
    assert (rows["pretrain"]["basis"], rows["pretrain"]["unknown_jobs"]) == ("unknown", 2)
    assert (rows["shards"]["core_hours"], rows["shards"]["threads"]) == (pytest.approx(24 / 3600), 2)
    assert rows["shards"]["basis"] == "measured here"
    # Seven of the eight trained variants hear at 48 kHz as efj does; sep does not.
    assert rows["probe_hear"]["wall_hours"] == pytest.approx(7 * 21 / 3600)
    assert (rows["probe_hear"]["basis"], rows["probe_hear"]["unknown_jobs"]) == ("unknown", 2)
    assert "unknown for 2" in capsys.readouterr().out

    # Twice the epochs: twice the time. Other pictures: nothing is known any more.
    longer = {"pretraining": {"epochs": 16, "checkpoints": [2, 4, 16]}}
    (clone / "mine.yaml").write_text(yaml.safe_dump(longer), encoding="utf-8")
    rows = {row["rule"]: row for row in planned("--config", "config.yaml", "mine.yaml")["rules"]}
    assert rows["pretrain"]["wall_hours"] == pytest.approx(2 * (5 * 45 + 30) / 3600)
    (clone / "mine.yaml").write_text(yaml.safe_dump({"clips": {"frame_height": 60}}), encoding="utf-8")
    plan = planned("--config", "config.yaml", "mine.yaml")
    rows = {row["rule"]: row for row in plan["rules"]}
    assert (rows["pretrain"]["unknown_jobs"], rows["shards"]["unknown_jobs"]) == (8, 1)
    assert plan["disk"][0]["basis"] == "unknown"


def test_what_was_measured_here_can_be_handed_on(
    planned: Planned, clone: Path, demo_experiment: Experiment, tmp_path: Path
) -> None:
    results = clone / "results"
    results.mkdir()
    save(demo_experiment, results / "config.yaml")
    _benchmark(results / "efj/seed0/benchmarks/pretrain.tsv", 40.0)
    given = ["--config", "config.yaml", "--workflow", "workflow", "--snakefile", "Snakefile", "--cores", "2"]
    given += ["--paper", "workflow/resources/paper", "--record", str(tmp_path / "rates.json")]
    assert main(["plan", *given, *TARGETS]) == 0
    shutil.rmtree(results)
    rows = {row["rule"]: row for row in planned("--rates", str(tmp_path / "rates.json"))["rules"]}
    assert rows["pretrain"]["wall_hours"] == pytest.approx(5 * 40 / 3600)
    assert rows["pretrain"]["source"] == f"{tmp_path}/rates.json: rates[0]"
    with (clone / "plan.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(rows)
    assert main(["plan", *given, *TARGETS]) == 1, "nothing was measured here any more"


def test_finished_jobs_are_planned_only_on_demand(planned: Planned, clone: Path, demo_experiment: Experiment) -> None:
    films = clone / demo_experiment.corpus.catalogue
    films.parent.mkdir(parents=True)
    films.write_text("title_id,path\n", encoding="utf-8")
    assert set(_counts(planned("--all"))) - set(_counts(planned())) == {"demo_films"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--profile", "slurm"], "--profile needs --scale"),
        (["--out", "plan.txt"], "must end with .json, .csv or .md"),
        (["--film-hours", "0"], "--film-hours must be more than 0"),
        (["--rates", "config.yaml"], "config.yaml holds no rates"),
    ],
)
def test_wrong_words_are_one_message(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    monkeypatch.chdir(clone)
    given = ["--config", "config.yaml", "--workflow", "workflow", "--snakefile", "Snakefile"]
    assert main(["plan", *given, "--paper", "workflow/resources/paper", *words, "--", "all_tables"]) == 1
    assert message in capsys.readouterr().err


def test_an_error_of_snakemake_is_told_in_its_own_words(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(clone)
    given = ["--config", "config.yaml", "--workflow", "workflow", "--snakefile", "Snakefile"]
    assert main(["plan", *given, "--paper", "workflow/resources/paper", "all_tablets"]) == 1
    assert "MissingRuleException" in capsys.readouterr().err
