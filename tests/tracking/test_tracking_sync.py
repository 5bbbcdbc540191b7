"""What a results folder holds comes to MLflow once, whatever is run again, and survives a store that is not there."""

import json
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tracking_factory import STEPS, line_of, result_of, stored

from dubaug.errors import DubaugError
from dubaug.files import write_json
from dubaug.tracking.records import collect
from dubaug.tracking.store import StoreError, alone
from dubaug.tracking.sync import SyncReport, sync


def _sync(results: Path, uri: str) -> SyncReport:
    return sync(collect(results), uri=uri, experiment="dubaug", state_dir=results / ".mlflow")


def _process(results: Path, uri: str) -> "subprocess.Popen[str]":
    code = (
        "import sys; from pathlib import Path; from dubaug.tracking.records import collect\n"
        "from dubaug.tracking.sync import sync\n"
        "folder = Path(sys.argv[1])\n"
        "print(sync(collect(folder), uri=sys.argv[2], experiment='dubaug', state_dir=folder / '.mlflow').written)"
    )
    words = [sys.executable, "-c", code, str(results), uri]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=results.parent)


def _told(runs: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in a store, without the identities that it gave."""
    names = {run["id"]: name for name, run in runs.items()}
    return {name: {**run, "id": None, "parent": names.get(run["parent"])} for name, run in runs.items()}


def test_everything_arrives_once_named_tagged_and_nested(results: Path, uri: str) -> None:
    assert _sync(results, uri) == SyncReport(written=4, unchanged=0)
    assert _sync(results, uri) == SyncReport(written=0, unchanged=4)
    runs = stored(uri)
    assert set(runs) == {"efj seed 0", "efj seed 0 hear", "efj seed 0 hear epoch 2", "tables and figures"}
    parent, probe = runs["efj seed 0"], runs["efj seed 0 hear"]
    assert [step for step, _, _ in parent["points"]["loss"]] == list(range(STEPS))
    assert [(step, value) for step, value, _ in parent["points"]["esc50/top1_acc"]] == [(2, 0.4), (4, 0.5)]
    assert probe["parent"] == parent["id"]
    assert {tag: probe["tags"][tag] for tag in ("variant", "seed", "epoch", "suite", "task", "experiment")} == {
        "variant": "efj",
        "seed": "0",
        "epoch": "4",
        "suite": "hear",
        "task": "esc50,fsd50k",
        "experiment": "0" * 16,
    }
    assert {name: points[0][1] for name, points in probe["points"].items()} == {
        "esc50/top1_acc": 0.5, "esc50/low": 0.375, "esc50/seconds": 0.5, "fsd50k/top1_acc": 0.25, "fsd50k/seconds": 0.5
    }  # fmt: skip
    assert set(parent["points"]) == {"epoch", "loss", "esc50/top1_acc", "fsd50k/top1_acc"}
    assert runs["tables and figures"]["artifacts"] == ["tables/table1.csv"]
    assert {run["status"] for run in runs.values()} == {"FINISHED"}


def test_a_changed_result_changes_its_run_and_no_other(results: Path, uri: str) -> None:
    _sync(results, uri)
    write_json(results / "efj/seed0/epoch02/hear.json", result_of("hear", 2, {"esc50": 0.45, "fsd50k": 0.2}))
    # the sweep's own run, and its variant's curve over epochs
    assert _sync(results, uri) == SyncReport(written=2, unchanged=2)
    runs = stored(uri)
    assert len(runs) == 4
    assert len(runs["efj seed 0"]["points"]["loss"]) == STEPS
    assert [value for _, value, _ in runs["efj seed 0 hear epoch 2"]["points"]["esc50/top1_acc"]] == [0.4, 0.45]


def test_a_curve_that_grew_gets_its_end_alone(results: Path, uri: str) -> None:
    metrics = results / "efj/seed0/pretrain/metrics.jsonl"
    whole = metrics.read_text()
    metrics.write_text("".join(whole.splitlines(keepends=True)[:700]))
    _sync(results, uri)
    # what was sent is not taken back: a run that was continued did these steps again, at another time
    redone = "".join(line_of(step, 2.0 / (step + 1), at_s=1.8e9) for step in range(600, STEPS))
    metrics.write_text("".join(whole.splitlines(keepends=True)[:600]) + redone)
    _sync(results, uri)
    points = stored(uri)["efj seed 0"]["points"]["loss"]
    assert [step for step, _, _ in points] == list(range(STEPS))
    assert {round(time_ms / 1e11) for step, _, time_ms in points if step >= 700} == {18}


def test_a_lost_memory_or_another_store_doubles_nothing_and_misses_nothing(
    results: Path, uri: str, new_store: Callable[[str], str]
) -> None:
    _sync(results, uri)
    whole = stored(uri)
    for memory in (results / ".mlflow").glob("*.json"):
        memory.unlink()
    _sync(results, uri)
    assert stored(uri) == whole
    other = new_store("other")
    assert _sync(results, other) == SyncReport(written=4, unchanged=0)
    assert _told(stored(other)) == _told(whole)


def test_an_empty_store_at_the_same_place_is_filled(results: Path, new_store: Callable[[str], str]) -> None:
    for _ in range(2):  # each in a process of its own, as MLflow keeps files open
        process = _process(results, new_store("mlflow"))
        out, errors = process.communicate()
        assert (out, process.returncode) == ("4\n", 0), errors


def test_a_store_that_was_half_written_becomes_whole(
    results: Path, new_store: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync dies at its third call of each kind, before the store has done it or after; the next one mends it."""
    from mlflow.tracking import MlflowClient

    uri = new_store("whole")
    _sync(results, uri)
    whole = _told(stored(uri))
    methods = ("create_run", "log_batch", "log_artifact", "set_terminated", "set_tag")
    for method, after in product(methods, (False, True)):
        half, calls, original = new_store(f"{method}{after}"), [], getattr(MlflowClient, method)

        def dying(
            *arguments: Any, calls: list[int] = calls, after: bool = after, original: Any = original, **keys: Any
        ) -> Any:
            calls.append(1)
            if len(calls) == 3 and not after:
                raise ConnectionResetError("died")
            answer = original(*arguments, **keys)
            if len(calls) == 3:
                raise ConnectionResetError("died")
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(MlflowClient, method, dying)
            with pytest.raises(DubaugError, match="snakemake mlflow_sync"):
                _sync(results, half)
        assert len(calls) == 3
        _sync(results, half)
        assert _told(stored(half)) == whole, f"died at {method}, {after = }"


def test_two_syncs_at_once_write_everything_once(results: Path, uri: str) -> None:
    processes = [_process(results, uri) for _ in range(2)]
    outs = [process.communicate() for process in processes]
    assert sorted(out for out, _ in outs) == ["0\n", "4\n"], outs
    runs = stored(uri)
    assert len(runs) == 4
    assert len(runs["efj seed 0"]["points"]["loss"]) == STEPS


def test_doubles_of_two_machines_are_removed(results: Path, uri: str) -> None:
    """Two machines with a copy of the folder each know nothing of each other's locks."""
    from mlflow.tracking import MlflowClient

    _sync(results, uri)
    client, whole = MlflowClient(tracking_uri=uri), stored(uri)
    key = next(record.key for record in collect(results) if record.name == "efj seed 0")
    experiment = client.get_experiment_by_name("dubaug").experiment_id
    client.create_run(experiment, tags={"dubaug.key": key}, run_name="double")
    _sync(results, uri)
    assert stored(uri) == whole


def test_a_server_that_is_down_loses_nothing(results: Path, uri: str) -> None:
    with pytest.raises(DubaugError, match="snakemake mlflow_sync"):
        _sync(results, "http://127.0.0.1:9")
    assert _sync(results, uri).written == 4


def test_a_process_that_is_stopped_while_it_holds_the_lock_holds_up_nobody_for_ever(tmp_path: Path) -> None:
    lock = tmp_path / "mlflow.db.lock"
    with alone(lock), pytest.raises(StoreError, match=r"mlflow\.db\.lock for 0 s .*nothing is lost"), alone(lock, 0.2):
        pass
    with alone(lock, 0.0):
        pass  # let go, it is free


def test_a_record_that_is_refused_does_not_hold_up_the_others(results: Path, uri: str) -> None:
    result = json.loads((results / "efj/seed0/epoch02/hear.json").read_text())
    result["tasks"]["es:c\0"] = result["tasks"].pop("esc50")  # MLflow takes no such name
    write_json(results / "efj/seed0/epoch02/hear.json", result)
    with pytest.raises(DubaugError, match="2 of 4 runs were refused"):  # and the sweep's curve of the parent
        _sync(results, uri)
    assert stored(uri)["tables and figures"]["artifacts"]
    assert stored(uri)["efj seed 0 hear"]["points"]["esc50/top1_acc"]


def test_every_metric_of_a_task_is_a_curve(results: Path) -> None:
    for path, top1, area in (
        (results / "efj/seed0/hear.json", 0.5, 0.8),
        (results / "efj/seed0/epoch02/hear.json", 0.4, None),
    ):
        result = json.loads(path.read_text())
        metrics = {"top1_acc": top1, "aucroc": area, "d_prime": None}
        result["tasks"]["esc50"]["metrics"] = {
            name: {"mean": mean, "std": None, "folds": [mean]} for name, mean in metrics.items()
        }
        write_json(path, result)
    records = {record.name: record for record in collect(results)}
    curves = {(metric.name, metric.step): metric.value for metric in records["efj seed 0"].metrics}
    assert {key: value for key, value in curves.items() if key[0].startswith("esc50/")} == {
        ("esc50/top1_acc", 2): 0.4,
        ("esc50/top1_acc", 4): 0.5,
        ("esc50/aucroc", 4): 0.8,
    }
    assert {metric.name for metric in records["efj seed 0 hear"].metrics} >= {"esc50/aucroc", "esc50/top1_acc"}
