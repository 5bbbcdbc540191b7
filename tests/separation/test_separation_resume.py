"""Killed in the middle and run again: what was finished stays, and the end is the same."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from dubaug.config import Experiment, save
from dubaug.corpus.titles import Title, write_titles
from dubaug.corpus.tracks import Track
from dubaug.shards.format import ShardReader
from dubaug.tracks import TrackName
from film_factory import make_film

pytestmark = pytest.mark.slow

TITLES = [f"film{number}" for number in range(5)]


@pytest.fixture
def experiment(make_experiment: Any, repository: Path, tmp_path: Path) -> Callable[[int], Experiment]:
    def make(batch_size: int) -> Experiment:
        folder = str(repository / "workflow/resources/separator")
        task = {"fluent_speech_commands": {"path": str(tmp_path / "data")}}
        made: Experiment = make_experiment(separation={"repository": folder, "batch_size": batch_size}, tasks=task)
        return made

    return make


def run_killed_when(command: list[Any], stand: Callable[[], bool]) -> None:
    """Start the command, and kill it as soon as something stands; it must not have come to its end by then."""
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)
    while not stand():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def run(command: list[Any]) -> str:
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stderr


def times_of(folder: Path, pattern: str) -> dict[str, int]:
    files = {path for path in folder.rglob(pattern) if path.is_file() and ".part." not in path.name}
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in files if path.stat().st_size}


@pytest.mark.parametrize("batch_size", [1, 3])
def test_titles_finished_before_the_kill_are_kept_and_the_rest_is_as_undisturbed(
    tmp_path: Path, experiment: Callable[[int], Experiment], batch_size: int
) -> None:
    rng = np.random.default_rng(1)
    noise = rng.uniform(-0.2, 0.2, (6, round(24.5 * 48000))).astype(np.float32)
    film = make_film(tmp_path / "films/film0.mkv", seconds=24.5, tracks={"eng": noise})
    for title_id in TITLES[1:]:
        shutil.copy(film, tmp_path / f"films/{title_id}.mkv")
    track = Track(name=TrackName("en"), stream=0)
    titles = [
        Title(title_id=name, path=tmp_path / f"films/{name}.mkv", minutes=0.4, clips=8, tracks=(track,))
        for name in TITLES
    ]
    write_titles(tmp_path / "titles.csv", titles)
    save(experiment(batch_size), tmp_path / "config.yaml")

    def command(name: str) -> list[Any]:
        words = [sys.executable, "-m", "dubaug.cli", "separate", "--config", tmp_path / "config.yaml"]
        words += ["--titles", tmp_path / "titles.csv", "--out-dir", tmp_path / name]
        return [*words, "--manifest", tmp_path / f"{name}.json", "--rejected", tmp_path / f"{name}.csv"]

    run(command("undisturbed"))
    killed = tmp_path / "killed"
    run_killed_when(command("killed"), lambda: (killed / ".made/film1.json").is_file())
    receipts = {f"{path.stem}.arrow" for path in (killed / ".made").glob("film*.json")}
    finished = {name: made_ns for name, made_ns in times_of(killed, "*.arrow").items() if name in receipts}
    assert 2 <= len(finished) < len(TITLES)
    assert not (tmp_path / "killed.json").exists()
    told = run(command("killed"))
    assert f"{len(finished)} of 5 shards stand already" in told
    after = times_of(killed, "*.arrow")
    assert set(after) == {f"{name}.arrow" for name in TITLES}
    assert {name: after[name] for name in finished} == finished
    assert [path for path in killed.iterdir() if ".part." in path.name] == []
    for name in TITLES:
        one, other = tmp_path / f"undisturbed/{name}.arrow", killed / f"{name}.arrow"
        if batch_size == 1:
            assert one.read_bytes() == other.read_bytes()
            continue
        # Other batch mates, other rounding in the network: half precision shows it now and then.
        readers = ShardReader(one), ShardReader(other)
        assert readers[0].indices() == readers[1].indices() == list(range(8))
        for row in range(8):
            mels = [reader.mel(row, "en").astype(np.float32) for reader in readers]
            np.testing.assert_allclose(mels[0], mels[1], rtol=1e-3, atol=2e-3)


def test_files_finished_before_the_kill_are_kept_and_the_rest_is_as_undisturbed(
    tmp_path: Path, experiment: Callable[[int], Experiment]
) -> None:
    rng = np.random.default_rng(2)
    for number in range(24):
        samples = rng.uniform(-0.3, 0.3, round((2 + number % 3) * 16000))
        (tmp_path / f"data/{number % 2}").mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / f"data/{number % 2}/{number}.wav", samples, 16000, subtype="PCM_16")
    (tmp_path / "data/broken.wav").write_bytes(b"RIFF, but no more")
    (tmp_path / "data/list.csv").write_text("path\n")
    save(experiment(1), tmp_path / "config.yaml")

    def command(name: str) -> list[Any]:
        words = [sys.executable, "-m", "dubaug.cli", "separate-task", "--config", tmp_path / "config.yaml"]
        return [*words, "--task", "fluent_speech_commands", "--out", tmp_path / name]

    run(command("undisturbed"))
    part, out = tmp_path / ".killed.part", tmp_path / "killed"
    run_killed_when(command("killed"), lambda: len(times_of(part, "*.wav")) >= 4)
    finished = times_of(part, "*.wav")
    assert 4 <= len(finished) < 24
    assert not out.exists()
    run(command("killed"))
    after = times_of(out, "*.wav")
    assert len(after) == 24
    assert {name: after[name] for name in finished} == finished
    files = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    assert files == sorted(
        path.relative_to(tmp_path / "undisturbed") for path in (tmp_path / "undisturbed").rglob("*") if path.is_file()
    )
    for path in files:
        assert (out / path).read_bytes() == (tmp_path / "undisturbed" / path).read_bytes(), path
    assert not part.exists()
