"""The forms that a claim can have. Each says what is to be compared and how the answers make one.

"Above", "below" and "lowest" are of the scores themselves: where lower is better, the better one is below. `units` are
the parts that a reader counts (mostly tasks), each with its truth; `truth` joins them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dubaug.claims.comparison import Contrast, Judge, ScoreName, Terms, above, mean_difference, mean_of
from dubaug.claims.logic import Quantifier, Truth, every, negation, some

EARLY = 0.4
"""Share of the training until which a checkpoint counts as an early one."""


class Predicate(ABC):
    """What a claim says of scores."""

    @abstractmethod
    def units(self, judge: Judge) -> Mapping[str, Truth]:
        """Return the truth of each part."""

    def truth(self, judge: Judge) -> Truth:
        """Return whether the claim is so: whether all parts are."""
        return every(self.units(judge).values())


@dataclass(frozen=True, kw_only=True)
class Order(Predicate):
    """On so many tasks, so many variants are above (or below) so many others. A unit is a task."""

    tasks: Quantifier
    variants: Quantifier
    relation: Literal["above", "below"]
    others: Quantifier
    unfit: frozenset[tuple[str, str]] = frozenset()
    """Variants that cannot be evaluated on a task, as (task, variant): they do not count there."""

    def units(self, judge: Judge) -> Mapping[str, Truth]:
        """Return on which tasks it is so. A variant is not compared with itself."""
        return {task: self.variants.settle(self._by_variant(task, judge)) for task in self.tasks.names}

    def truth(self, judge: Judge) -> Truth:
        """Return whether it is so on as many tasks as claimed."""
        return self.tasks.settle(self.units(judge))

    def _by_variant(self, task: str, judge: Judge) -> dict[str, Truth]:
        return {
            variant: self._against_others(task, variant, judge)
            for variant in self.variants.names
            if (task, variant) not in self.unfit
        }

    def _against_others(self, task: str, variant: str, judge: Judge) -> Truth:
        truths: dict[str, Truth] = {}
        for other in self.others.names:
            if other != variant and (task, other) not in self.unfit:
                pair = ScoreName(task, variant), ScoreName(task, other)
                truths[other] = judge(above(*(pair if self.relation == "above" else pair[::-1])))
        return self.others.settle(truths)


@dataclass(frozen=True, kw_only=True)
class MeanDifference(Predicate):
    """The mean of some variants less that of others, averaged over tasks (and epochs), lies between two bounds."""

    tasks: tuple[str, ...]
    of: tuple[str, ...]
    less: tuple[str, ...]
    epochs: tuple[int, ...] = ()
    above: float | None = None
    below: float | None = None

    @property
    def terms(self) -> Terms:
        """The difference."""
        return mean_difference(self.tasks, self.of, self.less, epochs=self.epochs or (None,))

    def units(self, judge: Judge) -> Mapping[str, Truth]:
        """Return the truth for each bound."""
        found: dict[str, Truth] = {}
        if self.above is not None:
            found[f"above {self.above:g}"] = judge(Contrast(terms=self.terms, margin=self.above))
        if self.below is not None:
            opposite = tuple((cell, -weight) for cell, weight in self.terms)
            found[f"below {self.below:g}"] = judge(Contrast(terms=opposite, margin=-self.below))
        return found


@dataclass(frozen=True, kw_only=True)
class SmallerGap(Predicate):
    """By how much `of` is above `less` in the mean is less on some tasks than on others."""

    of: tuple[str, ...]
    less: tuple[str, ...]
    tasks: tuple[str, ...]
    than_on: tuple[str, ...]

    @property
    def terms(self) -> Terms:
        """The larger gap less the smaller one."""
        return mean_difference(self.than_on, self.of, self.less) + mean_difference(self.tasks, self.less, self.of)

    def units(self, judge: Judge) -> Mapping[str, Truth]:
        """Return the one truth that there is."""
        return {"gap": judge(Contrast(terms=self.terms))}


@dataclass(frozen=True, kw_only=True)
class LeastOftenLowest(Predicate):
    """A variant is the lowest of some on fewer tasks than each of the others. Who ties for the lowest, is lowest."""

    variant: str
    among: tuple[str, ...]
    tasks: tuple[str, ...]
    unfit: frozenset[tuple[str, str]] = frozenset()

    def units(self, judge: Judge) -> Mapping[str, Truth]:
        """Return, for `variant:task`, whether it is lowest there."""
        return {f"{one}:{task}": self._is_lowest(one, task, judge) for one in self.among for task in self.tasks}

    def truth(self, judge: Judge) -> Truth:
        """Return whether its count is below every other's, as far as the counts are known."""
        units = self.units(judge)
        own = [units[f"{self.variant}:{task}"] for task in self.tasks]
        found: list[Truth] = []
        for other in self.among:
            if other == self.variant:
                continue
            theirs = [units[f"{other}:{task}"] for task in self.tasks]
            if own.count(True) + own.count(None) < theirs.count(True):
                found.append(True)
            elif own.count(True) >= theirs.count(True) + theirs.count(None):
                found.append(False)
            else:
                found.append(None)
        return every(found)

    def _is_lowest(self, one: str, task: str, judge: Judge) -> Truth:
        if (task, one) in self.unfit:
            return False
        others = [other for other in self.among if other != one and (task, other) not in self.unfit]
        return every(negation(judge(above(ScoreName(task, one), ScoreName(task, other)))) for other in others)


@dataclass(frozen=True, kw_only=True)
class EarlySaturation(Predicate):
    """On so many tasks, variants reach a share of their last score, in the mean, at an early checkpoint."""

    tasks: Quantifier
    variants: tuple[str, ...]
    share: float
    epochs: tuple[int, ...]
    """The checkpoints of the sweep, in order."""

    def units(self, judge: Judge) -> Mapping[str, Truth]:
        """Return on which tasks it is so; unknown without a sweep."""
        early = [epoch for epoch in self.epochs[:-1] if epoch <= EARLY * self.epochs[-1]]
        if not early:
            return dict.fromkeys(self.tasks.names)
        return {task: judge(self._comparison(task, early[-1])) for task in self.tasks.names}

    def truth(self, judge: Judge) -> Truth:
        """Return whether it is so on as many tasks as claimed."""
        return self.tasks.settle(self.units(judge))

    def _comparison(self, task: str, early: int) -> Contrast:
        last = mean_of(task, self.variants, self.epochs[-1], -self.share)
        return Contrast(terms=mean_of(task, self.variants, early) + last)


@dataclass(frozen=True, kw_only=True)
class BestEpochDiffers(Predicate):
    """Not all tasks have their highest score (the variants' mean) at the same checkpoint. A unit is `epoch:task`."""

    tasks: tuple[str, ...]
    variants: tuple[str, ...]
    epochs: tuple[int, ...]

    def units(self, judge: Judge) -> Mapping[str, Truth]:
        """Return at which checkpoints which tasks are above all other checkpoints."""
        return {
            f"{epoch}:{task}": every(
                judge(self._comparison(task, epoch, other)) for other in self.epochs if other != epoch
            )
            for epoch in self.epochs
            for task in self.tasks
        }

    def truth(self, judge: Judge) -> Truth:
        """Return whether at least two checkpoints are the best one of some task; unknown without a sweep."""
        if len(self.epochs) < 2:
            return None
        units = self.units(judge)
        best = {str(epoch): some(units[f"{epoch}:{task}"] for task in self.tasks) for epoch in self.epochs}
        return Quantifier(kind="at_least", names=tuple(best), number=2).settle(best)

    def _comparison(self, task: str, epoch: int, other: int) -> Contrast:
        return Contrast(terms=mean_of(task, self.variants, epoch) + mean_of(task, self.variants, other, -1.0))


@dataclass(frozen=True, kw_only=True)
class BesidePublished(Predicate):
    """Our best variant is above (or below) so many of the results that others have published. A unit is such a row."""

    rows: Quantifier
    """Over `method:task`."""
    published: Mapping[str, float]
    variants: tuple[str, ...]
    relation: Literal["above", "below"]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of the rows."""
        return tuple(dict.fromkeys(row.rpartition(":")[2] for row in self.rows.names))

    def units(self, judge: Judge) -> Mapping[str, Truth]:
        """Return which rows our best variant is above, or below."""
        return {row: self._row(row, judge) for row in self.rows.names}

    def truth(self, judge: Judge) -> Truth:
        """Return whether there are as many as claimed."""
        return self.rows.settle(self.units(judge))

    def _row(self, row: str, judge: Judge) -> Truth:
        task, value = row.rpartition(":")[2], self.published[row]
        cells: Sequence[ScoreName] = [ScoreName(task, variant) for variant in self.variants]
        if self.relation == "above":
            return some(judge(Contrast(terms=((cell, 1.0),), margin=value)) for cell in cells)
        return every(judge(Contrast(terms=((cell, -1.0),), margin=-value)) for cell in cells)
