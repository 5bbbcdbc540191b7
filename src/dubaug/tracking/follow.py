"""The companion of a training: samples the machine, and sends what the trainer writes to MLflow as it is written."""

import os
import select
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dubaug.companion.training import FAILED, RUNNING
from dubaug.pretrain.workdir import WorkDirectory
from dubaug.progress import log_line
from dubaug.tracking.curves import Curve
from dubaug.tracking.machine import Machine, Recorder
from dubaug.tracking.records import Record, training_key, training_name, training_tags
from dubaug.tracking.store import Store, StoreError

if TYPE_CHECKING:
    from mlflow.entities import Run

SEND_EVERY_S = 5.0
SAMPLE_EVERY_S = 10.0
BACKOFF_MAX_S = 300.0
RETRIES = 1
"""At once: servers close connections that were idle for some seconds, often just as they are used again."""


class Follower:
    """One training's way to MLflow. Nothing that the store does ends it; the first failure is said, once."""

    def __init__(self, work_dir: Path, *, variant: str, seed: int, uri: str, experiment: str, state_dir: Path) -> None:
        self._work, self._uri, self._experiment, self._state_dir = WorkDirectory(work_dir), uri, experiment, state_dir
        digest = self._work.identity().experiment
        self._record = Record(
            key=training_key(variant, seed, digest, self._work),
            name=training_name(variant, seed),
            parent=None,
            tags={**training_tags(variant, seed, digest), "stage": "pretrain"},
            status=RUNNING,
        )
        self._curves = [Curve(self._work.metrics), Curve(self._work.system)]
        self._store: Store | None = None
        self._run: Run | None = None
        self._failed = self._warned = False
        self._pause_s = SEND_EVERY_S

    def follow(self, trainer: int) -> None:
        """Sample and send until the trainer, at the other end of the pipe `trainer`, says how it ended, or dies."""
        recorder = Recorder(self._work.system, Machine().sample)
        sample_at = send_at = time.monotonic()
        word = b""
        while True:
            left = max(0.0, min(sample_at, send_at) - time.monotonic())
            if select.select([trainer], [], [], left)[0]:
                if not (read := os.read(trainer, 64)):
                    break
                word += read
                continue
            if time.monotonic() >= sample_at:
                recorder.record()
                sample_at = time.monotonic() + SAMPLE_EVERY_S
            if time.monotonic() >= send_at:
                self._pause_s = SEND_EVERY_S if self._send() else min(2 * self._pause_s, BACKOFF_MAX_S)
                send_at = time.monotonic() + self._pause_s
        self._send(word.decode().strip() or FAILED)

    def _send(self, ended: str | None = None) -> bool:
        """Send what is new, and how the training ended if it has; return whether the store took it."""
        try:
            if ended is not None and self._failed:
                return False  # the trainer waits
            if self._store is None:
                self._store = Store(self._uri, self._experiment, state_dir=self._state_dir, retries=RETRIES)
            if self._run is None:
                self._run = self._store.run(self._record, None)
                for curve in self._curves:  # what another run was sent, this one may lack
                    curve.rewind()
                self._store.describe(self._run, self._record)
                self._store.set_status(self._run, RUNNING)
            self._store.send_curves(self._run, self._curves)
            if ended is not None:
                self._store.set_status(self._run, ended)
        except (StoreError, ImportError) as error:
            self._run, self._failed = None, True  # the run may have been removed, or be another one by now
            if not self._warned:
                log_line(f"mlflow: warning: {error}. Training goes on")
            self._warned = True
            return False
        self._failed = False
        return True
