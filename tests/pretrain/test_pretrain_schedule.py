import pytest

from dubaug.pretrain.schedule import learning_rate

RATE = {"peak": 1e-3, "warmup_steps": 10, "total_steps": 110}


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 1e-4), (4, 5e-4), (9, 1e-3), (10, 1e-3), (60, 5e-4), (35, 8.5355339e-4), (110, 0.0)]
)
def test_warm_up_then_cosine(step, expected):
    assert learning_rate(step, **RATE) == pytest.approx(expected, abs=1e-12, rel=1e-6)


def test_without_warm_up_the_first_step_is_at_the_peak():
    assert learning_rate(0, peak=2.0, warmup_steps=0, total_steps=5) == 2.0
