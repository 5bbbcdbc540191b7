"""The protocol of a linear layer on frozen embeddings: what its settings must say, for suites that use it."""

import math
from dataclasses import dataclass

from dubaug.settings import Settings

PROBE = "dubaug.probe.linear:probe_linear"
"""Trains a linear layer on each split of each problem, and tests it as it then is: nothing is chosen."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast: linear warm-up to `learning_rate`, then half a cosine down to zero."""

    steps: int
    warmup_steps: int
    learning_rate: float
    batch_size: int

    def factor(self, step: int) -> float:
        """Return the part of the learning rate that step `step` (from 0) uses."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        return 0.5 * (1 + math.cos(math.pi * (step - self.warmup_steps) / max(self.steps - self.warmup_steps, 1)))


@dataclass(frozen=True, kw_only=True)
class LinearProbe(Settings):
    """The base of a linear probe's settings."""

    def schedule(self, items: int) -> Schedule:
        """Return the schedule for a training part of that many items."""
        raise NotImplementedError

    @property
    def sgd_momentum(self) -> float | None:
        """Of SGD; None: Adam."""
        return None
