"""The profile where there is an accounting database: the account is charged, and no job is waited for in vain."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ACCOUNT, Cluster, wait_until, why_not
from small_site import Site, edit_profile, small_site

from needs import lacking

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

COMMAND = ("--configfile", "overlay.yaml", "--", "results/rp/seed0/pretraining.json")
"""One job, of the random network, that takes no data."""


@pytest.fixture(scope="module")
def accounted() -> Iterator[Cluster]:
    """A cluster of this module's own: it comes first in the folder, before the other tests' one is started."""
    if reason := why_not(accounting=True):
        lacking("accounting", f"no SLURM with accounting can be started here: {reason}")
    here = Cluster(Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp")), accounting=True)
    try:
        here.start()
        yield here
    finally:
        here.stop()


def _accounted_jobs() -> list[list[str]]:
    """Return rule, state and account of each job that `sacct` knows, the first one first."""
    words = ["sacct", "--allocations", "--noheader", "--parsable2", "--format=Comment,State,Account"]
    lines = subprocess.check_output(words, text=True).splitlines()
    return [[line.split("|")[0].removeprefix("rule_").split("_wildcards_")[0], *line.split("|")[1:]] for line in lines]


def _site(repository: Path, folder: Path) -> Site:
    site = small_site(repository, folder)
    edit_profile(site.folder, {'# slurm_account: "my_account"': f'slurm_account: "{ACCOUNT}"'})
    return site


def test_a_job_that_is_cancelled_is_submitted_again_and_the_account_is_charged(
    accounted: Cluster, repository: Path, tmp_path: Path
) -> None:
    """`sacct` says "CANCELLED by 0", which the executor (2.8.0) takes for a job that still runs: `squeue` is asked."""
    site = _site(repository, tmp_path / "site")
    snakemake = site.start(*COMMAND, patient=True)

    def runs() -> bool:
        assert snakemake.poll() is None, site.said() + accounted.logs()
        return any(job["JobState"] == "RUNNING" for job in accounted.jobs())

    wait_until(runs, "a first job", site.said, 300)
    first = accounted.jobs()[0]["JobId"]
    subprocess.run(["scancel", first], check=True)

    assert snakemake.wait(timeout=900) == 0, site.said() + accounted.logs()
    assert (site.folder / COMMAND[-1]).stat().st_size > 0
    jobs = [(rule, state.split()[0], account) for rule, state, account in _accounted_jobs()]
    assert jobs == [("random_weights", "CANCELLED", ACCOUNT), ("random_weights", "COMPLETED", ACCOUNT)]


def test_where_squeue_forgets_at_once_sacct_is_asked(accounted: Cluster, repository: Path, tmp_path: Path) -> None:
    site = _site(repository, tmp_path / "site")
    edit_profile(site.folder, {"status-checks: 2": "status-checks: 3000"})  # MinJobAge is 3600 s here
    assert site.snakemake(*COMMAND) == 0, site.said() + accounted.logs()
    assert "Falling back to 'sacct' for status queries" in site.said()
    assert (site.folder / COMMAND[-1]).stat().st_size > 0
