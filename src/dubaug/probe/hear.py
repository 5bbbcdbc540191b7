"""HEAR's protocol (heareval 2021.1.3): a small network on frozen embeddings, its settings searched on the first split.

Two waves for all problems at once: the grid on the first split of each; then each problem's winner on its other
splits. Where heareval leaves more than one reading, docs/choices.md says which one this is.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch

from dubaug.config import HearProbe
from dubaug.errors import ConfigError
from dubaug.probe.problem import Problem
from dubaug.probe.together import GridPoint, Job, Outcome, search_together, train_together
from dubaug.progress import Progress

GRID_SHUFFLE_SEED = 42


@dataclass(frozen=True, kw_only=True)
class HearResult:
    """A problem's outcomes: the search on the first split, and one outcome a split with the best setting."""

    grid: tuple[tuple[GridPoint, float | None], ...]
    """Settings in the order tried, with their best validation scores: none after a perfect one, which ends the search."""
    best: GridPoint
    folds: tuple[Outcome, ...]


def grid_points(protocol: HearProbe) -> list[GridPoint]:
    """Return the settings to try, in order.

    The whole grid as scikit-learn's `ParameterGrid` lists it for heareval's keys (`hidden_layers`, `initialization`,
    `lr`; the last varies fastest), shuffled by Python's generator seeded with 42, cut to `grid_points`.
    """
    axes = product(protocol.hidden_layers, protocol.initialisations, protocol.learning_rates)
    points = [
        GridPoint(hidden_layers=layers, learning_rate=rate, initialisation=initialisation)
        for layers, initialisation, rate in axes
    ]
    random.Random(GRID_SHUFFLE_SEED).shuffle(points)
    return points[: protocol.grid_points]


def evaluate(
    problems: Sequence[Problem], protocol: HearProbe, device: torch.device, what: str = "probes"
) -> list[HearResult]:
    """Return each problem's result. Problems need not be of one task, but are faster together where they are alike.

    The first of equally good settings wins, as in heareval. Raises `ConfigError` where no validation would be run,
    and `DubaugError` as `train_together` does.
    """
    if protocol.max_epochs < protocol.validate_every:
        raise ConfigError(
            f"config key `probe.hear.max_epochs`: got {protocol.max_epochs}, expected at least "
            f"probe.hear.validate_every ({protocol.validate_every}): a probe is chosen by its validations"
        )
    points = grid_points(protocol)
    progress = Progress(what, sum(len(points) + len(problem.splits) - 1 for problem in problems), "probes")
    search = [Job(problem=problem, split=0, point=point) for problem in problems for point in points]
    found = search_together(search, protocol, device, progress.advance)
    winners, firsts, grids = [], [], []
    for number in range(len(problems)):
        outcomes = found[number * len(points) : (number + 1) * len(points)]
        tried = [(point, outcome) for point, outcome in zip(points, outcomes, strict=True) if outcome]
        winner, first = max(tried, key=lambda pair: pair[1].valid_score)
        winners.append(winner)
        firsts.append(first)
        scores = [outcome.valid_score if outcome else None for outcome in outcomes]
        grids.append(tuple(zip(points, scores, strict=True)))
    others = [
        Job(problem=problem, split=split, point=winner)
        for problem, winner in zip(problems, winners, strict=True)
        for split in range(1, len(problem.splits))
    ]
    rest = iter(train_together(others, protocol, device, progress.advance))
    return [
        HearResult(grid=grid, best=winner, folds=(first, *(next(rest) for _ in problem.splits[1:])))
        for problem, grid, winner, first in zip(problems, grids, winners, firsts, strict=True)
    ]
