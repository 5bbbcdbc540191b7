import pytest

from dubaug.claims.comparison import Contrast, ScoreName, above, mean_difference, value_of
from dubaug.claims.logic import Quantifier
from dubaug.claims.means import by_means
from dubaug.claims.predicates import (
    BesidePublished,
    BestEpochDiffers,
    EarlySaturation,
    LeastOftenLowest,
    MeanDifference,
    Order,
    SmallerGap,
)


def board(scores: dict[str, dict[str, float]]) -> dict[ScoreName, float]:
    return {ScoreName(task, variant): score for task, row in scores.items() for variant, score in row.items()}


def every(*names: str) -> Quantifier:
    return Quantifier(kind="every", names=names)


def some(*names: str) -> Quantifier:
    return Quantifier(kind="some", names=names)


SCORES = board({"t1": {"av": 0.5, "es": 0.6, "fr": 0.4}, "t2": {"av": 0.5, "es": 0.5, "fr": 0.7}})


@pytest.mark.parametrize(
    ("tasks", "variants", "relation", "others", "expected"),
    [
        (every("t1"), some("es", "fr"), "above", every("av"), True),
        (every("t1"), every("es", "fr"), "above", every("av"), False),
        (every("t2"), every("es"), "above", every("av"), False),  # a tie is not above
        (every("t2"), every("es"), "below", every("av"), False),  # nor below
        (every("t1", "t2"), some("es", "fr"), "above", every("av"), True),
        (every("t1"), every("fr"), "below", every("av", "es", "fr"), True),  # not compared with itself
        (every("t1"), every("es"), "above", every("ja"), None),
        (some("t1", "t3"), every("es"), "above", every("av"), True),  # t3 without scores cannot change it
        (every("t1", "t3"), every("es"), "above", every("av"), None),
    ],
)
def test_order(tasks: Quantifier, variants: Quantifier, relation, others: Quantifier, expected) -> None:
    predicate = Order(tasks=tasks, variants=variants, relation=relation, others=others)
    assert predicate.truth(by_means(SCORES)) is expected


def test_variants_without_picture_do_not_count_where_one_is_needed() -> None:
    ask = {"tasks": every("t1"), "variants": every("es", "a"), "relation": "above", "others": every("av")}
    assert Order(**ask).truth(by_means(SCORES)) is None
    assert Order(**ask, unfit=frozenset({("t1", "a")})).truth(by_means(SCORES)) is True


def test_scores_are_compared_as_printed() -> None:
    judge = by_means({ScoreName("t", "a"): 0.5004, ScoreName("t", "b"): 0.5001, ScoreName("t", "c"): 0.4994})
    assert judge(above(ScoreName("t", "a"), ScoreName("t", "b"))) is False
    assert judge(above(ScoreName("t", "a"), ScoreName("t", "c"))) is True


def test_mean_difference_against_a_loop() -> None:
    terms = mean_difference(["t1", "t2"], ["es", "fr"], ["av"])
    by_hand = (
        sum(sum(SCORES[ScoreName(t, v)] for v in ("es", "fr")) / 2 - SCORES[ScoreName(t, "av")] for t in ("t1", "t2"))
        / 2
    )
    assert value_of(Contrast(terms=terms), SCORES.get) == pytest.approx(by_hand)
    ask = {"tasks": ("t1", "t2"), "of": ("es", "fr"), "less": ("av",)}
    assert by_hand == pytest.approx(0.05)
    judge = by_means(SCORES)
    assert MeanDifference(**ask, above=0.04, below=0.06).truth(judge) is True
    assert MeanDifference(**ask, above=0.05).truth(judge) is False, "a bound itself is not above the bound"
    assert MeanDifference(**ask, below=0.04).truth(judge) is False
    assert MeanDifference(**{**ask, "of": ("ja",)}, above=0).truth(judge) is None


def test_smaller_gap() -> None:
    scores = board({"with": {"rp": 0.3, "av": 0.4, "es": 0.5}, "without": {"rp": 0.3, "av": 0.32, "es": 0.34}})
    ask = {"of": ("av", "es"), "less": ("rp",)}
    assert SmallerGap(**ask, tasks=("without",), than_on=("with",)).truth(by_means(scores)) is True
    assert SmallerGap(**ask, tasks=("with",), than_on=("without",)).truth(by_means(scores)) is False


def test_who_ties_for_the_lowest_is_lowest() -> None:
    second = {"efj": 0.3, "es": 0.2, "fr": 0.2}
    scores = board({"t1": {"efj": 0.1, "es": 0.2, "fr": 0.2}, "t2": second, "t3": second})
    ask = {"variant": "efj", "among": ("efj", "es", "fr")}
    assert LeastOftenLowest(**ask, tasks=("t1", "t2", "t3")).truth(by_means(scores)) is True
    assert LeastOftenLowest(**ask, tasks=("t1", "t2")).truth(by_means(scores)) is False, "one each"
    assert LeastOftenLowest(**ask, tasks=("t2", "t4")).truth(by_means(scores)) is None


def sweep(scores: dict[str, list[float]]) -> dict[ScoreName, float]:
    return {ScoreName(task, "es", 2 * (i + 1)): score for task, row in scores.items() for i, score in enumerate(row)}


def test_early_saturation_asks_the_last_checkpoint_of_the_first_two_fifths() -> None:
    scores = sweep({"t1": [0.1, 0.96, 0.1, 0.1, 1.0], "t2": [1.0, 0.94, 1.0, 1.0, 1.0]})
    ask = {"variants": ("es",), "share": 0.95, "epochs": (2, 4, 6, 8, 10)}
    assert EarlySaturation(tasks=every("t1"), **ask).truth(by_means(scores)) is True
    assert EarlySaturation(tasks=every("t2"), **ask).truth(by_means(scores)) is False
    without = {**ask, "epochs": (10,)}
    assert EarlySaturation(tasks=every("t1"), **without).truth(by_means(scores)) is None


def test_best_epoch() -> None:
    ask = {"tasks": ("t1", "t2"), "variants": ("es",), "epochs": (2, 4)}
    same, other, tied = [sweep({"t1": [0.1, 0.2], "t2": row}) for row in ([0.3, 0.4], [0.4, 0.3], [0.3, 0.3])]
    assert BestEpochDiffers(**ask).truth(by_means(same)) is False
    assert BestEpochDiffers(**ask).truth(by_means(other)) is True
    assert BestEpochDiffers(**ask).truth(by_means(tied)) is False, "no checkpoint is the best of t2"
    assert BestEpochDiffers(**{**ask, "epochs": (4,)}).truth(by_means(other)) is None


def test_beside_published_takes_the_best_variant() -> None:
    rows = {"X:t1": 0.55, "Y:t1": 0.65}
    ask = {"published": rows, "variants": ("av", "es", "fr")}
    judge = by_means(SCORES)
    assert BesidePublished(rows=some(*rows), relation="above", **ask).truth(judge) is True
    assert BesidePublished(rows=every(*rows), relation="above", **ask).truth(judge) is False
    assert BesidePublished(rows=every("Y:t1"), relation="below", **ask).truth(judge) is True
    assert BesidePublished(rows=every("X:t1"), relation="below", **ask).truth(judge) is False
