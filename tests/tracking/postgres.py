"""PostgreSQL from Debian's packages (`postgresql`, `python3-psycopg2`), started for a test, on a socket of its own."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DEBIANS_PACKAGES = Path("/usr/lib/python3/dist-packages")


def driver_path(folder: Path) -> str:
    """Return what PYTHONPATH needs for MLflow to find psycopg2: nothing, or a folder with Debian's alone in it."""
    if importlib.util.find_spec("psycopg2"):
        return ""
    module = DEBIANS_PACKAGES / "psycopg2"
    tag = f"cpython-{sys.version_info.major}{sys.version_info.minor}-"
    if not list(module.glob(f"_psycopg.{tag}*.so")):
        pytest.skip("PostgreSQL: no psycopg2 for this Python (apt-get install python3-psycopg2, pip install psycopg2)")
    (folder / "psycopg2").symlink_to(module)
    return str(folder)


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the address of a new, empty database; it is removed afterwards."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("PostgreSQL: not installed (apt-get install postgresql)")
    programs_dir, root = programs[-1].parent, os.geteuid() == 0
    folder = Path(tempfile.mkdtemp(prefix="dubaug-postgres-", dir="/tmp"))
    if root:  # which PostgreSQL refuses to run as
        shutil.chown(folder, "postgres", "postgres")

    def run(program: str, *words: str) -> None:
        prefix = ["runuser", "-u", "postgres", "--"] if root else []
        done = subprocess.run(
            [*prefix, str(programs_dir / program), *words], capture_output=True, text=True, check=False, cwd=folder
        )
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        run("initdb", "-D", f"{folder}/data", "-U", "postgres", "--auth=trust", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-o", options, "-w", "start")
        try:
            run("createdb", "-h", str(folder), "-U", "postgres", "mlflow")
            yield f"postgresql://postgres@/mlflow?host={folder}"
        finally:
            run("pg_ctl", "-D", f"{folder}/data", "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
