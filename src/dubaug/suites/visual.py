"""Tasks with a picture (paper §3.5): a linear layer, SGD, cosine decay."""

import math
from dataclasses import dataclass
from typing import Annotated

from dubaug.settings import BelowOne, LearningRate, PositiveInt, between
from dubaug.suites.linear import PROBE, LinearProbe, Schedule
from dubaug.suites.suite import Protocol, Suite


@dataclass(frozen=True, kw_only=True)
class VisualProbe(LinearProbe):
    """§3.5: linear, SGD, cosine decay. Momentum is open."""

    epochs: Annotated[int, between(1, 100_000)]
    learning_rate: LearningRate
    momentum: BelowOne
    batch_size: PositiveInt

    def schedule(self, items: int) -> Schedule:
        """Return the schedule for a training part of that many items: its epochs as a number of steps."""
        batch_size = min(self.batch_size, items)
        return Schedule(
            steps=math.ceil(self.epochs * items / batch_size),
            warmup_steps=0,
            learning_rate=self.learning_rate,
            batch_size=batch_size,
        )

    @property
    def sgd_momentum(self) -> float:
        """Of SGD."""
        return self.momentum


SUITE = Suite(
    name="visual",
    title="visual",
    note="a linear layer on the frozen embeddings of the picture, of the sound, or of both side by side",
    protocol=Protocol(settings=VisualProbe, probe=PROBE),
    modality="AV",
)
