"""Corrections of p-values for how many are asked."""

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return Holm's step-down corrected p-values, in the order given; None, which is no test, stays None."""
    asked = [p for p in p_values if p is not None]
    corrected: dict[int, float] = {}
    highest = 0.0
    numbers = [number for number, p in enumerate(p_values) if p is not None]
    for rank, number in enumerate(sorted(numbers, key=lambda one: p_values[one] or 0.0)):
        highest = max(highest, min(1.0, (len(asked) - rank) * (p_values[number] or 0.0)))
        corrected[number] = highest
    return [corrected.get(number) for number in range(len(p_values))]
