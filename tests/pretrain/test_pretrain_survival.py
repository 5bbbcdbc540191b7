"""However a run dies, the continued one ends with the weights of one that was never stopped."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from run_factory import READ, at_call, steps_in, unfinished_in

from dubaug.config import Experiment, save
from dubaug.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_OK, Interrupted
from dubaug.pretrain.manifest import Manifest

Command = list[str | Path]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=4"]
TORCHRUN += ["--local-addr=localhost"]
NAMELESS = ["unshare", "--uts", "sh", "-c", 'hostname nowhere-to-be-found; exec "$@"', "sh"]
"""On a machine whose name cannot be resolved, as only root can have it."""
PASS_ON = "--signals-to-handle=SIGTERM,SIGINT,SIGUSR1"
ALONE = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Runs in this process have as many threads as those of their own: another number rounds otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _command(folder: Path, name: str, experiment: Experiment, clips: Path) -> Command:
    """Return the arguments of `dubaug` that train efj in `folder`/`name`, saving after every step."""
    save(experiment, folder / "config.yaml")
    return [
        "pretrain", "--config", folder / "config.yaml", "--variant", "efj", "--clips", clips,
        "--work-dir", folder / name, "--out", folder / f"{name}.json", "--save-every-s", "0",
    ]  # fmt: skip


def _wait_until(condition: Callable[[], bool], process: subprocess.Popen[str], timeout_s: float = 240.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert process.poll() is None, "".join(process.communicate())
        assert time.monotonic() < end, "took too long"
        time.sleep(0.005)


# --- death


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_random_moments_it_ends_with_the_same_weights(
    make_tiny: Callable[..., Experiment], tiny_clips: Path, tmp_path: Path, run_in: Callable[..., Manifest]
) -> None:
    """SIGKILL, 7 times: some before the first step, most while it trains and saves."""
    start_s = time.monotonic()
    whole = run_in("whole", epochs=16, checkpoints=[1, 8, 16])
    step_s = (time.monotonic() - start_s) / 48
    experiment = make_tiny(epochs=16, checkpoints=[1, 8, 16])
    command = [sys.executable, "-m", "dubaug.cli", *_command(tmp_path, "parts", experiment, tiny_clips)]
    work, rng, at = tmp_path / "parts", np.random.default_rng(20230411), []
    for number in range(7):
        before = steps_in(work)
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ALONE)
        if number % 6 == 0:
            time.sleep(rng.uniform(0.0, 4.0))
        else:
            _wait_until(lambda before=before: steps_in(work)[-1:] != before[-1:], process)
            time.sleep(rng.uniform(0.0, 3.0) * step_s)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "it ended before it could be killed: make the run longer"
        at.append((steps_in(work)[-1:], unfinished_in(work)))
    print("killed at (last step, files half written):", at)
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=ALONE)
    assert "continuing at step" in done.stderr
    parts = Manifest.load(tmp_path / "parts.json")
    assert [c.sha256 for c in parts.checkpoints] == [c.sha256 for c in whole.checkpoints]
    assert steps_in(work) == list(range(48))
    assert not unfinished_in(work)


DRIVER = """
import os, signal, sys
from pathlib import Path
import dubaug.files, dubaug.pretrain.state, dubaug.pretrain.train
from dubaug.cli import main

where, number = sys.argv[1], int(sys.argv[2])
calls = []


def dies(original, name):
    def call(*arguments, **keys):
        if name in str(arguments[0]):
            calls.append(1)
            if len(calls) == number:
                if where == "half":
                    Path(arguments[0]).with_name(f".{Path(arguments[0]).stem}.1.part.safetensors").write_bytes(
                        arguments[1][: len(arguments[1]) // 2]
                    )
                if where == "after":
                    original(*arguments, **keys)
                os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **keys)

    return call


if where == "pruning":
    Path.unlink = dies(Path.unlink, "states/step")
else:
    name = "checkpoints" if where == "checkpoint" else "states"
    for module in (dubaug.pretrain.state, sys.modules["dubaug.pretrain.checkpoint"]):
        module.write_bytes = dies(module.write_bytes, name)
sys.exit(main(sys.argv[3:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("where", "number"), [("half", 2), ("after", 3), ("checkpoint", 2), ("pruning", 1)])
def test_killed_while_it_saves(
    make_tiny: Callable[..., Experiment],
    tiny_clips: Path,
    tmp_path: Path,
    run_in: Callable[..., Manifest],
    where: str,
    number: int,
) -> None:
    """With half a state on disk; right after a state; before an epoch's weights; before an old state is removed."""
    command = _command(tmp_path, "parts", make_tiny(), tiny_clips)
    driver = [sys.executable, "-c", DRIVER, where, str(number), *command]
    killed = subprocess.run(driver, capture_output=True, text=True, env=ALONE)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = subprocess.run([sys.executable, "-m", "dubaug.cli", *command], capture_output=True, text=True, env=ALONE)
    assert done.returncode == EXIT_OK, done.stderr
    assert "continuing at step" in done.stderr
    assert Manifest.load(tmp_path / "parts.json").final.sha256 == run_in("whole").final.sha256
    assert not unfinished_in(tmp_path / "parts")
    assert len(list((tmp_path / "parts" / "states").iterdir())) == 2


# --- signals


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_saves_and_has_its_own_exit_code(
    make_tiny: Callable[..., Experiment],
    tiny_clips: Path,
    tmp_path: Path,
    run_in: Callable[..., Manifest],
    number: signal.Signals,
) -> None:
    experiment = make_tiny(epochs=8, checkpoints=[8])
    command = [sys.executable, "-m", "dubaug.cli", *_command(tmp_path, "parts", experiment, tiny_clips)]
    command[-1] = "600"
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ALONE)
    _wait_until(lambda: len(steps_in(tmp_path / "parts")) > 4, process)
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == EXIT_INTERRUPTED
    assert f"stopped early: {number.name} after step" in errors
    assert f"ended early: {number.name}" in (tmp_path / "parts" / "log.txt").read_text()
    assert not (tmp_path / "parts.json").exists()
    done_before = steps_in(tmp_path / "parts")[-1] + 1
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=ALONE)
    assert f"continuing at step {done_before}" in done.stderr, "nothing is done twice after a signal"
    whole = run_in("whole", epochs=8, checkpoints=[8])
    assert Manifest.load(tmp_path / "parts.json").final.sha256 == whole.final.sha256


def test_a_signal_before_the_first_step_is_heeded(run_in: Callable[..., Manifest], tmp_path: Path) -> None:
    """One that comes while the corpus is looked at, before there is a loop that could see it."""
    with (
        at_call("dubaug.pretrain.data.ClipSource.check", 0, lambda: os.kill(os.getpid(), signal.SIGUSR1)),
        pytest.raises(Interrupted, match="SIGUSR1 before the first step"),
    ):
        run_in("parts")
    assert steps_in(tmp_path / "parts") == []
    assert run_in("parts").final.sha256 == run_in("whole").final.sha256


def test_a_signal_in_the_last_step_ends_nothing_early(run_in: Callable[..., Manifest]) -> None:
    with at_call(READ, 5, lambda: os.kill(os.getpid(), signal.SIGTERM)):
        assert run_in("parts").final.sha256 == run_in("whole").final.sha256


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory, make_tiny: Callable[..., Experiment], tiny_clips: Path) -> Path:
    """The manifest of an uninterrupted run of four processes: the order in which two are added cannot matter."""
    folder = tmp_path_factory.mktemp("four")
    experiment = make_tiny(gpus=4, clips_per_gpu=2, clips_per_title=2, epochs=24, checkpoints=[24])
    machine = NAMELESS if os.geteuid() == 0 and shutil.which("unshare") else []
    command = [*machine, *TORCHRUN, "-m", "dubaug.cli", *_command(folder, "whole", experiment, tiny_clips)]
    subprocess.run(command, check=True, capture_output=True, text=True, env=ALONE, timeout=800)
    return folder / "whole.json"


@pytest.mark.slow
def test_four_processes_train_under_torchrun(four: Path) -> None:
    assert steps_in(four.with_suffix("")) == list(range(24))  # 14 clips, 24 times: 2 for each, and 6 sit out
    assert Manifest.load(four).epochs == 24


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGKILL])
def test_a_signal_to_torchrun_reaches_the_training(
    make_tiny: Callable[..., Experiment], tiny_clips: Path, tmp_path: Path, four: Path, number: signal.Signals
) -> None:
    """The signals that it was told to pass on; when it is killed, its processes notice and leave too."""
    experiment = make_tiny(gpus=4, clips_per_gpu=2, clips_per_title=2, epochs=24, checkpoints=[24])
    command = [*TORCHRUN, PASS_ON, "-m", "dubaug.cli", *_command(tmp_path, "parts", experiment, tiny_clips)]
    command[-1] = "600"
    with (tmp_path / "errors.txt").open("w") as errors:
        process = subprocess.Popen(command, stderr=errors, text=True, env=ALONE)
        _wait_until(lambda: len(steps_in(tmp_path / "parts")) > 2, process)
        process.send_signal(number)
        process.wait(timeout=240)
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else EXIT_ERROR), "torchrun's own"
    log = tmp_path / "parts" / "log.txt"
    end = time.monotonic() + 120
    while "ended early" not in log.read_text() and time.monotonic() < end:
        time.sleep(0.05)
    said = "torchrun's end" if number == signal.SIGKILL else number.name
    assert f"ended early: {said}" in log.read_text(), (tmp_path / "errors.txt").read_text()
    done_before = steps_in(tmp_path / "parts")[-1] + 1
    assert done_before < 24, "make the run longer"
    while "another process" in (done := subprocess.run(command, capture_output=True, text=True, env=ALONE)).stderr:
        assert time.monotonic() < end + 60, "the killed torchrun's processes still hold the directory"
    assert done.returncode == EXIT_OK, done.stderr
    assert f"continuing at step {done_before}" in done.stderr
    final = Manifest.load(tmp_path / "parts.json").final
    assert final.sha256 == Manifest.load(four).final.sha256
    assert steps_in(tmp_path / "parts") == list(range(24))
