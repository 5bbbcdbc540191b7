"""The report is made last, of every run, and asks for nothing that the tables and figures do not."""

import re
import subprocess
from collections.abc import Callable

import pytest

Snakemake = Callable[..., subprocess.CompletedProcess[str]]


def _jobs(run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    assert run.returncode == 0, run.stderr
    line, *_ = re.findall(r"^\d+ jobs: (.*)$", run.stdout + run.stderr, re.MULTILINE)
    return {rule: int(count) for rule, count in (part.rsplit(" ", 1) for part in line.split(", "))}


def test_the_report_is_one_job_more_than_tables_and_figures(snakemake: Snakemake) -> None:
    before = _jobs(snakemake("-n", "all_tables", "all_figures"))
    report, everything = _jobs(snakemake("-n", "all_report")), _jobs(snakemake("-n", "all"))
    assert report.pop("report_page") == everything.pop("report_page") == 1
    targets = {"all", "all_tables", "all_figures", "all_report"}
    assert {"result_tables", "comparisons", "figure_c2", "alignment_figure", "pretrain"} <= set(report)
    assert set(before) - targets == set(report) - targets == set(everything) - targets


@pytest.mark.parametrize("seeds", [[0], [0, 1]])
def test_its_command_names_every_run(snakemake: Snakemake, seeds: list[int]) -> None:
    words = ("-n", "-p", "--workflow-profile", "none", "--cores", "1", "results/report.html")
    run = snakemake(*words, overlay={"seeds": seeds})
    assert run.returncode == 0, run.stderr
    (command,) = [line for line in (run.stdout + run.stderr).splitlines() if "dubaug report" in line]
    for seed in seeds:
        names = ("pretraining.json", "pretrain/metrics.jsonl", "benchmarks")
        assert {f"results/efj/seed{seed}/{name}" for name in names} <= set(command.split())
    assert command.count("/metrics.jsonl") == command.count("/pretraining.json") == 9 * len(seeds)
    assert "results/efj/hear.json" in command.split()
