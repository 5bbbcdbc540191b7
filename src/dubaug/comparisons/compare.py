"""Paired tests between variants on the same test items, from the predictions that results name. Light: no torch.

Accuracy of one network each: McNemar's exact test on the items that only one of them gets right. Everything else
(other metrics, several seeds, items that several folds test): a paired bootstrap, in which both are scored on the same
resample of the items and each variant's seeds are drawn by themselves. All p-values of a call are corrected together.
"""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.probe.bootstrap import LEVEL, mean_score, percentiles, resampled_mean, unbiased
from dubaug.probe.predictions import Predictions, check_same_items, load_of
from dubaug.probe.results import Result, TaskResult, finite
from dubaug.suites.registry import metric

RESAMPLES = 10000
"""More than for an interval: the smallest p of a bootstrap is 1 in `RESAMPLES` + 1, before it is corrected."""
ROUNDING = 1e-12

Results = Mapping[Path, Result]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One task, two variants: `difference` is of the scores, a less b, with its 95 % interval."""

    suite: str
    task: str
    metric: str
    variant_a: str
    variant_b: str
    score_a: float
    score_b: float
    difference: float
    low: float | None
    high: float | None
    p: float | None
    """Two-sided; None where the resamples have no difference (infinite scores)."""
    p_holm: float | None
    n_items: int
    """Distinct test items."""
    n_seeds_a: int
    n_seeds_b: int
    better: str
    """The variant with the better score, whichever way is better for this metric; empty where they are equal."""
    only_a: int | None
    only_b: int | None
    """Items that only one of them gets right; None unless the test is McNemar's."""
    test: str
    """mcnemar or bootstrap."""


def default_pairs(experiment: Experiment) -> list[tuple[str, str]]:
    """Return each dub-augmented variant with its baseline, in the configuration's order.

    The baseline has the primary track for both views, and the same primary language, modalities and length of training
    (`av` for `efj`, `a` for `a_efj`). A variant without one in the configuration is left out.
    """

    def alike(name: str) -> tuple[str, bool, int | None]:
        variant = experiment.variants[name]
        return variant.primary, variant.video, variant.epochs

    variants = experiment.variants
    baselines = {
        alike(name): name
        for name, variant in reversed(list(variants.items()))
        if variant.secondary and not (variant.dub_augmented or variant.untrained or variant.separated)
    }
    return [
        (name, baselines[alike(name)])
        for name, variant in variants.items()
        if variant.dub_augmented and not variant.untrained and alike(name) in baselines
    ]


def compare(
    results: Results, pairs: Sequence[tuple[str, str]], *, resamples: int = RESAMPLES
) -> tuple[Comparison, ...]:
    """Return the comparison of each pair of variants on each task that both have a result of, corrected together.

    Raises `DubaugError` for a variant without results, two results of one variant and suite, and predictions that are
    missing or of different items.
    """
    found: dict[str, dict[str, tuple[Path, TaskResult]]] = {}
    for path, result in results.items():
        for task, entry in result.tasks.items():
            by_variant = found.setdefault(task, {})
            if result.variant in by_variant:
                other = by_variant[result.variant][0]
                raise DubaugError(f"{other} and {path} are both of {result.variant} on {task}; give one of them")
            by_variant[result.variant] = path, entry
    known = {result.variant for result in results.values()}
    unknown = [name for pair in pairs for name in pair if name not in known]
    if unknown:
        raise DubaugError(f"no result of {unknown[0]} was given; there are results of {', '.join(sorted(known))}")
    made = [
        comparison
        for task, by_variant in found.items()
        for comparison in _compare_task(task, by_variant, pairs, resamples)
    ]
    return with_holm(made)


def _compare_task(
    task: str,
    by_variant: Mapping[str, tuple[Path, TaskResult]],
    pairs: Sequence[tuple[str, str]],
    resamples: int,
) -> list[Comparison]:
    """Return the comparisons on one task; each variant is read and resampled once."""
    possible = [pair for pair in pairs if pair[0] in by_variant and pair[1] in by_variant]
    names = dict.fromkeys(name for pair in possible for name in pair)
    members = {name: _members(*by_variant[name], task) for name in names}
    for a, b in possible:
        check_same_items(a, members[a][0], b, members[b][0])
    values = {name: resampled_mean(members[name], resamples=resamples) for name in names}
    return [_comparison(members[a], members[b], values[a], values[b]) for a, b in possible]


def _members(path: Path, entry: TaskResult, task: str) -> list[Predictions]:
    """Return the predictions of a result's network, or of each of its seeds'."""
    return [load_of(path, task, one) for one in entry.members]


def _comparison(
    a: Sequence[Predictions], b: Sequence[Predictions], values_a: np.ndarray, values_b: np.ndarray
) -> Comparison:
    about_a, about_b = a[0].about, b[0].about
    name, score_a, score_b = about_a.metrics[0], mean_score(a), mean_score(b)
    with np.errstate(invalid="ignore"):  # infinity less infinity: no difference
        differences = values_a - values_b
    low, high = percentiles(unbiased(differences, score_a - score_b, name), level=LEVEL)
    items = [item for fold in a[0].folds for item in fold.items]
    exact = metric(name).right_or_wrong and len(a) == len(b) == 1 and len(set(items)) == len(items)
    only_a, only_b = only_one_right(a[0], b[0]) if exact else (None, None)
    p = bootstrap_p(differences, score_a - score_b) if only_a is None or only_b is None else mcnemar_p(only_a, only_b)
    return Comparison(
        suite=about_a.suite,
        task=about_a.task,
        metric=name,
        variant_a=about_a.variant,
        variant_b=about_b.variant,
        score_a=score_a,
        score_b=score_b,
        difference=score_a - score_b,
        low=finite(low),
        high=finite(high),
        p=finite(p),
        p_holm=None,
        n_items=len(set(items)),
        n_seeds_a=len(a),
        n_seeds_b=len(b),
        better=_better(metric(name).sign * (score_a - score_b), about_a.variant, about_b.variant),
        only_a=only_a,
        only_b=only_b,
        test="mcnemar" if exact else "bootstrap",
    )


def _better(gain: float, variant_a: str, variant_b: str) -> str:
    return variant_a if gain > 0 else variant_b if gain < 0 else ""


def only_one_right(a: Predictions, b: Predictions) -> tuple[int, int]:
    """Return how many items of all folds only `a`, and only `b`, gets right by the primary metric, an accuracy."""
    name = a.about.metrics[0]
    right_a, right_b = (np.concatenate([fold.item_values(name, one.heads) for fold in one.folds]) for one in (a, b))
    return int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())


def mcnemar_p(only_a: int, only_b: int) -> float:
    """Return McNemar's exact two-sided p: the binomial test of a fair coin on the items that only one gets right."""
    n, fewer = only_a + only_b, min(only_a, only_b)
    term, tail = 1, 0
    for k in range(fewer + 1):
        tail += term
        term = term * (n - k) // (k + 1)
    return min(1.0, 2 * tail / 2**n)  # whole numbers until here: exact for any n


def bootstrap_p(differences: np.ndarray, difference: float) -> float:
    """Return the two-sided p of a difference: how often a resampled one lies as far from the resamples' mean."""
    known = differences[np.isfinite(differences)]
    if not len(known) or not math.isfinite(difference):
        return math.nan
    as_far = np.abs(known - known.mean()) >= abs(difference) - ROUNDING
    return float((1 + as_far.sum()) / (1 + len(known)))


def with_holm(comparisons: Iterable[Comparison]) -> tuple[Comparison, ...]:
    """Return the comparisons with `p_holm`, corrected for all that have a p."""
    made = list(comparisons)
    tested = [number for number, one in enumerate(made) if one.p is not None]
    corrected = holm([made[number].p or 0.0 for number in tested])
    for number, p in zip(tested, corrected, strict=True):
        made[number] = replace(made[number], p_holm=p)
    return tuple(made)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's step-down corrected p-values, in the order given."""
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, number in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[number]))
        corrected[number] = highest
    return corrected


def to_csv(comparisons: Sequence[Comparison]) -> str:
    """Return the comparisons as CSV, one a line; an empty field where there is no value."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Comparison)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(comparison) for comparison in comparisons)
    return text.getvalue()


def to_mapping(comparisons: Sequence[Comparison], results: Results, *, resamples: int) -> dict[str, Any]:
    """Return the comparisons as JSON, with what they were made by and the networks' checkpoints."""
    return {
        "level": LEVEL,
        "resamples": resamples,
        "correction": "holm",
        "n_comparisons": sum(comparison.p is not None for comparison in comparisons),
        "comparisons": [asdict(comparison) for comparison in comparisons],
        "results": [
            {
                "path": str(path),
                **{key: getattr(result, key) for key in ("suite", "variant", "epoch", "experiment")},
                "checkpoints_sha256": list(result.networks.values()),
            }
            for path, result in results.items()
        ],
    }
