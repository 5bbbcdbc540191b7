"""How busy the machine is, under MLflow's names for it, so that its pages show it as system metrics."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from dubaug.tracking.curves import last_step

GPU_FIELDS = ("utilization.gpu", "memory.used", "memory.total", "power.draw")
GPU_TIMEOUT_S = 10.0


class Machine:
    """Samples of this machine and its GPUs; what was sent and received counts from the first one."""

    def __init__(self) -> None:
        psutil.cpu_percent()  # the first call has nothing to compare with
        self._network = psutil.net_io_counters()
        self._gpus = _visible_gpus()

    def sample(self) -> dict[str, float]:
        """Return the figures of this moment, the processor's since the last call."""
        memory, disk, network = psutil.virtual_memory(), psutil.disk_usage("."), psutil.net_io_counters()
        values = {
            "cpu_utilization_percentage": psutil.cpu_percent(),
            "system_memory_usage_megabytes": memory.used / 1e6,
            "system_memory_usage_percentage": memory.percent,
            "disk_usage_percentage": disk.percent,
            "disk_available_megabytes": disk.free / 1e6,
        }
        if network is not None and self._network is not None:
            values["network_receive_megabytes"] = (network.bytes_recv - self._network.bytes_recv) / 1e6
            values["network_transmit_megabytes"] = (network.bytes_sent - self._network.bytes_sent) / 1e6
        answer = _nvidia_smi(self._gpus) if self._gpus is not None else None
        if answer is None:
            self._gpus = None  # none, or a driver that does not answer: not asked again
        else:
            values |= gpu_figures(answer)
        return {f"system/{name}": round(value, 3) for name, value in values.items()}


class Recorder:
    """Adds samples to a file of curves, numbered on from those that stand there."""

    def __init__(self, path: Path, sample: Callable[[], Mapping[str, float]]) -> None:
        self._path, self._sample, self._step = path, sample, last_step(path) + 1

    def record(self) -> None:
        """Add a sample. A full disk is the trainer's matter: then there is none."""
        line = {"step": self._step, "time_s": round(time.time(), 3), **self._sample()}
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            self._step += 1


def gpu_figures(answer: str) -> dict[str, float]:
    """Return the figures in nvidia-smi's lines, `utilization, used MiB, total MiB, watts` a GPU.

    What a GPU does not tell (`[N/A]`) is left out.
    """
    figures: dict[str, float] = {}
    for number, line in enumerate(answer.strip().splitlines()):
        values: list[float | None] = []
        for text in line.split(","):
            try:
                values.append(float(text))
            except ValueError:
                values.append(None)
        if len(values) != len(GPU_FIELDS):
            continue
        utilization, used_mib, total_mib, watts = values
        named = {
            "utilization_percentage": utilization,
            "memory_usage_megabytes": None if used_mib is None else used_mib * 1.048576,
            "memory_usage_percentage": 100 * used_mib / total_mib if used_mib is not None and total_mib else None,
            "power_usage_watts": watts,
        }
        figures |= {f"gpu_{number}_{name}": value for name, value in named.items() if value is not None}
    return figures


def _visible_gpus() -> str | None:
    """Return the GPUs that this job was given, as nvidia-smi takes them: all if empty, None for none."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return None if visible is not None and visible.strip() in ("", "-1", "NoDevFiles") else visible or ""


def _nvidia_smi(gpus: str) -> str | None:
    chosen = ["-i", gpus] if gpus else []
    command = ["nvidia-smi", *chosen, f"--query-gpu={','.join(GPU_FIELDS)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GPU_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
