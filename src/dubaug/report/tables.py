"""The paper's tables from our own scores."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.report.layout import (
    METRIC_NAMES,
    TABLE_1,
    TABLE_2,
    TABLE_A3,
    TABLE_D6,
    Group,
    groups_of,
    main_variants,
)
from dubaug.report.render import Cell, Span, Table, marks, number
from dubaug.report.scores import Score, Scores

NO_VALUE = Cell(text="")

TIDY_SCORE = ("variant", "label", "metric", "mean", "std", "low", "high", "n_folds", "mark", "note")
"""Columns of a score in the tidy tables."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What tables are made from. `paper_dir` holds the published numbers (workflow/resources/paper)."""

    experiment: Experiment
    scores: Scores
    subsets: Path | None
    paper_dir: Path
    footer: tuple[str, ...]


def build(name: str, sources: Sources) -> Table:
    """Return the table called `name` (1, 2, a1, a2, a3, b4, b5, d6). Raises `DubaugError` for another."""
    if name not in BUILDERS:
        raise DubaugError(f"there is no table {name!r}; there are: {', '.join(BUILDERS)}")
    return BUILDERS[name](sources)


def _table_1(sources: Sources) -> Table:
    groups = groups_of(TABLE_1, sources.experiment, with_others=True)
    return _results_table("1", "Evaluation results.", groups, sources)


def _table_2(sources: Sources) -> Table:
    caption = "Potential trade-offs: linguistic and vision-only tasks."
    return _results_table("2", caption, groups_of(TABLE_2, sources.experiment), sources)


def _results_table(name: str, caption: str, groups: Sequence[Group], sources: Sources) -> Table:
    """Return a table of tasks by variants, as the paper's Tables 1 and 2."""
    experiment, scores = sources.experiment, sources.scores
    baselines, dubbed = main_variants(experiment)
    variants = (*baselines, *dubbed)
    rows: list[tuple[Cell, ...]] = []
    tidy: list[tuple[str | float | int | None, ...]] = []
    rules: list[int] = []
    for group in groups:
        if rows:
            rules.append(len(rows))
        for i, task in enumerate(group.tasks):
            found = [scores.final.get((task, variant)) for variant in variants]
            marked = marks([score.mean if score else None for score in found])
            cells = [Cell(text=_score(score), mark=mark) for score, mark in zip(found, marked, strict=True)]
            setting = experiment.tasks[task]
            head = [Cell(text=group.label if i == 0 else ""), Cell(text=setting.label), Cell(text=setting.modality)]
            rows.append((*head, *cells))
            about, note = (name, group.label, task, setting.modality), scores.why_empty(task) or ""
            tidy += [
                (*about, variant, experiment.variants[variant].label, *_tidy_score(score), mark or "", note)
                for variant, score, mark in zip(variants, found, marked, strict=True)
            ]
    other_metrics = _tasks_by_metric(groups, sources)
    meanings = ", ".join(f"{group.label} = {group.note}" for group in groups)
    return Table(
        name=name,
        caption=f"{caption} Top-1 accuracy{other_metrics}. Best in bold, lowest in gray; ± is the standard deviation "
        f"over evaluation folds{_over_seeds(experiment, variants)}. M: modality (A audio, V video). {meanings}.",
        header=("", "Task", "M", *(experiment.variants[variant].label for variant in variants)),
        spans=(
            Span(label="", columns=3),
            *_span("Baselines (SimCLR)", baselines),
            *_span("Dub-Augmented", dubbed),
        ),
        rows=tuple(rows),
        rules=tuple(rules),
        alignment="llc" + "c" * len(variants),
        tidy_header=("table", "group", "task", "modality", *TIDY_SCORE),
        tidy=tuple(tidy),
        footer=(*_lacking([task for group in groups for task in group.tasks], sources), *sources.footer),
    )


def _lacking(tasks: Sequence[str], sources: Sources) -> tuple[str, ...]:
    """Return footer lines on configured tasks that no variant has a score on, and on data sets that were not whole."""
    configured = {task for listed in sources.experiment.suites.values() for task in listed}
    reasons = {task: why for task in tasks if task in configured and (why := sources.scores.why_empty(task))}
    told = "; ".join(f"{sources.experiment.tasks[task].label}: {why}" for task, why in reasons.items())
    empty = (f"Empty: {told}. `dubaug data` lists every data set.",) if told else ()
    lack = [(sources.experiment.tasks[task].label, sources.scores.absent.get(task)) for task in tasks]
    absent = "; ".join(f"{label} lacks {count:,} of its listed items" for label, count in lack if count)
    return (*empty, f"Not whole: {absent}.") if absent else empty


def _over_seeds(experiment: Experiment, variants: Sequence[str]) -> str:
    seeds = _seeds(experiment, variants)
    return f" (over {seeds} where there is one fold); means are over {seeds}" if seeds else ""


def _spread_over_seeds(experiment: Experiment, variants: Sequence[str]) -> str:
    """Return the caption's words on tasks with one fold."""
    seeds = _seeds(experiment, variants)
    return f"; means over {seeds}, ± their standard deviation" if seeds else ""


def _seeds(experiment: Experiment, variants: Sequence[str]) -> str:
    """Return how many seeds these variants have, `1 to 3 pretraining seeds`; nothing if all have one."""
    counts = sorted({len(experiment.seeds_of(variant)) for variant in variants} or {1})
    span = str(counts[-1]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{span} pretraining seeds" if counts[-1] > 1 else ""


def _span(label: str, columns: Sequence[str]) -> tuple[Span, ...]:
    return (Span(label=label, columns=len(columns)),) if columns else ()


def _score(score: Score | None) -> str:
    if score is None:
        return ""
    return number(score.mean) + (f"±{number(score.std)}" if score.std is not None else "")


def _tidy_score(score: Score | None) -> tuple[str | float | int | None, ...]:
    """Return metric, mean, std, low, high and the number of folds."""
    if score is None:
        return ("", None, None, None, None, None)
    return (score.metric, score.mean, score.std, score.low, score.high, score.n_folds)


def _tasks_by_metric(groups: Sequence[Group], sources: Sources) -> str:
    """Return the caption's words on tasks that are not measured by accuracy: `, except mAP for FSD50K and ...`."""
    metric_of = {task: score.metric for (task, _), score in sources.scores.final.items()}
    by_metric: dict[str, list[str]] = {}
    for group in groups:
        for task in group.tasks:
            metric = metric_of.get(task, "top1_acc")
            if metric != "top1_acc":
                by_metric.setdefault(METRIC_NAMES.get(metric, metric), []).append(sources.experiment.tasks[task].label)
    parts = [f"{metric} for {' and '.join(labels)}" for metric, labels in by_metric.items()]
    return f", except {'; '.join(parts)}" if parts else ""


def _table_a1(sources: Sources) -> Table:
    ours = "X3D-M + Acoustic ResNet50"
    return _external_table("a1", "vggsound", "external_a1_vggsound.csv", ours, sources)


def _table_a2(sources: Sources) -> Table:
    return _external_table("a2", "tut18", "external_a2_tut18.csv", "Acoustic ResNet50", sources)


def _external_table(name: str, task: str, file: str, architecture: str, sources: Sources) -> Table:
    """Return our best variant's accuracy on a task above the published ones (the paper's own row among them)."""
    published = _read(sources.paper_dir / file)
    best = _strongest(task, sources)
    label = sources.experiment.tasks[task].label if task in sources.experiment.tasks else task
    ours = sources.scores.final[task, best].mean if best else None
    who = f"Ours ({sources.experiment.variants[best].label})" if best else "Ours (not evaluated)"
    rows = [(Cell(text=who), Cell(text=number(ours) if ours is not None else ""), Cell(text=architecture))]
    tidy: list[tuple[str | float | None, ...]] = [(name, who, ours, architecture, "this run")]
    for row in published:
        supervised = "§" if row["supervised_pretraining"] == "yes" else ""
        method = "Ours, as published" if row["method"] == "Ours" else row["method"] + supervised
        accuracy, architecture = float(row["accuracy"]), row["architecture"]
        rows.append((Cell(text=method), Cell(text=number(accuracy)), Cell(text=architecture)))
        tidy.append((name, row["method"], accuracy, architecture, "paper"))
    return Table(
        name=name.upper(),
        caption=f"Our strongest variant beside published results on {label} (accuracy). § supervised pretraining. "
        "All rows but the first are the paper's.",
        header=("Method", "Acc.", "Arch."),
        rows=tuple(rows),
        rules=(1,),
        alignment="lcl",
        tidy_header=("table", "method", "accuracy", "architecture", "source"),
        tidy=tuple(tidy),
        footer=(*_lacking([task], sources), *sources.footer),
    )


def _strongest(task: str, sources: Sources) -> str | None:
    baselines, dubbed = main_variants(sources.experiment)
    return sources.scores.best_variant(task, (*baselines, *dubbed))


def _table_a3(sources: Sources) -> Table:
    """Return our best variant on each HEAR task above the leaderboard rows that the paper quotes."""
    published = _read(sources.paper_dir / "external_a3_hear.csv")
    ours: dict[str, Score | None] = {}
    for task in TABLE_A3:
        best = _strongest(task, sources)
        ours[task] = sources.scores.final[task, best] if best else None
    lines = [
        ("Ours (best variant a task)", {t: s.mean if s else None for t, s in ours.items()}, "Acoustic ResNet50 (Audio)")
    ]
    for row in published:
        method = "Ours, as published" if row["method"] == "Ours" else row["method"]
        lines.append((method, {task: float(row[task]) for task in TABLE_A3}, row["architecture"]))
    rows = [
        (
            Cell(text=method),
            *(Cell(text="" if values[task] is None else number(values[task] or 0.0)) for task in TABLE_A3),
            Cell(text=architecture),
        )
        for method, values, architecture in lines
    ]
    return Table(
        name="A3",
        caption="Our strongest variants on HEAR tasks beside the five best of its leaderboard (accuracy; mAP for "
        "FSD50K and VI = Vocal Imitation). All rows but the first are the paper's.",
        header=("Method", *TABLE_A3.values(), "Arch."),
        rows=tuple(rows),
        rules=(1,),
        alignment="l" + "c" * len(TABLE_A3) + "l",
        tidy_header=("table", "method", "task", "score", "architecture", "source"),
        tidy=tuple(
            ("a3", method, task, values[task], architecture, "paper" if i else "this run")
            for i, (method, values, architecture) in enumerate(lines)
            for task in TABLE_A3
        ),
        footer=(*_lacking(list(TABLE_A3), sources), *sources.footer),
    )


def _table_b4(sources: Sources) -> Table:
    """Return how many titles and hours each set of languages leaves (only what can be read to its end counts)."""
    if sources.subsets is None:
        raise DubaugError("table b4 needs the counts by language: give --subsets results/corpus/subsets.csv")
    tidy = tuple((row["languages"], int(row["titles"]), float(row["video_hours"])) for row in _read(sources.subsets))
    rows = tuple(
        (Cell(text=_languages(languages)), Cell(text=str(titles)), Cell(text=_hours(hours)))
        for languages, titles, hours in tidy
    )
    return Table(
        name="B4",
        caption="Titles that have the primary language and the dubs named, and their video-hours.",
        header=("Data (Languages)", "#Titles", "Video-Hours"),
        rows=rows,
        rules=(len(rows) - 1,) if len(rows) > 1 else (),
        alignment="lrr",
        tidy_header=("languages", "titles", "video_hours"),
        tidy=tidy,
        footer=sources.footer,
    )


def _languages(subset: str) -> str:
    return " + ".join(language.upper() for language in subset.split("+"))


def _hours(hours: float) -> str:
    return f"{hours / 1000:.1f}k" if hours >= 1000 else f"{hours:.2f}"


def _table_b5(sources: Sources) -> Table:
    """Return what each task is and why it is there; class counts are the data's and, where they differ, the paper's."""
    configured = {task for tasks in sources.experiment.suites.values() for task in tasks}
    known = [row for row in _read(sources.paper_dir / "tasks_b5.csv") if row["task"] in configured]
    keys = ("task", "dataset", "kind", "type", "classes", "classes_paper", "suites", "implementation", "motivation")
    header = ("Dataset", "Task", "Type", "Motivation", "Suite")
    rows = tuple(
        (
            Cell(text=row["dataset"]),
            Cell(text=row["kind"]),
            Cell(text=_type(row)),
            Cell(text=row["motivation"]),
            Cell(text=row["suites"]),
        )
        for row in known
    )
    return Table(
        name="B5",
        caption="Downstream tasks. Class counts are those of the published data; the paper's own count is given where "
        "it differs. Implementations used: HARES' for TUT18, Fluent Speech Commands and VoxForge, HEAR's for the "
        "other audio tasks.",
        header=header,
        rows=rows,
        alignment="lllp{5cm}l",
        tidy_header=keys,
        tidy=tuple(tuple(row[key] for key in keys) for row in known),
        footer=sources.footer,
    )


def _type(row: Mapping[str, str]) -> str:
    differs = f"; the paper says {row['classes_paper']}" if row["classes_paper"] not in {"", row["classes"]} else ""
    return f"{row['type']} (N={row['classes']}{differs})"


def _table_d6(sources: Sources) -> Table:
    """Return Fluent Speech Commands with speech and without, for the untrained network and all that see video."""
    experiment = sources.experiment
    order = sorted(
        (name for name, variant in experiment.variants.items() if variant.untrained or variant.video),
        key=lambda name: (not experiment.variants[name].untrained, experiment.variants[name].separated),
    )
    variants = [name for name in order if experiment.variants[name].epochs is None]
    columns = {task: [sources.scores.final.get((task, variant)) for variant in variants] for task in TABLE_D6}
    marked = {task: marks([score.mean if score else None for score in column]) for task, column in columns.items()}
    rows, tidy = [], []
    for i, variant in enumerate(variants):
        label = experiment.variants[variant].label
        rows.append(
            (Cell(text=label), *(Cell(text=_score(columns[task][i]), mark=marked[task][i]) for task in TABLE_D6))
        )
        tidy += [
            (
                *("d6", task, variant, label),
                *_tidy_score(columns[task][i]),
                marked[task][i] or "",
                sources.scores.why_empty(task) or "",
            )
            for task in TABLE_D6
        ]
    return Table(
        name="D6",
        caption="Fluent Speech Commands with speech and with speech removed by source separation. Accuracy: right only "
        "if action, object and location all are. Best in bold, lowest in gray"
        f"{_spread_over_seeds(experiment, variants)}.",
        header=("Model", *TABLE_D6.values()),
        spans=(Span(label="", columns=1), Span(label="Test-Set Variant", columns=len(TABLE_D6))),
        rows=tuple(rows),
        alignment="l" + "c" * len(TABLE_D6),
        tidy_header=("table", "task", *TIDY_SCORE),
        tidy=tuple(tidy),
        footer=(*_lacking(list(TABLE_D6), sources), *sources.footer),
    )


def _read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


BUILDERS: Mapping[str, Callable[[Sources], Table]] = {
    "1": _table_1,
    "2": _table_2,
    "a1": _table_a1,
    "a2": _table_a2,
    "a3": _table_a3,
    "b4": _table_b4,
    "b5": _table_b5,
    "d6": _table_d6,
}
