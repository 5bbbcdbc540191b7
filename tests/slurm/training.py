"""A pretraining that runs as a SLURM job, stopped and let go by the test: faults come at a step of its choice."""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster import Cluster, job_processes, wait_until
from small_site import Site

VARIANT = "efj"
MEASURED = {"time_s", "clips_per_s", "data_wait_share", "memory_gib"}
"""What two runs of the same training do not share."""
SLICE_S = 0.2


@dataclass(frozen=True)
class Training:
    """The pretraining of `VARIANT` at a site, which one snakemake after another may look after."""

    cluster: Cluster
    site: Site
    snakemake: "subprocess.Popen[bytes]"

    @property
    def work_dir(self) -> Path:
        """Where the trainer keeps its files."""
        return self.site.results / VARIANT / "seed0/pretrain"

    @property
    def log(self) -> str:
        """What the trainers of all tries noted."""
        return (self.work_dir / "log.txt").read_text() if (self.work_dir / "log.txt").is_file() else ""

    def jobs(self) -> list[dict[str, str]]:
        """Return the site's pretraining jobs, the first one first."""
        jobs = (job for job in self.cluster.jobs() if job["WorkDir"] == str(self.site.folder))
        return [job for job in jobs if job["Comment"].startswith("rule_pretrain")]

    def job(self, job_id: str) -> dict[str, str]:
        """Return that job as it is now."""
        return next(job for job in self.jobs() if job["JobId"] == job_id)

    def running(self, *, after: str = "0") -> dict[str, str]:
        """Return the job that runs, waiting for it; one that was submitted after that job."""
        found: list[dict[str, str]] = []

        def looked() -> bool:
            assert self.snakemake.poll() is None, self.site.said()
            found[:] = [j for j in self.jobs() if j["JobState"] == "RUNNING" and int(j["JobId"]) > int(after)]
            return bool(found)

        wait_until(looked, "a pretraining job that runs", self.context)
        return found[-1]

    def stopped_after(self, steps: int, job_id: str) -> list[int]:
        """Let the job's trainers do so many steps more, a slice of time after the other; return them, stopped."""
        trainers: list[int] = []
        wanted = len(self.steps()) + steps

        def there() -> bool:
            trainers[:] = [pid for pid in job_processes(job_id) if _trains(pid)]
            _signal(trainers, signal.SIGSTOP)
            if len(self.steps()) >= wanted and trainers:
                return True
            _signal(trainers, signal.SIGCONT)
            assert self.job(job_id)["JobState"] in ("PENDING", "RUNNING"), self.context()
            time.sleep(SLICE_S)
            return False

        wait_until(there, f"{wanted} steps", self.context)
        assert not (self.work_dir.parent / "pretraining.json").exists(), "it ended before it could be stopped"
        return trainers

    def steps(self) -> list[int]:
        """Return the steps that stand in the metrics."""
        return [line["step"] for line in self.metrics()]

    def metrics(self) -> list[dict[str, Any]]:
        """Return the metrics of each step, besides those that measure the machine."""
        lines = []
        with suppress(FileNotFoundError):
            for line in (self.work_dir / "metrics.jsonl").read_text().splitlines():
                with suppress(ValueError):  # a line that is being written
                    lines.append({name: value for name, value in json.loads(line).items() if name not in MEASURED})
        return lines

    def ended(self, job_id: str) -> str:
        """Return the state in which the job has ended, waiting for it."""
        going = ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING")
        wait_until(lambda: self.job(job_id)["JobState"] not in going, f"the end of job {job_id}", self.context)
        return self.job(job_id)["JobState"]

    def context(self) -> str:
        """Return what a message about this training should show."""
        jobs = [f"{job['JobId']} {job['JobState']} {job['Reason']} on {job.get('NodeList')}" for job in self.jobs()]
        logs = self.site.results.glob(f"{VARIANT}/seed0/logs/pretrain.log")
        return "\n".join([*jobs, self.log, *(log.read_text() for log in logs), self.site.said(), self.cluster.logs()])


def begun(cluster: Cluster, undisturbed: Site, folder: Path, *words: str, patient: bool = False) -> Training:
    """Return a training that has everything before it from the undisturbed run, and nothing of its own yet."""
    site = undisturbed.copy(folder, VARIANT)
    return Training(cluster, site, start(site, *words, patient=patient))


def start(site: Site, *words: str, patient: bool = False) -> "subprocess.Popen[bytes]":
    """Start the snakemake that looks after the training."""
    target = ("--configfile", "overlay.yaml", "--", f"results/{VARIANT}/seed0/pretraining.json")
    return site.start(*words, *target, patient=patient)


def check_same(training: Training, undisturbed: Site) -> None:
    """Check that the training ended as the undisturbed one did: weights to the bit, and each step once."""
    whole = Training(training.cluster, undisturbed, training.snakemake)
    assert weights(training.site) == weights(undisturbed)
    assert training.steps() == list(range(20))
    assert training.metrics() == whole.metrics()


def let_go(pids: list[int]) -> None:
    """Let stopped processes go on."""
    _signal(pids, signal.SIGCONT)


def weights(site: Site) -> list[tuple[int, str]]:
    """Return each kept epoch with the hash of its weights."""
    manifest = json.loads((site.results / VARIANT / "seed0/pretraining.json").read_text())
    return [(kept["epoch"], kept["sha256"]) for kept in manifest["checkpoints"]]


def _trains(pid: int) -> bool:
    """Return whether the process is one that torchrun has started. A trainer's companion inherits its environment."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"\0dubaug.cli\0pretrain\0" in command and b"\0LOCAL_RANK=" in Path(f"/proc/{pid}/environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
