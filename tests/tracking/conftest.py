"""A results folder with a bit of everything, empty stores, and a training that is only played."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tracking_factory import STEPS, TRAINER, line_of, result_of

from dubaug.files import write_json


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    manifest = {"variant": "efj", "seed": 0, "experiment": "e1", "epochs": 4}
    kept = [{"epoch": epoch, "path": "", "sha256": "0" * 64} for epoch in (2, 4)]
    write_json(
        folder / "efj/seed0/pretraining.json",
        {**manifest, "checkpoints": kept, "n_clips": 9, "n_titles": 3, "device": "cpu"},
    )
    (folder / "efj/seed0/pretrain").mkdir()
    lines = [line_of(step, 2.0 / (step + 1)) for step in range(STEPS)]
    (folder / "efj/seed0/pretrain/metrics.jsonl").write_text("".join(lines) + '{"step": 1200, "lo')
    write_json(folder / "efj/seed0/hear.json", result_of("hear", 4, {"esc50": 0.5, "fsd50k": 0.25}, sweep=(2,)))
    write_json(folder / "efj/seed0/epoch02/hear.json", result_of("hear", 2, {"esc50": 0.4, "fsd50k": 0.2}))
    (folder / "tables").mkdir()
    (folder / "tables/table1.csv").write_text("task,av\n")
    return folder


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with MLflow's tables, to be copied: making one takes seconds."""
    from mlflow.tracking import MlflowClient

    path = tmp_path_factory.mktemp("store") / "empty.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def new_store(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Return a function that makes an empty store in `tmp_path` and returns its address."""
    monkeypatch.chdir(tmp_path)  # MLflow puts its artifacts here

    def make(name: str) -> str:
        shutil.copy(empty_store, tmp_path / f"{name}.db")
        return f"sqlite:///{tmp_path}/{name}.db"

    return make


@pytest.fixture
def uri(new_store: Callable[[str], str]) -> str:
    return new_store("mlflow")


@pytest.fixture
def trainer(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Return a function that starts a process which writes steps as the trainer does, and is followed.

    It ends after `steps`, or when there is a file `<variant>.stop`; what it says is in `<variant>.said`. Without an
    address nobody follows it.
    """
    script = tmp_path / "trainer.py"
    script.write_text(TRAINER)
    started: list[subprocess.Popen[str]] = []

    def start(
        variant: str, uri: str, *, steps: int, pause_s: float = 0.0, **environment: str
    ) -> "subprocess.Popen[str]":
        words = [str(tmp_path / "results" / variant / "seed0/pretrain"), variant, uri, str(steps), str(pause_s)]
        with (tmp_path / f"{variant}.said").open("w") as said:
            command = [sys.executable, str(script), *words]
            pipes = {"stdout": subprocess.PIPE, "stderr": said, "text": True}
            started.append(subprocess.Popen(command, cwd=tmp_path, env={**os.environ, **environment}, **pipes))
            return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
