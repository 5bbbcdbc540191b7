"""Tasks with a picture (paper §3.5): a linear layer, SGD, cosine decay; momentum is open."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dubaug.config import VisualProbe
from dubaug.probe.schedule import Schedule
from dubaug.suites.suite import Protocol, Suite

if TYPE_CHECKING:
    import torch

    from dubaug.probe.problem import Probed, Problem


def schedule(settings: VisualProbe, items: int) -> Schedule:
    """Return the schedule for a training part of that many items: its epochs as a number of steps."""
    batch_size = min(settings.batch_size, items)
    return Schedule(
        steps=math.ceil(settings.epochs * items / batch_size),
        warmup_steps=0,
        learning_rate=settings.learning_rate,
        batch_size=batch_size,
    )


def probe(problems: "Sequence[Problem]", settings: VisualProbe, device: "torch.device") -> "list[Probed]":
    """Train a linear layer on each split of each problem."""
    from dubaug.probe import linear

    recipe = linear.Recipe(
        settings=settings,
        schedule=lambda items: schedule(settings, items),
        optimiser="sgd",
        momentum=settings.momentum,
    )
    return linear.probe_linear(problems, recipe, device)


SUITE = Suite(
    name="visual",
    title="visual",
    note="a linear layer on the frozen embeddings of the picture, of the sound, or of both side by side",
    protocol=Protocol(settings=VisualProbe, probe=probe),
    modality="AV",
)
