"""Tables 1, 2 and D6 with our numbers and the paper's side by side, and whether both have the same order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from dubaug.suites.registry import metric
from dubaug.suites.suite import Group, ResultsTable
from dubaug.tables.layout import (
    TABLE_1,
    TABLE_2,
    TABLE_D6,
    d6_variants,
    groups_of,
    main_variants,
)
from dubaug.tables.order import MEANING, OrderAgreement, coefficient, compare_order, mean_order
from dubaug.tables.published import PublishedScore, read_published_scores
from dubaug.tables.render import Cell, Span, Table, marks, number, signed
from dubaug.tables.sources import Reasons, Sources
from dubaug.tables.versus_others import agreement_cells, versus_a1, versus_a2, versus_a3, versus_b4, versus_b5

TIDY_PAIR = (
    *("variant", "label", "metric", "ours", "paper", "difference"),
    *("std_folds", "std_seeds", "paper_std", "tau_b", "n_variants", "mean_tau_b", "n_tasks", "note"),
)
"""Columns of a pair of scores in the tidy tables; `tau_b` is the task's, `mean_tau_b` the table's."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Our score and the paper's for one variant on one task, and why one or their difference is lacking."""

    ours: float | None
    paper: float | None
    why_ours: str
    why_paper: str
    why_difference: str

    @property
    def difference(self) -> float | None:
        """Ours less the paper's."""
        if self.ours is None or self.paper is None or self.why_difference:
            return None
        return self.ours - self.paper


def build_beside_paper(name: str, sources: Sources) -> Table | None:
    """Return the second form of the table called `name`; None for a table that the paper does not have."""
    return BUILDERS[name](sources) if name in BUILDERS else None


def published_scores(name: str, sources: Sources) -> dict[tuple[str, str], PublishedScore]:
    """Return the scores of the paper's Table 1, 2 or D6 by (task, variant)."""
    return {(one.task, one.variant): one for one in read_published_scores(sources.paper_dir) if one.table == name}


def _versus_results(table: ResultsTable, sources: Sources) -> Table:
    """Return three lines a task (ours, the paper's, the difference) by variants, and the order's agreement."""
    name, groups = table.name, groups_of(table, sources.experiment)
    published, reasons = published_scores(name, sources), Reasons()
    baselines, dubbed = (
        [variant for variant in side if any(variant == known for _, known in published)]
        for side in main_variants(sources.experiment)
    )
    variants = [*baselines, *dubbed]
    kept = [
        Group(label=group.label, note=group.note, tasks=tuple(task for task in group.tasks if _known(task, published)))
        for group in groups
    ]
    kept = [group for group in kept if group.tasks]
    tasks = [task for group in kept for task in group.tasks]
    pairs = {(task, v): _pair(task, v, published, sources) for task in tasks for v in variants}
    orders = {task: _order([pairs[task, variant] for variant in variants]) for task in tasks}
    rows: list[tuple[Cell, ...]] = []
    rules, gaps = [], []
    for group in kept:
        rules.append(len(rows))
        for i, task in enumerate(group.tasks):
            gaps.append(len(rows))
            head = Cell(text=group.label, head=True, rows=3 * len(group.tasks)) if i == 0 else Cell(text="")
            rows += _three_lines(
                head, task, [pairs[task, variant] for variant in variants], orders[task], sources, reasons
            )
    overall = mean_order(list(orders.values()))
    return Table(
        name=name,
        beside_paper=True,
        caption=f"Our numbers{sources.over_seeds(variants)}, the paper's, and the difference (ours less the paper's). "
        f"{MEANING} variants. Deviations are left out.",
        header=("", "Task", "", *(sources.experiment.variants[variant].label for variant in variants), "τ-b"),
        spans=(
            Span(label="", columns=3),
            *((Span(label="Baselines (SimCLR)", columns=len(baselines)),) if baselines else ()),
            *((Span(label="Dub-Augmented", columns=len(dubbed)),) if dubbed else ()),
            Span(label="Order", columns=1),
        ),
        rows=tuple(rows),
        rules=tuple(rules[1:]),
        gaps=tuple(set(gaps) - set(rules)),
        alignment="lll" + "c" * len(variants) + "c",
        wide=True,
        tidy_header=("table", "task", *TIDY_PAIR),
        tidy=tuple(
            (name, task, *_tidy(task, v, pairs[task, v], orders[task], overall, published, sources))
            for task in tasks
            for v in variants
        ),
        notes=(*_overall(overall, "task"), *reasons.notes, *_left_out(variants, groups, published, sources)),
        footer=sources.footer,
    )


def _known(task: str, published: Mapping[tuple[str, str], PublishedScore]) -> bool:
    return any(task == known for known, _ in published)


def _pair(task: str, variant: str, published: Mapping[tuple[str, str], PublishedScore], sources: Sources) -> Pair:
    score, paper = sources.scores.final.get((task, variant)), published.get((task, variant))
    why_ours = sources.why_none(task, variant)
    why_paper = "" if paper else why_ours if why_ours.startswith("audio-only") else "the paper has no number"
    differ = score and paper and score.metric != paper.metric
    why_difference = why_ours or why_paper
    if score and paper and differ:
        names = [metric(name).label for name in (score.metric, paper.metric)]
        why_difference = f"{sources.label(task)}: measured by {names[0]} here, by {names[1]} in the paper"
    return Pair(
        ours=score.mean if score else None,
        paper=paper.mean if paper else None,
        why_ours=why_ours,
        why_paper=why_paper,
        why_difference=why_difference,
    )


def _order(pairs: Sequence[Pair]) -> OrderAgreement:
    return compare_order([pair.ours for pair in pairs], [pair.paper for pair in pairs])


def _three_lines(
    head: Cell, task: str, pairs: Sequence[Pair], order: OrderAgreement, sources: Sources, reasons: Reasons
) -> list[tuple[Cell, ...]]:
    """Return a task's rows. Best and worst are marked in ours and in the paper's, among the variants shown."""
    better = sources.scores.better(task)
    lines = {
        "ours": [
            Cell(text=number(pair.ours), mark=mark) if pair.ours is not None else reasons.cell(pair.why_ours)
            for pair, mark in zip(pairs, marks([pair.ours for pair in pairs], better), strict=True)
        ],
        "paper": [
            Cell(text=number(pair.paper), mark=mark) if pair.paper is not None else reasons.cell(pair.why_paper)
            for pair, mark in zip(pairs, marks([pair.paper for pair in pairs], better), strict=True)
        ],
        "diff.": [_difference(pair, reasons) for pair in pairs],
    }
    agreement = reasons.cell(order.why) if order.why else Cell(text=order.text)
    first = (head, Cell(text=sources.label(task), head=True, rows=3))
    last = Cell(text=agreement.text, note=agreement.note, rows=3)
    blank = Cell(text="")
    return [
        (*(first if i == 0 else (blank, blank)), Cell(text=what, head=True), *cells, last if i == 0 else blank)
        for i, (what, cells) in enumerate(lines.items())
    ]


def _difference(pair: Pair, reasons: Reasons) -> Cell:
    if pair.difference is None:
        return reasons.cell(pair.why_difference)
    return Cell(text=signed(pair.difference))


def _tidy(
    task: str,
    variant: str,
    pair: Pair,
    order: OrderAgreement,
    overall: tuple[float | None, int],
    published: Mapping[tuple[str, str], PublishedScore],
    sources: Sources,
) -> tuple[str | float | int | None, ...]:
    """Return the columns of `TIDY_PAIR`."""
    score, paper = sources.scores.final.get((task, variant)), published.get((task, variant))
    measured = score.metric if score else paper.metric if paper else ""
    deviations = (score.std_folds if score else None, score.std_seeds if score else None, paper.std if paper else None)
    label = sources.experiment.variants[variant].label
    values = (pair.ours, pair.paper, pair.difference, *deviations, order.tau, order.n, *overall)
    return (variant, label, measured, *values, pair.why_difference)


def _overall(overall: tuple[float | None, int], what: str) -> tuple[tuple[str, str], ...]:
    """Return the note on the mean agreement of the orders."""
    tau, n = overall
    return (
        (
            "",
            f"Mean τ-b over {n} {what}{'s' * (n > 1)}: {coefficient(tau)}."
            if tau is not None
            else f"No {what} has a τ-b.",
        ),
    )


def _left_out(
    variants: Sequence[str],
    groups: Sequence[Group],
    published: Mapping[tuple[str, str], PublishedScore],
    sources: Sources,
) -> tuple[tuple[str, str], ...]:
    """Return the note on variants and tasks that only one of the two has."""
    experiment = sources.experiment
    mine = [v for side in main_variants(experiment) for v in side if v not in variants]
    our_tasks = [task for group in groups for task in group.tasks]
    return _only_one_has(
        [experiment.variants[variant].label for variant in mine],
        [sources.label(task) for task in our_tasks if not _known(task, published)],
        sorted({variant for _, variant in published} - set(variants)),
        [sources.label(task) for task in dict.fromkeys(task for task, _ in published) if task not in our_tasks],
    )


def _only_one_has(
    our_variants: Sequence[str], our_tasks: Sequence[str], paper_variants: Sequence[str], paper_tasks: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    ours = "; ".join(filter(None, (", ".join(our_variants), ", ".join(our_tasks))))
    paper = "; ".join(filter(None, (", ".join(paper_variants), ", ".join(paper_tasks))))
    return (
        *((("", f"Left out, for the paper has no such row or column: {ours}."),) if ours else ()),
        *((("", f"In the paper's table and not in this run: {paper}."),) if paper else ()),
    )


def _versus_d6(sources: Sources) -> Table:
    """Return a row a model; by test set ours, the paper's and the difference; last the order's agreement."""
    experiment, published, reasons = sources.experiment, published_scores("D6", sources), Reasons()
    every = d6_variants(experiment)
    variants = [name for name in every if any(name == known for _, known in published)]
    pairs = {(task, v): _pair(task, v, published, sources) for task in TABLE_D6 for v in variants}
    columns = {task: [pairs[task, variant] for variant in variants] for task in TABLE_D6}
    orders = {task: _order(column) for task, column in columns.items()}
    lines = {
        task: _three_lines(Cell(text=""), task, columns[task], orders[task], sources, reasons) for task in TABLE_D6
    }
    shown = {task: [line[3:-1] for line in lines[task]] for task in TABLE_D6}
    overall = mean_order(list(orders.values()))
    return Table(
        name="D6",
        beside_paper=True,
        caption=f"Our accuracy{sources.over_seeds(variants)}, the paper's, and the difference (ours less the "
        f"paper's). {MEANING} models.",
        header=("Model", *(("Ours", "Paper", "Diff.") * len(TABLE_D6))),
        spans=(Span(label="", columns=1), *(Span(label=label, columns=3) for label in TABLE_D6.values())),
        rows=(
            *(
                (
                    Cell(text=experiment.variants[variant].label, head=True),
                    *(shown[task][line][i] for task in TABLE_D6 for line in range(3)),
                )
                for i, variant in enumerate(variants)
            ),
            (Cell(text="Order (τ-b)", head=True), *agreement_cells(list(orders.values()), reasons)),
        ),
        rules=(len(variants),) if variants else (),
        alignment="l" + "c" * 3 * len(TABLE_D6),
        tidy_header=("table", "task", *TIDY_PAIR),
        tidy=tuple(
            ("d6", task, *_tidy(task, v, pairs[task, v], orders[task], overall, published, sources))
            for v in variants
            for task in TABLE_D6
        ),
        notes=(
            *_overall(overall, "column"),
            *reasons.notes,
            *_only_one_has(
                [experiment.variants[name].label for name in every if name not in variants],
                [],
                sorted({variant for _, variant in published} - set(variants)),
                [],
            ),
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
