"""Results come while Snakemake runs, from a process that dies with it and never holds it up."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from faulty_server import Door
from tracking_factory import identity_of, line_of, manifest_of, result_of, stored, wait_until

from dubaug.config import Experiment, save
from dubaug.files import write_json
from dubaug.tracking.records import Record, collect
from dubaug.tracking.watch import looked_at, watch
from tiny_corpus import TINY

SNAKEMAKE = """
import sys
from pathlib import Path
from dubaug.config import load
from dubaug.tracking.watch import Watcher

watcher = Watcher(load(Path("config.yaml")), Path("config.yaml"), look_every_s=0.2)
watcher.start()
print("started", flush=True)
sys.stdin.readline()
watcher.stop()
"""
"""What a call of Snakemake has to do with it."""


@pytest.fixture
def call(
    results: Path, make_experiment: Callable[..., Experiment]
) -> Iterator[Callable[..., "tuple[subprocess.Popen[str], list[psutil.Process]]"]]:
    """Return a function that starts a played call of Snakemake; it and the processes that it has started come back."""

    calls: list[subprocess.Popen[str]] = []

    def start(uri: str, **tracking: Any) -> "tuple[subprocess.Popen[str], list[psutil.Process]]":
        experiment = make_experiment(
            **TINY | {"tracking": {"uri": uri, "live": True, **tracking}, "results_dir": str(results)}
        )
        save(experiment, results.parent / "config.yaml")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen([sys.executable, "-c", SNAKEMAKE], cwd=results.parent, text=True, **pipes)
        calls.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        started = psutil.Process(process.pid).children(recursive=True)
        for watcher in started:  # it has two threads once it knows what there is
            wait_until(lambda watcher=watcher: watcher.num_threads() > 1)
        return process, started

    yield start
    for process in calls:
        process.kill()
        process.wait()


def _better(results: Path) -> None:
    write_json(results / "efj/seed0/hear.json", result_of("hear", 4, {"esc50": 0.75, "fsd50k": 0.25}, sweep=(2,)))


def _dead(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE  # nobody may fetch what it returned


def test_a_result_comes_while_snakemake_runs(results: Path, uri: str, call: Callable[..., Any]) -> None:
    process, (watcher,) = call(uri)
    # what was there is old news; a training that goes on is its companion's matter
    shutil.copytree(results / "efj/seed0/pretrain", results / "av/seed0/pretrain")
    write_json(results / "av/seed0/pretrain/experiment.json", identity_of("e2"))
    assert not any("numpy" in entry.path for entry in watcher.memory_maps()), "MLflow is imported when it is needed"
    _better(results)
    wait_until(lambda: "efj seed 0 hear" in stored(uri) and stored(uri)["efj seed 0 hear"]["artifacts"] != [])
    assert [value for _, value, _ in stored(uri)["efj seed 0 hear"]["points"]["esc50/top1_acc"]] == [0.75]
    wait_until(lambda: "tables and figures" in stored(uri))
    assert "av seed 0" not in stored(uri)
    assert watcher.nice() >= 10
    assert process.communicate("\n", timeout=10) == ("", "")
    wait_until(lambda: _dead(watcher), timeout_s=5)


def test_a_store_that_takes_nothing_is_one_warning(results: Path, call: Callable[..., Any]) -> None:
    full = Door("", mode="full")
    process, (watcher,) = call(full.uri)
    assert full.asked == 0
    _better(results)
    assert "snakemake mlflow_sync. Jobs go on" in process.stderr.readline()
    asked = full.asked
    wait_until(lambda: full.asked > asked)
    assert process.communicate("\n", timeout=10) == ("", "")
    wait_until(lambda: _dead(watcher), timeout_s=5)
    full.close()


def test_a_silent_store_does_not_keep_it_from_dying_with_snakemake(results: Path, call: Callable[..., Any]) -> None:
    silent = Door("", mode="silent")
    process, (watcher,) = call(silent.uri)
    _better(results)
    wait_until(lambda: silent.asked > 0)
    process.kill()
    assert process.communicate(timeout=10) == ("", ""), "whoever reads Snakemake's output is told its end"
    wait_until(lambda: _dead(watcher), timeout_s=5)
    silent.close()


def test_nothing_is_started_where_nothing_live_is_wanted(uri: str, call: Callable[..., Any]) -> None:
    process, started = call(uri, live=False)
    assert started == []
    process.communicate("\n")


@pytest.fixture
def watching(results: Path, uri: str, monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Thread, list[set[str]]]:
    """A watcher in this process, and the names of the records in each sync that it wants; the first misses a file."""
    synced: list[set[str]] = []

    def noted(records: list[Record], **_: Any) -> None:
        synced.append({record.name for record in records})
        if len(synced) == 1:
            raise FileNotFoundError("hear.json")

    monkeypatch.setattr("dubaug.tracking.watch.sync", noted)
    unfinished = results / "av/seed0/pretrain"
    shutil.copytree(results / "efj/seed0/pretrain", unfinished)
    write_json(unfinished / "experiment.json", identity_of("e2"))
    keys = {"uri": uri, "experiment": "dubaug", "look_every_s": 0.05, "until": os.pipe()[0]}
    thread = threading.Thread(target=watch, args=(results,), kwargs=keys, daemon=True)
    return thread, synced


def test_a_store_that_was_replaced_ends_it_and_a_file_that_is_made_anew_does_not(
    results: Path, watching: Any, new_store: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    thread, synced = watching
    thread.start()
    wait_until(lambda: [_better(results), len(synced) > 2][1])
    assert {"efj seed 0", "efj seed 0 hear"} < synced[1]
    assert "av seed 0" not in synced[1]
    new_store("another")
    (results.parent / "another.db").replace(results.parent / "mlflow.db")
    wait_until(lambda: [_better(results), not thread.is_alive()][1], timeout_s=10)
    assert capsys.readouterr().err == ""


def test_curves_that_no_companion_may_send_come_too(
    results: Path, watching: Any, new_store: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dubaug.tracking.watch.unfit", lambda _: "a network disk")
    thread, synced = watching
    thread.start()

    def grow() -> None:
        with (results / "av/seed0/pretrain/metrics.jsonl").open("a") as file:
            file.write(line_of(1201, 0.5))

    wait_until(lambda: [grow(), len(synced) > 2][1])
    assert {"av seed 0", "efj seed 0"} < synced[1]
    new_store("another")
    (results.parent / "another.db").replace(results.parent / "mlflow.db")
    wait_until(lambda: [grow(), not thread.is_alive()][1], timeout_s=10)


def test_what_is_looked_at(results: Path) -> None:
    before, with_curves = (looked_at(results, curves=curves) for curves in (False, True))
    with (results / "efj/seed0/pretrain/metrics.jsonl").open("a") as file:
        file.write(line_of(1201, 0.5))
    (results / "tables/.table1.1.part.csv").touch()
    assert looked_at(results, curves=False) == before
    assert looked_at(results, curves=True) != with_curves
    assert all(
        str(path) in before for record in collect(results) for path, folder in record.artifacts if path.is_file()
    )
    (results / "efj/seed0/epoch02/hear.json").unlink()
    assert looked_at(results, curves=False) != before


def test_results_of_an_earlier_training_are_not_those_of_the_next(results: Path) -> None:
    """While it is trained once more, and before it is probed once more."""
    (results / "efj/seed0/pretraining.json").unlink()
    write_json(results / "efj/seed0/pretrain/experiment.json", identity_of("e2"))
    assert [record.name for record in collect(results)] == ["efj seed 0", "tables and figures"]
    write_json(results / "efj/seed0/pretraining.json", manifest_of("efj", sha256="d" * 64))
    training, _ = collect(results)
    assert training.name == "efj seed 0"
    assert training.metrics == ()
