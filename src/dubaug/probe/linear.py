"""Linear probes, as of the HARES and the visual tasks (paper §3.5): fixed schedules, no validation, no search.

The splits of a task are trained side by side (`stack.Stack` without hidden layers). Several heads are one layer whose
outputs are grouped; their losses are summed. The paper says nothing of standardisation or initialisation: embeddings
are taken as they are, weights start at zero (the problem is convex). Batches are drawn without replacement from one
shuffled pass over the items after another; they run on across the passes' borders, so that all are full.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

import numpy as np
import torch

from dubaug.probe.problem import Probed, Problem
from dubaug.probe.stack import Adam, Rows, Sgd, Shape, Stack
from dubaug.progress import Progress
from dubaug.seeding import item_rng
from dubaug.suites.linear import LinearProbe, Schedule


def probe_linear(problems: Sequence[Problem], settings: LinearProbe, device: torch.device) -> list[Probed]:
    """Return what results say of each problem."""
    optimiser = "adam" if settings.sgd_momentum is None else "sgd"
    notes = {"hyperparameters": {"optimiser": optimiser, **asdict(settings)}}
    return [Probed(outputs=evaluate(problem, settings, device), notes=notes) for problem in problems]


def evaluate(problem: Problem, settings: LinearProbe, device: torch.device) -> list[np.ndarray]:
    """Return the outputs (test items, outputs) of each split's probe."""
    schedules = [settings.schedule(len(split.train)) for split in problem.splits]
    progress = Progress(f"{problem.task}: linear probes", sum(schedule.steps for schedule in schedules), "steps")
    outputs: dict[int, np.ndarray] = {}
    numbered = sorted(range(len(schedules)), key=lambda number: (schedules[number].steps, schedules[number].batch_size))
    for schedule, group in groupby(numbered, key=schedules.__getitem__):
        splits = list(group)
        outputs.update(zip(splits, _train(problem, splits, schedule, settings, device, progress), strict=True))
    return [outputs[number] for number in range(len(schedules))]


def batch_stream(items: Sequence[int], batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield batches of item numbers without end, from one shuffled pass after another."""
    left = np.empty(0, dtype=np.int64)
    while True:
        while len(left) < batch_size:
            left = np.concatenate([left, rng.permutation(np.asarray(items, dtype=np.int64))])
        yield left[:batch_size]
        left = left[batch_size:]


def _train(
    problem: Problem,
    splits: Sequence[int],
    schedule: Schedule,
    settings: LinearProbe,
    device: torch.device,
    progress: Progress,
) -> list[np.ndarray]:
    """Train the probes of splits that share a schedule; return their outputs on their test items."""
    x_all, y_all = (torch.from_numpy(part).to(device) for part in (problem.embeddings, problem.truth))
    shape = Shape(inputs=x_all.shape[1], hidden=0, layers=0, outputs=y_all.shape[1])
    theta = torch.zeros(len(splits), shape.parameters, device=device, dtype=x_all.dtype)
    stack = Stack(shape, theta, theta.new_zeros(len(splits), 0))
    rates = [schedule.learning_rate] * len(splits)
    momentum = settings.sgd_momentum
    optimiser = Adam(theta, rates) if momentum is None else Sgd(theta, rates, momentum)
    batches = _batches(problem, splits, schedule, x_all, y_all)
    for step in range(schedule.steps):
        x_PBD, y_PBC = next(batches)
        stack.train_step(x_PBD, y_PBC, Rows(schedule.batch_size, None), kind=problem.kind, heads=problem.heads)
        optimiser.step(stack.theta, stack.gradient, schedule.factor(step))
        progress.advance(len(splits))
    outputs = []
    for row, split in enumerate(splits):
        one = Stack(shape, stack.theta[row : row + 1], stack.statistics[row : row + 1])
        test = torch.tensor(problem.splits[split].test, device=device)
        outputs.append(one.predict(x_all[test].unsqueeze(0), kind=problem.kind, heads=problem.heads)[0].cpu().numpy())
    return outputs


def _batches(
    problem: Problem, splits: Sequence[int], schedule: Schedule, x_all: torch.Tensor, y_all: torch.Tensor
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield embeddings (P, B, D) and truth (P, B, C); one and the same batch where it holds all items."""
    streams = [
        batch_stream(
            problem.splits[split].train, schedule.batch_size, item_rng("probe", problem.task, split, "batches")
        )
        for split in splits
    ]
    whole = all(len(problem.splits[split].train) == schedule.batch_size for split in splits)
    while True:
        index_PB = torch.from_numpy(np.stack([next(stream) for stream in streams])).to(x_all.device)
        batch = x_all[index_PB], y_all[index_PB]
        yield batch
        while whole:
            yield batch
