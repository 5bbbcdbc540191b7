import math

import pytest
import torch

from dubaug.pretrain.measures import alignment, uniformity


def _unit(row: torch.Tensor) -> list[float]:
    length = math.sqrt(sum(float(x) ** 2 for x in row))
    return [float(x) / length for x in row]


def _squared_distance(one: list[float], other: list[float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("rows", "width"), [(2, 3), (5, 4), (9, 16)])
def test_both_equal_a_slow_loop(rows: int, width: int) -> None:
    one, other = torch.randn(2, rows, width, generator=torch.Generator().manual_seed(rows))
    x, y = [_unit(row) for row in one], [_unit(row) for row in other]
    near = sum(_squared_distance(a, b) for a, b in zip(x, y, strict=True)) / rows
    assert alignment(one, other).item() == pytest.approx(near, rel=1e-5)
    spread = []
    for view in (x, y):
        pairs = [(i, j) for i in range(rows) for j in range(rows) if i != j]
        mean = sum(math.exp(-2 * _squared_distance(view[i], view[j])) for i, j in pairs) / len(pairs)
        spread.append(math.log(mean))
    assert uniformity(one, other).item() == pytest.approx(sum(spread) / 2, rel=1e-5)


def test_what_collapsed_is_near_and_not_spread() -> None:
    same = torch.ones(6, 8)
    assert alignment(same, 3 * same).item() == pytest.approx(0.0, abs=1e-6)
    assert uniformity(same, same).item() == pytest.approx(0.0, abs=1e-5)
    opposite = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert alignment(opposite, -opposite).item() == pytest.approx(4.0)
    assert uniformity(opposite, opposite).item() == pytest.approx(-8.0)


def test_half_precision_is_computed_in_float32_and_takes_no_gradient() -> None:
    one = torch.randn(4, 8, dtype=torch.bfloat16, requires_grad=True)
    for value in (alignment(one, one), uniformity(one, one)):
        assert (value.dtype, value.requires_grad) == (torch.float32, False)
