"""An MLflow store, written so that a second try, a second writer or a death half-way neither doubles nor loses.

A run is found by its key, a tag that it is created with. How far its curves were sent is a tag of the run itself, set
in the call that sends them; points that come twice are the same point to MLflow's databases (name, step, time and value
are their key). What else a run holds is there when its content tag, written last, says so.
"""

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from dubaug.companion.address import sqlite_file
from dubaug.companion.training import RUNNING
from dubaug.errors import DubaugError
from dubaug.tracking.curves import Curve, MetricValue
from dubaug.tracking.records import Record

if TYPE_CHECKING:
    from mlflow.entities import Metric, Run

KEY_TAG = "dubaug.key"
CONTENT_TAG = "dubaug.content"
SENT_TAG = "dubaug.sent"
"""By name of a curve's file, the step that is to be sent next."""
METRICS_A_CALL = 900
"""MLflow takes 1000 metrics, parameters and tags in one call, no more than 100 of them parameters."""
PARAMS_A_CALL = 100
PARAM_LENGTH = 6000
ARTIFACT_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"
"""MLflow's variable for where a new store's artifacts go."""
BUSY_S = 60
"""How long SQLite waits for others who read or write the file, such as MLflow's own pages."""
PATIENCE_S = 600.0
"""How long another process may hold a lock of ours: longer than any has work to do, shorter than a job's wall time."""
EXPERIMENT_NOTE = (
    "A run for each pretrained variant (and seed), its probes nested below; *tables and figures* has the results as "
    "files. The view *dubaug: scores and curves* has each task's score as a column, and as charts the curves of all."
)


class Store:
    """One experiment in an MLflow store. Its methods raise `DubaugError` when the store does not take or give."""

    def __init__(self, uri: str, experiment: str, *, state_dir: Path, retries: int = 2) -> None:
        _quiet(retries)
        from mlflow.tracking import MlflowClient

        self.uri, self._file = uri, sqlite_file(uri)
        self._lock = state_dir / "lock" if self._file is None else self._file.with_name(f"{self._file.name}.lock")
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        waiting = f"{uri}{'&' if '?' in uri else '?'}timeout={BUSY_S}"
        # Alone: two processes would race on the migration of a new SQLite file.
        with self._failing(), alone(self._lock), _artifacts_beside(Path.cwd()):
            self._client = MlflowClient(tracking_uri=uri if self._file is None else waiting)
            self.experiment_id = self._experiment(experiment)

    def runs(self) -> "dict[str, Run]":
        """Return the runs that stand in the store, by their keys. Doubles are removed.

        They can only come from two machines that made the same run at the same moment.
        """
        with self._failing(), self._turn():
            return self._found("")

    def run(self, record: Record, parent_id: str | None) -> "Run":
        """Return the record's run, created if there is none."""
        with self._failing(), alone(self._lock):
            selection = f"tags.`{KEY_TAG}` = '{record.key}'"
            found = self._found(selection).get(record.key)
            if found is None:
                self._create(record, parent_id)
                found = self._found(selection)[record.key]
            return found

    def send_curves(self, run: "Run", curves: Iterable[Curve]) -> None:
        """Send what the run lacks of the curves."""
        from mlflow.entities import RunTag

        sent: dict[str, int] = json.loads(run.data.tags.get(SENT_TAG, "{}"))
        for curve in curves:
            steps = curve.new_steps(sent.get(curve.name, 0))
            try:
                for metrics, following in _batches(steps):
                    told = json.dumps({**sent, curve.name: following})
                    with self._failing(), self._turn():
                        self._client.log_batch(
                            run.info.run_id, metrics=[_entity(m) for m in metrics], tags=[RunTag(SENT_TAG, told)]
                        )
                    run.data.tags[SENT_TAG], sent[curve.name] = told, following
            except DubaugError:
                curve.rewind()
                raise

    def describe(self, run: "Run", record: Record) -> None:
        """Write the record's tags, and the parameters that the run lacks: MLflow refuses to change one."""
        from mlflow.entities import Param, RunTag

        lacking = iter([Param(k, v[:PARAM_LENGTH]) for k, v in record.params.items() if k not in run.data.params])
        with self._failing(), self._turn():
            self._client.log_batch(run.info.run_id, tags=[RunTag(key, value) for key, value in record.tags.items()])
            while params := list(islice(lacking, PARAMS_A_CALL)):
                self._client.log_batch(run.info.run_id, params=params)

    def write(self, run: "Run", record: Record) -> None:
        """Bring a run to all that its record says."""
        self.describe(run, record)
        self.send_curves(run, [Curve(path) for path in record.curves])
        with self._failing(), self._turn():
            missing = iter(self._not_yet_logged(run, record.metrics))
            while metrics := list(islice(missing, METRICS_A_CALL)):
                self._client.log_batch(run.info.run_id, metrics=[_entity(metric) for metric in metrics])
        for path, folder in record.artifacts:
            with self._failing():
                self._client.log_artifact(run.info.run_id, str(path), None if folder == "." else folder)
        self.set_status(run, record.status, max((metric.time_ms for metric in record.metrics), default=None))
        with self._failing(), self._turn():
            self._client.set_tag(run.info.run_id, CONTENT_TAG, record.content)

    def set_status(self, run: "Run", status: str, end_ms: int | None = None) -> None:
        """Say whether the run goes on, or how it ended."""
        with self._failing(), self._turn():
            if status == RUNNING:
                self._client.update_run(run.info.run_id, status=status)
            else:
                self._client.set_terminated(run.info.run_id, status, end_ms)

    def tag(self, key: str, value: str) -> None:
        """Give the experiment a tag."""
        with self._failing(), self._turn():
            if self._client.get_experiment(self.experiment_id).tags.get(key) != value:
                self._client.set_experiment_tag(self.experiment_id, key, value)

    def model_version(self, name: str, tag: str, value: str) -> str | None:
        """Return the number of the registered model's version that has the tag, None if there is none."""
        with self._failing(), self._turn():
            versions = self._client.search_model_versions(f"name = '{name}'", max_results=1000)
            return next((str(version.version) for version in versions if version.tags.get(tag) == value), None)

    def add_model_version(self, name: str, run: "Run", folder: Path, place: str, tags: Mapping[str, str]) -> str:
        """Put a model's folder among the run's artifacts and register it; return its version's number."""
        run_id = run.info.run_id
        with self._failing():
            self._client.log_artifacts(run_id, str(folder), place)
            source = f"{run.info.artifact_uri}/{place}"
        with self._failing(), alone(self._lock):
            if not self._client.search_registered_models(f"name = '{name}'"):
                self._client.create_registered_model(name)
            made = self._client.create_model_version(name, source, run_id, tags=dict(tags), await_creation_for=0)
            return str(made.version)

    def tag_model_version(self, name: str, version: str, tags: Mapping[str, str]) -> None:
        """Bring a version's tags up to date."""
        with self._failing(), self._turn():
            have = self._client.get_model_version(name, version).tags
            for key, value in tags.items():
                if have.get(key) != value:
                    self._client.set_model_version_tag(name, version, key, value)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        try:
            return str(self._client.create_experiment(name, tags={"mlflow.note.content": EXPERIMENT_NOTE}))
        except _errors():  # another machine was quicker
            found = self._client.get_experiment_by_name(name)
            if found is None:
                raise
            return str(found.experiment_id)

    def _found(self, selection: str) -> "dict[str, Run]":
        """Return the runs of a selection by their keys; of two with one key the older stays, the other is removed."""
        found: dict[str, Run] = {}
        for run in sorted(self._search(selection), key=lambda run: (run.info.start_time, run.info.run_id)):
            kept = found.setdefault(run.data.tags[KEY_TAG], run)
            if kept is not run:
                self._client.delete_run(run.info.run_id)
        return found

    def _search(self, selection: str) -> "Iterator[Run]":
        token = None
        while True:
            page = self._client.search_runs([self.experiment_id], selection, max_results=1000, page_token=token)
            yield from (run for run in page if KEY_TAG in run.data.tags)
            token = page.token
            if not token:
                return

    def _create(self, record: Record, parent_id: str | None) -> None:
        from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_SOURCE_NAME

        nested = {MLFLOW_PARENT_RUN_ID: parent_id} if parent_id else {}
        tags = {KEY_TAG: record.key, MLFLOW_SOURCE_NAME: "dubaug", **nested}
        start = min((metric.time_ms for metric in record.metrics), default=None)
        self._client.create_run(self.experiment_id, start_time=start, tags=tags, run_name=record.name)

    def _not_yet_logged(self, run: "Run", metrics: tuple[MetricValue, ...]) -> list[MetricValue]:
        """Return the metrics that the run does not hold at their step: MLflow would keep both."""
        have: set[tuple[str, int, float]] = set()
        for name in run.data.metrics.keys() & {metric.name for metric in metrics}:
            history = self._client.get_metric_history(run.info.run_id, name)
            have |= {(name, point.step, point.value) for point in history}
        return [metric for metric in metrics if (metric.name, metric.step, metric.value) not in have]

    def _turn(self) -> AbstractContextManager[None]:
        """Wait until no other process of ours writes: SQLite takes one writer, a server arranges that itself."""
        return nullcontext() if self._file is None else alone(self._lock)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Turn what MLflow raises into a `StoreError`."""
        try:
            yield
        except _errors() as error:
            status = getattr(error, "get_http_status_code", lambda: 500)()
            refused = 400 <= status < 500
            first = " ".join(str(error).split())[:300]
            raise StoreError(f"MLflow at {self.uri} did not take the records ({first})", refused=refused) from error


class StoreError(DubaugError):
    """The store cannot be reached or has no room; with `refused`, it does not take this one record."""

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(f"{message}; nothing is lost, later: snakemake mlflow_sync")
        self.refused = refused


def _batches(steps: Iterator[tuple[int, list[MetricValue]]]) -> Iterator[tuple[list[MetricValue], int]]:
    """Yield the metrics of whole steps, as many as one call takes, each with the step that comes after them."""
    batch: list[MetricValue] = []
    following = 0
    for step, metrics in steps:
        if batch and len(batch) + len(metrics) > METRICS_A_CALL:
            yield batch, following
            batch = []
        batch, following = batch + metrics, step + 1
    if batch:
        yield batch, following


def _entity(metric: MetricValue) -> "Metric":
    from mlflow.entities import Metric as Entity

    return Entity(metric.name, metric.value, metric.time_ms, metric.step)


def _errors() -> tuple[type[Exception], ...]:
    """Return what MLflow raises: its own errors, those of connections, and a database's as they are."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError, OSError


@contextmanager
def _artifacts_beside(folder: Path) -> Iterator[None]:
    """While in the block, have new stores put artifacts into `folder`/mlruns, as by default, also where MLflow errs.

    It takes `a#1` for a place in `a`, and writes an apostrophe into SQL as it is. An address has neither.
    """
    if not set("#?%'\"\\") & set(str(folder)):
        yield
        return
    os.environ[ARTIFACT_ROOT] = (folder / "mlruns").as_uri()
    try:
        yield
    finally:
        del os.environ[ARTIFACT_ROOT]


@contextmanager
def alone(lock: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Let one process at a time pass. Where files cannot be locked, all do.

    Raises `StoreError` where another one has not let go after `patience_s`: it may be stopped, on a machine far away.
    """
    with lock.open("w") as file:
        end = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    held = f"another process has held {lock} for {patience_s:.0f} s (`fuser {lock}` names it)"
                    raise StoreError(held, refused=False) from error
                time.sleep(0.05)
            except OSError:
                logging.getLogger(__name__).debug("%s cannot be locked", lock)
                break
        yield


def _quiet(retries: int) -> None:
    """Set MLflow's environment before it is imported: short patience, no chatter, no telemetry. The user's own wins."""
    settings: Mapping[str, str] = {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": str(retries),  # the default waits minutes for a server that is down
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
