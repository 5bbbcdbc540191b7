"""MLflow brought up to date from the records. What is there already is left alone, so it can be run at any time."""

import fcntl
import hashlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json
from dubaug.tracking.records import Metric, Record

if TYPE_CHECKING:
    import mlflow.entities
    from mlflow.tracking import MlflowClient

KEY_TAG = "dubaug.key"
CONTENT_TAG = "dubaug.content"
METRICS_A_CALL = 1000  # MLflow's own limit for log_batch


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """How many runs were written, and how many stood there already."""

    written: int
    unchanged: int


def sync(records: Iterable[Record], *, uri: str, experiment: str, state_dir: Path) -> SyncReport:
    """Bring the MLflow store at `uri` up to date. A run whose content is known to stand there is not touched.

    `state_dir` remembers what was written to which store, so that a second call returns at once, without MLflow's
    import. Raises `DubaugError` when the store cannot be reached: nothing is lost, the next call writes it.
    """
    wanted = {record.key: record for record in records}
    state_dir.mkdir(parents=True, exist_ok=True)
    memory = state_dir / f"{hashlib.sha256(f'{uri} {experiment}'.encode()).hexdigest()[:12]}.json"
    with _only_one(state_dir / "lock"):
        known = _remembered(memory, uri)
        stale = [record for record in wanted.values() if known.get(record.key) != record.content]
        if stale:
            _write(stale, uri, experiment)
            write_json(
                memory, {"store": _store_id(uri), "runs": {key: record.content for key, record in wanted.items()}}
            )
    return SyncReport(written=len(stale), unchanged=len(wanted) - len(stale))


def _remembered(memory: Path, uri: str) -> dict[str, str]:
    """Return what was written to this store; nothing if the store has been removed or replaced since."""
    if not memory.is_file():
        return {}
    content = read_json(memory)
    runs: dict[str, str] = content["runs"]
    return runs if content["store"] == _store_id(uri) else {}


def _store_id(uri: str) -> str:
    """Return what tells a local store from a new one at the same place: its file's identity."""
    parts = urlsplit(uri)
    if parts.scheme != "sqlite":
        return uri
    path = Path(uri.removeprefix("sqlite:///"))
    return f"{uri} {path.stat().st_ino}" if path.is_file() else "absent"


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Let one process at a time create and fill the store: SQLite's migrations do not stand two."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(records: list[Record], uri: str, experiment: str) -> None:
    # MLflow's defaults wait minutes for a server that is down; whoever runs this waits for it.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # or a new store tells of its tables
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    try:
        client = MlflowClient(tracking_uri=uri)
        experiment_id = _experiment_id(client, experiment)
        present = _present_runs(client, experiment_id)
        for record in records:
            _write_run(client, experiment_id, record, present)
    except (MlflowException, OSError) as error:
        raise DubaugError(
            f"MLflow at {uri} did not take the records ({error}); later: snakemake mlflow_sync"
        ) from error


def _experiment_id(client: "MlflowClient", name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def _present_runs(client: "MlflowClient", experiment_id: str) -> dict[str, str]:
    """Return the run ids that stand in the store, by their keys."""
    present: dict[str, str] = {}
    token = None
    while True:
        page = client.search_runs([experiment_id], page_token=token, max_results=1000)
        present |= {run.data.tags[KEY_TAG]: run.info.run_id for run in page if KEY_TAG in run.data.tags}
        token = page.token
        if not token:
            return present


def _write_run(client: "MlflowClient", experiment_id: str, record: Record, present: dict[str, str]) -> None:
    """Write one run. Its content tag comes last: a run without it, or with another, is made anew."""
    from mlflow.entities import Param, RunTag
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    old = present.get(record.key)
    if old is not None:
        if client.get_run(old).data.tags.get(CONTENT_TAG) == record.content:
            return
        run_id = old
    else:
        nested = {MLFLOW_PARENT_RUN_ID: present[record.parent]} if record.parent in present else {}
        start = min((metric.time_ms for metric in record.metrics), default=None)
        run = client.create_run(
            experiment_id, start_time=start, tags={KEY_TAG: record.key, **nested}, run_name=record.name
        )
        run_id = present[record.key] = run.info.run_id
    missing = _not_yet_logged(client, run_id, record.metrics)
    params = [Param(key, value) for key, value in _new_params(client, run_id, record.params).items()]
    tags = [RunTag(key, value) for key, value in record.tags.items()]
    client.log_batch(run_id, params=params, tags=tags)
    for start in range(0, len(missing), METRICS_A_CALL):
        client.log_batch(run_id, metrics=[_entity(metric) for metric in missing[start : start + METRICS_A_CALL]])
    for path, folder in record.artifacts:
        client.log_artifact(run_id, str(path), None if folder == "." else folder)
    end = max((metric.time_ms for metric in record.metrics), default=None)
    client.set_terminated(run_id, "FINISHED", end)
    client.set_tag(run_id, CONTENT_TAG, record.content)


def _entity(metric: Metric) -> "mlflow.entities.Metric":
    from mlflow.entities import Metric as Entity

    return Entity(metric.name, metric.value, metric.time_ms, metric.step)


def _not_yet_logged(client: "MlflowClient", run_id: str, metrics: tuple[Metric, ...]) -> list[Metric]:
    """Return the metrics that the run does not hold at their step: MLflow would keep both."""
    have: set[tuple[str, int, float]] = set()
    for name in client.get_run(run_id).data.metrics:
        have |= {(name, point.step, point.value) for point in client.get_metric_history(run_id, name)}
    return [metric for metric in metrics if (metric.name, metric.step, metric.value) not in have]


def _new_params(client: "MlflowClient", run_id: str, params: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that the run lacks: MLflow refuses to change one."""
    have = client.get_run(run_id).data.params
    return {key: value for key, value in params.items() if key not in have}
