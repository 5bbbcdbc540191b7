"""PostgreSQL from Debian's package, started for a test, on a socket of its own."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from needs import lacking


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the address of a new, empty database; it is removed afterwards."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        lacking("postgresql", "PostgreSQL is not installed: apt-get install postgresql")
    if importlib.util.find_spec("psycopg2") is None:
        lacking("postgresql", "PostgreSQL's driver is not installed (psycopg2-binary in requirements.lock)")
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
