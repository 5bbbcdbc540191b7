"""What the test items and the seeds say of a comparison: paired tests, corrected for all that one claim asks.

Each comparison is an estimate of `dubaug.statistics`. The p-values of a claim's comparisons are corrected together
(Holm); a comparison is settled where p is below .05.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dubaug.claims.comparison import Contrast, Judge, ScoreName
from dubaug.claims.logic import Truth, negation
from dubaug.claims.means import entries
from dubaug.claims.predicates import Predicate
from dubaug.probe.predictions import Predictions, check_same_items, load_of
from dubaug.probe.results import Result, finite
from dubaug.probe.sampling import sample_of
from dubaug.progress import track
from dubaug.statistics.corrections import holm
from dubaug.statistics.estimate import SIGNIFICANCE, Over, estimate
from dubaug.statistics.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A comparison with its weighted sum, the sum's 95 % interval, and whether the comparison is settled."""

    comparison: Contrast
    value: float
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    over: Over
    """What the error is over; without seeds, the outcome is of these trainings."""
    grouped_by: tuple[str, ...]
    """What the tasks' items are grouped by; "item" for those that are taken as independent."""
    note: str | None
    """Why there is no p."""

    @property
    def settled(self) -> Truth:
        """Whether it is so; None if the items and seeds do not tell."""
        if self.p_holm is None or self.p_holm >= SIGNIFICANCE:
            return None
        return self.value > self.comparison.margin


def load_samples(results: Mapping[Path, Result], cells: Collection[ScoreName]) -> dict[ScoreName, Sample]:
    """Return the samples of those cells that results have, task after task.

    Raises `DubaugError` if predictions are missing, or those of two variants on a task are of different items.
    """
    found = {cell: (path, entry) for path, entry_cells, entry in entries(results) for cell in entry_cells}
    wanted = sorted({cell for cell in cells if cell in found}, key=ScoreName.key)
    samples: dict[ScoreName, Sample] = {}
    first: dict[str, tuple[str, Predictions]] = {}
    for cell in track(wanted, "test items read", len(wanted), "scores"):
        path, entry = found[cell]
        members = [load_of(path, cell.task, one) for one in entry.members]
        check_same_items(*first.setdefault(cell.task, (cell.variant, members[0])), cell.variant, members[0])
        samples[cell] = sample_of(members)
    return samples


def comparisons_of(predicate: Predicate) -> tuple[Contrast, ...]:
    """Return all that a predicate asks, as it asks first; the same difference the other way round is no other test."""
    asked: dict[Contrast, Contrast] = {}

    def record(comparison: Contrast) -> Truth:
        asked.setdefault(comparison.in_order()[0], comparison)
        return None

    predicate.truth(record)
    return tuple(asked.values())


def outcomes_of(comparisons: Sequence[Contrast], samples: Mapping[ScoreName, Sample]) -> tuple[Outcome, ...]:
    """Return the tests of those comparisons whose scores are all there, corrected together."""
    made = [
        _tested(comparison, samples) for comparison in comparisons if all(cell in samples for cell in comparison.cells)
    ]
    corrected = holm([one.p for one in made])
    return tuple(replace(one, p_holm=p) for one, p in zip(made, corrected, strict=True))


def _tested(comparison: Contrast, samples: Mapping[ScoreName, Sample]) -> Outcome:
    # a single score is estimated as itself, also where it has to be below: an accuracy's error is Wilson's both ways
    sign = -1 if len(comparison.terms) == 1 and comparison.terms[0][1] < 0 else 1
    found = estimate([(samples[cell], sign * weight) for cell, weight in comparison.terms])
    low, high = sorted(sign * bound for bound in found.interval())
    return Outcome(
        comparison=comparison,
        value=sign * found.value,
        low=finite(low),
        high=finite(high),
        p=finite(found.p(sign * comparison.margin)),
        p_holm=None,
        over=found.over,
        grouped_by=found.grouped_by,
        note=found.why_none,
    )


def by_evidence(tested: Sequence[Outcome]) -> Judge:
    """Return the judge that knows what these tests have settled."""
    settled: dict[Contrast, Truth] = {}
    for one in tested:
        key, same = one.comparison.in_order()
        settled[key] = one.settled if same else negation(one.settled)

    def judge(comparison: Contrast) -> Truth:
        key, same = comparison.in_order()
        truth = settled.get(key)
        return truth if same else negation(truth)

    return judge
