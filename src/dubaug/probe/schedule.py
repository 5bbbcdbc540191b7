"""How long and how fast a linear probe is trained. Light: no torch."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Linear warm-up to `learning_rate`, then half a cosine down to zero."""

    steps: int
    warmup_steps: int
    learning_rate: float
    batch_size: int

    def factor(self, step: int) -> float:
        """Return the part of the learning rate that step `step` (from 0) uses."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        return 0.5 * (1 + math.cos(math.pi * (step - self.warmup_steps) / max(self.steps - self.warmup_steps, 1)))
