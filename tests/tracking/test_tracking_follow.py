"""Curves come while a training runs; what the store does is never the training's matter, and nothing is lost."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from faulty_server import Door, mlflow_server
from tracking_factory import started, stored, wait_until

from dubaug.companion.training import GRACE_S
from dubaug.config import Experiment, save
from dubaug.tracking.records import collect
from dubaug.tracking.store import Store
from dubaug.tracking.sync import SyncReport, sync
from tiny_corpus import TINY, write_tiny_corpus

Trainer = Callable[..., "subprocess.Popen[str]"]
LOADED_S = 10.0
"""What a machine with more processes than cores may add to a process's end."""


def _sync(tmp_path: Path, uri: str) -> SyncReport:
    results = tmp_path / "results"
    return sync(collect(results), uri=uri, experiment="dubaug", state_dir=results / ".mlflow")


def _steps(uri: str, name: str = "efj seed 0", metric: str = "loss") -> list[int]:
    return [step for step, *_ in stored(uri).get(name, {"points": {}})["points"].get(metric, [])]


def _said(tmp_path: Path, name: str = "efj") -> str:
    return (tmp_path / f"{name}.said").read_text()


def _ended(process: "subprocess.Popen[str]") -> float:
    """Return the seconds that a played training took to end when it had trained."""
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0
    return float(out)


def _written(tmp_path: Path, name: str = "efj") -> list[dict[str, float]]:
    """Return the whole lines that a played training has written."""
    path = tmp_path / f"results/{name}/seed0/pretrain/metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def test_curves_come_while_it_trains_and_a_killed_run_goes_on_as_the_same(
    trainer: Trainer, uri: str, tmp_path: Path
) -> None:
    first = trainer("efj", uri, steps=10**6, pause_s=0.05)
    wait_until(lambda: started(uri, "loss") == {"efj seed 0"} and len(_steps(uri)) > 10)
    assert stored(uri)["efj seed 0"]["status"] == "RUNNING"
    first.kill()
    first.communicate()
    wait_until(lambda: stored(uri)["efj seed 0"]["status"] == "FAILED")
    before = stored(uri)["efj seed 0"]
    _sync(tmp_path, uri)
    assert stored(uri)["efj seed 0"]["status"] == "KILLED", "nobody trains there"
    steps = len(_steps(uri)) + 40
    _ended(trainer("efj", uri, steps=steps, pause_s=0.05))
    assert _said(tmp_path) == ""
    _sync(tmp_path, uri)
    after = stored(uri)["efj seed 0"]
    assert after["id"] == before["id"]
    for metric in ("loss", "clips_per_s"):  # steps done twice, at another speed, stand there once
        assert [step for step, *_ in after["points"][metric]] == list(range(steps))
    samples = after["points"]["system/cpu_utilization_percentage"]
    assert [step for step, *_ in samples] == list(range(len(samples)))


def test_a_training_once_more_is_another_run(trainer: Trainer, uri: str, tmp_path: Path) -> None:
    """Deleted and made again with the same configuration: the old curves are not mixed with the new ones."""
    for _ in range(2):
        _ended(trainer("efj", "", steps=20))
        record = collect(tmp_path / "results")[0]
        Store(uri, "dubaug", state_dir=tmp_path).run(record, None)
        (tmp_path / "results/efj/seed0/pretrain/training_id").unlink()
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    assert len(client.search_runs([client.get_experiment_by_name("dubaug").experiment_id])) == 2


@pytest.fixture
def pretrain(
    make_experiment: Callable[..., Experiment], uri: str, tmp_path: Path
) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Return a function that starts `dubaug pretrain`, by `torchrun` where that is given, of an efj to be followed."""
    running: list[subprocess.Popen[str]] = []

    def start(*torchrun: str, **pretraining: object) -> "subprocess.Popen[str]":
        keys = {**TINY, "tracking": {"uri": uri, "live": True}, "results_dir": str(tmp_path / "results")}
        experiment = make_experiment(**keys | {"pretraining": {**TINY["pretraining"], **pretraining}})
        clips = write_tiny_corpus(tmp_path / "corpus", experiment, ("en", "es", "fr", "ja"))
        save(experiment, tmp_path / "config.yaml")
        work_dir = tmp_path / "results/efj/seed0/pretrain"
        words = ["--config", tmp_path / "config.yaml", "--variant", "efj", "--clips", clips, "--work-dir", work_dir]
        words += ["--out", work_dir.with_name("pretraining.json")]
        command = [sys.executable, *torchrun, "-m", "dubaug.cli", "pretrain", *words]
        with (tmp_path / "efj.said").open("w") as said:
            running.append(subprocess.Popen(command, cwd=tmp_path, stderr=said, text=True))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_the_trainer_is_followed(pretrain: Trainer, uri: str, tmp_path: Path) -> None:
    assert pretrain().wait(timeout=300) == 0
    assert "warning" not in _said(tmp_path)
    _sync(tmp_path, uri)
    run = stored(uri)["efj seed 0"]
    assert [step for step, *_ in run["points"]["loss"]] == list(range(6))
    assert run["status"] == "FINISHED"
    assert run["params"]["pretraining.clips_per_gpu"] == "6"
    assert "pretraining/log.txt" in run["artifacts"]


@pytest.mark.slow
def test_several_processes_have_one_companion_which_signals_to_the_job_leave_alone(
    pretrain: Trainer, uri: str, tmp_path: Path
) -> None:
    """A scheduler's signals reach every process of a job (`scancel --full`, a wall time that is near)."""
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--signals-to-handle=SIGTERM,SIGUSR1"]
    torchrun = pretrain(*words, gpus=2, clips_per_gpu=3, epochs=10**4, checkpoints=[10**4])
    wait_until(lambda: started(uri, "loss") == {"efj seed 0"})
    job = psutil.Process(torchrun.pid)
    processes = [job, *job.children(recursive=True)]
    trainers = [process for process in processes if "pretrain" in process.cmdline() and process.pid != job.pid]
    companions = [process for process in processes if "mlflow-follow" in process.cmdline()]
    assert (len(trainers), len(companions)) == (2, 1)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
        companions[0].send_signal(number)
    for process in processes:
        process.send_signal(signal.SIGUSR1)
    torchrun.wait(timeout=120)
    assert psutil.wait_procs(companions, timeout=10)[1] == []
    assert "stopped early: SIGUSR1" in _said(tmp_path)
    run = stored(uri)["efj seed 0"]
    assert run["status"] == "KILLED", "the companion was there to say so"
    assert [step for step, *_ in run["points"]["loss"]] == list(range(len(_written(tmp_path))))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(empty_store, folder / "mlflow.db")
    with mlflow_server(folder, f"sqlite:///{folder}/mlflow.db") as address:
        yield address


FAULTS = ("slow", "full", "error", "silent", "shut")


@pytest.mark.slow
def test_a_store_at_fault_slows_nothing_and_loses_nothing(trainer: Trainer, server: str, tmp_path: Path) -> None:
    """Servers become slow, full, broken, silent or go away half-way, one is down from the start: the trainings take as
    many steps in the same time as one beside them that nobody follows."""
    doors = {fault: Door(server) for fault in FAULTS}
    uris = {**{fault: door.uri for fault, door in doors.items()}, "down": "http://127.0.0.1:9", "alone": ""}
    impatient = {"silent": {"MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}}  # else it takes 40 s to a warning
    trainings = {
        name: trainer(name, uri, steps=10**6, pause_s=0.05, **impatient.get(name, {})) for name, uri in uris.items()
    }
    wait_until(lambda: started(server, "loss") == {f"{fault} seed 0" for fault in FAULTS})
    wait_until(lambda: "warning" in _said(tmp_path, "down"))
    for fault, door in doors.items():
        door.mode = fault
    start_s, passed = time.time(), doors["slow"].passed
    wait_until(lambda: all("warning" in _said(tmp_path, fault) for fault in FAULTS if fault != "slow"))
    wait_until(lambda: doors["slow"].passed > passed + 3)
    wait_until(lambda: time.time() > start_s + 15)
    window_s = time.time() - start_s
    for name in trainings:
        (tmp_path / f"{name}.stop").touch()
    ending_s = {name: _ended(process) for name, process in trainings.items()}
    taken = {
        name: sum(start_s <= line["time_s"] < start_s + window_s for line in _written(tmp_path, name))
        for name in trainings
    }
    print(f"steps in {window_s:.1f} s: {taken}; seconds to end: {ending_s}")
    assert all(steps > 0.9 * taken["alone"] for steps in taken.values()), taken
    assert max(ending_s.values()) < GRACE_S + LOADED_S
    for name in trainings:
        said = _said(tmp_path, name)
        assert said.count("warning") == len(said.splitlines()) == (0 if name in ("slow", "alone") else 1), said
        assert said == "" or "snakemake mlflow_sync" in said

    for door in doors.values():
        door.mode = "open"
    _sync(tmp_path, doors["shut"].uri)
    runs = stored(server)
    for name in trainings:
        assert [step for step, *_ in runs[f"{name} seed 0"]["points"]["loss"]] == list(
            range(len(_written(tmp_path, name)))
        ), name
    shutil.rmtree(tmp_path / "results/.mlflow")
    assert _sync(tmp_path, server).written == 0
    assert stored(server) == runs, "once"
    for door in doors.values():
        door.close()
