"""HARES (paper §3.5): a linear layer, Adam, linear warm-up, cosine decay."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dubaug.config import HaresProbe
from dubaug.probe.schedule import Schedule
from dubaug.suites.suite import Protocol, Suite

if TYPE_CHECKING:
    import torch

    from dubaug.probe.problem import Probed, Problem


def schedule(settings: HaresProbe, items: int) -> Schedule:
    """Return the schedule for a training part of that many items."""
    return Schedule(
        steps=settings.steps,
        warmup_steps=settings.warmup_steps,
        learning_rate=settings.learning_rate,
        batch_size=min(settings.batch_size, items),
    )


def probe(problems: "Sequence[Problem]", settings: HaresProbe, device: "torch.device") -> "list[Probed]":
    """Train a linear layer on each split of each problem."""
    from dubaug.probe import linear

    recipe = linear.Recipe(settings=settings, schedule=lambda items: schedule(settings, items), optimiser="adam")
    return linear.probe_linear(problems, recipe, device)


SUITE = Suite(
    name="hares",
    title="HARES",
    note="a linear layer on the frozen embeddings",
    protocol=Protocol(settings=HaresProbe, probe=probe),
)
