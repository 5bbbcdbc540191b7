"""The machine's figures, by MLflow's names, on from where an earlier process stopped."""

import json
from pathlib import Path

import pytest

from dubaug.tracking.machine import Machine, Recorder, gpu_figures


def test_samples_are_numbered_on(tmp_path: Path) -> None:
    path = tmp_path / "system.jsonl"
    for _ in range(2):
        recorder = Recorder(path, Machine().sample)
        recorder.record()
        recorder.record()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [0, 1, 2, 3]
    assert lines[-1]["system/system_memory_usage_megabytes"] > 1
    assert 0 <= lines[-1]["system/cpu_utilization_percentage"] <= 100


def test_gpus_are_those_of_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    answer = "98, 40960, 81920, 350.5\\n3, 512, 81920, [N/A]\\n"
    tool.write_text(f"#!/bin/sh\nprintf '%s' \"$*\" > {tmp_path}/asked\nprintf '{answer}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    figures = Machine().sample()
    assert (tmp_path / "asked").read_text().startswith("-i 2,3 --query-gpu=utilization.gpu,")
    assert figures["system/gpu_0_utilization_percentage"] == 98
    assert figures["system/gpu_0_memory_usage_percentage"] == 50
    assert figures["system/gpu_0_memory_usage_megabytes"] == pytest.approx(42949.67)
    assert figures["system/gpu_1_utilization_percentage"] == 3
    assert "system/gpu_1_power_usage_watts" not in figures
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not [name for name in Machine().sample() if "gpu" in name]


def test_an_answer_of_another_kind_gives_nothing() -> None:
    assert gpu_figures("No devices were found\n") == {}
