"""Tables 1, 2 and D6 with our numbers and the paper's side by side, and whether both have the same order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from dubaug.probe.results import TaskResult
from dubaug.suites.registry import metric
from dubaug.suites.suite import ResultsTable
from dubaug.tables.layout import TABLE_1, TABLE_2, TABLE_D6, d6_variants, groups_of, groups_with, main_variants
from dubaug.tables.order import MEANING, OrderAgreement, coefficient, compare_order, mean_order
from dubaug.tables.published import PublishedScore, read_published_scores
from dubaug.tables.render import Cell, Span, Table, marks, signed
from dubaug.tables.sources import NO_PICTURE, Reasons, Sources, variant_spans
from dubaug.tables.versus_others import (
    only_one_has,
    order_cell,
    order_row,
    versus_a1,
    versus_a2,
    versus_a3,
    versus_b4,
    versus_b5,
)
from dubaug.words import plural

BLANK = Cell(text="")
TIDY_PAIR = (
    *("variant", "label", "metric", "ours", "paper", "difference"),
    *("std_folds", "std_seeds", "paper_std", "tau_b", "n_variants", "mean_tau_b", "n_tasks", "note"),
)
"""Columns of a pair of scores in the tidy tables; `tau_b` is the task's, `mean_tau_b` the table's."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Our score and the paper's for one variant on one task, and why one or their difference is lacking."""

    task: str
    variant: str
    score: TaskResult | None
    published: PublishedScore | None
    why_ours: str
    why_paper: str
    why_difference: str

    @property
    def ours(self) -> float | None:
        """Our mean."""
        return self.score.mean if self.score else None

    @property
    def paper(self) -> float | None:
        """The paper's mean."""
        return self.published.mean if self.published else None

    @property
    def difference(self) -> float | None:
        """Ours less the paper's."""
        if self.ours is None or self.paper is None or self.why_difference:
            return None
        return self.ours - self.paper


def build_beside_paper(name: str, sources: Sources) -> Table | None:
    """Return the second form of the table called `name`; None for a table that the paper does not have."""
    return sources.said_empty(BUILDERS[name](sources)) if name in BUILDERS else None


def _pairs(
    tasks: Iterable[str],
    variants: Sequence[str],
    published: Mapping[tuple[str, str], PublishedScore],
    sources: Sources,
) -> dict[str, list[Pair]]:
    """Return each task's pairs, one a variant."""
    return {
        task: [_pair(task, variant, published.get((task, variant)), sources) for variant in variants] for task in tasks
    }


def _published(name: str, sources: Sources) -> dict[tuple[str, str], PublishedScore]:
    """Return the scores of the paper's Table 1, 2 or D6 by (task, variant)."""
    return {(one.task, one.variant): one for one in read_published_scores(sources.paper_dir) if one.table == name}


def _pair(task: str, variant: str, paper: PublishedScore | None, sources: Sources) -> Pair:
    score, why_ours = sources.scores.final.get((task, variant)), sources.why_none(task, variant)
    why_paper = "" if paper else why_ours if why_ours == NO_PICTURE else "the paper has no number"
    why_difference = why_ours or why_paper
    if score and paper and score.metric != paper.metric:
        names = [metric(name).label for name in (score.metric, paper.metric)]
        why_difference = (
            f"{sources.experiment.task_label(task)}: measured by {names[0]} here, by {names[1]} in the paper"
        )
    return Pair(
        task=task,
        variant=variant,
        score=score,
        published=paper,
        why_ours=why_ours,
        why_paper=why_paper,
        why_difference=why_difference,
    )


def _orders(pairs: Mapping[str, Sequence[Pair]]) -> dict[str, OrderAgreement]:
    return {
        task: compare_order([pair.ours for pair in of_task], [pair.paper for pair in of_task])
        for task, of_task in pairs.items()
    }


def _versus_results(table: ResultsTable, sources: Sources) -> Table:
    """Return three lines a task (ours, the paper's, the difference) by variants, and the order's agreement."""
    experiment, reasons = sources.experiment, Reasons()
    every, groups = main_variants(experiment), groups_of(table, experiment)
    published = _published(table.name, sources)
    paper_tasks, paper_variants = ({key[i] for key in published} for i in (0, 1))
    baselines, dubbed = ([variant for variant in side if variant in paper_variants] for side in every)
    variants, kept = [*baselines, *dubbed], groups_with(groups, paper_tasks)
    pairs = _pairs([task for group in kept for task in group.tasks], variants, published, sources)
    orders = _orders(pairs)
    overall = mean_order(list(orders.values()))
    rows: list[tuple[Cell, ...]] = []
    rules, gaps = [], []
    for group in kept:
        rules.append(len(rows))
        for i, task in enumerate(group.tasks):
            gaps.append(len(rows))
            head = Cell(text=group.label, head=True, rows=3 * len(group.tasks)) if i == 0 else BLANK
            rows += _three_rows(head, task, pairs[task], orders[task], sources, reasons)
    our_tasks = [task for group in groups for task in group.tasks]
    return Table(
        name=table.name,
        beside_paper=True,
        caption=f"Our numbers{sources.over_seeds(variants)}, the paper's, and the difference (ours less the paper's). "
        f"{MEANING} variants. Deviations are left out.",
        header=("", "Task", "", *(experiment.variants[variant].label for variant in variants), "τ-b"),
        spans=(
            Span(label="", columns=3),
            *variant_spans(baselines, dubbed),
            Span(label="Order", columns=1),
        ),
        rows=tuple(rows),
        rules=tuple(rules[1:]),
        gaps=tuple(set(gaps) - set(rules)),
        alignment="lll" + "c" * len(variants) + "c",
        wide=True,
        tidy_header=("table", "task", *TIDY_PAIR),
        tidy=tuple(
            (table.name, *_tidy(pair, orders[task], overall, sources)) for task in pairs for pair in pairs[task]
        ),
        notes=(
            _overall(overall, "task"),
            *reasons.notes,
            *_left_out([name for side in every for name in side], our_tasks, variants, published, sources),
        ),
        footer=sources.footer,
    )


def _three_rows(
    head: Cell, task: str, pairs: Sequence[Pair], order: OrderAgreement, sources: Sources, reasons: Reasons
) -> list[tuple[Cell, ...]]:
    """Return a task's rows."""
    lines = _lines(task, pairs, sources, reasons)
    first = (head, Cell(text=sources.experiment.task_label(task), head=True, rows=3))
    last = replace(order_cell(order, reasons), rows=3)
    return [
        (*(first if i == 0 else (BLANK, BLANK)), Cell(text=what, head=True), *cells, last if i == 0 else BLANK)
        for i, (what, cells) in enumerate(zip(("ours", "paper", "diff."), lines, strict=True))
    ]


def _lines(task: str, pairs: Sequence[Pair], sources: Sources, reasons: Reasons) -> list[list[Cell]]:
    """Return ours, the paper's, the difference; best and worst of the variants shown are marked in the first two."""
    better = sources.scores.better(task)
    ours, paper = (marks([getattr(pair, side) for pair in pairs], better) for side in ("ours", "paper"))
    return [
        [reasons.score(pair.ours, pair.why_ours, mark=mark) for pair, mark in zip(pairs, ours, strict=True)],
        [reasons.score(pair.paper, pair.why_paper, mark=mark) for pair, mark in zip(pairs, paper, strict=True)],
        [reasons.score(pair.difference, pair.why_difference, form=signed) for pair in pairs],
    ]


def _tidy(
    pair: Pair, order: OrderAgreement, overall: tuple[float | None, int], sources: Sources
) -> tuple[str | float | int | None, ...]:
    """Return the task and the columns of `TIDY_PAIR`."""
    score, paper = pair.score, pair.published
    measured = score.metric if score else paper.metric if paper else ""
    deviations = (score.std if score else None, score.std_seeds if score else None, paper.std if paper else None)
    label = sources.experiment.variants[pair.variant].label
    values = (pair.ours, pair.paper, pair.difference, *deviations, order.tau, order.n, *overall)
    return (pair.task, pair.variant, label, measured, *values, pair.why_difference)


def _overall(overall: tuple[float | None, int], what: str) -> tuple[str, str]:
    """Return the note on the mean agreement of the orders."""
    tau, n = overall
    if tau is None:
        return "", f"No {what} has a τ-b."
    return "", f"Mean τ-b over {plural(n, what)}: {coefficient(tau)}."


def _left_out(
    every: Sequence[str],
    tasks: Sequence[str],
    shown: Sequence[str],
    published: Mapping[tuple[str, str], PublishedScore],
    sources: Sources,
) -> tuple[tuple[str, str], ...]:
    """Return the notes on what only one of the two has: of `every` variant and our `tasks`, `shown` being in both."""
    paper_tasks = dict.fromkeys(task for task, _ in published)
    ours = [sources.experiment.variants[name].label for name in every if name not in shown]
    our_tasks = [sources.experiment.task_label(task) for task in tasks if task not in paper_tasks]
    papers = sorted({variant for _, variant in published} - set(shown))
    papers_tasks = [sources.experiment.task_label(task) for task in paper_tasks if task not in tasks]
    return only_one_has(
        "; ".join(filter(None, (", ".join(ours), ", ".join(our_tasks)))),
        "; ".join(filter(None, (", ".join(papers), ", ".join(papers_tasks)))),
        what="row or column",
    )


def _versus_d6(sources: Sources) -> Table:
    """Return a row a model; by test set ours, the paper's and the difference; last the order's agreement."""
    experiment, published, reasons = sources.experiment, _published("D6", sources), Reasons()
    every, paper_variants = d6_variants(experiment), {variant for _, variant in published}
    variants = [name for name in every if name in paper_variants]
    pairs = _pairs(TABLE_D6, variants, published, sources)
    orders = _orders(pairs)
    overall = mean_order(list(orders.values()))
    lines: list[list[Cell]] = []
    agreements = []
    for task in TABLE_D6:
        lines += _lines(task, pairs[task], sources, reasons)
        agreements.append(order_cell(orders[task], reasons))
    return Table(
        name="D6",
        beside_paper=True,
        caption=f"Our accuracy{sources.over_seeds(variants)}, the paper's, and the difference (ours less the "
        f"paper's). {MEANING} models.",
        header=("Model", *(("Ours", "Paper", "Diff.") * len(TABLE_D6))),
        spans=(Span(label="", columns=1), *(Span(label=label, columns=3) for label in TABLE_D6.values())),
        rows=(
            *(
                (Cell(text=experiment.variants[variant].label, head=True), *cells)
                for variant, cells in zip(variants, zip(*lines, strict=True), strict=True)
            ),
            order_row(agreements),
        ),
        rules=(len(variants),) if variants else (),
        alignment="l" + "c" * 3 * len(TABLE_D6),
        tidy_header=("table", "task", *TIDY_PAIR),
        tidy=tuple(
            ("d6", *_tidy(pair, orders[pair.task], overall, sources))
            for of_variant in zip(*pairs.values(), strict=True)
            for pair in of_variant
        ),
        notes=(
            _overall(overall, "column"),
            *reasons.notes,
            *_left_out(every, list(TABLE_D6), variants, published, sources),
        ),
        footer=sources.footer,
    )


BUILDERS: Mapping[str, Callable[[Sources], Table]] = {
    "1": partial(_versus_results, TABLE_1),
    "2": partial(_versus_results, TABLE_2),
    "a1": versus_a1,
    "a2": versus_a2,
    "a3": versus_a3,
    "b4": versus_b4,
    "b5": versus_b5,
    "d6": _versus_d6,
}
