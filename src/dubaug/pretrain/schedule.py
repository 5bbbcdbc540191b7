"""The learning rate of each step (paper §3.4)."""

import math


def learning_rate(step: int, *, peak: float, warmup_steps: int, total_steps: int) -> float:
    """Return the rate of step `step` (0 is the first): linear warm-up to `peak`, then half a cosine towards 0.

    Step `warmup_steps - 1` is the first at `peak`; step `total_steps` would have 0.
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    done = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * peak * (1.0 + math.cos(math.pi * done))
