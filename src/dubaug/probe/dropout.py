"""Which activations of a probe dropout keeps: drawn for each probe by itself, whatever other probes are beside it."""

from collections.abc import Sequence

import numpy as np
import torch

from dubaug.seeding import item_rng, item_seed

_LEVELS = 1 << 16


class Draws:
    """One probe's draws. NumPy's on a CPU, where torch's take ten times as long; the device's own on a GPU."""

    def __init__(self, keys: Sequence[str | int], device: torch.device) -> None:
        self._source = (
            item_rng(*keys) if device.type == "cpu" else torch.Generator(device).manual_seed(item_seed(*keys))
        )

    def fill(self, keep_BH: torch.Tensor, rate: float) -> None:
        """Write 0 into `keep_BH` with probability `rate`, else 1."""
        if isinstance(self._source, torch.Generator):
            keep_BH.bernoulli_(1 - rate, generator=self._source)
        else:
            bits = dropout_bits(self._source, *keep_BH.shape)
            keep_BH.copy_(torch.from_numpy(bits)).ge_(dropout_threshold(rate))


def dropout_bits(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Return uniform integers, int16 (rows, columns)."""
    words = rng.bit_generator.random_raw(-(-rows * columns // 4))
    return words.view(np.int16)[: rows * columns].reshape(rows, columns)


def dropout_threshold(rate: float) -> int:
    """Return the least such integer whose activation stays: `rate` is met to 1 / 65536."""
    return round(rate * _LEVELS) - _LEVELS // 2
