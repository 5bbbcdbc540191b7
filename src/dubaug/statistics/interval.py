"""A result's `interval`: of one network's score, or of the mean over a variant's seeds. Light: no torch."""

from collections.abc import Sequence
from typing import Any

from dubaug.probe.predictions import Predictions
from dubaug.probe.results import finite
from dubaug.statistics.estimate import LEVEL, estimate
from dubaug.statistics.sample import sample_of
from dubaug.suites.registry import metric


def interval_of(members: Sequence[Predictions]) -> dict[str, Any]:
    """Return the interval as the result's schema has it; bounds are null where there is no error to give.

    Raises `DubaugError` unless all members are of the same items.
    """
    sample = sample_of(members)
    found = estimate([(sample, 1.0)])
    low, high = map(metric(members[0].about.metrics[0]).within, found.interval(LEVEL))
    return {
        "low": finite(low),
        "high": finite(high),
        "level": LEVEL,
        "over": ["items"] if found.over == "items" else ["seeds", "items"],
        "units": round(sample.units.number, 1),
        "grouped_by": sample.units.grouped_by,
    }
