"""Faults of a cluster, each at a chosen step; the training ends as the undisturbed one did all the same."""

import json
import os
import signal
import subprocess
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import late_disk
import pytest
from cluster import NODES, Cluster, wait_until
from small_site import Site
from training import VARIANT, Training, begun, check_same, let_go, start, weights

from needs import lacking

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def _told(pid: int, number: signal.Signals) -> bool:
    """Return whether the signal waits for a stopped process, or the process has gone on and left."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True
    masks = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd"))]
    return any(mask >> (number - 1) & 1 for mask in masks)


def test_snakemake_tries_again_after_a_kill_a_wall_time_and_a_cancellation(
    cluster: Cluster, undisturbed: Site, tmp_path: Path
) -> None:
    training = begun(cluster, undisturbed, tmp_path / "site")

    first = training.running()["JobId"]
    trainers = training.stopped_after(3, first)
    os.kill(trainers[1], signal.SIGKILL)
    let_go(trainers)
    assert training.ended(first) == "FAILED"

    # The wall time moves to now + less than the 300 s of the profile's --signal=USR1@300.
    second = training.running(after=first)["JobId"]
    trainers = training.stopped_after(3, second)
    elapsed = training.job(second)["RunTime"].split(":")
    minutes = int(elapsed[-3]) * 60 + int(elapsed[-2]) + 4
    subprocess.run(["scontrol", "update", f"JobId={second}", f"TimeLimit={minutes}"], check=True)
    told = partial(_told, number=signal.SIGUSR1)
    wait_until(lambda: any(map(told, trainers)), "SIGUSR1 at a trainer", training.context)
    let_go(trainers)  # SLURM may have sent SIGCONT itself
    assert training.ended(second) == "FAILED", "it left by itself, before SLURM ended it"
    assert "ended early: SIGUSR1 after step" in training.log
    saved = training.steps()[-1] + 1

    third = training.running(after=second)["JobId"]
    trainers = training.stopped_after(3, third)
    assert f"continuing at step {saved}" in training.log, "nothing was done twice"
    subprocess.run(["scancel", third], check=True)
    let_go(trainers)
    assert training.ended(third) == "CANCELLED"

    assert training.snakemake.wait(timeout=1800) == 0, training.context()
    assert [job["JobState"] for job in training.jobs()] == ["FAILED", "FAILED", "CANCELLED", "COMPLETED"]
    check_same(training, undisturbed)


def test_slurm_queues_a_job_again_when_told_to_and_when_its_node_loses_power(
    cluster: Cluster, undisturbed: Site, tmp_path: Path
) -> None:
    """Snakemake waits for the one job that it submitted: no second one trains beside it."""
    training = begun(cluster, undisturbed, tmp_path / "site", "--retries", "0")
    job_id = training.running()["JobId"]
    trainers = training.stopped_after(3, job_id)
    subprocess.run(["scontrol", "requeue", job_id], check=True)
    let_go(trainers)
    wait_until(lambda: training.job(job_id)["Restarts"] == "1", "the requeued job", training.context)

    node = training.running()["NodeList"]
    training.stopped_after(3, job_id)
    cluster.cut_power(node)
    cluster.give_up(node)
    wait_until(lambda: training.job(job_id)["Restarts"] == "2", "the job without a node", training.context)
    try:
        assert training.running()["NodeList"] != node
        assert training.snakemake.wait(timeout=1800) == 0, training.context()
    finally:
        cluster.start_node(node)  # it registers, and is taken back
    wait_until(lambda: cluster.node_state(node) == "IDLE", "the node", cluster.logs)
    assert [job["JobId"] for job in training.jobs()] == [job_id]
    check_same(training, undisturbed)


def test_a_snakemake_that_is_interrupted_or_killed_and_started_again_trains_nothing_twice(
    cluster: Cluster, undisturbed: Site, tmp_path: Path
) -> None:
    training = begun(cluster, undisturbed, tmp_path / "site", "--retries", "0", patient=True)
    interrupted = training.running()["JobId"]
    trainers = training.stopped_after(3, interrupted)
    training.snakemake.send_signal(signal.SIGINT)

    def over() -> bool:
        return training.snakemake.poll() is not None or training.job(interrupted)["JobState"] != "RUNNING"

    wait_until(over, "Ctrl-C to cancel the job", training.context)
    if training.job(interrupted)["JobState"] == "RUNNING":
        # The executor (2.8.0) forgets its jobs while it asks SLURM about them: docs/cluster.md says what to do then.
        warnings.warn("Ctrl-C came while Snakemake asked SLURM, and cancelled nothing", stacklevel=1)
        subprocess.run(["scancel", interrupted], check=True)
    let_go(trainers)
    assert training.ended(interrupted) == "CANCELLED"
    assert training.snakemake.wait(timeout=900) != 0
    assert "ended early: SIGTERM after step" in training.log

    # The same command goes on; now Snakemake dies without a word, and its job does not notice.
    training = Training(cluster, training.site, start(training.site, "--retries", "0"))
    first = training.running(after=interrupted)["JobId"]
    trainers = training.stopped_after(3, first)
    training.snakemake.kill()
    training.snakemake.wait()

    # It left its lock, which says what to do; the job goes on without it.
    assert start(training.site, "--retries", "0").wait(timeout=900) != 0
    assert "unlock" in training.site.said()
    unlocked = training.site.snakemake("--unlock", "--configfile", "overlay.yaml")
    assert unlocked == 0, training.site.said()

    # A second trainer is refused, and changes nothing.
    steps = training.steps()
    assert start(training.site, "--retries", "0").wait(timeout=1800) != 0
    refused = (training.site.results / "efj/seed0/logs/pretrain.log").read_text()
    assert "another process trains in results/efj/seed0/pretrain (process " in refused
    assert training.steps() == steps
    assert training.job(first)["JobState"] == "RUNNING"

    let_go(trainers)
    assert training.ended(first) == "COMPLETED"
    assert start(training.site, "--retries", "0").wait(timeout=1800) == 0, training.context()
    check_same(training, undisturbed)


def test_a_disk_that_shows_files_late_delays_and_changes_nothing(
    cluster: Cluster, undisturbed: Site, tmp_path: Path
) -> None:
    """From the shards on, each machine sees what another one has made eight seconds later."""
    if reason := late_disk.why_not():
        lacking("fuse", reason)
    made_anew = ("shards", "corpus/clips.json", "features", VARIANT)
    targets = [f"results/{VARIANT}/{suite}.json" for suite in ("hear", "visual")]
    undisturbed.copy(tmp_path / "disk/site", *made_anew)
    with late_disk.late_disk(tmp_path / "disk", tmp_path / "late", 8.0):
        site = Site(tmp_path / "late/site")
        begun_at = max(int(job["JobId"]) for job in cluster.jobs())
        code = site.snakemake("--retries", "0", "--configfile", "overlay.yaml", "--", *targets)
        assert code == 0, site.said() + cluster.logs()
        jobs = [job for job in cluster.jobs() if int(job["JobId"]) > begun_at]
        assert {job["NodeList"] for job in jobs} == set(NODES), "files went from machine to machine"
        assert weights(site) == weights(undisturbed)
        for target in targets:
            assert _scores(site.folder / target) == _scores(undisturbed.folder / target)


def _scores(file: Path) -> dict[str, Any]:
    """Return a result with those of its sweep, besides the time that they took (and, of files with times, the hash)."""
    result = json.loads(file.read_text())
    tasks = {name: {**task, "seconds": 0} for name, task in result["tasks"].items()}
    sweep = [{**point, "sha256": _scores(file.parent / point["path"])} for point in result.get("sweep", [])]
    return {**result, "tasks": tasks, "sweep": sweep}
