"""Results come to MLflow while Snakemake runs: a process beside it (`dubaug mlflow-sync --watch`) sends what is new.

It writes what the sync at the end of the call would write, on the same machine, and takes turns with other syncs. It
may die at any moment: the next sync does the rest.
"""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dubaug.companion.address import sqlite_file, unfit
from dubaug.companion.process import start
from dubaug.companion.training import FINISHED, STATE
from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.layout import MANIFEST, WORK_DIR
from dubaug.progress import log_line
from dubaug.suites.registry import SUITES
from dubaug.tracking.records import REPORT_FILES, collect
from dubaug.tracking.sync import sync

LOOK_EVERY_S = 30.0
BACKOFF_MAX_S = 300.0
_CURVES = (f"{WORK_DIR}/metrics.jsonl", f"{WORK_DIR}/system.jsonl")


class Watcher:
    """The process, as the call of Snakemake sees it. Nothing that happens to it is an error."""

    def __init__(self, experiment: Experiment, config: Path, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._wanted = experiment.tracking.live
        self._words = ["mlflow-sync", "--watch", str(look_every_s), "--config", str(config)]
        self._words += ["--results-dir", experiment.results_dir]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, where the configuration wants anything live. It ends with this process, however that ends."""
        if not self._wanted:
            return
        try:
            self._process = start(self._words, stderr=subprocess.PIPE)
        except OSError as error:
            log_line(f"mlflow: warning: results come at the end ({error})")
            return
        threading.Thread(target=_pass_on, args=(self._process,), daemon=True).start()

    def stop(self) -> None:
        """End it at once, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _pass_on(process: "subprocess.Popen[bytes]") -> None:
    """Say what the process says: had it our stderr itself, a pipe behind that would stay open as long as it lives."""
    assert process.stderr is not None
    for line in process.stderr:
        log_line(line.decode(errors="replace").rstrip())


def watch(results_dir: Path, *, uri: str, experiment: str, look_every_s: float, until: int) -> None:
    """Bring the store up to date whenever results have changed, until the pipe `until` ends (and this process with it).

    A training that runs has a companion that sends its curves (`dubaug.companion`); where it has none because the
    store is unfit for many writers, they are sent from here. A store that does not answer is one warning, and is asked
    again ever more rarely.
    """
    alone = unfit(uri) is not None
    sent, opened = looked_at(results_dir, curves=alone), None
    threading.Thread(target=_end_with, args=(until,), daemon=True).start()
    pause_s, warned = look_every_s, False
    while True:
        time.sleep(pause_s)
        now = looked_at(results_dir, curves=alone)
        if now == sent:
            continue
        if opened is not None and _file_number(uri) != opened:
            return  # MLflow would go on in the file that was removed; the sync at the end fills the new one
        try:
            records = [record for record in collect(results_dir) if alone or record.status == FINISHED]
            sync(records, uri=uri, experiment=experiment, state_dir=results_dir / STATE)
        except (DubaugError, OSError, ImportError) as error:
            if _made_anew(error):
                continue
            if not warned:
                with suppress(OSError):
                    log_line(f"mlflow: warning: {error}. Jobs go on")
            warned, pause_s = True, max(look_every_s, min(2 * pause_s, BACKOFF_MAX_S))
            continue
        sent, opened, pause_s = now, _file_number(uri), look_every_s


def looked_at(results_dir: Path, *, curves: bool) -> dict[str, tuple[int, int]]:
    """Return time and size of the files that syncing may depend on; of those that a training writes to if `curves`."""
    seen: dict[str, tuple[int, int]] = {}
    results = [name for suite in SUITES for name in (f"{suite}.json", f"epoch*/{suite}.json")]
    for path in _files(results_dir, (MANIFEST, *results, *(_CURVES if curves else ()))):
        with suppress(OSError):
            stat = path.stat()
            seen[str(path)] = (stat.st_mtime_ns, stat.st_size)
    return seen


def _files(results_dir: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for folder in ("*", "*/seed*"):
        for name in patterns:
            yield from results_dir.glob(f"{folder}/{name}")
    for pattern in ("tables/[!.]*", "figures/[!.]*", "corpus/[!.]*", *REPORT_FILES):
        yield from results_dir.glob(pattern)


def _end_with(pipe: int) -> None:
    """End this process when the other end of the pipe is closed, also while it waits for a store."""
    while os.read(pipe, 64):
        pass
    os._exit(0)


def _file_number(uri: str) -> int | None:
    """Return what tells a SQLite file from another one at its place; None where there is none."""
    path = sqlite_file(uri)
    return path.stat().st_ino if path is not None and path.is_file() else None


def _made_anew(error: Exception) -> bool:
    """Return whether a file was gone when it was to be read: manifests go when a training begins anew."""
    return isinstance(error, FileNotFoundError) or isinstance(error.__cause__, FileNotFoundError)
