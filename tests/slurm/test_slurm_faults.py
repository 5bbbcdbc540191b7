"""A fault at a chosen step; the training ends as the undisturbed one did all the same."""

from pathlib import Path

import pytest
from cluster import Cluster
from small_site import Site
from training import begun, check_same, let_go, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def test_a_snakemake_that_is_killed_and_started_again_trains_nothing_twice(
    cluster: Cluster, undisturbed: Site, tmp_path: Path
) -> None:
    training = begun(cluster, undisturbed, tmp_path / "site", "--retries", "0")
    first = training.running()["JobId"]
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
    refused = (training.site.results / "efj/logs/pretrain.log").read_text()
    assert "another process trains in results/efj/pretrain (process " in refused
    assert training.steps() == steps
    assert training.job(first)["JobState"] == "RUNNING"

    let_go(trainers)
    assert training.ended(first) == "COMPLETED"
    assert start(training.site, "--retries", "0").wait(timeout=1800) == 0, training.context()
    check_same(training, undisturbed)
