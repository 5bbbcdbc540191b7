"""What a unit of work takes: rates measured by earlier runs, given by hand, or bounds; each with its source."""

import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json
from dubaug.plan.jobs import PlannedJob
from dubaug.plan.work import Work
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.steps import read_steps
from dubaug.report.runtimes import read_benchmark

Basis = Literal["given", "measured here", "measured elsewhere", "bound"]
BASES: tuple[Basis, ...] = ("given", "measured here", "measured elsewhere", "bound")
"""What a rate rests on; the first that there is, is taken."""


Quantity = Literal["seconds", "bytes"]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What a unit of work takes."""

    rule: str
    quantity: Quantity
    """Seconds of a core (of a GPU, where the job has any), or bytes on disk."""
    unit: str
    a_unit: float
    """How many of them."""
    amount: float | None
    """What a job was measured with, in the mean; None where no job was."""
    basis: Basis
    settings: Mapping[str, Any]
    """As in `Work`; what is not named here does not matter."""
    source: str

    def fits(self, kind: str, work: Work, quantity: Quantity) -> bool:
        """Return whether this rate is of such work."""
        if (self.rule, self.quantity, self.unit) != (kind, quantity, work.unit):
            return False
        theirs = _plain(work.settings)
        return all(name in theirs and theirs[name] == value for name, value in _plain(self.settings).items())


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as JSON gives them back, so that tuples are equal to lists."""
    plain: dict[str, Any] = json.loads(json.dumps(settings))
    return plain


def best(rates: Iterable[Rate], kind: str, work: Work, quantity: Quantity = "seconds") -> Rate | None:
    """Return the rate to use for a job of this kind: the first by its basis."""
    fitting = [rate for rate in rates if rate.fits(kind, work, quantity)]
    return min(fitting, key=lambda rate: BASES.index(rate.basis), default=None)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A finished job: its work, its time by the clock, and what it had for it."""

    job: PlannedJob
    work: Work
    wall_s: float
    source: str

    @property
    def processor_s(self) -> float:
        """Seconds times GPUs, or times cores where there were none."""
        return self.wall_s * (self.job.gpus or self.job.threads)


def finished(jobs: Sequence[PlannedJob], work: Callable[[PlannedJob], Work], *, since_s: float) -> list[Measured]:
    """Return the jobs that were finished, and measured after `since_s` (seconds since 1970), by Snakemake's benchmark
    files. A training that was continued counts all its tries; of one that is under way the speed is taken.
    """
    found = []
    for job in jobs:
        if job.benchmark is None:
            continue
        path = Path(job.benchmark)
        if path.is_file() and path.stat().st_mtime >= since_s:
            wall_s = max(read_benchmark(path)[-1].wall_s, _trained_s(job))
            found.append(Measured(job=job, work=work(job), wall_s=wall_s, source=job.benchmark))
        elif job.rule == "pretrain":
            found += _under_way(job, work(job), since_s)
    return [one for one in found if one.work.amount is not None and one.work.amount.value > 0]


def _trained_s(job: PlannedJob) -> float:
    """Return a training's own seconds over all its tries; 0 for other jobs. The benchmark knows the last try only."""
    if job.rule != "pretrain" or not Path(job.outputs[0]).is_file():
        return 0.0
    return Manifest.load(Path(job.outputs[0])).seconds


def _under_way(job: PlannedJob, work: Work, since_s: float) -> list[Measured]:
    """Return a training that is not finished as if it had been, at the median speed of its steps so far."""
    metrics = Path(job.outputs[0]).parent / "pretrain/metrics.jsonl"
    if not metrics.is_file() or metrics.stat().st_mtime < since_s or work.amount is None:
        return []
    speeds = [step.clips_per_s for step in read_steps(metrics)]
    if not speeds:
        return []
    wall_s = work.amount.value / statistics.median(speeds)
    return [Measured(job=job, work=work, wall_s=wall_s, source=f"{metrics}: clips_per_s")]


def pooled(measured: Sequence[Measured], basis: Basis = "measured here") -> list[Rate]:
    """Return a rate for all jobs of the same kind and settings together: all their seconds over all their work."""
    groups: dict[str, list[Measured]] = {}
    for one in measured:
        key = json.dumps([one.job.rule, one.work.unit, one.work.settings], sort_keys=True)
        groups.setdefault(key, []).append(one)
    return [_pool(group, basis) for group in groups.values()]


def _pool(group: Sequence[Measured], basis: Basis) -> Rate:
    first, total = group[0], sum(one.work.amount.value for one in group if one.work.amount)
    others = f" and {len(group) - 1} more" if len(group) > 1 else ""
    return Rate(
        rule=first.job.rule,
        quantity="seconds",
        unit=first.work.unit,
        settings=first.work.settings,
        a_unit=sum(one.processor_s for one in group) / total,
        basis=basis,
        source=f"{first.source}{others}",
        amount=total / len(group),
    )


def record(path: Path, rates: Sequence[Rate], *, machine: str) -> None:
    """Write the rates of a machine to a file; for whoever reads them, they were measured elsewhere."""
    written = []
    for rate in rates:
        values = asdict(rate) | {"basis": "bound" if rate.basis == "bound" else "measured elsewhere"}
        del values["source"]
        written.append(values)
    write_json(path, {"machine": machine, "rates": written})


def recorded(path: Path) -> tuple[str, list[Rate]]:
    """Return the machine and the rates of a file that `record` wrote. Raises `DubaugError`."""
    try:
        content = read_json(path)
        rates = [Rate(source=f"{path}: rates[{number}]", **rate) for number, rate in enumerate(content["rates"])]
        return content.get("machine", "a machine that nobody named"), rates
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DubaugError(f"{path} holds no rates as `dubaug plan --record` writes them: {error}") from error
