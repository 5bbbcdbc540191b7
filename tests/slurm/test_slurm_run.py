"""`snakemake --profile slurm all_tables` on a real SLURM: what it was asked for, and what ran."""

import json
import subprocess
from pathlib import Path

import pytest
from cluster import Cluster, wait_until
from small_site import Site, edit_profile

from workflow_copy import copy_workflow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

ONE_OF_EACH = ["demo_films", "demo_tasks", "catalogue", "select", "align", "alignment", "shards", "clip_index"]
TABLES = ["table_b4", "table_b5", "result_tables", "comparisons", "claims"]
CPU_JOBS = {
    # rule: partition, CPUs, MB, wall time, GPUs (as they were given: all are A100s here)
    "demo_films": ("cpu", 2, 4000, "00:30:00", "(null)"),
    "catalogue": ("cpu", 2, 8000, "08:00:00", "(null)"),
    "align": ("cpu", 2, 16000, "04:00:00", "(null)"),
    "shards": ("cpu", 2, 16000, "12:00:00", "(null)"),
    "clip_index": ("cpu", 1, 2000, "00:10:00", "(null)"),
    "features": ("cpu", 32, 32000, "1-00:00:00", "(null)"),
    "random_weights": ("cpu", 1, 4000, "00:30:00", "(null)"),
    "comparisons": ("cpu", 1, 4000, "04:00:00", "(null)"),
    "claims": ("cpu", 1, 8000, "08:00:00", "(null)"),
    "result_tables": ("cpu", 1, 2000, "00:10:00", "(null)"),
}
GPU_JOBS = {
    "pretrain": ("gpu", 32, 240000, "2-12:00:00", "gpu:a100:4"),
    "probe_hear": ("gpu", 8, 16000, "12:00:00", "gpu:a100:1"),
    "probe_visual": ("gpu", 8, 16000, "12:00:00", "gpu:a100:1"),
}


def _rule_of(job: dict[str, str]) -> str:
    return job["Comment"].removeprefix("rule_").split("_wildcards_")[0]


def _asked(job: dict[str, str]) -> tuple[str, int, int, str, str]:
    memory_mb = int(job["MinMemoryNode"].removesuffix("M"))
    return job["Partition"], int(job["NumCPUs"]), memory_mb, job["TimeLimit"], job["JOB_GRES"]


def test_every_rule_was_one_job_and_the_tables_are_there(cluster: Cluster, undisturbed: Site) -> None:
    jobs = [job for job in cluster.jobs() if job["WorkDir"] == str(undisturbed.folder)]
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    suites = ["features", "features", *["probe_hear", "probe_visual"] * 3, *["aggregate"] * 6]
    trained = ["pretrain", "pretrain", "random_weights"]
    assert sorted(map(_rule_of, jobs)) == sorted([*ONE_OF_EACH, *TABLES, *suites, *trained]), "no job more, none less"
    for table in ("1", "2", "a1", "a2", "a3", "b4", "b5", "d6"):
        assert (undisturbed.results / f"tables/table{table}.tex").stat().st_size > 0
    scores = json.loads((undisturbed.results / "efj/hear.json").read_text())
    manifest = json.loads((undisturbed.results / "efj/seed0/pretraining.json").read_text())
    assert scores["seeds"][0]["checkpoint_sha256"] == manifest["checkpoints"][-1]["sha256"]
    assert scores["epoch"] == 10


@pytest.mark.parametrize("rule", [*CPU_JOBS, *GPU_JOBS])
def test_slurm_was_asked_for_what_the_profile_says(cluster: Cluster, undisturbed: Site, rule: str) -> None:
    """Also where it is more than this machine has: nothing of profiles/default holds a cluster's jobs down."""
    jobs = [job for job in cluster.jobs() if job["WorkDir"] == str(undisturbed.folder) and _rule_of(job) == rule]
    assert {_asked(job) for job in jobs} == {{**CPU_JOBS, **GPU_JOBS}[rule]}
    assert {job["NumNodes"] for job in jobs} == {"1"}
    assert {job["Requeue"] for job in jobs} == {"1"}


def test_four_processes_made_up_each_batch(undisturbed: Site) -> None:
    for variant in ("av", "efj"):
        log = (undisturbed.results / variant / "seed0/pretrain/log.txt").read_text()
        assert "21 clips of 6 titles, 10 epochs of 2 steps on cpu" in log, "21 clips: two batches of 4 times 2"


def test_two_trainings_share_a_machine(cluster: Cluster, undisturbed: Site) -> None:
    """Both nodes are this machine: two torchruns were there at once, neither in the way of the other's port."""
    jobs = [job for job in cluster.jobs() if job["WorkDir"] == str(undisturbed.folder) and _rule_of(job) == "pretrain"]
    assert len(jobs) == 2
    assert max(job["StartTime"] for job in jobs) < min(job["EndTime"] for job in jobs)


def test_nothing_is_left_to_do(undisturbed: Site) -> None:
    assert undisturbed.snakemake("--dry-run", "--configfile", "overlay.yaml", "--", "all_tables") == 0
    assert "Nothing to be done" in undisturbed.said()


def test_the_profile_as_shipped_asks_for_four_a100s_of_one_node(
    cluster: Cluster, repository: Path, tmp_path: Path
) -> None:
    """It waits for them while each node has two left; and where there are no real ones, the trainer says so."""
    site = Site(copy_workflow(repository, tmp_path / "site"))
    edit_profile(site.folder, {"status-checks: 60": "status-checks: 2"})
    for path in ("data/films/catalogue.csv", "results/corpus/clips.json"):
        (site.folder / path).parent.mkdir(parents=True)
        (site.folder / path).write_text("")
    words = ["sbatch", "--parsable", "--output=/dev/null", "--gpus=a100:2", "--wrap=sleep 3000"]
    others = [subprocess.check_output([*words, f"--nodelist={node}"], text=True).strip() for node in ("n1", "n2")]
    snakemake = site.start("--retries", "0", "results/av/seed0/pretraining.json")
    job: dict[str, str] = {}

    def waits() -> bool:
        job.update(next((job for job in cluster.jobs() if job["WorkDir"] == str(site.folder)), {}))
        assert snakemake.poll() is None, site.said()
        return job.get("JobState") == "PENDING" and job["Reason"] in ("Resources", "Priority")

    try:
        wait_until(lambda: bool(job) or waits(), "the job", site.said)
        wait_until(waits, "a job that waits for four GPUs of one node", site.said)
    finally:
        subprocess.run(["scancel", *others], check=True)
    assert snakemake.wait(timeout=1800) != 0
    job = next(job for job in cluster.jobs() if job["WorkDir"] == str(site.folder))
    assert (job["NumNodes"], *_asked(job)[1:]) == ("1", *GPU_JOBS["pretrain"][1:])
    assert job["Requeue"] == "1"
    log = (site.results / "av/seed0/logs/pretrain.log").read_text()
    assert "config key `device`: got 'cuda', but torch sees no GPU here" in log
