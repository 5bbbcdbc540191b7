"""The results on disk, by task, variant and epoch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dubaug.errors import DubaugError
from dubaug.probe.results import TaskResult, read_result
from dubaug.suites.registry import metric


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All scores by the task's primary metric: `final` by (task, variant), `sweep` by (task, variant, epoch)."""

    final: Mapping[tuple[str, str], TaskResult]
    sweep: Mapping[tuple[str, str, int], TaskResult]
    missing: Mapping[str, str]
    """Tasks that some result file left out because their data were not there, and why."""
    absent: Mapping[str, int]
    """Tasks whose data set lacked items that its lists name, and how many."""
    files: frozenset[tuple[str, str]]
    """The (suite, variant) of the final result files."""

    def better(self, task: str) -> Literal["higher", "lower"]:
        """Return which scores on the task are better ones; higher ones where there is none."""
        return next((metric(score.metric).better for (name, _), score in self.final.items() if name == task), "higher")

    def best_variant(self, task: str, variants: Iterable[str]) -> str | None:
        """Return the variant that scores best on the task, or None if none has a score."""
        scored = [variant for variant in variants if (task, variant) in self.final]
        best = max if self.better(task) == "higher" else min
        return best(scored, key=lambda variant: self.final[task, variant].mean, default=None)


def bounds_of(score: TaskResult) -> tuple[float | None, float | None]:
    """Return the bounds of the mean's 95 % interval; None where the result has none, or an infinite one."""
    return (score.interval.low, score.interval.high) if score.interval else (None, None)


def load_scores(paths: Iterable[Path]) -> Scores:
    """Return the scores in result files, of last checkpoints and of points of sweeps. Raises `DubaugError`."""
    final: dict[tuple[str, str], TaskResult] = {}
    sweep: dict[tuple[str, str, int], TaskResult] = {}
    missing: dict[str, str] = {}
    absent: dict[str, int] = {}
    files: set[tuple[str, str]] = set()
    for path in paths:
        result = read_result(path)
        missing |= result.missing
        if not result.in_sweep:
            files.add((result.suite, result.variant))
        for task, entry in result.tasks.items():
            if entry.n_absent:
                absent[task] = max(absent.get(task, 0), entry.n_absent)
            sweep[task, result.variant, result.epoch] = entry
            if not result.in_sweep and (task, result.variant) in final:
                raise DubaugError(f"{path}: a second final result of {result.variant} on {task}; give each file once")
            if not result.in_sweep:
                final[task, result.variant] = entry
    return Scores(final=final, sweep=sweep, missing=missing, absent=absent, files=frozenset(files))
