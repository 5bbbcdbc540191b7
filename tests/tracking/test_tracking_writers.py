"""Sixteen processes write at once to a store that none of them has made yet: nothing is lost, none of them fails."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faulty_server import mlflow_server
from postgres import driver_path, postgres
from tracking_factory import stored, wait_until

from dubaug.files import read_json, write_json

WRITERS, STEPS = 16, 500
SYNC = (
    "import sys; from pathlib import Path; from dubaug.tracking.records import collect\n"
    "from dubaug.tracking.sync import sync\n"
    "folder = Path(sys.argv[1])\n"
    "sync(collect(folder), uri=sys.argv[2], experiment='dubaug', state_dir=folder / '.mlflow')"
)


@pytest.fixture
def folders(results: Path) -> list[Path]:
    """Return sixteen results folders, each of a variant of its own."""
    (results / "efj").rename(results / "v")
    made = [results.with_name(f"results{number}") for number in range(WRITERS)]
    for number, folder in enumerate(made):
        shutil.copytree(results, folder)
        (folder / "v").rename(folder / f"v{number}")
        shutil.rmtree(folder / "tables")
        metrics = folder / f"v{number}/pretrain/metrics.jsonl"
        metrics.write_text("".join(metrics.read_text().splitlines(keepends=True)[:STEPS]))
        manifest = folder / f"v{number}/pretraining.json"
        write_json(manifest, {**read_json(manifest), "variant": f"v{number}"})
    return made


def _write_all(folders: list[Path], uri: str) -> None:
    words = [sys.executable, "-c", SYNC]
    processes = [
        subprocess.Popen([*words, str(folder), uri], stderr=subprocess.PIPE, text=True, cwd=folder.parent)
        for folder in folders
    ]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * WRITERS, errors


def _check(uri: str) -> None:
    runs = stored(uri)
    assert len(runs) == 3 * WRITERS
    for number in range(WRITERS):
        parent = runs[f"v{number}"]
        assert [step for step, *_ in parent["points"]["loss"]] == list(range(STEPS))
        for name in (f"v{number} hear", f"v{number} hear epoch 2"):
            assert runs[name]["parent"] == parent["id"]
            assert runs[name]["artifacts"] == ["results/hear.json"]


@pytest.mark.slow
def test_sixteen_write_to_sqlite(folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    _write_all(folders, uri)
    _check(uri)
    _write_all(folders, uri)
    _check(uri)


@pytest.fixture(scope="module")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    driver = driver_path(tmp_path_factory.mktemp("driver"))
    with postgres() as backend, mlflow_server(tmp_path_factory.mktemp("server"), backend, driver) as address:
        yield address


@pytest.mark.slow
def test_sixteen_write_to_a_server_with_postgresql(folders: list[Path], postgres_server: str) -> None:
    _write_all(folders, postgres_server)
    _check(postgres_server)


@pytest.mark.slow
def test_sixteen_trainings_are_followed_at_once(
    trainer: Callable[..., "subprocess.Popen[str]"], postgres_server: str, tmp_path: Path
) -> None:
    names = [f"live{number}" for number in range(WRITERS)]
    processes = [trainer(name, postgres_server, steps=10**6, pause_s=0.2) for name in names]
    wait_until(lambda: set(stored(postgres_server)) >= set(names), timeout_s=600)
    for name in names:
        (tmp_path / f"{name}.stop").touch()
    for process in processes:
        process.communicate()
    assert "".join((tmp_path / f"{name}.said").read_text() for name in names) == ""
    words = [sys.executable, "-c", SYNC, str(tmp_path / "results"), postgres_server]
    subprocess.run(words, check=True, cwd=tmp_path)
    runs = stored(postgres_server)
    for name in names:
        written = (tmp_path / f"results/{name}/pretrain/metrics.jsonl").read_text().splitlines()
        for metric in ("loss", "clips_per_s"):
            assert [step for step, *_ in runs[name]["points"][metric]] == list(range(len(written)))
