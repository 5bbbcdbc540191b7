"""One cluster for all tests, and one undisturbed run to compare with."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster, why_not
from small_site import Site, small_site

from needs import lacking


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    if reason := why_not():
        lacking("slurm", f"no SLURM can be started here: {reason}")
    here = Cluster(Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp")))
    try:
        here.start()
        yield here
    finally:
        here.stop()


@pytest.fixture(scope="session")
def undisturbed(cluster: Cluster, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that has run `snakemake --profile slurm all_tables` to its end, with nothing in its way."""
    site = small_site(repository, tmp_path_factory.mktemp("slurm") / "site")
    code = site.snakemake("--configfile", "overlay.yaml", "--", "all_tables")
    assert code == 0, site.said() + cluster.logs()
    yield site
    shutil.rmtree(site.folder, ignore_errors=True)
