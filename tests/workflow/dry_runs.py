"""What snakemake says that it would do, quickly: from a fork of a process that has imported and read what it needs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMANDS = ("-p", "--workflow-profile", "none", "--cores", "1")
"""With these, snakemake prints jobs and their commands in its own form."""
FORKS = """
import json, os, sys
from pathlib import Path
import smart_open, snakemake.cli
import dubaug.figures.names, dubaug.pretrain.kept, dubaug.tables.experiment, dubaug.tracking.watch
from dubaug.config import resolve_files

snakemake.cli.get_argument_parser()
resolve_files([Path("config.yaml")], Path("workflow"))
for line in sys.stdin:
    words, folder = json.loads(line)
    child = os.fork()
    if not child:
        os.chdir(folder)
        printed = os.open("../printed", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number, file in enumerate((os.open(os.devnull, os.O_RDONLY), printed, printed)):
            os.dup2(file, number)
        sys.argv = ["snakemake", *words]
        sys.exit(snakemake.cli.main())
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class DryRun:
    """How it ended, and all that it printed."""

    code: int
    printed: str

    @property
    def lines(self) -> list[str]:
        """What it printed, if it went well."""
        assert self.code == 0, self.printed
        return self.printed.splitlines()

    @property
    def jobs(self) -> dict[str, int]:
        """The number of jobs of each rule."""
        line = next(line for line in self.lines if re.match(r"\d+ jobs: ", line))
        return {rule: int(count) for rule, count in (part.rsplit(" ", 1) for part in line.split(": ")[1].split(", "))}

    def commands(self, name: str) -> list[str]:
        """Return the calls of one of dubaug's commands, where it was asked to print `COMMANDS`."""
        return [line for line in self.lines if f"dubaug {name} " in line]

    def is_refused(self, *words: str) -> bool:
        """Return whether it failed before any job with these words, and in words."""
        says = all(word in self.printed for word in words)
        return self.code != 0 and says and "Traceback" not in self.printed and " jobs: " not in self.printed


class Forks:
    """The process that is forked."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, words: list[str], folder: Path) -> DryRun:
        """Run snakemake in a folder; what it prints is kept beside that."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([words, str(folder)]), file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        return DryRun(code, (folder.parent / "printed").read_text(encoding="utf-8"))


@contextmanager
def forking(repository: Path) -> Iterator[Forks]:
    """Start the process; it ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", FORKS],
        cwd=repository,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Forks(process)


def environment() -> dict[str, str]:
    """Return the environment as it is where somebody has activated ours, and has no MLflow server."""
    bin_dir = Path(sys.executable).parent
    others = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return {**others, "PATH": f"{bin_dir}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
