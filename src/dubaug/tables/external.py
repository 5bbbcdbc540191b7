"""Tables A1 to A3: our strongest variant beside other published methods."""

from collections.abc import Sequence
from dataclasses import dataclass

from dubaug.tables.layout import TABLE_A3, main_variants
from dubaug.tables.published import METHODS, read_published_methods
from dubaug.tables.render import Cell, Table, number
from dubaug.tables.sources import NO_PICTURE, Reasons, Sources


@dataclass(frozen=True, kw_only=True)
class Strongest:
    """The variant of the main tables that scores best on a task, and its score; without one, why."""

    variant: str | None
    score: float | None
    why_none: str


def strongest(task: str, sources: Sources) -> Strongest:
    """Return our best score on a task, of the variants of the main tables."""
    baselines, dubbed = main_variants(sources.experiment)
    variants = (*baselines, *dubbed)
    best = sources.scores.best_variant(task, variants)
    if best is None:
        return Strongest(variant=None, score=None, why_none=_why_nobody(task, variants, sources))
    return Strongest(variant=best, score=sources.scores.final[task, best].mean, why_none="")


def _why_nobody(task: str, variants: Sequence[str], sources: Sources) -> str:
    reasons = [sources.why_none(task, variant) for variant in variants]
    stated = [reason for reason in reasons if reason != NO_PICTURE]
    return (stated or reasons or ["no variant is configured"])[0]


def table_a1(sources: Sources) -> Table:
    """Return VGGSound beside the published methods."""
    encoders = sources.experiment.encoders
    return _one_task("a1", f"{encoders.video.label} + {encoders.audio.label}", sources)


def table_a2(sources: Sources) -> Table:
    """Return TUT18 beside the published methods."""
    return _one_task("a2", sources.experiment.encoders.audio.label, sources)


def _one_task(name: str, architecture: str, sources: Sources) -> Table:
    """Return our best variant's accuracy on a task above the published ones (the paper's own row among them)."""
    (task,) = METHODS[name][1]
    best, reasons, label = strongest(task, sources), Reasons(), sources.experiment.task_label(task)
    who = f"Ours ({sources.experiment.variants[best.variant].label})" if best.variant else "Ours (not evaluated)"
    rows = [(Cell(text=who, head=True), reasons.score(best.score, best.why_none), Cell(text=architecture))]
    tidy: list[tuple[str | float | None, ...]] = [(name, who, best.score, architecture, "this run", best.why_none)]
    for one in read_published_methods(sources.paper_dir, name):
        score = one.scores[task]
        rows.append((Cell(text=one.label, head=True), Cell(text=number(score)), Cell(text=one.architecture)))
        tidy.append((name, one.method, score, one.architecture, "paper", ""))
    return Table(
        name=name.upper(),
        caption=f"Our strongest variant{sources.over_seeds()} beside published results on {label} (accuracy). "
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


def table_a3(sources: Sources) -> Table:
    """Return our best variant on each HEAR task above the leaderboard rows that the paper quotes."""
    reasons, architecture = Reasons(), f"{sources.experiment.encoders.audio.label} (Audio)"
    best = {task: strongest(task, sources) for task in TABLE_A3}
    who = "Ours (best variant a task)"
    cells = (reasons.score(one.score, one.why_none) for one in best.values())
    rows = [(Cell(text=who, head=True), *cells, Cell(text=architecture))]
    tidy: list[tuple[str | float | None, ...]] = [
        ("a3", who, task, one.score, architecture, "this run", one.why_none) for task, one in best.items()
    ]
    for other in read_published_methods(sources.paper_dir, "a3"):
        cells = (Cell(text=number(score)) for score in other.scores.values())
        rows.append((Cell(text=other.label, head=True), *cells, Cell(text=other.architecture)))
        tidy += [("a3", other.label, task, it, other.architecture, "paper", "") for task, it in other.scores.items()]
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
