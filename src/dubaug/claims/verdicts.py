"""Each claim with its verdicts: the paper's numbers by their means, a run's by their means and by the evidence."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dubaug.claims.claims import Claim
from dubaug.claims.comparison import ScoreName
from dubaug.claims.evidence import Outcome, by_evidence, comparisons_of, outcomes_of
from dubaug.claims.file import JudgedClaim, OfPaper, OfRun, Tested, Word
from dubaug.claims.means import Board, by_means
from dubaug.claims.numbers import Names, by_items, by_scores, lacking
from dubaug.claims.predicates import BesidePublished
from dubaug.statistics.sample import Sample
from dubaug.tables.published import read_published_scores, read_published_tasks


class Verdict(NamedTuple):
    """A word, and the numbers that it rests on, in words."""

    word: Word
    numbers: str


def judge(
    claim: Claim,
    published: Board,
    own: Board,
    samples: Mapping[ScoreName, Sample],
    names: Names,
    *,
    generated: Collection[str],
) -> JudgedClaim:
    """Return the claim's verdicts, of the paper's scores and of a run's.

    `generated` are tasks whose data are miniatures: other tasks than those whose published results a claim may name.
    """
    paper = judge_means(claim, published, names)
    if isinstance(claim.predicate, BesidePublished) and set(claim.predicate.tasks) & set(generated):
        means = Verdict("no data", "generated miniatures cannot stand beside published results")
    else:
        means = judge_means(claim, own, names)
    tested: tuple[Outcome, ...] = ()
    evidence = means
    if means.word != "no data":
        tested = outcomes_of(comparisons_of(claim.predicate), samples)
        evidence = judge_evidence(claim, tested, names)
    cells = [cell for one in tested for cell in one.comparison.cells]
    return JudgedClaim(
        id=claim.id,
        section=claim.where,
        claim=claim.claim,
        slip=claim.slip,
        without_numbers=claim.without_numbers,
        tasks=tuple(dict.fromkeys(cell.task for cell in cells)),
        variants=tuple(dict.fromkeys(cell.variant for cell in cells)),
        paper=OfPaper(by_means=paper.word, numbers=claim.without_numbers or paper.numbers),
        run=OfRun(
            by_means=means.word,
            means_numbers=means.numbers,
            verdict=evidence.word,
            evidence_numbers=evidence.numbers,
            comparisons=tuple(_told(one, names) for one in tested),
        ),
    )


def judge_means(claim: Claim, board: Board, names: Names) -> Verdict:
    """Return the verdict of printed scores, as a reader of the table would give it."""
    judge = by_means(board)
    truth = claim.predicate.truth(judge)
    if truth is None:
        return Verdict("no data", lacking(claim.predicate, board, names))
    return Verdict("holds" if truth else "fails", by_scores(claim.predicate, judge, board, names))


def judge_evidence(claim: Claim, tested: Sequence[Outcome], names: Names) -> Verdict:
    """Return the verdict of paired tests over the test items and seeds: undecided where they do not tell."""
    judge = by_evidence(tested)
    truth = claim.predicate.truth(judge)
    word: Word = "undecided" if truth is None else "holds" if truth else "fails"
    return Verdict(word, by_items(claim.predicate, judge, tested, names))


def _told(tested: Outcome, names: Names) -> Tested:
    """Return a test as claims.json has it."""
    one, other = tested.comparison.pair or (None, None)
    return Tested(
        comparison=names.comparison(tested.comparison),
        task=one.task if one else None,
        above=one.variant if one else None,
        below=other.variant if other else None,
        difference=tested.value,
        low=tested.low,
        high=tested.high,
        p=tested.p,
        p_holm=tested.p_holm,
        over=tested.over,
        grouped_by=tested.grouped_by,
        note=tested.note,
        settled="undecided" if tested.settled is None else "yes" if tested.settled else "no",
    )


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
