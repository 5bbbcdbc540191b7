"""HEAR (https://hearbenchmark.com): its scene tasks, by heareval's predictor and search."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dubaug.config import HearProbe
from dubaug.suites.suite import Protocol, Suite

if TYPE_CHECKING:
    import torch

    from dubaug.probe.problem import Probed, Problem


def probe(problems: "Sequence[Problem]", settings: HearProbe, device: "torch.device") -> "list[Probed]":
    """Search each problem's settings on its first split, and use the best on all."""
    from dubaug.probe.hear import probe_hear

    return probe_hear(problems, settings, device)


SUITE = Suite(
    name="hear",
    title="HEAR",
    note="an MLP with 1 or 2 hidden layers on the frozen embeddings, chosen by a search (heareval's protocol)",
    protocol=Protocol(settings=HearProbe, probe=probe, needs_valid=True),
    swept=True,
    layout="hear",
)
