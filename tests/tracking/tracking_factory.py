"""What tests of tracking share: results as they are written, a played training, and a look into a store."""

import json
import time
from collections.abc import Callable
from typing import Any

from result_factory import entry_of, head_of, interval_of

STEPS = 1200  # more than MLflow takes in one call


def result_of(suite: str, epoch: int, tasks: dict[str, float], *, sweep: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return a result file's content; `tasks` gives the scores, esc50 among them.

    One that names a `sweep` is of the last epoch, others are points of it.
    """
    scores = {task: entry_of(mean) for task, mean in tasks.items()}
    scores["esc50"]["interval"] = interval_of(tasks["esc50"] - 0.125, None)
    result = {**head_of("efj", suite, epoch), "in_sweep": not sweep, "tasks": scores}
    points = [{"epoch": point, "path": f"epoch{point:02d}/{suite}.json", "sha256": "c" * 64} for point in sweep]
    return {**result, "sweep": points} if sweep else result


def manifest_of(variant: str, sha256: str = "0" * 64) -> dict[str, Any]:
    """Return a manifest's content, of two epochs' weights that are nowhere."""
    kept = [{"epoch": epoch, "path": "", "sha256": sha256} for epoch in (2, 4)]
    return {
        "variant": variant, "seed": 0, "experiment": "e1", "epochs": 4, "checkpoints": kept, "n_clips": 9,
        "n_titles": 3, "seconds": 1.5, "device": "cpu",
    }  # fmt: skip


def identity_of(experiment: str) -> dict[str, Any]:
    """Return what a work directory says of its run."""
    return {"experiment": experiment, "configuration": {"seed": 0}, "shards": None}


def line_of(step: int, loss: float, at_s: float = 1.7e9) -> str:
    """Return a line as the trainer writes it."""
    return json.dumps({"step": step, "epoch": 1, "loss": loss, "time_s": at_s + step}) + "\n"


TRAINER = """
import json, sys, time
from contextlib import nullcontext
from pathlib import Path
from dubaug.pretrain.steps import forget_steps_from
from dubaug.pretrain.workdir import open_work_directory
from dubaug.companion.training import followed

work_dir, variant, uri = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
steps, pause_s = int(sys.argv[4]), float(sys.argv[5])
state_dir, stop = work_dir.parents[2] / ".mlflow", Path(f"{variant}.stop")
identity = {"experiment": "e1", "configuration": {"seed": 0}, "shards": None}
with open_work_directory(work_dir, identity) as work:
    done = len(work.metrics.read_text().splitlines()) if work.metrics.is_file() else 0
    done -= done % 10  # it saves every ten steps
    forget_steps_from(work.metrics, done)
    keys = dict(variant=variant, seed=0, uri=uri, experiment="dubaug", state_dir=state_dir)
    with followed(work_dir, **keys) if uri else nullcontext():
        for step in range(done, steps):
            if stop.exists():
                break
            values = {"step": step, "epoch": 1, "loss": 1.0 / (step + 1), "clips_per_s": time.time() % 97}
            with work.metrics.open("a") as file:
                file.write(json.dumps({**values, "time_s": time.time()}) + "\\n")
            time.sleep(pause_s)
        ended = time.monotonic()
print(time.monotonic() - ended)
"""


def wait_until(condition: Callable[[], bool], timeout_s: float = 300.0) -> None:
    """Wait for something that happens in another process."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "took too long"
        time.sleep(0.2)


def started(uri: str, metric: str) -> set[str]:
    """Return the names of the runs in a store that have a value of the metric."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("dubaug")
    runs = client.search_runs([experiment.experiment_id]) if experiment else []
    return {run.info.run_name for run in runs if metric in run.data.metrics}


def stored(uri: str) -> dict[str, Any]:
    """Return all runs of a store by name, each with its histories, as a client that knows nothing of us reads them.

    Two runs of one name are a failure. Points are (step, value, time).
    """
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("dubaug")
    runs = client.search_runs([experiment.experiment_id]) if experiment else []
    names = [run.info.run_name for run in runs]
    assert len(names) == len(set(names)), names
    return {
        run.info.run_name: {
            "id": run.info.run_id,
            "status": run.info.status,
            "parent": run.data.tags.get("mlflow.parentRunId"),
            "tags": {key: value for key, value in run.data.tags.items() if not key.startswith(("mlflow.", "dubaug."))},
            "params": dict(run.data.params),
            "points": {
                name: sorted(
                    (point.step, point.value, point.timestamp)
                    for point in client.get_metric_history(run.info.run_id, name)
                )
                for name in run.data.metrics
            },
            "artifacts": sorted(
                file.path
                for folder in client.list_artifacts(run.info.run_id)
                for file in (client.list_artifacts(run.info.run_id, folder.path) if folder.is_dir else [folder])
            ),
        }
        for run in runs
    }
