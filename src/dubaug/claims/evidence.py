"""What the test items say of a comparison: paired tests, corrected for all that one claim asks.

A plain pair of accuracies of one network each is tested by McNemar's exact test, everything else by a bootstrap: all
scores of a sum are computed on the same draws of each task's items, and each variant's seeds are drawn by themselves
(dubaug.probe.bootstrap). The p-values of a claim's comparisons are corrected together (Holm); a comparison is settled
where p is below .05.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dubaug.claims.comparison import Cell, Comparison, Judge
from dubaug.claims.logic import Truth, negation
from dubaug.claims.means import entries
from dubaug.claims.predicates import Predicate
from dubaug.comparisons.compare import RESAMPLES, bootstrap_p, holm, mcnemar_p
from dubaug.probe.bootstrap import LEVEL, mean_score, percentiles, resampled_mean, unbiased
from dubaug.probe.predictions import Predictions, check_same_items, load_of
from dubaug.probe.results import Result, finite
from dubaug.progress import track
from dubaug.suites.registry import metric

SIGNIFICANCE = round(1 - LEVEL, 10)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A score, its value on each resample of the test items, and (accuracy, one network) which items are right."""

    score: float
    values: np.ndarray
    right: np.ndarray | None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A comparison with its weighted sum, the sum's 95 % interval, and whether the comparison is settled."""

    comparison: Comparison
    value: float
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    test: str

    @property
    def settled(self) -> Truth:
        """Whether it is so; None if the items do not tell."""
        if self.p_holm is None or self.p_holm >= SIGNIFICANCE:
            return None
        return self.value > self.comparison.margin


def load_samples(
    results: Mapping[Path, Result], cells: Collection[Cell], *, resamples: int = RESAMPLES
) -> dict[Cell, Sample]:
    """Return the samples of those cells that results have, task after task.

    Raises `DubaugError` if predictions are missing, or those of two variants on a task are of different items.
    """
    found = {cell: (path, entry) for path, entry_cells, entry in entries(results) for cell in entry_cells}
    wanted = sorted({cell for cell in cells if cell in found}, key=Cell.key)
    samples: dict[Cell, Sample] = {}
    first: dict[str, tuple[str, Predictions]] = {}
    for cell in track(wanted, "test items resampled", len(wanted), "scores"):
        path, entry = found[cell]
        members = [load_of(path, cell.task, one) for one in entry.members]
        check_same_items(*first.setdefault(cell.task, (cell.variant, members[0])), cell.variant, members[0])
        samples[cell] = _sample(members, resamples)
    return samples


def _sample(members: Sequence[Predictions], resamples: int) -> Sample:
    name, score = members[0].about.metrics[0], mean_score(members)
    items = [item for fold in members[0].folds for item in fold.items]
    exact = metric(name).right_or_wrong and len(members) == 1 and len(set(items)) == len(items)
    right = [fold.item_values(name, members[0].heads) for fold in members[0].folds] if exact else []
    return Sample(
        score=score,
        values=unbiased(resampled_mean(members, resamples=resamples), score, name),
        right=np.concatenate(right) if right else None,
    )


def comparisons_of(predicate: Predicate) -> tuple[Comparison, ...]:
    """Return all that a predicate asks, as it asks first; the same difference the other way round is no other test."""
    asked: dict[Comparison, Comparison] = {}

    def record(comparison: Comparison) -> Truth:
        asked.setdefault(comparison.in_order()[0], comparison)
        return None

    predicate.truth(record)
    return tuple(asked.values())


def outcomes_of(comparisons: Sequence[Comparison], samples: Mapping[Cell, Sample]) -> tuple[Outcome, ...]:
    """Return the tests of those comparisons whose scores are all there, corrected together."""
    made = [
        _tested(comparison, samples) for comparison in comparisons if all(cell in samples for cell in comparison.cells)
    ]
    known = [number for number, one in enumerate(made) if one.p is not None]
    corrected = dict(zip(known, holm([made[number].p or 0.0 for number in known]), strict=True))
    return tuple(replace(one, p_holm=corrected.get(number)) for number, one in enumerate(made))


def _tested(comparison: Comparison, samples: Mapping[Cell, Sample]) -> Outcome:
    value = sum(weight * samples[cell].score for cell, weight in comparison.terms)
    with np.errstate(invalid="ignore"):  # infinity less infinity: no difference
        values = sum((weight * samples[cell].values for cell, weight in comparison.terms), start=np.zeros(1))
    low, high = percentiles(values)
    exact = _only_one_right(comparison, samples)
    p = mcnemar_p(*exact) if exact else bootstrap_p(values, value - comparison.margin)
    return Outcome(
        comparison=comparison,
        value=value,
        low=finite(low),
        high=finite(high),
        p=finite(p),
        p_holm=None,
        test="mcnemar" if exact else "bootstrap",
    )


def _only_one_right(comparison: Comparison, samples: Mapping[Cell, Sample]) -> tuple[int, int] | None:
    """Return how many items only the one and only the other gets right; None unless that is what is asked."""
    if comparison.pair is None:
        return None
    one, other = (samples[cell].right for cell in comparison.pair)
    if one is None or other is None or len({cell.task for cell in comparison.pair}) > 1:
        return None
    return int((one & ~other).sum()), int((other & ~one).sum())


def by_evidence(tested: Sequence[Outcome]) -> Judge:
    """Return the judge that knows what these tests have settled."""
    settled: dict[Comparison, Truth] = {}
    for one in tested:
        key, same = one.comparison.in_order()
        settled[key] = one.settled if same else negation(one.settled)

    def judge(comparison: Comparison) -> Truth:
        key, same = comparison.in_order()
        truth = settled.get(key)
        return truth if same else negation(truth)

    return judge
