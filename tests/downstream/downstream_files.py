"""Small files for the tests of downstream data sets."""

from pathlib import Path

import numpy as np
import soundfile


def write_sound(
    path: Path, seconds: float, *, rate_hz: int = 48000, channels: int = 1, seed: int = 0, subtype: str = "PCM_16"
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.1 * np.random.default_rng(seed).standard_normal((round(seconds * rate_hz), channels))
    soundfile.write(path, samples, rate_hz, subtype=subtype)


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
