"""The simulation of `make bench-statistics` in short: false positives where networks differ on all tasks alike."""

import sys
from pathlib import Path

import numpy as np
import pytest

from dubaug.statistics.estimate import estimate
from dubaug.statistics.sample import Sample, Units


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    try:
        import bench_statistics
    finally:
        sys.path.pop(0)
    return bench_statistics


@pytest.fixture(scope="module")
def found(bench):
    setting = bench.Setting(metric="top1_acc", items=200, folds=False, seeds=3, tasks=9)
    return setting, bench.reduced(setting, 300, np.random.default_rng(0))[3]


def test_false_positives_and_coverage(bench, found):
    setting, replicates = found
    rates = list(bench.rates_with_seeds(setting, replicates, bench.SHARE_RIGHT, "short", np.random.default_rng(1)))
    assert {rate.what for rate in rates} == {"claim", "comparison", "coverage"}
    for rate in rates:
        low, high = rate.bounds()
        assert high > 0.93 if rate.what == "coverage" else low < 0.06, rate


def test_what_is_simulated_is_what_is_estimated(bench, found):
    """The simulation joins the parts for many replicates at once; `estimate` does so for one."""
    setting = found[0]
    one = bench.simulate(setting, 1, np.random.default_rng(2))
    units = Units(key="items", number=200, items=200, grouped_by=None, retrained=False)
    samples = [
        Sample(
            seeds=(0, 1, 2),
            scores=one.scores[0, 0, method],
            influence=one.influence[0, 0, method],
            units=units,
            is_share=True,
        )
        for method in (0, 1)
    ]
    of_one = bench.reduced(setting, 1, np.random.default_rng(2))[3]
    sums = of_one.scores[:, :, 1] - of_one.scores[:, :, 0]
    p = bench.p_values(sums, of_one.of_difference, 199)[0, 0]
    assert estimate([(samples[1], 1.0), (samples[0], -1.0)]).p() == pytest.approx(p, rel=1e-3)
