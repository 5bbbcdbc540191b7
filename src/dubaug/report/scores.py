"""The results on disk, as scores by task, variant and epoch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dubaug.errors import DubaugError
from dubaug.files import read_json


@dataclass(frozen=True, kw_only=True)
class Score:
    """One cell: a task's primary metric for one variant at one epoch.

    `std` is over the evaluation's folds; where there is one fold, over pretraining seeds; with one seed, None.
    `low` and `high` bound the 95 % bootstrap interval of `mean`; None where the result has none, or an infinite one.
    """

    metric: str
    mean: float
    std: float | None
    low: float | None
    high: float | None
    n_folds: int


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All scores: `final` by (task, variant), `sweep` by (task, variant, epoch)."""

    final: Mapping[tuple[str, str], Score]
    sweep: Mapping[tuple[str, str, int], Score]
    missing: Mapping[str, str] = field(default_factory=dict)
    """Tasks that some result file left out because their data were not there, and why."""
    absent: Mapping[str, int] = field(default_factory=dict)
    """Tasks whose data set lacked items that its lists name, and how many."""

    def why_empty(self, task: str) -> str | None:
        """Return why no variant has a score on the task, in words, or None if one has."""
        if any(scored == task for scored, _ in self.final):
            return None
        return self.missing.get(task, "no results")

    def best_variant(self, task: str, variants: Iterable[str]) -> str | None:
        """Return the variant that scores highest on the task, or None if none has a score."""
        scored = [variant for variant in variants if (task, variant) in self.final]
        return max(scored, key=lambda variant: self.final[task, variant].mean, default=None)


def load_scores(paths: Iterable[Path]) -> Scores:
    """Return the scores in result files; one in a folder `epoch<NN>` belongs to the sweep. Raises `DubaugError`."""
    final: dict[tuple[str, str], Score] = {}
    sweep: dict[tuple[str, str, int], Score] = {}
    missing: dict[str, str] = {}
    absent: dict[str, int] = {}
    for path in paths:
        result = read_json(path)
        missing |= result.get("missing", {})
        in_sweep = path.parent.name.startswith("epoch")
        for task, entry in result["tasks"].items():
            if "n_absent" in entry:
                absent[task] = max(absent.get(task, 0), entry["n_absent"])
            deviation = entry["std"] if entry["std"] is not None else entry.get("std_seeds")
            interval = entry.get("interval", {})
            score = Score(
                metric=entry["metric"],
                mean=entry["mean"],
                std=deviation,
                low=interval.get("low"),
                high=interval.get("high"),
                n_folds=entry["n_folds"],
            )
            sweep[task, result["variant"], result["epoch"]] = score
            if not in_sweep and (task, result["variant"]) in final:
                raise DubaugError(
                    f"{path}: a second final result of {result['variant']} on {task}; give each file once"
                )
            if not in_sweep:
                final[task, result["variant"]] = score
    return Scores(final=final, sweep=sweep, missing=missing, absent=absent)
