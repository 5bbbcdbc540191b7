"""Catalogues of the paper's size and of ten times that: what counting and planning them takes. No film is read."""

import csv
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import yaml

from dubaug.cli import main
from dubaug.config import Experiment, save
from dubaug.corpus.titles import Title, write_titles
from dubaug.corpus.tracks import Track
from dubaug.tracks import TrackName

MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
"""Runs a command and prints its peak memory. A child of pytest's own would begin with pytest's."""


def _found(count: int) -> list[Title]:
    """Return titles as the catalogue stage finds them, each with English and some of the dubs."""
    rng = random.Random(0)
    titles = []
    for number in range(count):
        languages = ["en", *(language for language in ("es", "fr", "ja") if rng.random() < 0.8)]
        minutes = rng.uniform(6, 208)
        titles.append(
            Title(
                title_id=f"title{number:05d}",
                path=Path(f"/films/{number}.mkv"),
                minutes=minutes,
                clips=int(minutes * 20),
                tracks=tuple(Track(name=TrackName(name), stream=n) for n, name in enumerate(languages)),
                year=str(rng.randint(1960, 2022)),
                genres="Drama|Action",
            )
        )
    return titles


def test_ten_thousand_titles_are_selected_and_counted_within_ten_seconds(
    tmp_path: Path, repository: Path, paper_experiment: Experiment
) -> None:
    titles = _found(10_000)
    config, found = tmp_path / "config.yaml", tmp_path / "catalogue.csv"
    save(paper_experiment, config)
    write_titles(found, titles)
    chosen, subsets, tables = tmp_path / "titles.csv", tmp_path / "subsets.csv", tmp_path / "tables"
    start_s = time.perf_counter()
    words = ["select", "--config", config, "--catalogue", found, "--titles", chosen, "--subsets", subsets]
    assert main([*map(str, words)]) == 0
    words = ["tables", "--config", config, "--tables", "b4", "--subsets", subsets, "--out-dir", tables]
    words += ["--paper", repository / "workflow/resources/paper"]
    assert main([*map(str, words)]) == 0
    assert time.perf_counter() - start_s < 10
    with chosen.open(encoding="utf-8", newline="") as file:
        selected = {row["title_id"] for row in csv.DictReader(file)}
    assert selected == {title.title_id for title in titles if len(title.tracks) == 4}
    with (tables / "tableb4.csv").open(encoding="utf-8", newline="") as file:
        counted = {row["languages"]: int(row["titles"]) for row in csv.DictReader(file)}
    assert counted["en+es+fr+ja"] == len(selected)
    assert counted["en+fr"] == sum("fr" in title.languages for title in titles)


def test_a_run_at_paper_scale_is_planned_in_little_time_and_memory(clone: Path, paper_experiment: Experiment) -> None:
    for task in paper_experiment.tasks.values():
        (clone / task.path).mkdir(parents=True, exist_ok=True)
    (clone / "films").mkdir()
    rows = "".join(f"title{number:05d},{number}.mkv\n" for number in range(10_000))
    (clone / "films/catalogue.csv").write_text(f"title_id,path\n{rows}", encoding="utf-8")
    overlay = {"scale": "paper", "corpus": {"catalogue": "films/catalogue.csv"}}
    (clone / "overlay.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    words = ["snakemake", "-n", "--cores", "4", "--configfile", "overlay.yaml", "--", "all_tables"]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    start_s = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-c", MEASURED, *words],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    took_s = time.perf_counter() - start_s
    assert run.returncode == 0, run.stderr
    printed, peak_kib = run.stderr + run.stdout, int(run.stdout.splitlines()[-1])
    assert took_s < 300
    assert peak_kib / 2**20 < 1.0, "GiB"
    jobs = next(line for line in printed.splitlines() if " jobs: " in line)
    assert int(jobs.split()[0]) < 400, "batches of titles a job, not a title a job"
    assert f"shards {paper_experiment.clips.batches}," in jobs
