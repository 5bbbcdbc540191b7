"""Claims' numbers and comparisons in words."""

import pytest

from dubaug.claims.comparison import Contrast, ScoreName, above, mean_difference
from dubaug.claims.evidence import Outcome, comparisons_of
from dubaug.claims.logic import Quantifier
from dubaug.claims.means import by_means
from dubaug.claims.numbers import Names, by_items, by_scores, lacking
from dubaug.claims.predicates import EarlySaturation, MeanDifference, Order, SmallerGap

NAMES = Names(tasks={"t1": "One", "t2": "Two"}, variants={"es": "+ES", "av": "AV", "rp": "RP"})


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (above(ScoreName("t1", "es"), ScoreName("t1", "av")), "+ES above AV on One"),
        (Contrast(terms=((ScoreName("t1", "es"), 1.0),), margin=0.65), "+ES above .65 on One"),
        (Contrast(terms=((ScoreName("t1", "es"), -1.0),), margin=-0.65), "+ES below .65 on One"),
        (
            Contrast(terms=mean_difference(["t1", "t2"], ["es", "fr"], ["av"]), margin=-0.02),
            "mean of +ES, fr less AV on 2 tasks above −.020",
        ),
        (
            comparisons_of(SmallerGap(of=("es", "av"), less=("rp",), tasks=("t2",), than_on=("t1",)))[0],
            "mean of +ES, AV less RP on One, less the same on Two, above 0",
        ),
        (
            comparisons_of(
                EarlySaturation(
                    tasks=Quantifier(kind="every", names=("t1",)), variants=("es",), share=0.95, epochs=(2, 4, 6, 8, 10)
                )
            )[0],
            "mean of +ES (epoch 4) less .95 of +ES (epoch 10) on One above 0",
        ),
    ],
)
def test_comparisons_in_words(comparison: Contrast, words: str) -> None:
    assert NAMES.comparison(comparison) == words


def test_on_which_tasks_is_told_by_the_fewer() -> None:
    tasks = ("t1", "t2", "t3", "t4")
    predicate = Order(
        tasks=Quantifier(kind="every", names=tasks),
        variants=Quantifier(kind="every", names=("es",)),
        relation="above",
        others=Quantifier(kind="every", names=("av",)),
    )

    def told(better_on: tuple[str, ...], known: tuple[str, ...] = tasks) -> str:
        board = {ScoreName(task, "av"): 0.5 for task in known} | {
            ScoreName(task, "es"): 0.6 if task in better_on else 0.4 for task in known
        }
        return by_scores(predicate, by_means(board), board, NAMES)

    assert told(("t1", "t2", "t3")) == "3 of 4 tasks; not t4"
    assert told(("t1",)) == "1 of 4 tasks; One"
    assert told(tasks) == "4 of 4 tasks"
    assert told((), ("t1", "t2", "t3")) == "0 of 4 tasks; no data: t4"


OVER = "seeds and items"


@pytest.mark.parametrize("order", [("es", "av"), ("av", "es")])
def test_an_interval_has_the_claims_sign(order: tuple[str, str]) -> None:
    """Whichever way round the sum was tested: +ES is .1 above AV."""
    predicate = MeanDifference(tasks=("t1",), of=("es",), less=("av",), below=0.2)
    sign = 1 if order[0] == "es" else -1
    asked = Contrast(terms=mean_difference(["t1"], [order[0]], [order[1]]))
    bounds = sorted((0.05 * sign, 0.15 * sign))
    outcome = Outcome(
        comparison=asked,
        value=0.1 * sign,
        low=bounds[0],
        high=bounds[1],
        p=0.5,
        p_holm=0.5,
        over=OVER,
        grouped_by=(),
        note=None,
    )
    told = by_items(predicate, lambda _: None, [outcome], NAMES)
    assert told == "mean difference +.100, 95 % +.050 to +.150"


def test_what_is_missing_is_named() -> None:
    predicate = MeanDifference(tasks=("t1", "t2"), of=("es",), less=("rp",), above=0)
    assert lacking(predicate, {}, NAMES) == "no scores of +ES, RP"
    board = {ScoreName("t1", "es"): 0.5, ScoreName("t1", "rp"): 0.5, ScoreName("t2", "es"): 0.5}
    assert lacking(predicate, board, NAMES) == "scores missing on Two"
