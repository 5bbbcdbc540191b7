"""HEAR's probes trained together: each stops on its own patience, with the result that it would have had alone.

Probes whose networks have one shape and whose epochs have as many batches share every operation (`stack.Stack`);
rows of smaller batches are padded and masked. What is random (initial weights, order, dropout) is drawn for each probe
by itself, so that neither the company nor its order matters beyond floating-point rounding.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from dubaug.config import HearProbe
from dubaug.errors import DubaugError
from dubaug.probe.dropout import Draws
from dubaug.probe.metrics import PERFECT
from dubaug.probe.problem import Problem
from dubaug.probe.stack import (
    Adam,
    Dropout,
    Initialise,
    Rows,
    Shape,
    Stack,
    initial_row,
    initial_statistics,
)
from dubaug.seeding import item_rng, item_seed

GATHERED_LIMIT_BYTES = 1 << 30
"""Training rows that a group may hold beside the embeddings. Beyond, a group is of one problem and split only."""

CACHE_BYTES = 16 << 20
"""Of a CPU's caches, for what a step changes (measured: benchmarks/NOTES.md)."""

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
class Job:
    """One probe to train: a problem's split at a grid point."""

    problem: Problem
    split: int
    point: GridPoint


class Contest:
    """Which of the jobs for the same problem and split is the first with a score that cannot be surpassed.

    The first of equally good ones wins, so those after it need no training: they have lost.
    """

    def __init__(self) -> None:
        self._won: dict[tuple[int, int], int] = {}

    def win(self, number: int, job: Job) -> None:
        """Say that job `number` has the highest score that there is."""
        key = (id(job.problem), job.split)
        self._won[key] = min(number, self._won.get(key, number))

    def lost(self, number: int, job: Job) -> bool:
        """Return whether a job before this one has won."""
        return self._won.get((id(job.problem), job.split), number) < number


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A trained probe, at its best validation."""

    valid_score: float
    best_epoch: int
    epochs: int
    """Epochs run before patience or the limit ended it."""
    probabilities: np.ndarray
    """(test items, outputs)."""


def train_together(
    jobs: Sequence[Job],
    protocol: HearProbe,
    device: torch.device,
    done: Callable[[int], None] = lambda count: None,
) -> list[Outcome]:
    """Train all jobs and return their outcomes in order; `done` is told of each group's number of jobs.

    Raises `DubaugError`, naming task and split, where the protocol cannot be followed: one training item (batch norm
    needs two), or a validation part without a score.
    """
    found = _train(jobs, protocol, device, done, None)
    return [found[number] for number in range(len(jobs))]


def search_together(
    jobs: Sequence[Job],
    protocol: HearProbe,
    device: torch.device,
    done: Callable[[int], None] = lambda count: None,
) -> list[Outcome | None]:
    """As `train_together`, but of the jobs for one problem and split only the best matters, the first of equals.

    So those after one with a perfect score have no outcome. Which ones are left out depends on no other problem.
    """
    contest = Contest()
    found = _train(jobs, protocol, device, done, contest)
    return [None if contest.lost(number, job) else found[number] for number, job in enumerate(jobs)]


def _train(
    jobs: Sequence[Job],
    protocol: HearProbe,
    device: torch.device,
    done: Callable[[int], None],
    contest: Contest | None,
) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    for group in _groups(jobs, protocol, device):
        members = {number: jobs[number] for number in group if not (contest and contest.lost(number, jobs[number]))}
        if members:
            trained = Group(list(members.values()), protocol, device).train(contest, list(members))
            outcomes.update(zip(members, trained, strict=True))
        done(len(group))
    return outcomes


def training_order(problem: Problem, split: int) -> np.ndarray:
    """Return the training items of a split in the order in which every epoch goes through them.

    As in heareval, files are shuffled once, each fold's by itself, folds follow one another sorted, and no epoch
    shuffles again. The fold of an item is the split that tests it (all one fold where there is one split).
    """
    folds = {item: number for number, part in enumerate(problem.splits) for item in part.test}
    items = sorted(problem.splits[split].train)
    rng = item_rng("probe", problem.task, "order")
    shuffled = rng.permutation(len(problem.embeddings))
    return np.array(sorted(items, key=lambda item: (folds.get(item, 0), shuffled[item])), dtype=np.int64)


def batch_bounds(items: int, batch_size: int) -> list[tuple[int, int]]:
    """Return (start, end) of an epoch's batches. A single last item joins the batch before: it has no variance."""
    starts = list(range(0, items, batch_size))
    if len(starts) > 1 and items - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], items], strict=True))


def job_keys(job: Job) -> tuple[str | int, ...]:
    """Return the seed keys of a job: the same for every network, so that networks are compared on equal draws."""
    point = job.point
    settings = f"{point.hidden_layers}/{point.learning_rate!r}/{point.initialisation}"
    return ("probe", job.problem.task, job.split, settings)


def initial_parameters(job: Job, shape: Shape) -> torch.Tensor:
    """Return the parameters (parameters,) that a job starts from."""
    generator = torch.Generator().manual_seed(item_seed(*job_keys(job), "init"))
    return initial_row(shape, _INITIALISATIONS[job.point.initialisation], generator)


def job_shape(job: Job, protocol: HearProbe) -> Shape:
    """Return the shape of a job's network."""
    inputs, outputs = job.problem.embeddings.shape[1], job.problem.truth.shape[1]
    return Shape(inputs=inputs, hidden=protocol.hidden, layers=job.point.hidden_layers, outputs=outputs)


def _groups(jobs: Sequence[Job], protocol: HearProbe, device: torch.device) -> Iterable[list[int]]:
    """Yield the numbers of jobs that can share operations and memory."""
    groups: dict[object, list[int]] = {}
    for number, job in enumerate(jobs):
        problem, items = job.problem, len(job.problem.splits[job.split].train)
        key = (
            job_shape(job, protocol),
            len(batch_bounds(items, protocol.batch_size)),
            problem.kind,
            problem.heads,
            problem.embeddings.dtype.str,
        )
        groups.setdefault(key, []).append(number)
    for group in groups.values():
        if sum(
            jobs[n].problem.embeddings[:1].nbytes * len(jobs[n].problem.splits[jobs[n].split].train) for n in group
        ) <= (GATHERED_LIMIT_BYTES):
            yield from _cache_sized(group, jobs[group[0]], protocol, device)
        else:
            sources: dict[tuple[int, int], list[int]] = {}
            for number in group:
                sources.setdefault((id(jobs[number].problem), jobs[number].split), []).append(number)
            for same_source in sources.values():
                yield from _cache_sized(same_source, jobs[group[0]], protocol, device)


def _cache_sized(group: list[int], like: Job, protocol: HearProbe, device: torch.device) -> Iterable[list[int]]:
    """Yield parts of a group; on a CPU so few that weights, gradients and Adam's moments stay in its caches.

    Wide probes fill a CPU by themselves and are only slower side by side; a GPU takes them all.
    """
    state_bytes = 4 * job_shape(like, protocol).parameters * like.problem.embeddings.itemsize
    size = max(CACHE_BYTES // state_bytes, 1) if device.type == "cpu" else len(group)
    for start in range(0, len(group), size):
        yield group[start : start + size]


class Group:
    """Jobs of one shape, trained side by side. Those that have stopped leave the stack."""

    def __init__(self, jobs: Sequence[Job], protocol: HearProbe, device: torch.device) -> None:
        self.jobs = jobs
        self.protocol = protocol
        self.device = device
        self.shape = job_shape(jobs[0], protocol)
        self.dtype = torch.from_numpy(jobs[0].problem.embeddings[:1]).dtype
        self.kind, self.heads = jobs[0].problem.kind, jobs[0].problem.heads
        orders = [training_order(job.problem, job.split) for job in jobs]
        for job, order in zip(jobs, orders, strict=True):
            if len(order) < 2:
                split = job.problem.splits[job.split].name
                raise DubaugError(f"task {job.problem.task}, split {split}: one training item; batch norm needs two")
        self.x, self.y = self._gather(orders)
        self.valid_x, _ = self._gather([self._part(job, "valid") for job in jobs])
        self.bounds = [batch_bounds(len(order), protocol.batch_size) for order in orders]
        self.live = list(range(len(jobs)))
        theta = torch.stack([initial_parameters(job, self.shape) for job in jobs]).to(device, self.dtype)
        statistics = initial_statistics(self.shape).to(device, self.dtype).repeat(len(jobs), 1)
        self.stack = Stack(self.shape, theta, statistics)
        self.adam = Adam(theta, [job.point.learning_rate for job in jobs])
        self.draws = [Draws((*job_keys(job), "dropout"), device) for job in jobs]
        self.best = [-np.inf] * len(jobs)
        self.best_epoch = [0] * len(jobs)
        self.epochs = [0] * len(jobs)
        self.waited = [0] * len(jobs)
        self.best_theta, self.best_statistics = theta.clone(), statistics.clone()

    def train(self, contest: Contest | None, numbers: Sequence[int]) -> list[Outcome]:
        """Run the protocol; return the outcomes in the order of the jobs, which are `numbers` in the contest."""
        protocol = self.protocol
        for epoch in range(1, protocol.max_epochs + 1):
            for batch in range(len(self.bounds[0])):
                self.step(batch)
            if epoch % protocol.validate_every == 0:
                self._validate(epoch)
                decided = {number for number in self.live if self._decided(number)}
                if contest:
                    decided |= self._contested(contest, numbers)
                self._leave([number for number in self.live if number not in decided])
            if not self.live:
                break
        for number in self.live:
            self.epochs[number] = protocol.max_epochs
        return [self._outcome(number) for number in range(len(self.jobs))]

    def _contested(self, contest: Contest, numbers: Sequence[int]) -> set[int]:
        """Tell the contest of perfect scores; return the probes that have lost it."""
        for row in self.live:
            if self._perfect(row):
                contest.win(numbers[row], self.jobs[row])
        return {row for row in self.live if contest.lost(numbers[row], self.jobs[row])}

    def step(self, batch: int) -> None:
        bounds = [self.bounds[number][batch] for number in self.live]
        counts = [end - start for start, end in bounds]
        start, size = bounds[0][0], max(counts)
        x, y = self.x[:, start : start + size], self.y[:, start : start + size]
        probes = len(self.live)
        self.stack.train_step(
            x.expand(probes, -1, -1),
            y.expand(probes, -1, -1),
            self._rows(counts),
            kind=self.kind,
            heads=self.heads,
            dropout=self._dropout(counts),
        )
        self.adam.step(self.stack.theta, self.stack.gradient)

    def _rows(self, counts: Sequence[int]) -> Rows:
        if min(counts) == max(counts):
            return Rows(counts[0], None)
        count = torch.tensor(counts, device=self.device).view(-1, 1, 1)
        mask = torch.arange(max(counts), device=self.device).view(1, -1, 1) < count
        return Rows(count.to(self.dtype), mask.to(self.dtype))

    def _dropout(self, counts: Sequence[int]) -> Dropout | None:
        """Draw which activations of the hidden layers stay. Padded rows need none: no gradient comes from them."""
        rate = self.protocol.dropout
        if rate == 0:
            return None
        size = (self.shape.layers, len(self.live), max(counts), self.shape.hidden)
        keep_LPBH = torch.zeros(size, device=self.device, dtype=self.dtype)
        for keep_PBH in keep_LPBH:
            for keep_BH, number, count in zip(keep_PBH, self.live, counts, strict=True):
                self.draws[number].fill(keep_BH[:count], rate)
        return Dropout(keep_LPBH, 1 - rate)

    def _validate(self, epoch: int) -> None:
        """Score the validation part; remember the state of the probes that are better than ever."""
        probes = len(self.live)
        outputs = self.stack.predict(self.valid_x.expand(probes, -1, -1), kind=self.kind, heads=self.heads)
        outputs_PBC = outputs.cpu().numpy()
        better = []
        for row, number in enumerate(self.live):
            job = self.jobs[number]
            items = self._part(job, "valid")
            score = job.problem.primary(outputs_PBC[row, : len(items)], job.problem.truth[items])
            if np.isnan(score):
                split = job.problem.splits[job.split].name
                raise DubaugError(
                    f"task {job.problem.task}, split {split}: the validation part has no {job.problem.metrics[0]}; "
                    "it needs an item with a label"
                )
            if score > self.best[number]:
                self.best[number], self.best_epoch[number], self.waited[number] = score, epoch, 0
                better.append((row, number))
            else:
                self.waited[number] += 1
        if better:
            rows, numbers = (torch.tensor(part, device=self.device) for part in zip(*better, strict=True))
            self.best_theta[numbers] = self.stack.theta[rows]
            self.best_statistics[numbers] = self.stack.statistics[rows]
        for number in self.live:
            self.epochs[number] = epoch

    def _perfect(self, number: int) -> bool:
        """Return whether no score can be better."""
        return self.best[number] >= PERFECT[self.jobs[number].problem.metrics[0]]

    def _decided(self, number: int) -> bool:
        """Return whether nothing can change a probe's outcome any more: patience is over, or its score is perfect.

        In the second case patience would end it at the epoch that `epochs` is set to, with the state kept already.
        """
        protocol = self.protocol
        if self._perfect(number):
            waiting = protocol.patience * protocol.validate_every
            self.epochs[number] = min(self.best_epoch[number] + waiting, protocol.max_epochs)
        return self._perfect(number) or self.waited[number] >= protocol.patience

    def _leave(self, staying: list[int]) -> None:
        """Take the probes that are not `staying` off the stack."""
        if len(staying) == len(self.live):
            return
        chosen = torch.tensor([self.live.index(number) for number in staying], device=self.device, dtype=torch.long)
        self.live = staying
        self.stack.keep_only(chosen)
        self.adam.keep_only(chosen)
        if len(self.x) > 1:
            self.x, self.y, self.valid_x = self.x[chosen], self.y[chosen], self.valid_x[chosen]

    def _outcome(self, number: int) -> Outcome:
        job = self.jobs[number]
        stack = Stack(self.shape, self.best_theta[number : number + 1], self.best_statistics[number : number + 1])
        x = torch.from_numpy(job.problem.embeddings[self._part(job, "test")]).to(self.device)
        outputs = stack.predict(x.unsqueeze(0), kind=self.kind, heads=self.heads)[0]
        return Outcome(
            valid_score=self.best[number],
            best_epoch=self.best_epoch[number],
            epochs=self.epochs[number],
            probabilities=outputs.cpu().numpy(),
        )

    def _gather(self, orders: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return embeddings (P, B, D) and truth (P, B, C) in these orders, padded with zeros.

        P is 1 where all jobs have the same problem and split, as in the grid's search.
        """
        if len({(id(job.problem), job.split) for job in self.jobs}) == 1:
            orders = orders[:1]
        rows = max(map(len, orders))
        x = np.zeros((len(orders), rows, self.shape.inputs), self.jobs[0].problem.embeddings.dtype)
        y = np.zeros((len(orders), rows, self.shape.outputs), self.jobs[0].problem.embeddings.dtype)
        for row, (job, order) in enumerate(zip(self.jobs, orders, strict=False)):
            x[row, : len(order)] = job.problem.embeddings[order]
            y[row, : len(order)] = job.problem.truth[order]
        return torch.from_numpy(x).to(self.device), torch.from_numpy(y).to(self.device)

    @staticmethod
    def _part(job: Job, name: str) -> np.ndarray:
        items: tuple[int, ...] = getattr(job.problem.splits[job.split], name)
        return np.array(items, dtype=np.int64)
