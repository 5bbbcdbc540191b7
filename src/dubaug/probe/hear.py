"""HEAR's protocol (heareval 2021.1.3): a small network on frozen embeddings, its settings searched on the first split.

Two waves for all problems at once: the grid on the first split of each; then each problem's winner on its other
splits. docs/choices.md lists all that is known to differ from heareval, and why.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

import torch

from dubaug.downstream.model import OwnGrid
from dubaug.errors import ConfigError
from dubaug.probe.jobs import Contest, GridPoint, Job, Setting, TrainedProbe
from dubaug.probe.problem import WORST, Probed, Problem
from dubaug.probe.together import train_together
from dubaug.progress import Progress
from dubaug.suites.hear import HearProbe

GRID_SHUFFLE_SEED = 42
NONE_OF_ITS_OWN = OwnGrid()


@dataclass(frozen=True, kw_only=True)
class HearResult:
    """A problem's outcomes: the search on the first split, and one outcome a split with the best setting."""

    grid: tuple[tuple[Setting, float | None], ...]
    """Settings in order, with their best validation scores (minus the loss, where that is what counts).

    None after a perfect score: it cannot be surpassed, and the first of equals wins, so the rest need no training.
    """
    best: Setting
    folds: tuple[TrainedProbe, ...]


def settings(protocol: HearProbe, own: OwnGrid = NONE_OF_ITS_OWN) -> list[Setting]:
    """Return what to try, in order, for a task whose metadata have `own` in place of some of the protocol's values.

    The whole grid as scikit-learn's `ParameterGrid` lists it for heareval's keys (by name, the last varies fastest),
    shuffled by Python's generator seeded with 42, cut to `grid_points`. Raises `ConfigError` for a point at which no
    validation would be run.
    """
    axes: dict[str, tuple[Any, ...]] = {
        "batch_size": own.batch_size or (protocol.batch_size,),
        "validate_every": own.validate_every or (protocol.validate_every,),  # heareval: check_val_every_n_epoch
        "dropout": own.dropout or (protocol.dropout,),
        "hidden": own.hidden or (protocol.hidden,),  # hidden_dim
        "hidden_layers": own.hidden_layers or protocol.hidden_layers,
        "initialisation": protocol.initialisations,
        "learning_rate": own.learning_rate or protocol.learning_rates,  # lr
        "max_epochs": own.max_epochs or (protocol.max_epochs,),
        "patience": own.patience or (protocol.patience,),
    }
    grid = []
    for values in product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        point = GridPoint(**{field.name: chosen.pop(field.name) for field in fields(GridPoint)})
        grid.append(Setting(point=point, protocol=replace(protocol, **chosen)))
    random.Random(GRID_SHUFFLE_SEED).shuffle(grid)
    for setting in grid[: protocol.grid_points]:
        _check_validated(setting.protocol)
    return grid[: protocol.grid_points]


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
    search = [
        Job(problem=problem, split=0, setting=setting, rank=rank)
        for problem, chosen in zip(problems, tried, strict=True)
        for rank, setting in enumerate(chosen)
    ]
    found = iter(train_together(search, device, Contest(), progress.advance))
    grids = [tuple((setting, next(found)) for setting in chosen) for chosen in tried]
    winners = [
        max(((setting, outcome) for setting, outcome in grid if outcome), key=lambda pair: pair[1].valid_score)
        for grid in grids
    ]
    others = [
        Job(problem=problem, split=split, setting=winner)
        for problem, (winner, _) in zip(problems, winners, strict=True)
        for split in range(1, len(problem.splits))
    ]
    rest = iter([outcome for outcome in train_together(others, device, done=progress.advance) if outcome])
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


def _check_validated(protocol: HearProbe) -> None:
    if protocol.max_epochs < protocol.validate_every:
        raise ConfigError(
            f"config key `probe.hear.max_epochs`: got {protocol.max_epochs}, expected at least "
            f"probe.hear.validate_every ({protocol.validate_every}): a probe is chosen by its validations"
        )
