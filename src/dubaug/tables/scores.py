"""The results on disk, as scores by task, variant and epoch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dubaug.errors import DubaugError
from dubaug.probe.results import TaskResult, read_result
from dubaug.suites.registry import metric


@dataclass(frozen=True, kw_only=True)
class Score:
    """One cell: a task's primary metric for one variant at one epoch.

    `std_folds` is the deviation over the evaluation's folds (each the mean over seeds), None where there is one fold;
    `std_seeds` that of the pretraining seeds' means, None where there is one seed. `low` and `high` bound the 95 %
    interval of `mean`; None where the result has none, or an infinite one.
    """

    metric: str
    mean: float
    std_folds: float | None
    std_seeds: float | None
    low: float | None
    high: float | None
    n_folds: int
    n_seeds: int

    @property
    def std(self) -> float | None:
        """The one deviation that a figure shows: over folds; where there is one fold, over seeds."""
        return self.std_folds if self.std_folds is not None else self.std_seeds


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All scores: `final` by (task, variant), `sweep` by (task, variant, epoch)."""

    final: Mapping[tuple[str, str], Score]
    sweep: Mapping[tuple[str, str, int], Score]
    missing: Mapping[str, str] = field(default_factory=dict)
    """Tasks that some result file left out because their data were not there, and why."""
    absent: Mapping[str, int] = field(default_factory=dict)
    """Tasks whose data set lacked items that its lists name, and how many."""
    files: frozenset[tuple[str, str]] = frozenset()
    """The (suite, variant) of the final result files."""

    def why_empty(self, task: str) -> str | None:
        """Return why no variant has a score on the task, in words, or None if one has."""
        if any(scored == task for scored, _ in self.final):
            return None
        return self.missing.get(task, "no results")

    def better(self, task: str) -> Literal["higher", "lower"]:
        """Return which scores on the task are better ones; higher ones where there is none."""
        return next((metric(score.metric).better for (name, _), score in self.final.items() if name == task), "higher")

    def best_variant(self, task: str, variants: Iterable[str]) -> str | None:
        """Return the variant that scores best on the task, or None if none has a score."""
        scored = [variant for variant in variants if (task, variant) in self.final]
        best = max if self.better(task) == "higher" else min
        return best(scored, key=lambda variant: self.final[task, variant].mean, default=None)


def load_scores(paths: Iterable[Path]) -> Scores:
    """Return the scores in result files, of last checkpoints and of points of sweeps. Raises `DubaugError`."""
    final: dict[tuple[str, str], Score] = {}
    sweep: dict[tuple[str, str, int], Score] = {}
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
            score = _score(entry)
            sweep[task, result.variant, result.epoch] = score
            if not result.in_sweep and (task, result.variant) in final:
                raise DubaugError(f"{path}: a second final result of {result.variant} on {task}; give each file once")
            if not result.in_sweep:
                final[task, result.variant] = score
    return Scores(final=final, sweep=sweep, missing=missing, absent=absent, files=frozenset(files))


def _score(entry: TaskResult) -> Score:
    """Return a task's entry in a result file as a score."""
    return Score(
        metric=entry.metric,
        mean=entry.mean,
        std_folds=entry.std,
        std_seeds=entry.std_seeds,
        low=entry.interval.low if entry.interval else None,
        high=entry.interval.high if entry.interval else None,
        n_folds=entry.n_folds,
        n_seeds=len(entry.members),
    )
