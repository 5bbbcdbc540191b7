"""How processes that train together find each other."""

import time

import pytest
import torch.distributed as dist

from dubaug.pretrain import processes


def test_processes_that_wait_for_each_other_say_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("MASTER_ADDR", "nowhere")
    monkeypatch.setattr(processes, "PATIENCE_S", 0.01)
    monkeypatch.setattr(dist, "init_process_group", lambda *_, **__: time.sleep(0.2))
    monkeypatch.setattr(dist, "get_rank", lambda: 1)
    monkeypatch.setattr(dist, "destroy_process_group", lambda: None)
    with processes.joined_processes("cpu") as joined:
        assert joined.rank == 1
    said = capsys.readouterr().err
    assert "waiting for all 2 processes at nowhere" in said
    assert "--local-addr=localhost" in said
