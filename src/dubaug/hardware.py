"""What this process runs on."""

import argparse
import os
import platform
from pathlib import Path

from dubaug.errors import ConfigError


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def process_count(text: str) -> int:
    """Return a number of processes from a command line, at least 1; for argparse's `type`."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number of processes, 1 or more, got {text}")
    return number


def choose_device(setting: str) -> str:
    """Return `cpu` or `cuda` for a `device` of the configuration. Raises `ConfigError` if there is no GPU to be had."""
    import torch

    if setting == "cuda" and not torch.cuda.is_available():
        raise ConfigError("config key `device`: got 'cuda', but torch sees no GPU here; set `device: cpu`, or `auto`")
    return "cuda" if setting != "cpu" and torch.cuda.is_available() else "cpu"


def machine() -> str:
    """Return the processor's name and how many cores this process may use, as results of measurements say it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    model = names[0] if names else platform.processor() or platform.machine()
    return f"{model}, {usable_cores()} cores"
