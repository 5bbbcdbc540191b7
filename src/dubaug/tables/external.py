"""Tables A1 to A3: our strongest variant beside other published methods."""

from collections.abc import Mapping

from dubaug.tables.layout import TABLE_A3, main_variants
from dubaug.tables.render import Cell, Table, number
from dubaug.tables.sources import Reasons, Sources
from dubaug.tabular import read_rows

FILES = {"a1": "external_a1_vggsound.csv", "a2": "external_a2_tut18.csv", "a3": "external_a3_hear.csv"}
TASKS = {"a1": ("vggsound",), "a2": ("tut18",), "a3": tuple(TABLE_A3)}


def strongest(task: str, sources: Sources) -> str | None:
    """Return the variant of the main tables that scores highest on a task, or None if none has a score."""
    baselines, dubbed = main_variants(sources.experiment)
    return sources.scores.best_variant(task, (*baselines, *dubbed))


def why_none(task: str, sources: Sources) -> str:
    """Return why no variant of the main tables has a score on a task."""
    baselines, dubbed = main_variants(sources.experiment)
    return sources.why_nobody(task, (*baselines, *dubbed))


def published_scores(name: str, sources: Sources) -> dict[str, dict[str, float]]:
    """Return the methods of Table A1, A2 or A3 with their score by task; the paper's own is called `Ours`."""
    column = {"vggsound": "accuracy", "tut18": "accuracy"}
    rows = read_rows(sources.paper_dir / FILES[name])
    return {row["method"]: {task: float(row[column.get(task, task)]) for task in TASKS[name]} for row in rows}


def table_a1(sources: Sources) -> Table:
    """Return VGGSound beside the published methods."""
    encoders = sources.experiment.encoders
    return _one_task("a1", f"{encoders.video.label} + {encoders.audio.label}", sources)


def table_a2(sources: Sources) -> Table:
    """Return TUT18 beside the published methods."""
    return _one_task("a2", sources.experiment.encoders.audio.label, sources)


def _one_task(name: str, architecture: str, sources: Sources) -> Table:
    """Return our best variant's accuracy on a task above the published ones (the paper's own row among them)."""
    (task,) = TASKS[name]
    best, reasons = strongest(task, sources), Reasons()
    who = f"Ours ({sources.experiment.variants[best].label})" if best else "Ours (not evaluated)"
    ours, why = _our_score(task, sources), "" if best else why_none(task, sources)
    rows = [(Cell(text=who, head=True), _cell(ours, why, reasons), Cell(text=architecture))]
    tidy: list[tuple[str | float | None, ...]] = [(name, who, ours, architecture, "this run", why)]
    for row in read_rows(sources.paper_dir / FILES[name]):
        supervised = "§" if row["supervised_pretraining"] == "yes" else ""
        method = "Ours, as published" if row["method"] == "Ours" else row["method"] + supervised
        accuracy, architecture = float(row["accuracy"]), row["architecture"]
        rows.append((Cell(text=method, head=True), Cell(text=number(accuracy)), Cell(text=architecture)))
        tidy.append((name, row["method"], accuracy, architecture, "paper", ""))
    return Table(
        name=name.upper(),
        caption=f"Our strongest variant{sources.over_seeds()} beside published results on {sources.label(task)} "
        "(accuracy). "
        "§ supervised pretraining. All rows but the first are the paper's.",
        header=("Method", "Acc.", "Arch."),
        rows=tuple(rows),
        rules=(1,),
        alignment="lcl",
        tidy_header=("table", "method", "accuracy", "architecture", "source", "note"),
        tidy=tuple(tidy),
        notes=(*reasons.notes, *sources.lacking([task])),
        footer=sources.footer,
    )


def _our_score(task: str, sources: Sources) -> float | None:
    best = strongest(task, sources)
    return sources.scores.final[task, best].mean if best else None


def _cell(score: float | None, why: str, reasons: Reasons) -> Cell:
    return reasons.cell(why) if score is None else Cell(text=number(score))


def table_a3(sources: Sources) -> Table:
    """Return our best variant on each HEAR task above the leaderboard rows that the paper quotes."""
    reasons, architecture = Reasons(), f"{sources.experiment.encoders.audio.label} (Audio)"
    ours = {task: _our_score(task, sources) for task in TABLE_A3}
    why = {task: why_none(task, sources) for task, score in ours.items() if score is None}
    who = "Ours (best variant a task)"
    cells = (_cell(ours[task], why.get(task, ""), reasons) for task in TABLE_A3)
    rows = [(Cell(text=who, head=True), *cells, Cell(text=architecture))]
    tidy = _tidy_a3(who, ours, architecture, "this run", why)
    published = published_scores("a3", sources)
    for row in read_rows(sources.paper_dir / FILES["a3"]):
        method = "Ours, as published" if row["method"] == "Ours" else row["method"]
        scores = published[row["method"]]
        cells = (Cell(text=number(scores[task])) for task in TABLE_A3)
        rows.append((Cell(text=method, head=True), *cells, Cell(text=row["architecture"])))
        tidy += _tidy_a3(method, scores, row["architecture"], "paper", {})
    return Table(
        name="A3",
        caption=f"Our strongest variants{sources.over_seeds()} on HEAR tasks beside the five best of its leaderboard "
        "(accuracy; mAP for FSD50K and VI = Vocal Imitation). All rows but the first are the paper's.",
        header=("Method", *TABLE_A3.values(), "Arch."),
        rows=tuple(rows),
        rules=(1,),
        alignment="l" + "c" * len(TABLE_A3) + "l",
        wide=True,
        tidy_header=("table", "method", "task", "score", "architecture", "source", "note"),
        tidy=tuple(tidy),
        notes=(*reasons.notes, *sources.lacking(list(TABLE_A3))),
        footer=sources.footer,
    )


def _tidy_a3(
    method: str, scores: Mapping[str, float | None], architecture: str, source: str, why: Mapping[str, str]
) -> list[tuple[str | float | None, ...]]:
    return [("a3", method, task, scores[task], architecture, source, why.get(task, "")) for task in TABLE_A3]
