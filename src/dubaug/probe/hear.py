"""HEAR's protocol (heareval 2021.1.3): a small network on frozen embeddings, its settings searched on the first split.

Two waves for all problems at once: the grid on the first split of each; then each problem's winner on its other
splits. docs/choices.md lists all that is known to differ from heareval, and why.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any, TypeVar

import torch

from dubaug.downstream.model import OwnGrid
from dubaug.errors import ConfigError
from dubaug.probe.jobs import Contest, GridPoint, Job, TrainedProbe
from dubaug.probe.problem import WORST, Probed, Problem
from dubaug.probe.together import search_together, train_together
from dubaug.progress import Progress
from dubaug.suites.hear import HearProbe

GRID_SHUFFLE_SEED = 42
OPTIMISER = "adam"

Trained = TypeVar("Trained", TrainedProbe, TrainedProbe | None)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A point of a task's search, and the protocol with the values that the point has for it."""

    point: GridPoint
    protocol: HearProbe

    def hyperparameters(self) -> dict[str, Any]:
        """Return all that a probe with this setting was made by, as results record it."""
        protocol = self.protocol
        return {
            **asdict(self.point),
            "hidden": protocol.hidden,
            "dropout": protocol.dropout,
            "batch_size": protocol.batch_size,
            "optimiser": OPTIMISER,
            "max_epochs": protocol.max_epochs,
            "validate_every": protocol.validate_every,
            "patience": protocol.patience,
        }


@dataclass(frozen=True, kw_only=True)
class HearResult:
    """A problem's outcomes: the search on the first split, and one outcome a split with the best setting."""

    grid: tuple[tuple[Setting, float | None], ...]
    """Settings in order, with their best validation scores (minus the loss, where that is what counts).

    None after a perfect score: it cannot be surpassed, and the first of equals wins, so the rest need no training.
    """
    best: Setting
    folds: tuple[TrainedProbe, ...]


def grid_points(protocol: HearProbe) -> list[GridPoint]:
    """Return the points to try of a task without a grid of its own, in order."""
    return [setting.point for setting in settings(protocol, OwnGrid())]


def settings(protocol: HearProbe, own: OwnGrid) -> list[Setting]:
    """Return what to try, in order, for a task whose metadata have `own` in place of some of the protocol's values.

    The whole grid as scikit-learn's `ParameterGrid` lists it for heareval's keys (by name, the last varies fastest),
    shuffled by Python's generator seeded with 42, cut to `grid_points`. Raises `ConfigError` for a point at which no
    validation would be run.
    """
    axes = product(
        own.batch_size or (protocol.batch_size,),
        own.validate_every or (protocol.validate_every,),  # heareval's name of it is check_val_every_n_epoch
        own.dropout or (protocol.dropout,),
        own.hidden or (protocol.hidden,),  # hidden_dim
        own.hidden_layers or protocol.hidden_layers,
        protocol.initialisations,
        own.learning_rate or protocol.learning_rates,  # lr
        own.max_epochs or (protocol.max_epochs,),
        own.patience or (protocol.patience,),
    )
    grid = [
        Setting(
            point=GridPoint(hidden_layers=layers, learning_rate=rate, initialisation=initialisation),
            protocol=replace(
                protocol,
                batch_size=batch_size,
                validate_every=validate_every,
                dropout=dropout,
                hidden=hidden,
                max_epochs=max_epochs,
                patience=patience,
            ),
        )
        for batch_size, validate_every, dropout, hidden, layers, initialisation, rate, max_epochs, patience in axes
    ]
    random.Random(GRID_SHUFFLE_SEED).shuffle(grid)
    chosen = grid[: protocol.grid_points]
    for setting in chosen:
        _check_validated(setting.protocol)
    return chosen


def probe_hear(problems: Sequence[Problem], protocol: HearProbe, device: torch.device) -> list[Probed]:
    """Return what results say of each problem (one task, several networks)."""
    results = evaluate(problems, protocol, device, f"{problems[0].task}: probes")
    return [
        Probed(
            outputs=[fold.probabilities for fold in result.folds],
            notes={
                "hyperparameters": result.best.hyperparameters(),
                "chosen_by": problem.metrics[0] if problem.hear.criterion == "score" else "loss",
                "best_epochs": [fold.best_epoch for fold in result.folds],
                "epochs": [fold.epochs for fold in result.folds],
                "grid": [
                    {"hyperparameters": setting.hyperparameters(), "valid": shown_validation(problem, value)}
                    for setting, value in result.grid
                ],
            },
        )
        for problem, result in zip(problems, results, strict=True)
    ]


def evaluate(
    problems: Sequence[Problem], protocol: HearProbe, device: torch.device, what: str = "probes"
) -> list[HearResult]:
    """Return each problem's result. Problems need not be of one task, but are faster together where they are alike.

    The first of equally good settings wins, as in heareval. Raises `ConfigError` where no validation would be run,
    and `DubaugError` as `train_together` does.
    """
    tried = [settings(protocol, problem.hear.grid) for problem in problems]
    count = sum(len(chosen) + len(problem.splits) - 1 for chosen, problem in zip(tried, problems, strict=True))
    progress = Progress(what, count, "probes")
    contest = Contest()
    search = [
        (Job(problem=problem, split=0, point=setting.point, rank=rank), setting.protocol)
        for problem, chosen in zip(problems, tried, strict=True)
        for rank, setting in enumerate(chosen)
    ]
    found = _train(search, lambda jobs, its: search_together(jobs, its, device, contest, progress.advance))
    ended = iter([None if contest.lost(job) else outcome for (job, _), outcome in zip(search, found, strict=True)])
    grids = [tuple((setting, next(ended)) for setting in chosen) for chosen in tried]
    winners = [
        max(((setting, outcome) for setting, outcome in grid if outcome), key=lambda pair: pair[1].valid_score)
        for grid in grids
    ]
    others = [
        (Job(problem=problem, split=split, point=winner.point), winner.protocol)
        for problem, (winner, _) in zip(problems, winners, strict=True)
        for split in range(1, len(problem.splits))
    ]
    rest = iter(_train(others, lambda jobs, its: train_together(jobs, its, device, progress.advance)))
    return [
        HearResult(
            grid=tuple((setting, outcome.valid_score if outcome else None) for setting, outcome in grid),
            best=winner,
            folds=(first, *(next(rest) for _ in problem.splits[1:])),
        )
        for problem, grid, (winner, first) in zip(problems, grids, winners, strict=True)
    ]


def shown_validation(problem: Problem, value: float | None) -> float | None:
    """Return a validation's value as results record it: the score, or the loss; null where it is not finite."""
    if value is None or value <= WORST or math.isinf(value):
        return None
    return -value if problem.hear.criterion == "loss" else problem.metric.sign * value


def _train(
    jobs: Sequence[tuple[Job, HearProbe]], train: Callable[[list[Job], HearProbe], list[Trained]]
) -> list[Trained]:
    """Return the jobs' outcomes in order; `train` is given all jobs of one protocol at once."""
    numbers: dict[HearProbe, list[int]] = {}
    for number, (_, protocol) in enumerate(jobs):
        numbers.setdefault(protocol, []).append(number)
    outcomes: dict[int, Trained] = {}
    for protocol, own in numbers.items():
        outcomes.update(zip(own, train([jobs[number][0] for number in own], protocol), strict=True))
    return [outcomes[number] for number in range(len(jobs))]


def _check_validated(protocol: HearProbe) -> None:
    if protocol.max_epochs < protocol.validate_every:
        raise ConfigError(
            f"config key `probe.hear.max_epochs`: got {protocol.max_epochs}, expected at least "
            f"probe.hear.validate_every ({protocol.validate_every}): a probe is chosen by its validations"
        )
