"""HEAR's probes trained together: each stops on its own patience, with the result that it would have had alone.

Probes whose networks have one shape and whose epochs have as many batches share every operation (`stack.Stack`);
rows of smaller batches are padded and masked. What is random (initial weights, order, dropout) is drawn for each probe
by itself, so that neither the company nor its order matters beyond floating-point rounding.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

import numpy as np
import torch

from dubaug.errors import DubaugError
from dubaug.probe.dropout import Draws
from dubaug.probe.jobs import (
    Contest,
    Job,
    TrainedProbe,
    batch_bounds,
    groups,
    initial_parameters,
    job_keys,
    job_shape,
    training_order,
)
from dubaug.probe.stack import Adam, Dropout, Rows, Stack, initial_statistics


def train_together(
    jobs: Sequence[Job],
    device: torch.device,
    contest: Contest | None = None,
    done: Callable[[int], None] = lambda count: None,
) -> list[TrainedProbe | None]:
    """Train all jobs and return their outcomes in order; `done` is told of each group's number of jobs.

    With a `contest`, only the best of each problem and split matters: it is told who has a perfect score, and those
    that have lost it have no outcome. On a CPU as many groups at once as there are threads: what an operation cannot
    share among cores (its start, random numbers) is then done by all of them. Raises `DubaugError`, naming task and
    split, where the protocol cannot be followed: one training item (batch norm needs two).
    """
    outcomes: dict[int, TrainedProbe] = {}
    stop = threading.Event()

    def train(group: list[int]) -> dict[int, TrainedProbe]:
        numbers = [number for number in group if not (contest and contest.lost(jobs[number]))]
        if not numbers or stop.is_set():
            return {}
        trained = StackedJobs([jobs[number] for number in numbers], device).train(contest, stop)
        return dict(zip(numbers, trained, strict=True))

    work = list(groups(jobs, device))
    with _workers(len(work), device) as pool:
        waiting = {pool.submit(train, group): len(group) for group in work}
        try:
            for future in as_completed(waiting):
                outcomes.update(future.result())
                done(waiting[future])
        except BaseException:  # an interruption, too, shall not wait for probes that nobody wants any more
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [None if contest and contest.lost(job) else outcomes[number] for number, job in enumerate(jobs)]


@contextmanager
def _workers(tasks: int, device: torch.device) -> Iterator[ThreadPoolExecutor]:
    """Give threads that share out torch's threads: one on a GPU, else at most as many as there are tasks."""
    threads = torch.get_num_threads()
    count = max(1, min(threads, tasks)) if device.type == "cpu" else 1
    try:
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(max(1, threads // count),)) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)


class StackedJobs:
    """Jobs of one protocol and shape, trained side by side. Those that have stopped leave the stack."""

    def __init__(self, jobs: Sequence[Job], device: torch.device) -> None:
        self.jobs = jobs
        self.protocol = jobs[0].setting.protocol
        self.device = device
        self.shape = job_shape(jobs[0])
        self.dtype = torch.from_numpy(jobs[0].problem.embeddings[:1]).dtype
        self.kind, self.heads = jobs[0].problem.kind, jobs[0].problem.heads
        orders = [training_order(job.problem, job.split) for job in jobs]
        for job, order in zip(jobs, orders, strict=True):
            if len(order) < 2:
                split = job.problem.splits[job.split].name
                raise DubaugError(f"task {job.problem.task}, split {split}: one training item; batch norm needs two")
        self.x, self.y = self._gather(orders)
        self.valid_x, _ = self._gather([self._part(job, "valid") for job in jobs])
        self.bounds = [batch_bounds(len(order), self.protocol.batch_size) for order in orders]
        self.live = list(range(len(jobs)))
        theta = torch.stack([initial_parameters(job, self.shape) for job in jobs]).to(device, self.dtype)
        statistics = initial_statistics(self.shape).to(device, self.dtype).repeat(len(jobs), 1)
        self.stack = Stack(self.shape, theta, statistics)
        self.adam = Adam(theta, [job.setting.point.learning_rate for job in jobs])
        self.draws = [Draws((*job_keys(job), "dropout"), device) for job in jobs]
        self.best = [-np.inf] * len(jobs)
        self.best_epoch = [0] * len(jobs)
        self.waited = [0] * len(jobs)
        self.best_theta, self.best_statistics = theta.clone(), statistics.clone()

    def train(self, contest: Contest | None, stop: threading.Event) -> list[TrainedProbe]:
        """Run the protocol; return the outcomes in the order of the jobs; of one that loses, what it has by then.

        When `stop` is set, it returns after the epoch, with outcomes that mean nothing.
        """
        protocol = self.protocol
        for epoch in range(1, protocol.max_epochs + 1):
            if stop.is_set():
                break
            for batch in range(len(self.bounds[0])):
                self.step(batch)
            if epoch % protocol.validate_every == 0:
                self._validate(epoch)
                decided = {number for number in self.live if self._decided(number)}
                if contest:
                    decided |= self._beaten(contest)
                self._leave([number for number in self.live if number not in decided])
            if not self.live:
                break
        return [self._outcome(number) for number in range(len(self.jobs))]

    def _beaten(self, contest: Contest) -> set[int]:
        """Tell the contest of perfect scores; return the probes that have lost it."""
        for number in filter(self._perfect, self.live):
            contest.win(self.jobs[number])
        return {number for number in self.live if contest.lost(self.jobs[number])}

    def step(self, batch: int) -> None:
        """Train the probes that are left on their batch of that number."""
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
        make = torch.empty if min(counts) == max(counts) else torch.zeros
        keep_LPBH = make(size, device=self.device, dtype=self.dtype)
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
            score = job.problem.primary(outputs_PBC[row, : len(items)], items)
            if score > self.best[number]:
                self.best[number], self.best_epoch[number], self.waited[number] = score, epoch, 0
                better.append((row, number))
            else:
                self.waited[number] += 1
        if better:
            rows, numbers = (torch.tensor(part, device=self.device) for part in zip(*better, strict=True))
            self.best_theta[numbers] = self.stack.theta[rows]
            self.best_statistics[numbers] = self.stack.statistics[rows]

    def _perfect(self, number: int) -> bool:
        """Return whether no score can be better."""
        return self.best[number] >= self.jobs[number].problem.perfect

    def _decided(self, number: int) -> bool:
        """Return whether nothing can change a probe's outcome any more: patience is over, or its score is perfect."""
        return self._perfect(number) or self.waited[number] >= self.protocol.patience

    def _last_epoch(self, number: int) -> int:
        """Return the epoch at which patience or the limit ends a probe; a perfect one has left before."""
        protocol = self.protocol
        if self._decided(number):
            return min(self.best_epoch[number] + protocol.patience * protocol.validate_every, protocol.max_epochs)
        return protocol.max_epochs

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

    def _outcome(self, number: int) -> TrainedProbe:
        job = self.jobs[number]
        stack = Stack(self.shape, self.best_theta[number : number + 1], self.best_statistics[number : number + 1])
        x = torch.from_numpy(job.problem.embeddings[self._part(job, "test")]).to(self.device)
        outputs = stack.predict(x.unsqueeze(0), kind=self.kind, heads=self.heads)[0]
        return TrainedProbe(
            valid_score=self.best[number],
            best_epoch=self.best_epoch[number],
            epochs=self._last_epoch(number),
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
