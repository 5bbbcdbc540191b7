"""HARES (paper §3.5): a linear layer, Adam, linear warm-up, cosine decay."""

from dataclasses import dataclass

from dubaug.settings import Count, Positive, PositiveInt
from dubaug.suites.linear import PROBE, LinearProbe, Schedule
from dubaug.suites.suite import Protocol, Suite


@dataclass(frozen=True, kw_only=True)
class HaresProbe(LinearProbe):
    """§3.5: linear, Adam, linear warm-up, cosine decay."""

    steps: PositiveInt
    warmup_steps: Count
    learning_rate: Positive
    batch_size: PositiveInt

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
