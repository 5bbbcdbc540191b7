"""Each claim with its verdicts: the paper's numbers by their means, a run's by their means and by the evidence."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dubaug.claims.claims import Claim
from dubaug.claims.comparison import ScoreName
from dubaug.claims.evidence import Outcome, by_evidence, comparisons_of, outcomes_of
from dubaug.claims.logic import Truth
from dubaug.claims.means import Board, by_means
from dubaug.claims.numbers import Names, by_items, by_scores, lacking
from dubaug.claims.predicates import BesidePublished
from dubaug.statistics.sample import Sample
from dubaug.tables.published import read_published_scores, read_published_tasks

Verdict = Literal["holds", "fails", "undecided", "no data"]


@dataclass(frozen=True, kw_only=True)
class ByMeans:
    """A verdict as a reader of the table would give it: holds, fails, or no data."""

    verdict: Verdict
    numbers: str


@dataclass(frozen=True, kw_only=True)
class ByEvidence:
    """A verdict by paired tests over the test items (and seeds)."""

    verdict: Verdict
    numbers: str
    tested: tuple[Outcome, ...]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A claim with what the paper's numbers and the run's say of it."""

    claim: Claim
    paper: ByMeans
    means: ByMeans
    evidence: ByEvidence


@dataclass(frozen=True, kw_only=True)
class Boards:
    """The scores: the paper's by the table that claims name (None: whichever is first), and the run's."""

    published: Mapping[str | None, Board]
    own: Board


def judge(
    claim: Claim, boards: Boards, samples: Mapping[ScoreName, Sample], names: Names, *, generated: Collection[str]
) -> Judged:
    """Return the claim's verdicts.

    `generated` are tasks whose data are miniatures: other tasks than those whose published results a claim may name.
    """
    paper = judge_means(claim, boards.published[claim.table], names)
    if isinstance(claim.predicate, BesidePublished) and set(claim.predicate.tasks) & set(generated):
        means = ByMeans(verdict="no data", numbers="generated miniatures cannot stand beside published results")
    else:
        means = judge_means(claim, boards.own, names)
    return Judged(claim=claim, paper=paper, means=means, evidence=judge_evidence(claim, means, samples, names))


def judge_means(claim: Claim, board: Board, names: Names) -> ByMeans:
    """Return the verdict of printed scores."""
    judge = by_means(board)
    truth = claim.predicate.truth(judge)
    if truth is None:
        return ByMeans(verdict="no data", numbers=lacking(claim.predicate, board, names))
    return ByMeans(verdict=_word(truth), numbers=by_scores(claim.predicate, judge, board, names))


def judge_evidence(claim: Claim, means: ByMeans, samples: Mapping[ScoreName, Sample], names: Names) -> ByEvidence:
    """Return the verdict of the test items: undecided where they do not tell."""
    if means.verdict == "no data":
        return ByEvidence(verdict="no data", numbers=means.numbers, tested=())
    tested = outcomes_of(comparisons_of(claim.predicate), samples)
    judge = by_evidence(tested)
    verdict = _word(claim.predicate.truth(judge))
    return ByEvidence(verdict=verdict, numbers=by_items(claim.predicate, judge, tested, names), tested=tested)


def _word(truth: Truth) -> Verdict:
    return "undecided" if truth is None else "holds" if truth else "fails"


def slip_found(check: Mapping[str, Any] | None, folder: Path) -> bool | None:
    """Return whether the numbers in the paper's folder show a slip; None for slips that are of words alone."""
    if check is None:
        return None
    ((kind, about),) = check.items()
    if kind == "classes_differ":
        tasks = {task.task: task for task in read_published_tasks(folder)}
        return all(tasks[name].classes != tasks[name].classes_paper for name in about)
    scores = [score for score in read_published_scores(folder) if score.task == about["task"]]
    if kind == "metric_of":
        return any(score.metric == about["metric"] for score in scores)
    one, other = ({score.variant: score.mean for score in scores if score.table == table} for table in about["tables"])
    return all(one[variant] != other[variant] for variant in about["variants"])
