"""What a results folder holds comes to MLflow once, whatever is run again, and survives a store that is not there."""

import json
from pathlib import Path
from typing import Any

import pytest

from dubaug.errors import DubaugError
from dubaug.files import write_json
from dubaug.tracking.records import collect
from dubaug.tracking.sync import SyncReport, sync

STEPS = 1200  # more than one of MLflow's batches


def _result(suite: str, epoch: int, tasks: dict[str, float]) -> dict[str, Any]:
    scores = {
        task: {"metric": "top1_acc", "mean": mean, "std": None, "n_folds": 1, "folds": [mean], "seconds": 0.5}
        for task, mean in tasks.items()
    }
    scores["esc50"]["interval"] = {"low": tasks["esc50"] - 0.125, "high": None}
    return {
        "suite": suite,
        "variant": "efj",
        "epoch": epoch,
        "experiment": "e1",
        "checkpoint_sha256": "c",
        "tasks": scores,
    }


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    manifest = {
        "variant": "efj",
        "seed": 0,
        "experiment": "e1",
        "epochs": 4,
        "n_clips": 9,
        "n_titles": 3,
        "device": "cpu",
    }
    write_json(folder / "efj/pretraining.json", manifest)
    lines = [json.dumps({"step": step, "epoch": 1, "loss": 2.0 / (step + 1)}) for step in range(STEPS)]
    (folder / "efj/pretrain").mkdir()
    (folder / "efj/pretrain/metrics.jsonl").write_text("\n".join(lines) + '\n{"step": 1200, "lo')
    write_json(folder / "efj/hear.json", _result("hear", 4, {"esc50": 0.5, "fsd50k": 0.25}))
    write_json(folder / "efj/epoch02/hear.json", _result("hear", 2, {"esc50": 0.4, "fsd50k": 0.2}))
    (folder / "tables").mkdir()
    (folder / "tables/table1.csv").write_text("task,av\n")
    return folder


def _client(uri: str) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=uri)


def _sync(results: Path, uri: str) -> SyncReport:
    return sync(collect(results), uri=uri, experiment="dubaug", state_dir=results / ".mlflow")


@pytest.fixture
def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)  # MLflow puts its artifacts here
    return f"sqlite:///{tmp_path}/mlflow.db"


def test_everything_arrives_once_named_tagged_and_nested(results: Path, uri: str) -> None:
    assert _sync(results, uri) == SyncReport(written=4, unchanged=0)
    assert _sync(results, uri) == SyncReport(written=0, unchanged=4)
    client = _client(uri)
    experiment = client.get_experiment_by_name("dubaug")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {"efj", "efj hear", "efj hear epoch 2", "tables and figures"}
    parent, probe = runs["efj"], runs["efj hear"]
    assert len(client.get_metric_history(parent.info.run_id, "loss")) == STEPS
    sweep = client.get_metric_history(parent.info.run_id, "esc50/top1_acc")
    assert {point.step: point.value for point in sweep} == {2: 0.4, 4: 0.5}
    assert probe.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert {tag: probe.data.tags[tag] for tag in ("variant", "seed", "epoch", "suite", "task", "experiment")} == {
        "variant": "efj",
        "seed": "0",
        "epoch": "4",
        "suite": "hear",
        "task": "esc50,fsd50k",
        "experiment": "e1",
    }
    assert probe.data.metrics == {
        "esc50/top1_acc": 0.5, "esc50/low": 0.375, "esc50/seconds": 0.5, "fsd50k/top1_acc": 0.25, "fsd50k/seconds": 0.5
    }  # fmt: skip
    assert set(parent.data.metrics) == {"epoch", "loss", "esc50/top1_acc", "fsd50k/top1_acc"}
    report = runs["tables and figures"]
    assert [file.path for file in client.list_artifacts(report.info.run_id, "tables")] == ["tables/table1.csv"]


def test_a_changed_result_changes_its_run_and_no_other(results: Path, uri: str) -> None:
    _sync(results, uri)
    (results / "efj/pretrain/metrics.jsonl").open("a").write("\n")
    write_json(results / "efj/epoch02/hear.json", _result("hear", 2, {"esc50": 0.45, "fsd50k": 0.2}))
    # the sweep's own run, and its variant's curve over epochs
    assert _sync(results, uri) == SyncReport(written=2, unchanged=2)
    client = _client(uri)
    found = client.search_runs([client.get_experiment_by_name("dubaug").experiment_id])
    assert len(found) == 4
    parent = next(run for run in found if run.info.run_name == "efj")
    assert len(client.get_metric_history(parent.info.run_id, "loss")) == STEPS


def test_a_lost_memory_or_a_new_store_doubles_nothing_and_misses_nothing(
    results: Path, uri: str, tmp_path: Path
) -> None:
    _sync(results, uri)
    for memory in (results / ".mlflow").glob("*.json"):
        memory.unlink()
    _sync(results, uri)
    client = _client(uri)
    assert len(client.search_runs([client.get_experiment_by_name("dubaug").experiment_id])) == 4
    other = f"sqlite:///{tmp_path}/other.db"
    assert _sync(results, other) == SyncReport(written=4, unchanged=0)
    Path(tmp_path / "other.db").unlink()
    assert _sync(results, other).written == 4


def test_a_server_that_is_down_loses_nothing(results: Path, uri: str) -> None:
    with pytest.raises(DubaugError, match="snakemake mlflow_sync"):
        _sync(results, "http://127.0.0.1:9")
    assert _sync(results, uri).written == 4


def test_every_metric_of_a_task_is_a_curve(results: Path) -> None:
    for path, top1, area in ((results / "efj/hear.json", 0.5, 0.8), (results / "efj/epoch02/hear.json", 0.4, None)):
        result = json.loads(path.read_text())
        metrics = {"top1_acc": top1, "aucroc": area, "d_prime": None}
        result["tasks"]["esc50"]["metrics"] = {
            name: {"mean": mean, "std": None, "folds": [mean]} for name, mean in metrics.items()
        }
        write_json(path, result)
    records = {record.name: record for record in collect(results)}
    curves = {(metric.name, metric.step): metric.value for metric in records["efj"].metrics}
    assert {key: value for key, value in curves.items() if key[0].startswith("esc50/")} == {
        ("esc50/top1_acc", 2): 0.4,
        ("esc50/top1_acc", 4): 0.5,
        ("esc50/aucroc", 4): 0.8,
    }
    assert {metric.name for metric in records["efj hear"].metrics} >= {"esc50/aucroc", "esc50/top1_acc"}
