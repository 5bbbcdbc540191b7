"""HARES (paper §3.5): a linear layer, Adam, linear warm-up, cosine decay."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import model_validator

from dubaug.settings import LearningRate, PositiveInt, between, require
from dubaug.suites.linear import PROBE, LinearProbe, Schedule
from dubaug.suites.suite import Protocol, Suite


@dataclass(frozen=True, kw_only=True)
class HaresProbe(LinearProbe):
    """§3.5: linear, Adam, linear warm-up, cosine decay."""

    steps: Annotated[int, between(1, 100_000_000)]
    warmup_steps: Annotated[int, between(0, 100_000_000)]
    learning_rate: LearningRate
    batch_size: PositiveInt

    @model_validator(mode="after")
    def _check(self) -> "HaresProbe":
        require(self.warmup_steps <= self.steps, "warmup_steps", self.warmup_steps, f"at most steps ({self.steps})")
        return self

    def schedule(self, items: int) -> Schedule:
        """Return the schedule for a training part of that many items: it has as many steps whatever their number."""
        return Schedule(
            steps=self.steps,
            warmup_steps=self.warmup_steps,
            learning_rate=self.learning_rate,
            batch_size=min(self.batch_size, items),
        )


SUITE = Suite(
    name="hares",
    title="HARES",
    note="a linear layer on the frozen embeddings",
    protocol=Protocol(settings=HaresProbe, probe=PROBE),
)
