"""HEAR's protocol (heareval 2021.1.3): a small network on frozen embeddings, its settings searched on the first split.

Two waves for all problems at once: the grid on the first split of each; then each problem's winner on its other
splits. docs/choices.md lists all that is known to differ from heareval, and why.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from typing import Any

import torch

from dubaug.downstream.model import OwnGrid
from dubaug.errors import ConfigError
from dubaug.probe.jobs import Contest, GridPoint, Job, TrainedProbe
from dubaug.probe.problem import WORST, Probed, Problem
from dubaug.probe.together import train_together
from dubaug.progress import Progress
from dubaug.suites.hear import HearProbe

GRID_SHUFFLE_SEED = 42
OPTIMISER = "adam"


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
    contest = Contest()
    search = [
        (Job(problem=problem, split=0, point=setting.point, rank=rank), setting.protocol)
        for problem, chosen in zip(problems, tried, strict=True)
        for rank, setting in enumerate(chosen)
    ]
    found = _train(search, device, progress, contest)
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
    rest = iter([outcome for outcome in _train(others, device, progress) if outcome])
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
    jobs: Sequence[tuple[Job, HearProbe]], device: torch.device, progress: Progress, contest: Contest | None = None
) -> list[TrainedProbe | None]:
    """Return the jobs' outcomes in order; all jobs of one protocol are trained at once."""
    numbers: dict[HearProbe, list[int]] = {}
    for number, (_, protocol) in enumerate(jobs):
        numbers.setdefault(protocol, []).append(number)
    outcomes: dict[int, TrainedProbe | None] = {}
    for protocol, own in numbers.items():
        found = train_together([jobs[number][0] for number in own], protocol, device, contest, progress.advance)
        outcomes.update(zip(own, found, strict=True))
    return [outcomes[number] for number in range(len(jobs))]


def _check_validated(protocol: HearProbe) -> None:
    if protocol.max_epochs < protocol.validate_every:
        raise ConfigError(
            f"config key `probe.hear.max_epochs`: got {protocol.max_epochs}, expected at least "
            f"probe.hear.validate_every ({protocol.validate_every}): a probe is chosen by its validations"
        )
