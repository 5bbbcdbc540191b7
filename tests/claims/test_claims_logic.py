from itertools import product

import pytest

from dubaug.claims.logic import Quantifier, every, negation, some

NAMES = ("a", "b", "c", "d")
COUNTS = {
    "every": lambda true, n: true == n,
    "some": lambda true, n: true >= 1,
    "more_than_half_of": lambda true, n: true > n / 2,
    "fewer_than_half_of": lambda true, n: true < n / 2,
    "at_least": lambda true, n: true >= 2,
    "exactly": lambda true, n: true == 2,
}


def test_unknown_is_neither() -> None:
    assert negation(None) is None
    assert every([]) is True
    assert every([True, None]) is None
    assert every([None, False]) is False
    assert some([]) is False
    assert some([None, True]) is True
    assert some([None, False]) is None


@pytest.mark.parametrize("kind", [*COUNTS, "all_but"])
def test_unknown_stays_unknown_only_where_either_answer_would_matter(kind: str) -> None:
    """Against the definition: what all ways to fill in the unknown ones agree on is known, all else is not."""
    exceptions = ("b", "d") if kind == "all_but" else ()
    quantifier = Quantifier(kind=kind, names=NAMES, number=2, exceptions=exceptions)  # type: ignore[arg-type]

    def decided(values: tuple[bool, ...]) -> bool:
        if kind == "all_but":
            return all(value != (name in exceptions) for name, value in zip(NAMES, values, strict=True))
        return COUNTS[kind](sum(values), len(values))

    for truths in product((True, False, None), repeat=4):
        ways = product(*[(True, False) if truth is None else (truth,) for truth in truths])
        answers = {decided(way) for way in ways}
        expected = answers.pop() if len(answers) == 1 else None
        assert quantifier.settle(dict(zip(NAMES, truths, strict=True))) is expected, truths


def test_names_that_do_not_count_are_left_out() -> None:
    quantifier = Quantifier(kind="every", names=NAMES)
    assert quantifier.settle({"a": True, "b": True}) is True
    assert Quantifier(kind="more_than_half_of", names=NAMES).settle({"a": True, "b": False}) is False
