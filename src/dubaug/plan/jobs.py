"""The jobs of a run as Snakemake itself plans them: a dry run, whose jobs its logger plugin writes down.

Light: the plugin makes its `PlannedJob`s.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from dubaug.errors import DubaugError


@dataclass(frozen=True, kw_only=True)
class PlannedJob:
    """A job that Snakemake would run."""

    rule: str
    wildcards: Mapping[str, str]
    threads: int
    """Cores that it reserves."""
    gpus: int
    inputs: Sequence[str]
    outputs: Sequence[str]
    benchmark: str | None
    """The file that Snakemake writes the job's time to."""
    command: bool
    """Whether anything is run; a target rule only collects."""

    @property
    def variant(self) -> str:
        """The variant that a training or probing job is of. Raises `KeyError` for other jobs."""
        return self.wildcards["run"].split("/")[0]

    @property
    def probed(self) -> str | None:
        """The suite that a probing job is of; None for other jobs."""
        return self.rule.removeprefix("probe_") if self.rule.startswith("probe_") else None


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """How Snakemake is called for a dry run."""

    snakefile: Path
    config: Sequence[Path]
    """Configuration files, the last one on top."""
    scale: str
    targets: Sequence[str]
    cores: int
    """No job gets more threads."""
    profile: str | None = None

    def jobs(self, *, directory: Path | None = None, force: bool = False) -> tuple[PlannedJob, ...]:
        """Return the jobs that would run now; with `force` also the finished ones.

        `directory` is where relative paths begin (None: here). Raises `DubaugError` with Snakemake's own words.
        """
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "jobs.jsonl"
            words = [sys.executable, "-m", "snakemake", *self._words(written, directory, force)]
            run = subprocess.run(words, capture_output=True, text=True, check=False)
            if run.returncode:
                raise DubaugError(f"Snakemake cannot plan this run:\n{(run.stderr + run.stdout).strip()}")
            text = written.read_text(encoding="utf-8") if written.is_file() else ""
        return tuple(PlannedJob(**json.loads(line)) for line in text.splitlines())

    def _words(self, written: Path, directory: Path | None, force: bool) -> list[str]:
        words = ["--dry-run", "--snakefile", str(self.snakefile), "--cores", str(self.cores)]
        words += ["--logger", "dubaug", "--logger-dubaug-jobs", str(written), "--nolock"]
        words += ["--profile", self.profile] if self.profile else []
        words += ["--directory", str(directory)] if directory else []
        words += ["--forceall"] if force else []
        words += ["--configfile", *(str(path.resolve()) for path in self.config)]
        return [*words, "--config", f"scale={self.scale}", "--", *self.targets]


def longest_chain(jobs: Sequence[PlannedJob], seconds: Sequence[float]) -> tuple[float, tuple[PlannedJob, ...]]:
    """Return the length in seconds of the longest chain of jobs that wait for each other, and its jobs in order."""
    maker = {output: number for number, job in enumerate(jobs) for output in job.outputs}
    before = [sorted({maker[path] for path in job.inputs if path in maker}) for job in jobs]
    ends: dict[int, float] = {}
    for number in TopologicalSorter(dict(enumerate(before))).static_order():
        ends[number] = seconds[number] + max((ends[other] for other in before[number]), default=0.0)
    if not ends:
        return 0.0, ()
    last: int | None = max(ends, key=lambda number: ends[number])
    length, chain = ends[last], []  # type: ignore[index]
    while last is not None:
        chain.append(jobs[last])
        last = max(before[last], key=lambda number: ends[number], default=None)
    return length, tuple(reversed(chain))
