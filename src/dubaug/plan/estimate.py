"""The plan: each job's work times its rate, summed by rule; what has no rate stays unknown and is never guessed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dubaug.plan.jobs import PlannedJob, longest_chain
from dubaug.plan.rates import BASES, Rate, best
from dubaug.plan.work import Work

FAR = 3.0
"""A job this many times larger or smaller than those that its rate was measured with is told."""


@dataclass(frozen=True, kw_only=True)
class JobEstimate:
    """One job: what it has to do, the rate for it, and how long that takes by the clock."""

    job: PlannedJob
    work: Work
    rate: Rate | None

    @property
    def wall_s(self) -> float | None:
        """Seconds; None if nobody knows."""
        if not self.job.command:
            return 0.0
        if self.rate is None or self.work.amount is None:
            return None
        return self.rate.a_unit * self.work.amount.value / (self.job.gpus or self.job.threads)

    @property
    def stretch(self) -> float:
        """How many times the work is that which the rate was measured with."""
        if self.rate is None or self.rate.amount is None or self.work.amount is None:
            return 1.0
        return self.work.amount.value / self.rate.amount


@dataclass(frozen=True, kw_only=True)
class Row:
    """All jobs of a rule."""

    rule: str
    jobs: int
    threads: int
    gpus: int
    unit: str
    amount: float | None
    """Of all jobs together; None if it is not known of some."""
    core_hours: float | None
    """Cores reserved times hours, as clusters count; of the jobs that are known."""
    gpu_hours: float | None
    wall_hours: float | None
    """All jobs one after another."""
    basis: str
    """The weakest that a job's time rests on: of `BASES`, `unknown`, or `-` where nothing is run."""
    unknown_jobs: int
    source: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Total:
    """Sums over what is known."""

    jobs: int
    core_hours: float
    gpu_hours: float
    wall_hours: float
    chain_hours: float
    chain: tuple[str, ...]
    """The rules of the longest chain of jobs that wait for each other."""
    unknown: dict[str, int]
    """What the sums leave out: jobs without a rate, by rule."""
    bounds: tuple[str, ...]
    """Rules whose times are bounds: they take at least that long."""


def estimates(
    jobs: Sequence[PlannedJob], work: Callable[[PlannedJob], Work], rates: Sequence[Rate]
) -> list[JobEstimate]:
    """Return each job's estimate."""
    works = [(job, work(job)) for job in jobs]
    return [JobEstimate(job=job, work=its, rate=best(rates, job.rule, its)) for job, its in works]


def rows(found: Sequence[JobEstimate]) -> list[Row]:
    """Return a row a rule, in the order of the jobs."""
    groups: dict[str, list[JobEstimate]] = {}
    for one in found:
        groups.setdefault(one.job.rule, []).append(one)
    return [_row(rule, group) for rule, group in groups.items()]


def _row(rule: str, group: Sequence[JobEstimate]) -> Row:
    known = [one for one in group if one.wall_s is not None]
    amounts = [one.work.amount for one in group]
    sources = sorted({one.rate.source for one in known if one.rate and one.job.command})
    return Row(
        rule=rule,
        jobs=len(group),
        threads=max(one.job.threads for one in group),
        gpus=max(one.job.gpus for one in group),
        unit=group[0].work.unit,
        amount=None if None in amounts else sum(amount.value for amount in amounts if amount),
        core_hours=_hours(known, lambda job: job.threads),
        gpu_hours=_hours(known, lambda job: job.gpus),
        wall_hours=_hours(known, lambda job: 1),
        basis=_basis(group),
        unknown_jobs=len(group) - len(known),
        source=joined(sources),
        note=_note(group),
    )


def joined(sources: Sequence[str]) -> str:
    """Return sources in one line; places in the same file stand together."""
    places: dict[str, list[str]] = {}
    for source in sources:
        file, _, place = source.partition(": ")
        places.setdefault(file, []).append(place)
    return "; ".join(f"{file}: {', '.join(its)}" if any(its) else file for file, its in places.items())


def _hours(known: Sequence[JobEstimate], factor: Callable[[PlannedJob], int]) -> float | None:
    return sum((one.wall_s or 0.0) * factor(one.job) for one in known) / 3600 if known else None


def _basis(group: Sequence[JobEstimate]) -> str:
    if not any(one.job.command for one in group):
        return "-"
    if any(one.wall_s is None for one in group):
        return "unknown"
    return max((one.rate.basis for one in group if one.rate), key=BASES.index)


def _note(group: Sequence[JobEstimate]) -> str:
    words = []
    if any(one.job.command and one.work.amount is None for one in group):
        words.append(f"nobody knows how many {group[0].work.unit}")
    elif any(one.wall_s is None for one in group):
        words.append("never measured with these settings")
    ratios = [one.stretch for one in group if one.wall_s and not 1 / FAR <= one.stretch <= FAR]
    if ratios:
        words.append(f"{_factor(max(ratios, key=lambda ratio: max(ratio, 1 / ratio)))} the work that was measured")
    return "; ".join(words)


def _factor(ratio: float) -> str:
    return f"{ratio:.0f} times" if ratio > 1 else f"1/{1 / ratio:.0f} of"


def total(found: Sequence[JobEstimate]) -> Total:
    """Return the sums; in the longest chain, jobs whose time is not known count nothing."""
    table = rows(found)
    seconds = [one.wall_s or 0.0 for one in found]
    length_s, chain = longest_chain([one.job for one in found], seconds)
    return Total(
        jobs=len(found),
        core_hours=sum(row.core_hours or 0.0 for row in table),
        gpu_hours=sum(row.gpu_hours or 0.0 for row in table),
        wall_hours=sum(row.wall_hours or 0.0 for row in table),
        chain_hours=length_s / 3600,
        chain=tuple(job.rule for job in chain if job.command),
        unknown={row.rule: row.unknown_jobs for row in table if row.unknown_jobs},
        bounds=tuple(sorted({one.job.rule for one in found if one.rate and one.rate.basis == "bound"})),
    )
