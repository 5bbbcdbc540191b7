"""Variants compared on the same test items, from the predictions that results name. Light: no torch.

Each comparison is an estimate of `dubaug.statistics`: seeds of one number are paired, and so are items. All p-values of
a call are corrected together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.probe.predictions import Predictions, check_same_items, load_of
from dubaug.probe.results import Result, TaskResult, finite
from dubaug.probe.sampling import sample_of
from dubaug.statistics.corrections import holm
from dubaug.statistics.estimate import LEVEL, SIGNIFICANCE, Over, estimate
from dubaug.statistics.sample import Sample
from dubaug.suites.registry import metric
from dubaug.tabular import csv_text, read_records

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
    """Two-sided; None where there is no error to measure by, which `note` explains."""
    p_holm: float | None
    n_items: int
    """Distinct test items."""
    n_seeds_a: int
    n_seeds_b: int
    better: str
    """The variant with the better score, whichever way is better for this metric; empty where they are equal."""
    over: Over
    """What the error is over; over items alone, it is a comparison of these trainings, not of the methods."""
    n_units: float
    """How many independent items the test items are like, by their groups."""
    grouped_by: str | None
    """What the items of a group have in common; None where items are taken as independent."""
    note: str | None
    """Why there is no interval and no p."""

    @property
    def settled(self) -> bool:
        """Whether chance alone is an unlikely reason, after the correction for the number of tests."""
        return self.p_holm is not None and self.p_holm < SIGNIFICANCE


COLUMNS = tuple(field.name for field in fields(Comparison))


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


def compare(results: Results, pairs: Sequence[tuple[str, str]]) -> tuple[Comparison, ...]:
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
    made = [comparison for task, by_variant in found.items() for comparison in _compare_task(task, by_variant, pairs)]
    corrected = holm([one.p for one in made])
    return tuple(replace(one, p_holm=p) for one, p in zip(made, corrected, strict=True))


def _compare_task(
    task: str, by_variant: Mapping[str, tuple[Path, TaskResult]], pairs: Sequence[tuple[str, str]]
) -> list[Comparison]:
    """Return the comparisons on one task; each variant is read once."""
    possible = [pair for pair in pairs if pair[0] in by_variant and pair[1] in by_variant]
    names = dict.fromkeys(name for pair in possible for name in pair)
    members = {
        name: [load_of(path, task, one) for one in entry.members]
        for name, (path, entry) in by_variant.items()
        if name in names
    }
    for a, b in possible:
        check_same_items(a, members[a][0], b, members[b][0])
    samples = {name: sample_of(members[name]) for name in names}
    return [_comparison((members[a][0], samples[a]), (members[b][0], samples[b])) for a, b in possible]


def _comparison(a: tuple[Predictions, Sample], b: tuple[Predictions, Sample]) -> Comparison:
    (first, sample_a), (other, sample_b) = a, b
    found = estimate([(sample_a, 1.0), (sample_b, -1.0)])
    low, high = found.interval()
    variants = first.about.variant, other.about.variant
    gain = metric(first.about.metrics[0]).sign * found.value
    return Comparison(
        suite=first.about.suite,
        task=first.about.task,
        metric=first.about.metrics[0],
        variant_a=variants[0],
        variant_b=variants[1],
        score_a=sample_a.score,
        score_b=sample_b.score,
        difference=found.value,
        low=finite(low),
        high=finite(high),
        p=finite(found.p()),
        p_holm=None,
        n_items=len({item for fold in first.folds for item in fold.items}),
        n_seeds_a=len(sample_a.seeds),
        n_seeds_b=len(sample_b.seeds),
        better=variants[gain < 0] if gain else "",
        over=found.over,
        n_units=round(sample_a.units.number, 1),
        grouped_by=sample_a.units.grouped_by,
        note=found.why_none,
    )


def to_csv(comparisons: Sequence[Comparison]) -> str:
    """Return the comparisons as CSV, one a line; an empty field where there is no value."""
    return csv_text(COLUMNS, map(asdict, comparisons))


def read_comparisons(path: Path) -> tuple[Comparison, ...]:
    """Return what `to_csv` wrote. Raises `DubaugError`."""
    return read_records(path, Comparison, what="list of comparisons")


def to_mapping(comparisons: Sequence[Comparison], results: Results) -> dict[str, Any]:
    """Return the comparisons as JSON, with what they were made by and the networks' checkpoints."""
    return {
        "level": LEVEL,
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
