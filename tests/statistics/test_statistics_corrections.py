import numpy as np
import pytest
from scipy.stats import false_discovery_control

from dubaug.statistics.corrections import holm


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.2, 0.2, 0.01]) == pytest.approx([0.4, 0.4, 0.03])
    assert holm([]) == []


def test_what_is_no_test_does_not_count():
    assert holm([None, 0.01, None, 0.04]) == [None, pytest.approx(0.02), None, pytest.approx(0.04)]


def test_it_lies_between_benjamini_hochberg_and_bonferroni():
    p_values = list(np.random.default_rng(0).random(20) ** 3)
    assert (np.array(holm(p_values)) >= false_discovery_control(p_values)).all()
    assert (np.array(holm(p_values)) <= np.minimum(1, 20 * np.array(p_values))).all()
