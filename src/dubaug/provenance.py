"""Which code this is: its version, and the commit of its own checkout. Light: no torch."""

import os
import subprocess
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


@cache
def git_commit(package: Path = PACKAGE) -> str | None:
    """Return the commit of the checkout that `package` is the `src/dubaug` of.

    None for an installed package, whatever repository it lies in (a virtual environment stands in somebody's project),
    and where there is no git.
    """
    command = ["git", "-C", str(package), "rev-parse", "--show-toplevel", "HEAD"]
    # In a hook of git's, GIT_DIR names the repository that is committed to.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if found.returncode != 0:
        return None
    top, _, commit = found.stdout.removesuffix("\n").rpartition("\n")
    return commit if (Path(top) / "src/dubaug").resolve() == package.resolve() else None


def code_version(version: str, commit: str | None) -> str:
    """Return a version of the code with its commit, where there is one: `0.1.0 (commit 0123456789ab)`."""
    return version if commit is None else f"{version} (commit {commit[:12]})"
