"""The paper's tables from our own scores: 1, 2 and D6 here, the others by name."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from dubaug.errors import DubaugError
from dubaug.suites.registry import metric
from dubaug.suites.suite import Group, ResultsTable
from dubaug.tables.data_tables import table_b4, table_b5
from dubaug.tables.external import table_a1, table_a2, table_a3
from dubaug.tables.layout import TABLE_1, TABLE_2, TABLE_D6, d6_variants, groups_of, main_variants, suite_tables
from dubaug.tables.render import Cell, Mark, Span, Table, marks, number
from dubaug.tables.scores import bounds_of
from dubaug.tables.sources import Reasons, Sources, variant_spans

TIDY_SCORE = (
    *("variant", "label", "metric", "mean", "std_folds", "std_seeds", "low", "high"),
    *("n_folds", "n_seeds", "mark", "note"),
)
"""Columns of a score in the tidy tables."""


def build(name: str, sources: Sources) -> Table:
    """Return the table called `name`: one of the paper's, or of a suite's own. Raises `DubaugError` for another."""
    own = suite_tables(sources.experiment)
    if name in own:
        return sources.said_empty(_results_table(own[name], sources))
    if name not in BUILDERS:
        raise DubaugError(f"there is no table {name!r}; there are: {', '.join([*BUILDERS, *own])}")
    return sources.said_empty(BUILDERS[name](sources))


def _results_table(table: ResultsTable, sources: Sources) -> Table:
    """Return a table of tasks by variants, as the paper's Tables 1 and 2."""
    name, groups = table.name, groups_of(table, sources.experiment)
    experiment, reasons = sources.experiment, Reasons()
    baselines, dubbed = main_variants(experiment)
    variants = (*baselines, *dubbed)
    by_kind = _has_seeds(sources, variants)
    rows: list[tuple[Cell, ...]] = []
    tidy: list[tuple[str | float | int | None, ...]] = []
    rules: list[int] = []
    for group in groups:
        if rows:
            rules.append(len(rows))
        for i, task in enumerate(group.tasks):
            marked = _marks(task, variants, sources)
            setting = experiment.tasks[task]
            rows.append(
                (
                    Cell(text=group.label, head=True, rows=len(group.tasks)) if i == 0 else Cell(text=""),
                    Cell(text=setting.label, head=True),
                    Cell(text=setting.modality),
                    *(
                        _score_cell(task, variant, mark, sources, reasons, by_kind=by_kind)
                        for variant, mark in zip(variants, marked, strict=True)
                    ),
                )
            )
            tidy += [
                (name, group.label, task, setting.modality, *_tidy_score(task, variant, mark, sources))
                for variant, mark in zip(variants, marked, strict=True)
            ]
    tasks = [task for group in groups for task in group.tasks]
    meanings = ", ".join(f"{group.label} = {group.note}" for group in groups)
    return Table(
        name=name.upper(),
        caption=f"{table.caption} {_tasks_by_metric(groups, sources)}. {_deviations(sources, variants)} "
        f"M: modality (A audio, V video).{f' {meanings}.' if meanings else ''}",
        header=("", "Task", "M", *(experiment.variants[variant].label for variant in variants)),
        spans=(Span(label="", columns=3), *variant_spans(baselines, dubbed)),
        rows=tuple(rows),
        rules=tuple(rules),
        alignment="llc" + "c" * len(variants),
        wide=True,
        tidy_header=("table", "group", "task", "modality", *TIDY_SCORE),
        tidy=tuple(tidy),
        notes=(*reasons.notes, *sources.lacking(tasks)),
        footer=sources.footer,
    )


def _table_d6(sources: Sources) -> Table:
    """Return Fluent Speech Commands with speech and without, for the untrained network and all that see video."""
    experiment, reasons = sources.experiment, Reasons()
    variants = d6_variants(experiment)
    by_kind = _has_seeds(sources, variants)
    marked = {task: dict(zip(variants, _marks(task, variants, sources), strict=True)) for task in TABLE_D6}
    return Table(
        name="D6",
        caption="Fluent Speech Commands with speech and with speech removed by source separation. Accuracy: right only "
        f"if action, object and location all are.{_spread_over_seeds(sources, variants)}",
        header=("Model", *TABLE_D6.values()),
        spans=(Span(label="", columns=1), Span(label="Test-Set Variant", columns=len(TABLE_D6))),
        rows=tuple(
            (
                Cell(text=experiment.variants[variant].label, head=True),
                *(
                    _score_cell(task, variant, marked[task][variant], sources, reasons, by_kind=by_kind)
                    for task in TABLE_D6
                ),
            )
            for variant in variants
        ),
        alignment="l" + "c" * len(TABLE_D6),
        tidy_header=("table", "task", *TIDY_SCORE),
        tidy=tuple(
            ("d6", task, *_tidy_score(task, variant, marked[task][variant], sources))
            for variant in variants
            for task in TABLE_D6
        ),
        notes=(*reasons.notes, *sources.lacking(list(TABLE_D6))),
        footer=sources.footer,
    )


def _marks(task: str, variants: Sequence[str], sources: Sources) -> list[Mark]:
    scores = [sources.scores.final.get((task, variant)) for variant in variants]
    return marks([score.mean if score else None for score in scores], sources.scores.better(task))


def _score_cell(task: str, variant: str, mark: Mark, sources: Sources, reasons: Reasons, *, by_kind: bool) -> Cell:
    """Return a score's cell, or a dash with the reason; `by_kind` names what each deviation is over."""
    score = sources.scores.final.get((task, variant))
    if score is None:
        return reasons.cell(sources.why_none(task, variant))
    kinds = (("f" if by_kind else "", score.std), ("s", score.std_seeds))
    spreads = tuple((kind, number(std)) for kind, std in kinds if std is not None)
    return Cell(text=number(score.mean), mark=mark, spreads=spreads)


def _tidy_score(task: str, variant: str, mark: Mark, sources: Sources) -> tuple[str | float | int | None, ...]:
    """Return the columns of `TIDY_SCORE`."""
    score, label = sources.scores.final.get((task, variant)), sources.experiment.variants[variant].label
    if score is None:
        return (variant, label, "", *[None] * 7, "", sources.why_none(task, variant))
    errors = (score.std, score.std_seeds, *bounds_of(score))
    return (variant, label, score.metric, score.mean, *errors, score.n_folds, len(score.members), mark or "", "")


def _has_seeds(sources: Sources, variants: Sequence[str]) -> bool:
    """Return whether any of the variants' scores has a deviation over seeds."""
    return any(
        score.std_seeds is not None for (_, variant), score in sources.scores.final.items() if variant in variants
    )


def _deviations(sources: Sources, variants: Sequence[str]) -> str:
    """Return the caption's words on what follows a number in Tables 1 and 2."""
    seeds = sources.seeds(variants)
    if not seeds:
        return "± is the standard deviation over evaluation folds."
    return f"Means are over {seeds}. ±f is the standard deviation over evaluation folds, ±s the one over seeds."


def _spread_over_seeds(sources: Sources, variants: Sequence[str]) -> str:
    """Return the caption's words on tasks with one fold."""
    seeds = sources.seeds(variants)
    return f" Means are over {seeds}, ±s is their standard deviation." if seeds else ""


def _tasks_by_metric(groups: Sequence[Group], sources: Sources) -> str:
    """Return the caption's words on what is measured: `Top-1 accuracy, except mAP for FSD50K and ...`."""
    metric_of = {task: score.metric for (task, _), score in sources.scores.final.items()}
    by_metric: dict[str, list[str]] = {}
    for group in groups:
        for task in group.tasks:
            by_metric.setdefault(metric_of.get(task, "top1_acc"), []).append(sources.experiment.task_label(task))
    others = "; ".join(
        f"{metric(name).title} for {' and '.join(labels)}" for name, labels in by_metric.items() if name != "top1_acc"
    )
    if others and "top1_acc" not in by_metric:
        return others
    return f"Top-1 accuracy, except {others}" if others else "Top-1 accuracy"


BUILDERS: Mapping[str, Callable[[Sources], Table]] = {
    "1": partial(_results_table, TABLE_1),
    "2": partial(_results_table, TABLE_2),
    "a1": table_a1,
    "a2": table_a2,
    "a3": table_a3,
    "b4": table_b4,
    "b5": table_b5,
    "d6": _table_d6,
}
