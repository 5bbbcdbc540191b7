"""Jobs as Snakemake plans them, and the files that earlier runs leave, made up for tests."""

import os
from pathlib import Path
from typing import Any

from dubaug.plan.jobs import PlannedJob

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time"


def make_job(rule: str, **values: Any) -> PlannedJob:
    defaults: dict[str, Any] = {
        "wildcards": {}, "threads": 1, "gpus": 0, "inputs": (), "outputs": (), "benchmark": None, "command": True,
    }  # fmt: skip
    return PlannedJob(rule=rule, **{**defaults, **values})


def write_benchmark(path: Path, seconds: float, *, age_s: float = 0.0, now_s: float) -> str:
    """Write a benchmark file as Snakemake does, last changed `age_s` before `now_s`; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}\n{seconds:.4f}\t0:00:00\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA\n", encoding="utf-8")
    os.utime(path, (now_s - age_s, now_s - age_s))
    return str(path)
