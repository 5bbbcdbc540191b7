"""What the jobs took, by rule, from Snakemake's benchmark files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dubaug.errors import DubaugError
from dubaug.tabular import number_or_none, read_rows

BATCH = re.compile(r"(?<=[a-z]{2})\d+$")
"""A batch's number after a rule's name; that of `table_b4` or `figure_c2` is the rule's own."""


@dataclass(frozen=True, kw_only=True)
class JobTime:
    """One row of a benchmark file. A job of some seconds may end before anything but its time is measured."""

    rule: str
    wall_s: float
    cpu_s: float | None
    peak_mib: float | None
    read_mib: float | None
    written_mib: float | None


@dataclass(frozen=True, kw_only=True)
class RuleTime:
    """All jobs of a rule; `share` is of the wall time of all jobs together."""

    rule: str
    jobs: int
    wall_s: float
    longest_s: float
    cpu_s: float | None
    peak_mib: float | None
    read_mib: float | None
    written_mib: float | None
    share: float


def read_jobs(folders: Sequence[Path]) -> list[JobTime]:
    """Return the jobs of all benchmark files (`*.tsv`) in `folders`; a folder that is not there has none."""
    paths = [path for folder in folders for path in sorted(folder.glob("*.tsv"))]
    return [job for path in paths for job in read_benchmark(path)]


def read_benchmark(path: Path) -> list[JobTime]:
    """Return the jobs of one benchmark file: one, or all its tries.

    A file is named like its rule, with the number of its batch where there are several: `align0.tsv` is of `align`.
    Raises `DubaugError` for a file that is none of Snakemake's.
    """

    def value(row: dict[str, str], column: str) -> float | None:
        return number_or_none(row.get(column) or "", f"{path}, column {column}")

    jobs = []
    for row in read_rows(path, ("s",), what="benchmark file of Snakemake", delimiter="\t"):
        wall_s = value(row, "s")
        if wall_s is None:
            raise DubaugError(f"{path} is no benchmark file of Snakemake, a row has no time: delete it")
        jobs.append(
            JobTime(
                rule=BATCH.sub("", path.stem),
                wall_s=wall_s,
                cpu_s=value(row, "cpu_time"),
                peak_mib=value(row, "max_rss"),
                read_mib=value(row, "io_in"),
                written_mib=value(row, "io_out"),
            )
        )
    if not jobs:
        raise DubaugError(f"{path} is no benchmark file of Snakemake, it has no row: delete it")
    return jobs


def by_rule(jobs: Sequence[JobTime]) -> list[RuleTime]:
    """Return a row a rule, those that took longest first."""
    total_s = sum(job.wall_s for job in jobs)
    groups: dict[str, list[JobTime]] = {}
    for job in jobs:
        groups.setdefault(job.rule, []).append(job)
    rows = [
        RuleTime(
            rule=rule,
            jobs=len(group),
            wall_s=sum(job.wall_s for job in group),
            longest_s=max(job.wall_s for job in group),
            cpu_s=_sum([job.cpu_s for job in group]),
            peak_mib=max((job.peak_mib for job in group if job.peak_mib is not None), default=None),
            read_mib=_sum([job.read_mib for job in group]),
            written_mib=_sum([job.written_mib for job in group]),
            share=sum(job.wall_s for job in group) / total_s if total_s else 0.0,
        )
        for rule, group in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row.wall_s, row.rule))


def _sum(values: Sequence[float | None]) -> float | None:
    """Return the sum of what was measured; None if nothing was."""
    measured = [value for value in values if value is not None]
    return sum(measured) if measured else None
