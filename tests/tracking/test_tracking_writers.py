"""Sixteen trainings write at once to a store that none of them has made yet: nothing is lost, none of them fails."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_server import mlflow_server
from postgres import postgres
from tracking_factory import result_of, stored

from dubaug.files import write_json
from dubaug.tracking.records import collect
from dubaug.tracking.sync import sync

WRITERS, STEPS = 16, 300
FORKED = """
import json, os, sys, threading, time
from pathlib import Path
os.environ["MLFLOW_LOGGING_LEVEL"] = "ERROR"
import mlflow.tracking, mlflow.entities, mlflow.store.tracking.sqlalchemy_store
from dubaug.pretrain.workdir import open_work_directory
from dubaug.tracking.follow import Follower
from dubaug.tracking.records import collect
from dubaug.tracking.sync import sync

uri, writers, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def train(work, pipe):
    for step in range(steps):
        with work.metrics.open("a") as file:
            file.write(json.dumps({"step": step, "epoch": 1, "loss": 1.0 / (step + 1), "time_s": time.time()}) + "\\n")
        time.sleep(0.02)
    os.write(pipe, b"FINISHED")
    os.close(pipe)


def write(number):
    results, name = Path(f"results{number}"), f"v{number}"
    store = dict(uri=uri, experiment="dubaug", state_dir=results / ".mlflow")
    identity = {"experiment": "e1", "configuration": {"seed": 0}}
    with open_work_directory(results / name / "pretrain", identity) as work:
        follower = Follower(work.path, variant=name, seed=0, **store)
        out, into = os.pipe()
        threading.Thread(target=train, args=(work, into)).start()
        follower.follow(out)
    (results / name / "later.json").rename(results / name / "pretraining.json")
    sync(collect(results), **store)


children = []
for number in range(writers):
    children.append(os.fork())
    if not children[-1]:
        failed = 1
        try:
            write(number)
            failed = 0
        finally:
            sys.stderr.flush()
            os._exit(failed)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""
"""A process has what takes long to import, and then divides. Each part is followed while it trains, and synced at its
end, in a results folder of its own."""


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Return sixteen results folders, each of a variant of its own that is yet to be trained."""
    made = [tmp_path / f"results{number}" for number in range(WRITERS)]
    for number, results in enumerate(made):
        manifest = {"variant": f"v{number}", "seed": 0, "experiment": "e1", "epochs": 4}
        kept = [{"epoch": epoch, "path": "", "sha256": "0" * 64} for epoch in (2, 4)]
        write_json(results / f"v{number}/seed0/later.json", {**manifest, "checkpoints": kept})
        write_json(
            results / f"v{number}/seed0/hear.json", result_of("hear", 4, {"esc50": 0.5, "fsd50k": 0.25}, sweep=(2,))
        )
        write_json(results / f"v{number}/seed0/epoch02/hear.json", result_of("hear", 2, {"esc50": 0.4, "fsd50k": 0.2}))
    return made


def _write_all_twice(folders: list[Path], uri: str) -> None:
    words = [sys.executable, "-c", FORKED, uri, str(WRITERS), str(STEPS)]
    done = subprocess.run(words, cwd=folders[0].parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    runs = stored(uri)
    assert len(runs) == 3 * WRITERS
    for number in range(WRITERS):
        parent = runs[f"v{number} seed 0"]
        assert [step for step, *_ in parent["points"]["loss"]] == list(range(STEPS))
        assert len(parent["points"]["system/cpu_utilization_percentage"]) > 0
        for name in (f"v{number} seed 0 hear", f"v{number} seed 0 hear epoch 2"):
            assert runs[name]["parent"] == parent["id"]
            assert runs[name]["artifacts"] == ["results/hear.json"]
    for results in folders:
        state_dir = results.with_name(f"{results.name} forgotten")
        assert sync(collect(results), uri=uri, experiment="dubaug", state_dir=state_dir).written == 0


@pytest.mark.slow
def test_sixteen_write_to_sqlite(folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _write_all_twice(folders, f"sqlite:///{tmp_path}/mlflow.db")


@pytest.fixture(scope="module")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres() as backend, mlflow_server(tmp_path_factory.mktemp("server"), backend) as address:
        yield address


@pytest.mark.slow
def test_sixteen_write_to_a_server_with_postgresql(folders: list[Path], postgres_server: str) -> None:
    _write_all_twice(folders, postgres_server)
