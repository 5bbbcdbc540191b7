"""A training's curves in MLflow while it runs, without the trainer having to do with MLflow.

The trainer writes its files and nothing else. A companion process (`dubaug mlflow-follow`, of the lowest priority)
reads them as they grow and sends them. A store that is down, slow or full is its matter alone; it needs no queue,
since the files are one. It ends when the trainer does, or if that died, when it has said so to the store.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from dubaug.companion.address import unfit
from dubaug.companion.process import start
from dubaug.config import Experiment, Tracking
from dubaug.errors import Interrupted
from dubaug.progress import log_line

RUNNING, FINISHED, KILLED, FAILED = "RUNNING", "FINISHED", "KILLED", "FAILED"
"""MLflow's own words for how a run stands."""
STATE = ".mlflow"
"""Folder in a results folder for what tracking has to remember."""
GRACE_S = 5.0
"""How long a trainer that has ended waits for the last points to be taken; `mlflow_sync` brings what was not."""


def following(
    experiment: Experiment, variant: str, seed: int, work_dir: Path
) -> Callable[[], AbstractContextManager[None]]:
    """Return what follows a training, as its configuration says; what follows nothing where curves come later."""
    tracking = experiment.tracking
    if not tracking.live:
        return nullcontext
    uri = address(tracking)
    if reason := unfit(uri):
        log_line(f"mlflow: {reason}")
        return nullcontext
    return lambda: followed(
        work_dir,
        variant=variant,
        seed=seed,
        uri=uri,
        experiment=tracking.experiment,
        state_dir=Path(experiment.results_dir) / STATE,
    )


def address(tracking: Tracking) -> str:
    """Return where records go: the environment's word comes before the configuration's."""
    return os.environ.get("MLFLOW_TRACKING_URI") or tracking.uri


@contextmanager
def followed(work_dir: Path, *, variant: str, seed: int, uri: str, experiment: str, state_dir: Path) -> Iterator[None]:
    """While in the block, have the training in `work_dir` followed; how the block ends is how the MLflow run ends.

    A companion that cannot be started is one warning.
    """
    words = ["--work-dir", str(work_dir), "--variant", variant, "--seed", str(seed)]
    words += ["--uri", uri, "--experiment", experiment, "--state-dir", str(state_dir)]
    try:
        companion = start(["mlflow-follow", *words])
    except OSError as error:
        log_line(f"mlflow: warning: no live curves ({error}); later: snakemake mlflow_sync")
        yield
        return
    ended = FAILED
    try:
        yield
        ended = FINISHED
    except Interrupted:
        ended = KILLED
        raise
    finally:
        _dismiss(companion, ended)


def _dismiss(companion: "subprocess.Popen[bytes]", ended: str) -> None:
    """Tell the companion how the training ended, and give it a moment to say so."""
    with suppress(OSError):
        assert companion.stdin is not None
        companion.stdin.write(f"{ended}\n".encode())
        companion.stdin.close()
    try:
        companion.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        companion.kill()
        companion.wait()
