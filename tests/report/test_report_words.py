import pytest

from dubaug.report import words
from dubaug.words import listed, plural


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.4, "0.4 s"),
        (119.94, "119.9 s"),
        (120, "2.0 min"),
        (7199, "120.0 min"),
        (4_680_000, "1,300.0 h"),
        (None, "not known"),
    ],
)
def test_durations_have_units(seconds: float | None, expected: str) -> None:
    assert words.duration(seconds) == expected


@pytest.mark.parametrize(("mib", "expected"), [(27.4, "27 MiB"), (1536, "1.50 GiB"), (None, "not known")])
def test_memory_has_units(mib: float | None, expected: str) -> None:
    assert words.memory(mib) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0123, "+0.012"), (-0.04, "−0.040"), (0, "0.000"), (-0.0004, "0.000"), (None, "–")]
)
def test_differences_have_signs(value: float | None, expected: str) -> None:
    assert words.signed(value) == expected


def test_small_numbers_do_not_become_nothing() -> None:
    assert (words.percent(0.001), words.percent(0), words.percent(0.41)) == ("< 1 %", "0 %", "41 %")
    assert (words.probability(1e-7), words.probability(0.031), words.probability(None)) == ("< 0.001", "0.031", "–")


def test_lists_and_plurals() -> None:
    assert [listed(items) for items in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert [plural(count, "clip") for count in (1, 0, 1000)] == ["1 clip", "0 clips", "1,000 clips"]
