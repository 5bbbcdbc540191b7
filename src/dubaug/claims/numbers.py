"""A claim's numbers in a few words, for the people who read its verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch

from dubaug.claims.comparison import Contrast, Judge, ScoreName, mean_difference, value_of
from dubaug.claims.evidence import Outcome, comparisons_of
from dubaug.claims.logic import Truth
from dubaug.claims.means import Board
from dubaug.claims.predicates import (
    BesidePublished,
    BestEpochDiffers,
    EarlySaturation,
    LeastOftenLowest,
    MeanDifference,
    Order,
    Predicate,
    SmallerGap,
)
from dubaug.tables.render import number, signed
from dubaug.words import plural


@dataclass(frozen=True, kw_only=True)
class Names:
    """What tasks and variants are called in tables; their own names where they are not configured."""

    tasks: Mapping[str, str]
    variants: Mapping[str, str]

    def task(self, name: str) -> str:
        """Return the task's label."""
        return self.tasks.get(name, name)

    def variant(self, name: str) -> str:
        """Return the variant's label."""
        return self.variants.get(name, name)

    def cell(self, cell: ScoreName) -> str:
        """Return the variant's label, and the epoch if it is not the last."""
        return self.variant(cell.variant) + (f" (epoch {cell.epoch})" if cell.epoch is not None else "")

    def comparison(self, comparison: Contrast) -> str:
        """Return what is asked, in words."""
        if comparison.pair is not None:
            one, other = comparison.pair
            return f"{self.cell(one)} above {self.cell(other)} on {self.task(one.task)}"
        if len(comparison.terms) == 1:
            ((cell, weight),) = comparison.terms
            relation = "above" if weight > 0 else "below"
            return f"{self.cell(cell)} {relation} {signless(abs(comparison.margin))} on {self.task(cell.task)}"
        bound = signed(comparison.margin) if comparison.margin else "0"
        by_task = {task: _on_task(comparison, task) for task in dict.fromkeys(cell.task for cell in comparison.cells)}
        first = next(iter(by_task.values()))
        alike = [self.task(task) for task, terms in by_task.items() if terms == first]
        turned = [self.task(task) for task, terms in by_task.items() if terms != first]
        where = alike[0] if len(alike) == 1 else f"{len(alike)} tasks"
        less = f", less the same on {' and '.join(turned)}," if turned else ""
        return f"{self._difference(first)} on {where}{less} above {bound}"

    def _difference(self, terms: Mapping[ScoreName, float]) -> str:
        """Return "mean of these less (a share of) those", from weighted scores on one task."""
        sides = [[cell for cell, weight in terms.items() if weight * sign > 0] for sign in (1, -1)]
        share = -sum(terms[cell] for cell in sides[1]) / sum(terms[cell] for cell in sides[0])
        upper, lower = (", ".join(map(self.cell, side)) for side in sides)
        return f"mean of {upper} less {'' if abs(share - 1) < TINY else signless(share) + ' of '}{lower}"


TINY = 1e-9


def _on_task(comparison: Contrast, task: str) -> dict[ScoreName, float]:
    """Return a task's terms without the task's name, to be compared with another's."""
    return {ScoreName("", cell.variant, cell.epoch): weight for cell, weight in comparison.terms if cell.task == task}


def signless(value: float) -> str:
    """Return a score or a bound as the tables print it, without zeros at its end."""
    return number(value).rstrip("0").rstrip(".") or "0"


def lacking(predicate: Predicate, board: Board, names: Names) -> str:
    """Return which scores are missing, in words: variants without any, else tasks on which some are."""
    cells = {cell for comparison in comparisons_of(predicate) for cell in comparison.cells}
    if not cells:
        return "no checkpoint sweep"
    known = {cell.variant for cell in board}
    variants = sorted({names.variant(cell.variant) for cell in cells if cell.variant not in known})
    tasks = sorted({names.task(cell.task) for cell in cells if cell not in board})
    return f"no scores of {', '.join(variants)}" if variants else f"scores missing on {', '.join(tasks)}"


def by_items(predicate: Predicate, judge: Judge, tested: Sequence[Outcome], names: Names) -> str:
    """Return what paired tests have shown: of a sum its interval, of orders on how many tasks and against how many."""
    if not tested:
        return ""
    if isinstance(predicate, MeanDifference | SmallerGap):
        what = "difference of the gaps" if isinstance(predicate, SmallerGap) else "mean difference"
        return f"{what} {_interval(tested[0], predicate.terms[0][0])}{_trainings(tested)}"
    settled = sum(one.settled is not None for one in tested)
    parts = [f"{settled} of {len(tested)} comparisons settled"]
    units = list(predicate.units(judge).values())
    if isinstance(predicate, Order | EarlySaturation):
        on = plural(len(units), "task")
        parts.insert(0, f"shown on {units.count(True)} of {on}, contradicted on {units.count(False)}")
    if isinstance(predicate, BesidePublished):
        parts.insert(0, f"shown for {units.count(True)} of {len(units)} rows, contradicted for {units.count(False)}")
    return "; ".join(parts) + _trainings(tested)


def _trainings(tested: Sequence[Outcome]) -> str:
    """Return that these trainings are spoken of and no others, unless every network has several seeds."""
    over = {one.over for one in tested}
    return "" if over == {"seeds and items"} else "; of these trainings"


def _interval(one: Outcome, positive: ScoreName) -> str:
    """Return a sum and its interval, with the sign with which the score `positive` counts as more."""
    sign = 1 if dict(one.comparison.terms)[positive] > 0 else -1
    if one.low is None or one.high is None:
        return f"{signed(sign * one.value)}, no interval: {one.note}"
    low, high = sorted(sign * bound for bound in (one.low, one.high))
    return f"{signed(sign * one.value)}, 95 % {signed(low)} to {signed(high)}"


@singledispatch
def by_scores(predicate: object, judge: Judge, board: Board, names: Names) -> str:
    """Return the numbers that the claim is judged by, from the scores themselves."""
    raise TypeError(f"no words for {predicate!r}")


@by_scores.register
def _(predicate: Order, judge: Judge, board: Board, names: Names) -> str:
    units = predicate.units(judge)
    if len(units) > 1:
        return _counted(units, names)
    (task,) = units
    shown = dict.fromkeys([*predicate.variants.names, *predicate.others.names])
    scores = [(names.variant(variant), board.get(ScoreName(task, variant))) for variant in shown]
    return ", ".join(f"{label} {number(score)}" for label, score in scores if score is not None)


@by_scores.register
def _(predicate: MeanDifference, judge: Judge, board: Board, names: Names) -> str:
    value = value_of(Contrast(terms=predicate.terms), board.get)
    return "" if value is None else f"mean difference {signed(value)}"


@by_scores.register
def _(predicate: SmallerGap, judge: Judge, board: Board, names: Names) -> str:
    gaps = [
        value_of(Contrast(terms=mean_difference(tasks, predicate.of, predicate.less)), board.get)
        for tasks in (predicate.tasks, predicate.than_on)
    ]
    words = [" and ".join(map(names.task, tasks)) for tasks in (predicate.tasks, predicate.than_on)]
    return ", ".join(f"{signed(gap)} on {where}" for gap, where in zip(gaps, words, strict=True) if gap is not None)


@by_scores.register
def _(predicate: LeastOftenLowest, judge: Judge, board: Board, names: Names) -> str:
    units = predicate.units(judge)
    counts = {one: [units[f"{one}:{task}"] for task in predicate.tasks].count(True) for one in predicate.among}
    counted = ", ".join(f"{names.variant(one)} {count}" for one, count in counts.items())
    return f"lowest on: {counted} (of {plural(len(predicate.tasks), 'task')})"


@by_scores.register
def _(predicate: EarlySaturation, judge: Judge, board: Board, names: Names) -> str:
    return _counted(predicate.units(judge), names)


@by_scores.register
def _(predicate: BestEpochDiffers, judge: Judge, board: Board, names: Names) -> str:
    units = predicate.units(judge)
    by_epoch = {epoch: sum(units[f"{epoch}:{task}"] is True for task in predicate.tasks) for epoch in predicate.epochs}
    return "best at " + ", ".join(f"epoch {epoch}: {plural(count, 'task')}" for epoch, count in by_epoch.items())


@by_scores.register
def _(predicate: BesidePublished, judge: Judge, board: Board, names: Names) -> str:
    units = predicate.units(judge)
    return f"{predicate.relation} {list(units.values()).count(True)} of {len(units)} rows"


def _counted(units: Mapping[str, Truth], names: Names) -> str:
    """Return on how many tasks it is so, which those are or are not, whichever are fewer, and which are not known."""
    by_truth = {
        truth: [names.task(task) for task, one in units.items() if one is truth] for truth in (True, False, None)
    }
    parts = [f"{len(by_truth[True])} of {plural(len(units), 'task')}"]
    if by_truth[True] and by_truth[False]:
        fewer = min((False, True), key=lambda truth: len(by_truth[truth]))
        parts.append(("" if fewer else "not ") + ", ".join(by_truth[fewer]))
    if by_truth[None]:
        parts.append(f"no data: {', '.join(by_truth[None])}")
    return "; ".join(parts)
