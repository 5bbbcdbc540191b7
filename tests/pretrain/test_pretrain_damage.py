"""A full disk, damaged files, numbers that are none, too little memory: what is said, and that the run continues."""

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from run_factory import READ, at_call, steps_in, unfinished_in

from dubaug.errors import DubaugError, Interrupted
from dubaug.files import sha256_of
from dubaug.pretrain.manifest import Manifest
from needs import lacking


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=32m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(["mount", *options], capture_output=True).returncode:
        lacking("tmpfs", "mounting a tmpfs needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def _fill(disk: Path) -> None:
    """Leave no byte of room."""
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(disk).free == 0


@pytest.mark.parametrize(("step", "where"), [(1, "states/step000000002"), (2, "checkpoints/epoch01")])
def test_a_full_disk_ends_the_run_and_costs_one_step(
    small_disk: Path, run_in: Callable[..., Manifest], step: int, where: str
) -> None:
    """While a state is saved, and while an epoch's weights are."""
    with at_call(READ, step, lambda: _fill(small_disk)), pytest.raises(DubaugError, match="No space left") as caught:
        run_in("disk/parts")
    assert where in str(caught.value)
    assert "Make room" in str(caught.value)
    assert not unfinished_in(small_disk)
    states = sorted(path.name[:13] for path in (small_disk / "parts" / "states").iterdir())
    assert states == [f"step{number:09d}" for number in range(max(1, step - 1), step + 1)]
    with pytest.raises(DubaugError, match="No space left"):  # still full: the same message, and nothing is lost
        run_in("disk/parts")
    (small_disk / "filler").unlink()
    assert run_in("disk/parts").final.sha256 == run_in("whole").final.sha256
    assert steps_in(small_disk / "parts") == list(range(6))


def test_where_files_may_not_grow_the_message_says_so(run_in: Callable[..., Manifest], tmp_path: Path) -> None:
    """The same without root: a limit on the size of files (EFBIG), that only weights reach."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with (
            at_call(
                READ,
                2,
                lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard)),
            ),
            pytest.raises(DubaugError, match=r"cannot write .*checkpoints/epoch01.*: File too large"),
        ):
            run_in("parts")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert run_in("parts").final.sha256 == run_in("whole").final.sha256


def test_metrics_that_cannot_be_written_end_the_run(run_in: Callable[..., Manifest], tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "metrics.jsonl").symlink_to("/dev/full")
    with pytest.raises(DubaugError, match=r"cannot write .*metrics\.jsonl: No space left"):
        run_in("parts")
    (tmp_path / "parts" / "metrics.jsonl").unlink()
    assert run_in("parts").final.sha256 == run_in("whole").final.sha256
    assert steps_in(tmp_path / "parts") == list(range(6))


# --- damage


def _flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@contextmanager
def _interrupted_at(step: int) -> Iterator[None]:
    with (
        at_call(READ, step, lambda: os.kill(os.getpid(), signal.SIGUSR1)),
        pytest.raises(Interrupted),
    ):
        yield


@pytest.mark.parametrize("damaged", [1, 2])
def test_damaged_states_cost_time_and_not_the_run(
    run_in: Callable[..., Manifest], tmp_path: Path, capfd: pytest.CaptureFixture[str], damaged: int
) -> None:
    with _interrupted_at(4):
        run_in("parts")
    states = sorted((tmp_path / "parts" / "states").iterdir(), reverse=True)
    assert [path.name[:13] for path in states] == ["step000000005", "step000000004"]
    for path in states[:damaged]:
        _flip_a_bit(path)
    capfd.readouterr()
    assert run_in("parts").final.sha256 == run_in("whole").final.sha256
    said = capfd.readouterr().err
    assert said.count("is damaged") == damaged
    assert str(states[0]) in said
    assert ("continuing at step 4" in said) == (damaged == 1), "with none left it starts at step 0"
    assert "is damaged" in (tmp_path / "parts" / "log.txt").read_text()
    assert steps_in(tmp_path / "parts") == list(range(6))


@pytest.mark.parametrize("damage", [_flip_a_bit, Path.unlink])
def test_damaged_weights_of_the_last_epoch_are_written_again(
    run_in: Callable[..., Manifest], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    whole = run_in("whole")
    (tmp_path / "whole.json").unlink()
    damage(whole.final.path)
    assert run_in("whole") == whole
    assert sha256_of(whole.final.path) == whole.final.sha256


@pytest.mark.parametrize("damage", [_flip_a_bit, Path.unlink])
def test_damaged_weights_of_an_earlier_epoch_are_an_error_before_the_first_step(
    run_in: Callable[..., Manifest], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    with _interrupted_at(3):
        run_in("parts")
    checkpoint = tmp_path / "parts" / "checkpoints" / "epoch01.safetensors"
    copy = checkpoint.read_bytes()
    damage(checkpoint)
    with pytest.raises(DubaugError, match=r"epoch01\.safetensors is damaged or missing.*delete .*parts"):
        run_in("parts")
    assert steps_in(tmp_path / "parts") == [0, 1, 2, 3]
    checkpoint.write_bytes(copy)
    assert run_in("parts").final.sha256 == run_in("whole").final.sha256


# --- numbers and memory


def test_a_loss_that_is_no_number_leaves_the_states_before_it(
    run_in: Callable[..., Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dubaug.pretrain import learner

    steps, original = [], learner.contrastive_loss

    def poisoned(*arguments: Any, **keys: Any) -> torch.Tensor:
        steps.append(1)
        return original(*arguments, **keys) * (float("inf") if len(steps) == 5 else 1.0)

    with monkeypatch.context() as patch:
        patch.setattr(learner, "contrastive_loss", poisoned)
        with pytest.raises(DubaugError, match=r"step 4: the loss is inf.*(alpha|beta|gamma):\d.*states"):
            run_in("parts")
    assert "ended early: step 4: the loss is inf" in (tmp_path / "parts" / "log.txt").read_text()
    names = sorted(path.name[:13] for path in (tmp_path / "parts" / "states").iterdir())
    assert names == ["step000000003", "step000000004"]
    assert run_in("parts").final.sha256 == run_in("whole").final.sha256


@pytest.mark.parametrize("function", ["contrastive_loss", "ContrastiveModel"])
def test_too_little_memory_says_what_to_lower(
    run_in: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """In a step, and where the network is made."""

    def fail(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    monkeypatch.setattr(f"dubaug.pretrain.learner.{function}", fail)
    with pytest.raises(DubaugError, match=r"Tried to allocate 20\.00 GiB.*pretraining\.clips_per_gpu \(now 6\)"):
        run_in("parts")


def test_the_log_has_a_line_of_figures_for_people(run_in: Callable[..., Manifest], tmp_path: Path) -> None:
    run_in("whole")
    log = (tmp_path / "whole" / "log.txt").read_text()
    assert log.count(" of the time waiting for data, ") == 2, "one an epoch in so short a run"
    for word in ("retrieval@1", "alignment", "uniformity", "learning rate", "temperature 0.1", "clips/s", "GiB"):
        assert word in log
