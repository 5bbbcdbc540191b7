import matplotlib.pyplot as plt
import numpy as np
import pytest

from dubaug.figures.axis_break import Break, find_break, finish_axis

NEAR = [(0.50, 0.55), (0.52, 0.58), (0.54, 0.60)]


def test_a_wide_gap_between_lines_is_left_out_and_nothing_else() -> None:
    assert find_break(NEAR) is None
    assert find_break([(0.5, 0.6)]) is None
    assert find_break([(0.4, 0.45), *NEAR]) is None, "a gap of a quarter"
    assert find_break([(0.1, 0.6), (0.15, 0.2), *NEAR]) is None, "a line or its bars reach across"
    assert find_break([(0.2, 0.2), (0.5, 0.5)]) is None, "no line has any height"
    gap = find_break([*NEAR, (0.20, 0.24)])
    assert gap is not None
    assert 0.24 < gap.low < gap.high < 0.50
    above = find_break([*NEAR, (0.95, 0.99)])
    assert above is not None
    assert 0.60 < above.low < above.high < 0.95


def test_one_scale_holds_on_both_sides() -> None:
    gap = Break(low=0.25, high=0.48, band=0.02)
    values = np.linspace(-0.1, 1.2, 401)
    places = gap.forward(values)
    assert (np.diff(places) > 0).all()
    np.testing.assert_allclose(gap.inverse(places), values)
    lower, upper = gap.forward(np.array([0.1, 0.2])), gap.forward(np.array([0.5, 0.6]))
    assert np.diff(lower) == pytest.approx(0.1)
    assert np.diff(upper) == pytest.approx(0.1)
    assert np.diff(gap.forward(np.array([0.25, 0.48]))) == pytest.approx(0.02)


def test_ticks_are_round_and_outside_the_band() -> None:
    gap = find_break([*NEAR, (0.20, 0.24)])
    assert gap is not None
    figure, axis = plt.subplots()
    finish_axis(axis, (0.19, 0.61), gap)
    figure.canvas.draw()
    ticks = axis.get_yticks()
    assert any(tick < gap.low for tick in ticks)
    assert any(tick > gap.high for tick in ticks)
    assert not any(gap.low < tick < gap.high for tick in ticks)
    assert [label.get_text() for label in axis.get_yticklabels()] == [f"{tick:.2f}" for tick in ticks]
    assert axis.get_ylim() == (0.19, 0.61)
    plt.close(figure)
