"""Curves come while a training runs; what the store does is never the training's matter, and nothing is lost."""

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from faulty_server import Door, mlflow_server
from tracking_factory import stored, wait_until

from dubaug.config import Experiment, save
from dubaug.tracking.live import GRACE_S
from dubaug.tracking.records import collect
from dubaug.tracking.store import Store
from dubaug.tracking.sync import sync
from tiny_corpus import TINY, write_tiny_corpus

Trainer = Callable[..., "subprocess.Popen[str]"]
LOADED_S = 10.0
"""What a machine with more processes than cores may add to a process's end."""


def _sync(tmp_path: Path, uri: str) -> None:
    results = tmp_path / "results"
    sync(collect(results), uri=uri, experiment="dubaug", state_dir=results / ".mlflow")


def _steps(uri: str, name: str = "efj", metric: str = "loss") -> list[int]:
    return [step for step, *_ in stored(uri).get(name, {"points": {}})["points"].get(metric, [])]


def _said(tmp_path: Path, name: str = "efj") -> str:
    return (tmp_path / f"{name}.said").read_text()


def _ended(process: "subprocess.Popen[str]") -> float:
    """Return the seconds that a played training took to end when it had trained."""
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0
    return float(out.split()[1])


def _written(tmp_path: Path, name: str = "efj") -> list[dict[str, float]]:
    """Return the whole lines that a played training has written."""
    path = tmp_path / f"results/{name}/pretrain/metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def test_curves_come_while_it_trains_and_a_killed_run_goes_on_as_the_same(
    trainer: Trainer, uri: str, tmp_path: Path
) -> None:
    first = trainer("efj", uri, steps=10**6, pause_s=0.05)
    wait_until(lambda: len(_steps(uri)) > 10)
    assert stored(uri)["efj"]["status"] == "RUNNING"
    first.kill()
    first.communicate()
    wait_until(lambda: stored(uri)["efj"]["status"] == "FAILED")
    before = stored(uri)["efj"]
    _sync(tmp_path, uri)
    assert stored(uri)["efj"]["status"] == "KILLED", "nobody trains there"
    steps = len(_steps(uri)) + 40
    _ended(trainer("efj", uri, steps=steps, pause_s=0.05))
    assert _said(tmp_path) == ""
    _sync(tmp_path, uri)
    after = stored(uri)["efj"]
    assert after["id"] == before["id"]
    for metric in ("loss", "clips_per_s"):  # steps done twice, at another speed, stand there once
        assert [step for step, *_ in after["points"][metric]] == list(range(steps))
    samples = after["points"]["system/cpu_utilization_percentage"]
    assert [step for step, *_ in samples] == list(range(len(samples)))


def test_a_server_that_is_down_costs_one_warning(trainer: Trainer, uri: str, tmp_path: Path) -> None:
    process = trainer("efj", "http://127.0.0.1:9", steps=10**6, pause_s=0.1)
    wait_until(lambda: "warning" in _said(tmp_path))
    at = len(_written(tmp_path))
    wait_until(lambda: len(_written(tmp_path)) > at + 100)  # it goes on, and is told nothing more
    (tmp_path / "efj.stop").touch()
    assert _ended(process) < GRACE_S + LOADED_S
    said = _said(tmp_path)
    assert (said.count("warning"), len(said.splitlines())) == (1, 1), said
    assert "snakemake mlflow_sync" in said
    _sync(tmp_path, uri)
    assert _steps(uri) == list(range(len(_written(tmp_path))))


def test_a_training_once_more_is_another_run(trainer: Trainer, uri: str, tmp_path: Path) -> None:
    """Deleted and made again with the same configuration: the old curves are not mixed with the new ones."""
    for _ in range(2):
        _ended(trainer("efj", "http://127.0.0.1:9", steps=20))
        record = collect(tmp_path / "results")[0]
        Store(uri, "dubaug", state_dir=tmp_path).run(record, None)
        (tmp_path / "results/efj/pretrain/training_id").unlink()
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    assert len(client.search_runs([client.get_experiment_by_name("dubaug").experiment_id])) == 2


@pytest.mark.slow
def test_the_trainer_is_followed(make_experiment: Callable[..., Experiment], uri: str, tmp_path: Path) -> None:
    """`dubaug pretrain` itself, with a process that must not be stopped by the trainer's signals."""
    keys = {**TINY, "tracking": {"uri": uri, "live": True}, "results_dir": str(tmp_path / "results")}
    experiment = make_experiment(**keys)
    clips = write_tiny_corpus(tmp_path / "corpus", experiment, ("en", "es", "fr", "ja"))
    save(experiment, tmp_path / "config.yaml")
    work_dir = tmp_path / "results/efj/pretrain"
    words = ["--config", tmp_path / "config.yaml", "--variant", "efj", "--clips", clips, "--work-dir", work_dir]
    command = [sys.executable, "-m", "dubaug.cli", "pretrain", *words, "--out", work_dir.with_name("pretraining.json")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "warning" not in done.stderr
    _sync(tmp_path, uri)
    run = stored(uri)["efj"]
    assert [step for step, *_ in run["points"]["loss"]] == list(range(6))
    assert run["status"] == "FINISHED"
    assert run["params"]["pretraining.clips_per_gpu"] == "6"
    assert "pretraining/log.txt" in run["artifacts"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(empty_store, folder / "mlflow.db")
    with mlflow_server(folder, f"sqlite:///{folder}/mlflow.db") as address:
        yield address


@pytest.fixture
def door(server: str) -> Iterator[Door]:
    opened = Door(server)
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["slow", "full", "error", "shut"])
def test_a_server_at_fault_slows_nothing_and_loses_nothing(
    trainer: Trainer, door: Door, tmp_path: Path, fault: str
) -> None:
    """Half-way the server becomes slow, full, broken or silent; steps come as fast as before."""
    name = f"efj_{fault}"
    process = trainer(name, door.uri, steps=10**6, pause_s=0.05)
    wait_until(lambda: len(_steps(door.uri, name)) > 0)
    before = len(_written(tmp_path, name))
    door.mode = fault
    wait_until(lambda: fault == "slow" or "warning" in _said(tmp_path, name))
    wait_until(lambda: len(_written(tmp_path, name)) > before + 300)
    (tmp_path / f"{name}.stop").touch()
    ending_s = _ended(process)
    door.mode = "open"
    times = [line["time_s"] for line in _written(tmp_path, name)]
    took = [later - earlier for earlier, later in pairwise(times)]
    usual_s, faulty_s = statistics.median(took[:before]), statistics.median(took[before:])
    print(f"{fault}: {usual_s:.4f} s a step before, {faulty_s:.4f} s after; ended within {ending_s:.2f} s")
    assert faulty_s < 1.5 * usual_s
    assert ending_s < GRACE_S + LOADED_S
    said = _said(tmp_path, name)
    assert said.count("warning") == len(said.splitlines()) == (0 if fault == "slow" else 1), said
    _sync(tmp_path, door.uri)
    assert _steps(door.uri, name) == list(range(len(times)))
