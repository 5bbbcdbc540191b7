"""Work directories: one process, one configuration, and what is left by killed processes."""

import errno
import fcntl
import os
import socket
from pathlib import Path

import pytest

from dubaug.errors import DubaugError
from dubaug.pretrain.workdir import open_work_directory

MINE = {"experiment": "aaaa", "configuration": {"rate": 1, "seeds": [0, 1]}}
OTHER = {"experiment": "bbbb", "configuration": {"rate": 2, "seeds": [0, 1]}}


def test_a_second_process_is_told_who_has_the_directory(tmp_path: Path) -> None:
    with open_work_directory(tmp_path / "work", MINE):
        expected = rf"another process trains in .*work \(process {os.getpid()} on {socket.gethostname()}\)"
        with pytest.raises(DubaugError, match=expected), open_work_directory(tmp_path / "work", MINE):
            pass
    with open_work_directory(tmp_path / "work", MINE):
        pass


def test_a_file_system_without_locks_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with open_work_directory(tmp_path / "work", MINE) as work:
        assert work.path.is_dir()
    assert "cannot be locked (Function not implemented)" in capfd.readouterr().err


def test_another_runs_directory_is_refused_or_moved(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "work"
    with open_work_directory(path, MINE) as work:
        work.log("mine")
    with pytest.raises(DubaugError, match=r"configuration\.rate: 1 -> 2; experiment: aaaa -> bbbb"):
        open_work_directory(path, OTHER).__enter__()
    assert "mine" in (path / "log.txt").read_text()
    with open_work_directory(path, OTHER, move_aside=True) as work:
        assert not (work.path / "log.txt").exists()
    assert "mine" in (tmp_path / "work.old-aaaa" / "log.txt").read_text()
    assert "configuration.rate: 1 -> 2" in capfd.readouterr().err
    with open_work_directory(path, OTHER):
        pass


@pytest.mark.parametrize("identity", [None, "", "[1]", '{"experiment": "aa'])
def test_a_directory_that_cannot_be_told_is_another_runs(tmp_path: Path, identity: str | None) -> None:
    (tmp_path / "states").mkdir()
    (tmp_path / "states" / "step000000001-0123456789abcdef.safetensors").write_bytes(b"x")
    if identity is not None:
        (tmp_path / "experiment.json").write_text(identity)
    with pytest.raises(DubaugError, match="made by another run"):
        open_work_directory(tmp_path, MINE).__enter__()
    with open_work_directory(tmp_path, MINE, move_aside=True):
        assert not (tmp_path / "states").exists()


def test_half_written_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    with open_work_directory(tmp_path, MINE) as work:
        (work.states).mkdir()
        left = work.states / ".step000000001.77.part.safetensors"
        left.write_bytes(b"x")
        whole = work.states / "step000000001-0123456789abcdef.safetensors"
        whole.write_bytes(b"x")
    with open_work_directory(tmp_path, MINE):
        assert (left.exists(), whole.exists()) == (False, True)
