"""What there is to train for HEAR: probes as jobs, what is drawn for each, and which of them go together."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from dubaug.probe.problem import Problem
from dubaug.probe.stack import Initialise, Shape, initial_row
from dubaug.seeding import item_seed
from dubaug.suites.hear import HearProbe

GATHERED_LIMIT_BYTES = 1 << 30
"""Training rows that a group may hold beside the embeddings. Beyond, a group is of one problem and split only."""

CACHE_BYTES = 16 << 20
"""Of a CPU's caches, for what a step changes (measured: benchmarks/NOTES.md)."""

OPTIMISER = "adam"

_INITIALISATIONS: dict[str, Initialise] = {
    "xavier_uniform": torch.nn.init.xavier_uniform_,
    "xavier_normal": torch.nn.init.xavier_normal_,
}


@dataclass(frozen=True, kw_only=True)
class GridPoint:
    """One setting of the search."""

    hidden_layers: int
    learning_rate: float
    initialisation: str


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
class Job:
    """One probe to train: a problem's split with a setting."""

    problem: Problem
    split: int
    setting: Setting
    rank: int = 0
    """Place among the settings that are tried on this problem and split."""


@dataclass(frozen=True, kw_only=True)
class TrainedProbe:
    """A trained probe, at its best validation."""

    valid_score: float
    best_epoch: int
    epochs: int
    """Epochs run before patience or the limit ended it."""
    probabilities: np.ndarray
    """(test items, outputs)."""


class Contest:
    """Which setting tried on a problem and split is the first with a score that cannot be surpassed.

    The first of equally good ones wins, so those after it need no training: they have lost. Which ones these are in
    the end depends neither on the order of training nor on other problems.
    """

    def __init__(self) -> None:
        self._winners: dict[tuple[int, int], set[int]] = {}

    def win(self, job: Job) -> None:
        """Say that a job has the highest score that there is (from any thread)."""
        self._winners.setdefault((id(job.problem), job.split), set()).add(job.rank)

    def lost(self, job: Job) -> bool:
        """Return whether a job of a lower rank has won."""
        return min(self._winners.get((id(job.problem), job.split), ()), default=job.rank) < job.rank


def training_order(problem: Problem, split: int) -> np.ndarray:
    """Return the training items of a split in the order in which every epoch goes through them.

    As in heareval: the task's lists were shuffled once, follow one another sorted, and no epoch shuffles again.
    """
    train = set(problem.splits[split].train)
    return np.array([item for item in problem.hear.order if item in train], dtype=np.int64)


def batch_bounds(items: int, batch_size: int) -> list[tuple[int, int]]:
    """Return (start, end) of an epoch's batches. A single last item joins the batch before: it has no variance."""
    starts = list(range(0, items, batch_size))
    if len(starts) > 1 and items - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], items], strict=True))


def job_keys(job: Job) -> tuple[str | int, ...]:
    """Return the seed keys of a job: the same for every network, so that networks are compared on equal draws."""
    point = job.setting.point
    settings = f"{point.hidden_layers}/{point.learning_rate!r}/{point.initialisation}"
    return ("probe", job.problem.task, job.split, settings)


def initial_parameters(job: Job, shape: Shape) -> torch.Tensor:
    """Return the parameters (parameters,) that a job starts from."""
    generator = torch.Generator().manual_seed(item_seed(*job_keys(job), "init"))
    return initial_row(shape, _INITIALISATIONS[job.setting.point.initialisation], generator)


def job_shape(job: Job) -> Shape:
    """Return the shape of a job's network."""
    inputs, outputs = job.problem.embeddings.shape[1], job.problem.truth.shape[1]
    hidden, layers = job.setting.protocol.hidden, job.setting.point.hidden_layers
    return Shape(inputs=inputs, hidden=hidden, layers=layers, outputs=outputs)


def groups(jobs: Sequence[Job], device: torch.device) -> Iterator[list[int]]:
    """Yield the numbers of jobs that can share operations and memory."""
    groups: dict[object, list[int]] = {}
    for number, job in enumerate(jobs):
        problem, items = job.problem, len(job.problem.splits[job.split].train)
        key = (
            job.setting.protocol,
            job_shape(job),
            len(batch_bounds(items, job.setting.protocol.batch_size)),
            problem.kind,
            problem.heads,
            problem.embeddings.dtype.str,
        )
        groups.setdefault(key, []).append(number)
    for group in groups.values():
        sources: dict[tuple[int, int], list[int]] = {}
        gathered_bytes = 0
        for number in group:
            problem, split = jobs[number].problem, jobs[number].split
            sources.setdefault((id(problem), split), []).append(number)
            gathered_bytes += problem.embeddings[:1].nbytes * len(problem.splits[split].train)
        for part in [group] if gathered_bytes <= GATHERED_LIMIT_BYTES else sources.values():
            yield from _cache_sized(part, jobs[group[0]], device)


def _cache_sized(group: list[int], like: Job, device: torch.device) -> Iterator[list[int]]:
    """Yield parts of a group; on a CPU so few that weights, gradients and Adam's moments stay in its caches.

    Wide probes fill a CPU by themselves and are only slower side by side; a GPU takes them all.
    """
    state_bytes = 4 * job_shape(like).parameters * like.problem.embeddings.itemsize
    size = max(CACHE_BYTES // state_bytes, 1) if device.type == "cpu" else len(group)
    for start in range(0, len(group), size):
        yield group[start : start + size]
