"""What a person sees while the workflow runs: which stage, how far, how long; not the shell commands.

A Snakemake logger plugin, named in profiles/default. Jobs write their progress to their log files; the last line of
each running job's log is shown from time to time. `snakemake --workflow-profile none` gives Snakemake's own output.
With `--logger-dubaug-jobs FILE` a dry run writes its jobs there instead, one JSON object a line, for `dubaug plan`.
"""

import json
import logging
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Optional, TextIO

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

from dubaug.plan.jobs import PlannedJob
from dubaug.progress import duration

QUIET_AFTER_S = 10.0
"""After so many seconds without a line, the running jobs' own progress is shown."""
TAIL_BYTES = 4096


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """What the command line may say, as `--logger-dubaug-<name>`."""

    # Snakemake reads the annotation and knows no `Path | None`.
    jobs: Optional[Path] = field(  # noqa: UP045
        default=None,
        metadata={"help": "Of a dry run: write the jobs to this file, a JSON object a line, and show none."},
    )


@dataclass
class RunningJob:
    """A job that has been started; `log` holds its own words."""

    name: str
    log: Path | None
    started: float = field(default_factory=time.monotonic)


class LogHandler(LogHandlerBase):
    """Turns Snakemake's events into a few lines."""

    stream: TextIO

    def __post_init__(self) -> None:
        self.stream = sys.stderr
        self.jobs: dict[int, RunningJob] = {}
        self.finished, self.total = 0, 0
        self.start = self.last_line = time.monotonic()
        self.told: dict[int, str] = {}
        self.lock_lines = threading.RLock()
        if not self.common_settings.dryrun:
            threading.Thread(target=self._tell_from_time_to_time, daemon=True).start()

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: logging.LogRecord) -> None:
        """Show one event, if a person wants to know it."""
        event: Any = getattr(record, "event", None)
        show = {
            LogEvent.RUN_INFO: self._run_info,
            LogEvent.JOB_INFO: self._job_info,
            LogEvent.JOB_FINISHED: self._job_finished,
            LogEvent.JOB_ERROR: self._job_error,
            LogEvent.PROGRESS: self._progress,
        }.get(event)
        if show is not None:
            show(vars(record))
        elif event in {None, LogEvent.ERROR} and record.levelno >= logging.INFO:
            message = record.getMessage()
            if record.levelno >= logging.WARNING or _worth_reading(message):
                self._line(message)

    def _run_info(self, record: Mapping[str, Any]) -> None:
        counts = {rule: count for rule, count in record["stats"].items() if rule != "total"}
        self.total = int(record["stats"].get("total", 0))
        self._line(f"{self.total} jobs: " + ", ".join(f"{rule} {count}" for rule, count in counts.items()))

    def _job_info(self, record: Mapping[str, Any]) -> None:
        name = _job_name(record["rule_name"], record["wildcards"])
        log = Path(record["log"][0]) if record["log"] else None
        self.jobs[record["jobid"]] = RunningJob(name=name, log=log)
        jobs = getattr(self.settings, "jobs", None)
        if self.common_settings.dryrun and jobs is not None:
            with Path(jobs).open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(_planned(record))) + "\n")
        elif self.common_settings.dryrun:
            self._line(f"would run {name}: {_shortened(record['reason'])}")
        else:
            self._line(f"{self._clock()} {name}")

    def _job_finished(self, record: Mapping[str, Any]) -> None:
        job = self.jobs.pop(record["job_id"], None)
        self.finished += 1
        if job is not None:
            self._line(f"{self._clock()} {job.name}: done in {duration(time.monotonic() - job.started)}")

    def _progress(self, record: Mapping[str, Any]) -> None:
        self.finished, self.total = record["done"], record["total"]

    def _job_error(self, record: Mapping[str, Any]) -> None:
        job = self.jobs.pop(record["jobid"], None)
        name = job.name if job else record["rule_name"]
        self._line(f"{self._clock()} FAILED: {name}")
        for log in record["log"]:
            lines = _tail(Path(log))
            self._line("\n".join([f"  its log, {log}, ends with:", *(f"  | {line}" for line in lines[-15:])]))
        self._line(f"  the command was: {' '.join(str(record['shellcmd']).split())}")

    def _clock(self) -> str:
        return f"[{duration(time.monotonic() - self.start):>12}] {self.finished:>3}/{self.total}"

    def _line(self, text: str) -> None:
        with self.lock_lines:
            self.last_line = time.monotonic()
            print(text, file=self.stream, flush=True)

    def _tell_from_time_to_time(self) -> None:
        while True:
            time.sleep(1.0)
            if time.monotonic() - self.last_line < QUIET_AFTER_S:
                continue
            for number, job in list(self.jobs.items()):
                lines = _tail(job.log) if job.log else []
                if lines and self.told.get(number) != lines[-1]:
                    self.told[number] = lines[-1]
                    self._line(f"{'':>23}{job.name} | {lines[-1]}")


def _job_name(rule: str, wildcards: Mapping[str, str]) -> str:
    """Return `pretrain efj` for rule pretrain with wildcard variant=efj."""
    words = [rule, *(str(value) for name, value in wildcards.items() if name != "seed")]
    if "seed" in wildcards:
        words.append(f"seed {wildcards['seed']}")
    return " ".join(words)


def _planned(record: Mapping[str, Any]) -> PlannedJob:
    """Return what a job asks for and the files that it stands between."""
    return PlannedJob(
        rule=record["rule_name"],
        wildcards=dict(record["wildcards"]),
        threads=int(record["threads"]),
        gpus=int(getattr(record["resources"], "gpu", 0)),
        inputs=[str(path) for path in record["input"]],
        outputs=[str(path) for path in record["output"]],
        benchmark=str(record["benchmark"]) if record["benchmark"] else None,
        command=bool(record["shellcmd"]),
    )


def _shortened(reason: str, longest: int = 120) -> str:
    """Return why a job would run, without all of a long list of files."""
    return reason if len(reason) <= longest else reason[:longest].rsplit(",", 1)[0] + ", ..."


def _tail(path: Path) -> list[str]:
    """Return the last lines of a log, none if there is no log yet."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return [line for line in file.read().decode("utf-8", errors="replace").splitlines() if line.strip()]
    except FileNotFoundError:
        return []


CHATTER = (
    "RuleException:",  # the failed job's own block says it better
    "host:",
    "Building DAG",
    "Using shell",
    "Provided",
    "Rules claiming",
    "Select jobs",
    "Execute ",
    "Assuming unrestricted",
    "Complete log",
    "Using workflow specific profile",
    "Using profile",
    "Conda environments: ignored",
    "Singularity containers: ignored",
)
"""How Snakemake's lines begin that tell a user of this workflow nothing."""


def _worth_reading(message: str) -> bool:
    return bool(message.strip()) and message != "None" and not message.startswith(CHATTER)
