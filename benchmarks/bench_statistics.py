"""How often the statistics are wrong where the truth is known (`make bench-statistics`), and how often they find gains.

Every cell is a null world or one with a known gain; what is counted is what `dubaug.statistics` says of it, by its own
functions. Each line's `ours` is the share in the worst cell, `cell` says which that is, `low` and `high` are its 95 %
interval from the number of replicates, and `cells` has them all. Of many cells with few replicates the largest share is
mostly the luckiest: `surest` is the cell whose interval lies farthest off.

- comparison_false_positives_max: p < .05 for two methods that are alike, on one task or in the mean over nine.
- claim_false_positives_max: any of nine tasks' comparisons settled, corrected by Holm: whatever a claim makes of them.
- coverage_min, coverage_max: the 95 % interval of a score, or of a difference, holds the true one. With one seed the
  truth is this training's expected score on other items, with several the method's.
- power_5_points_8_seeds: how often a gain of five points on one task is found with eight seeds; the larger test set.

Cells `five-fold probes` retrain ridge probes on simulated embeddings; all others draw scores (`simulated_scores.py`).
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from five_fold_probes import Probing, probed
from record import record
from simulated_scores import SHARE_RIGHT, Setting, Simulated, network_effects, simulate

from dubaug.progress import log_line
from dubaug.statistics import influence, pivot, variance
from dubaug.statistics.corrections import holm
from dubaug.statistics.estimate import SIGNIFICANCE, Estimate, equivalent_items, estimate
from dubaug.statistics.sample import Sample, Units

SEEDS = (1, 3, 5, 10)
"""Of the grid."""
SHARED = (0.0, 0.5, 1.0)
ITEMS = (50, 2000)
TASKS = 9
GAINS = (0.02, 0.05, 0.10)
VALUES_AT_ONCE = 12_000_000
"""Latent values drawn at a time: some 50 MB an array."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How often something happened in a cell."""

    what: str
    cell: str
    hits: int
    of: int

    @property
    def share(self) -> float:
        """The share of the replicates."""
        return self.hits / self.of

    def bounds(self) -> tuple[float, float]:
        """Return the 95 % interval that the number of replicates leaves, Wilson's."""
        of_one = Estimate(
            value=self.share, seeds_variance=0.0, seeds_df=1.0, items_variance=0.25 / self.of, items_df=np.inf,
            over="items", grouped_by=(), why_none=None, share_of=self.of,
        )  # fmt: skip
        return of_one.interval()

    def to_mapping(self) -> dict[str, object]:
        """Return it as JSON."""
        low, high = self.bounds()
        return {
            "cell": self.cell,
            "replicates": self.of,
            "share": round(self.share, 4),
            "low": round(low, 4),
            "high": round(high, 4),
        }


def rate(what: str, cell: str, hits: np.ndarray) -> Rate:
    """Return the rate of `hits`, bool of any shape."""
    return Rate(what=what, cell=cell, hits=int(np.sum(hits)), of=int(np.size(hits)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduced:
    """Replicates with a number of seeds: scores (replicates, tasks, methods, seeds), and variances over items."""

    scores: np.ndarray
    of_difference: np.ndarray
    of_first: np.ndarray


def reduced(setting: Setting, replicates: int, rng: np.random.Generator) -> dict[int, Reduced]:
    """Return the replicates by number of seeds, of which fewer are a part of more."""
    at_once = max(1, VALUES_AT_ONCE // (setting.items * setting.tasks * 2 * setting.seeds))
    found: dict[int, list[Reduced]] = {seeds: [] for seeds in (*SEEDS, 8) if seeds <= setting.seeds}
    for start in range(0, replicates, at_once):
        one = simulate(setting, min(at_once, replicates - start), rng)
        for seeds, so_far in found.items():
            so_far.append(_reduced(setting, one, seeds))
    return {
        seeds: Reduced(**{name: np.concatenate([getattr(one, name) for one in of]) for name in Reduced.__annotations__})
        for seeds, of in found.items()
    }


def _reduced(setting: Setting, one: Simulated, seeds: int) -> Reduced:
    found, units = one.influence[..., :seeds, :], float(setting.items)
    widened = variance.RETRAINING if setting.folds else 1.0
    rare = variance.rare(1.0, seeds, setting.items, units) if setting.metric == "top1_acc" else 0.0
    difference = variance.over_units([found[:, :, 1] - found[:, :, 0]], units) * widened + 2 * rare
    first = variance.over_units([found[:, :, 0]], units) * widened
    return Reduced(scores=one.scores[..., :seeds], of_difference=difference, of_first=first)


def grid(replicates: int) -> Iterator[Rate]:
    """Yield the rates of two methods that are alike: every metric, size, folds, number of seeds and of tasks."""
    for metric in ("top1_acc", "mAP"):
        for items in ITEMS:
            for folds in (False, True):
                setting = Setting(metric=metric, items=items, folds=folds, seeds=max(SEEDS), tasks=TASKS)
                rng = np.random.default_rng([items, folds, metric == "mAP"])
                where = f"{metric}, {items} items, {'five folds' if folds else 'no folds'}"
                log_line(where)
                by_seeds = reduced(setting, replicates, rng)
                truth = SHARE_RIGHT if metric == "top1_acc" else float(by_seeds[max(SEEDS)].scores.mean())
                for seeds in SEEDS:
                    yield from rates_with_seeds(setting, by_seeds[seeds], truth, f"{where}, {seeds} seeds", rng)


def rates_with_seeds(
    setting: Setting, found: Reduced, truth: float, where: str, rng: np.random.Generator
) -> Iterator[Rate]:
    """Yield the rates of a number of seeds, whose networks are better or worse on all tasks alike, or on each alone."""
    seeds = found.scores.shape[-1]
    for shared in SHARED if seeds > 1 else (0.0,):
        effects = network_effects(found.scores.shape, shared, rng) if seeds > 1 else 0.0
        scores = found.scores + effects
        sums = scores[:, :, 1] - scores[:, :, 0]
        by_task = p_values(sums, found.of_difference, setting.items - 1)
        corrected = np.array([holm(list(row)) for row in by_task])
        in_mean = p_values(sums.mean(axis=1), found.of_difference.sum(axis=1) / TASKS**2, TASKS * (setting.items - 1))
        cell = f"{where}, {shared:g} of the seed effect shared" if seeds > 1 else where
        yield rate("claim", f"{cell}, 9 tasks", (corrected < SIGNIFICANCE).any(axis=1))
        yield rate("comparison", f"{cell}, mean over 9 tasks", in_mean < SIGNIFICANCE)
        yield rate("coverage", f"difference: {cell}, mean over 9 tasks", in_mean >= SIGNIFICANCE)
    yield rate("comparison", f"{where}, 1 task", by_task < SIGNIFICANCE)
    yield rate("coverage", f"difference: {where}, 1 task", by_task >= SIGNIFICANCE)
    first = scores[:, 0, 0]
    held = [
        _single(setting, one, float(items)).p(truth) >= SIGNIFICANCE
        for one, items in zip(first, found.of_first[:, 0], strict=True)
    ]
    yield rate("coverage", f"score: {where}", np.array(held))


def p_values(sums: np.ndarray, of_items: np.ndarray, items_df: float) -> np.ndarray:
    """Return the p (...) of no difference, from the seeds' sums (..., seeds) and the variance from items (...)."""
    seeds = sums.shape[-1]
    of_seeds = variance.over_seeds(sums) if seeds > 1 else np.zeros(sums.shape[:-1])
    return pivot.tail(sums.mean(axis=-1), of_seeds, of_items, seeds_df=max(seeds - 1, 1), items_df=items_df)


def _single(setting: Setting, scores: np.ndarray, of_items: float) -> Estimate:
    """Return the estimate of one score (seeds,)."""
    value, seeds = float(scores.mean()), len(scores)
    units = Units(key="", number=setting.items, items=setting.items, grouped_by=None, retrained=setting.folds)
    is_share = setting.metric == "top1_acc"
    return Estimate(
        value=value,
        seeds_variance=float(variance.over_seeds(scores)) if seeds > 1 else 0.0,
        seeds_df=max(seeds - 1, 1),
        items_variance=of_items,
        items_df=np.inf if is_share else setting.items - 1,
        over="items" if seeds == 1 else "seeds and items",
        grouped_by=(),
        why_none=None,
        share_of=equivalent_items(value, of_items, units) if is_share else None,
    )


def power(replicates: int) -> Iterator[Rate]:
    """Yield how often gains are found on one task, by size of the test set and number of seeds."""
    for items in ITEMS:
        for gain in GAINS:
            setting = Setting(metric="top1_acc", items=items, folds=False, seeds=10, tasks=1, gain=gain)
            rng = np.random.default_rng([items, round(1000 * gain)])
            for seeds, found in reduced(setting, replicates, rng).items():
                effects = network_effects(found.scores.shape, 0.0, rng) if seeds > 1 else 0.0
                sums = np.diff(found.scores + effects, axis=2)[:, 0, 0]
                p = p_values(sums, found.of_difference[:, 0], items - 1)
                yield rate(
                    "power",
                    f"gain {gain:.2f}, {items} items, {seeds} seeds",
                    (p < SIGNIFICANCE) & (sums.mean(axis=-1) > 0),
                )


def near_one(replicates: int) -> Iterator[Rate]:
    """Yield the rates of accuracies near 1 with one seed; five folds of four among them."""
    for level in (0.9, 0.95, 0.98):
        for items, folds in ((20, True), (50, False), (100, False)):
            rng = np.random.default_rng([items, round(100 * level)])
            right = rng.random((replicates, 2, items)) < level
            cell = f"accuracy {level}, {items} items, {'five folds of four' if folds else 'no folds'}, 1 seed"
            yield from _single_seed(cell, right, np.arange(items), level, folds)


def groups(replicates: int) -> Iterator[Rate]:
    """Yield the rates with one seed where few speakers of unequal size say all the items."""
    for speakers in (6, 10, 20):
        rng = np.random.default_rng(speakers)
        of_speaker = np.repeat(np.arange(speakers), np.linspace(20, 60, speakers).astype(int))
        effect = rng.normal(size=(replicates, 2, speakers))[:, :, of_speaker]
        latent = np.sqrt(0.2) * effect + np.sqrt(0.8) * rng.normal(size=effect.shape) + 0.5244
        yield from _single_seed(
            f"{speakers} speakers of 20 to 60 items, 1 seed", latent > 0, of_speaker, SHARE_RIGHT, False
        )


def five_fold_probes(replicates: int) -> Iterator[Rate]:
    """Yield the rates of real five-fold probes, and how much wider their error is than test items alone say."""
    settings = [Probing(items=100, dimensions=d, classes=c) for d, c in ((32, 5), (128, 5), (128, 2))]
    settings += [
        Probing(items=400, dimensions=d, classes=5, per_source=4, alike=alike)
        for d in (8, 32, 128)
        for alike in (0.4, 0.8)
    ]
    for setting in settings:
        rng = np.random.default_rng(setting.dimensions)
        right, of_source = probed(setting, replicates, rng)
        cell = (
            f"five-fold probes: {setting.items} items, {setting.dimensions} dimensions, {setting.classes} classes, "
            f"source effect {setting.alike:g}, 1 seed"
        )
        log_line(cell)
        for one in (0, 1):
            truth = float(right[:, one].mean())
            yield from list(_single_seed(cell, right[:, [one, 1 - one]], of_source, truth, True))[one : 2 - one]


def _single_seed(cell: str, right: np.ndarray, units: np.ndarray, truth: float, retrained: bool) -> Iterator[Rate]:
    """Yield the coverage of the first network's score, and false positives of the two's difference, both centred."""
    sizes = np.bincount(units)
    about = Units(
        key="", number=variance.effective_units(sizes), items=len(units), grouped_by="source", retrained=retrained
    )
    means = right.mean(axis=(0, 2))
    held, alarms = [], []
    for one in right:
        samples = [_sample(network, units, about) for network in one]
        held.append(estimate([(samples[0], 1.0)]).p(truth) >= SIGNIFICANCE)
        pair = estimate([(samples[0], 1.0), (samples[1], -1.0)])
        alarms.append(pair.p(float(means[0] - means[1])) < SIGNIFICANCE)
    yield rate("coverage", f"score: {cell}", np.array(held))
    yield rate("comparison", cell, np.array(alarms))
    yield rate("coverage", f"difference: {cell}", ~np.array(alarms))


def _sample(right: np.ndarray, units: np.ndarray, about: Units) -> Sample:
    found = np.bincount(units, weights=influence.of_mean(right.astype(float)))
    return Sample(seeds=(0,), scores=right.mean(keepdims=True), influence=found[None], units=about, is_share=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=2000, help="in each cell; default: 2000, half an hour")
    replicates = parser.parse_args().replicates
    of: dict[str, list[Rate]] = {}
    for one in chain.from_iterable(part(replicates) for part in (grid, near_one, groups, five_fold_probes, power)):
        of.setdefault(one.what, []).append(one)
    power_cell = f"gain 0.05, {ITEMS[1]} items, 8 seeds"
    asked = (
        ("comparison_false_positives_max", of["comparison"], 1),
        ("claim_false_positives_max", of["claim"], 1),
        ("coverage_min", of["coverage"], -1),
        ("coverage_max", of["coverage"], 1),
        ("power_5_points_8_seeds", [one for one in of["power"] if one.cell == power_cell], 1),
    )
    for name, rates, sign in asked:
        worst = max(rates, key=lambda one: sign * one.share)
        surest = max(rates, key=lambda one: min(sign * bound for bound in one.bounds()))
        line = record(
            name, ratio=None, peer=None, unit="share of replicates", ours=round(worst.share, 4),
            **{key: value for key, value in worst.to_mapping().items() if key != "share"},
            surest=surest.to_mapping(), cells=[other.to_mapping() for other in of[worst.what]],
        )  # fmt: skip
        print(json.dumps({key: value for key, value in line.items() if key != "cells"}))


if __name__ == "__main__":
    main()
