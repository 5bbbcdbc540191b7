"""The commit is that of this package's own checkout, or none."""

import shutil
import subprocess
from pathlib import Path

import pytest

from dubaug import provenance
from dubaug.provenance import code_version, git_commit


@pytest.fixture(autouse=True)
def _asked_anew():
    git_commit.cache_clear()
    yield
    git_commit.cache_clear()


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=")
    return subprocess.run(["git", "-C", folder, *who, *words], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    """Return somebody's repository with a commit."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "theirs")
    return tmp_path


def package_at(folder: Path) -> Path:
    folder.mkdir(parents=True)
    shutil.copy(provenance.__file__, folder)
    return folder


def test_the_commit_is_the_own_checkouts(strangers: Path) -> None:
    assert git_commit(package_at(strangers / "src/dubaug")) == git(strangers, "rev-parse", "HEAD").strip()


@pytest.mark.parametrize("place", [".venv/lib/python3.12/site-packages/dubaug", "dubaug", "vendor/src/dubaug"])
def test_a_strangers_repository_around_the_package_is_not_its_own(strangers: Path, place: str) -> None:
    assert git_commit(package_at(strangers / place)) is None


def test_a_repository_that_git_is_told_of_is_not_its_own(strangers, tmp_path_factory, monkeypatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(strangers / ".git"))
    assert git_commit(package_at(tmp_path_factory.mktemp("own") / "src/dubaug")) is None


def test_no_git_and_no_commit_yet_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = package_at(tmp_path / "src/dubaug")
    git(tmp_path, "init", "--quiet")
    assert git_commit(package) is None
    git_commit.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit() is None


def test_version_and_commit_in_words() -> None:
    assert code_version("0.1.0", "0123456789abcdef") == "0.1.0 (commit 0123456789ab)"
    assert code_version("0.1.0", None) == "0.1.0"
