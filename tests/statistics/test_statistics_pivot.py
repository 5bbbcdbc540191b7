"""The one distribution: beside Student's t, beside draws, and the same for p-values and intervals."""

import numpy as np
import pytest
from scipy import stats

from dubaug.statistics import pivot


@pytest.mark.parametrize("df", [1, 2, 4, 9])
@pytest.mark.parametrize("distance", [0.5, 2.0, 5.0, 20.0])
def test_with_seeds_alone_it_is_students(df, distance):
    p = pivot.tail(np.array(distance), np.array(1.0), np.array(0.0), df, 50)
    assert p == pytest.approx(2 * stats.t.sf(distance, df), rel=3e-3)


def test_with_items_alone_it_is_students():
    assert pivot.tail(np.array(2.0), np.array(0.0), np.array(1.0), 1, 19) == pytest.approx(2 * stats.t.sf(2, 19))


def test_with_both_it_is_the_sum_of_two():
    rng = np.random.default_rng(0)
    drawn = 0.7 * rng.standard_t(2, 1_000_000) + 0.5 * rng.standard_t(19, 1_000_000)
    for distance in (1.0, 2.0, 4.0):
        p = pivot.tail(np.array(distance), np.array(0.49), np.array(0.25), 2, 19)
        assert p == pytest.approx(np.mean(np.abs(drawn) >= distance), rel=0.02)


def test_bounds_are_where_the_p_is():
    def p_of(asked):
        return float(pivot.tail(np.array(0.3 - asked), np.array(0.01), np.array(0.02), 2, 40))

    low, high = pivot.bounds(p_of, 0.3, 0.17, 0.95)
    assert low < 0.3 < high
    assert (p_of(low), p_of(high)) == pytest.approx((0.05, 0.05))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_it_is_never_too_short_where_satterthwaites_is(seeds):
    """Two parts of error, one estimated from few seeds: at most 5 % beyond, and 5 % of nine in the far tails."""
    rng, df = np.random.default_rng(seeds), seeds - 1
    for share in (0.1, 0.5, 0.9):
        distance = rng.normal(size=40_000)
        of_seeds = share * rng.chisquare(df, 40_000) / df
        p = pivot.tail(distance, of_seeds, np.full(40_000, 1 - share), df, np.inf)
        assert np.mean(p < 0.05) < 0.053
        assert 9 * np.mean(p < 0.05 / 9) < 0.06
