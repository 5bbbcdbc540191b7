"""Tables A1 to A3, B4 and B5 with our numbers and the paper's side by side."""

import re
from collections.abc import Sequence

from dubaug.corpus.subsets import Subset, read_subsets
from dubaug.tables.data_tables import named, our_subsets, shown_hours, tasks_b5
from dubaug.tables.external import strongest
from dubaug.tables.order import MEANING, OrderAgreement, compare_order
from dubaug.tables.published import METHODS, OWN, read_published_methods
from dubaug.tables.render import Cell, Span, Table, number, signed
from dubaug.tables.sources import Reasons, Sources


def versus_a1(sources: Sources) -> Table:
    """Return our score on VGGSound beside the paper's."""
    return _versus_external("a1", sources)


def versus_a2(sources: Sources) -> Table:
    """Return our score on TUT18 beside the paper's."""
    return _versus_external("a2", sources)


def versus_a3(sources: Sources) -> Table:
    """Return our scores on HEAR tasks beside the paper's."""
    return _versus_external("a3", sources)


def place(score: float, others: Sequence[float]) -> int:
    """Return the place of a score among others: 1 and how many of them are higher."""
    return 1 + sum(other > score for other in others)


def _versus_external(name: str, sources: Sources) -> Table:
    """Return a row a task: our strongest variant's score and the paper's own, and both places among other methods."""
    reasons, methods, tasks = Reasons(), read_published_methods(sources.paper_dir, name), list(METHODS[name][1])
    rows, tidy = [], []
    for task in tasks:
        others = [one.scores[task] for one in methods if one.method != OWN]
        (paper,) = (one.scores[task] for one in methods if one.method == OWN)
        best, theirs, places = strongest(task, sources), place(paper, others), len(others) + 1
        why, variant = best.why_none, best.variant
        difference = None if best.score is None else best.score - paper
        placed = None if best.score is None else place(best.score, others)
        rows.append(
            (
                Cell(text=sources.experiment.task_label(task), head=True),
                Cell(text=sources.experiment.variants[variant].label) if variant else reasons.cell(why),
                *(
                    reasons.score(best.score, why),
                    Cell(text=number(paper)),
                    reasons.score(difference, why, form=signed),
                ),
                *(reasons.score(placed, why, form=str), *_cells(str(theirs), str(places))),
            )
        )
        tidy.append((name, task, variant, best.score, paper, difference, placed, theirs, places, why))
    return Table(
        name=name.upper(),
        beside_paper=True,
        caption=f"Our strongest variant's score{sources.over_seeds()}, the score that the paper reports as its own, "
        "and the place that each takes among the other published methods (1 and how many of them are higher).",
        header=("Task", "Variant", "Ours", "Paper", "Diff.", "Ours", "Paper", "of"),
        spans=(Span(label="", columns=2), Span(label="Score", columns=3), Span(label="Place", columns=3)),
        rows=tuple(rows),
        alignment="llcccccc",
        tidy_header=(
            *("table", "task", "variant", "ours", "paper", "difference"),
            *("place_ours", "place_paper", "places", "note"),
        ),
        tidy=tuple(tidy),
        notes=(*reasons.notes, *sources.lacking(tasks)),
        footer=sources.footer,
    )


def _cells(*texts: str) -> list[Cell]:
    return [Cell(text=text) for text in texts]


def versus_b4(sources: Sources) -> Table:
    """Return the counts of each set of languages beside the paper's, ours in percent of the paper's."""
    published = read_subsets(sources.paper_dir / "subsets_b4.csv")
    subsets, reasons = our_subsets(sources), Reasons()
    paper = {frozenset(row.languages): row for row in published}
    shared = [(row, paper[key]) for row in subsets if (key := frozenset(row.languages)) in paper]
    orders = (
        compare_order([row.titles for row, _ in shared], [theirs.titles for _, theirs in shared]),
        compare_order([row.video_hours for row, _ in shared], [theirs.video_hours for _, theirs in shared]),
    )
    rows = [
        (
            Cell(text=named(row.languages), head=True),
            *_cells(str(row.titles), str(theirs.titles), percent(row.titles, theirs.titles)),
            *_cells(shown_hours(row.video_hours), shown_hours(theirs.video_hours)),
            *_cells(percent(row.video_hours, theirs.video_hours)),
        )
        for row, theirs in shared
    ]
    rows.append(order_row([order_cell(order, reasons) for order in orders]))
    return Table(
        name="B4",
        beside_paper=True,
        caption=f"Titles and video-hours by languages, ours and the paper's, and ours in percent of the paper's. "
        f"{MEANING} sets of languages.",
        header=("Data (Languages)", *("Ours", "Paper", "%") * 2),
        spans=(Span(label="", columns=1), Span(label="#Titles", columns=3), Span(label="Video-Hours", columns=3)),
        rows=tuple(rows),
        rules=(len(rows) - 1,) if len(rows) > 1 else (),
        alignment="lrrrrrr",
        tidy_header=(
            *("languages", "titles", "titles_paper", "titles_ratio", "titles_tau_b"),
            *("video_hours", "video_hours_paper", "video_hours_ratio", "video_hours_tau_b", "n_subsets"),
        ),
        tidy=tuple(
            (
                *(row.joined, row.titles, theirs.titles, row.titles / theirs.titles, orders[0].tau, row.video_hours),
                *(theirs.video_hours, row.video_hours / theirs.video_hours, orders[1].tau, len(shared)),
            )
            for row, theirs in shared
        ),
        notes=(*reasons.notes, *_other_languages(subsets, published)),
        footer=sources.footer,
    )


def order_cell(order: OrderAgreement, reasons: Reasons) -> Cell:
    """Return the agreement of an order, or why there is none."""
    return reasons.cell(order.why) if order.why else Cell(text=order.text)


def order_row(agreements: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return a last row: each order's agreement below its difference, blank below the numbers."""
    return (Cell(text="Order (τ-b)", head=True), *(cell for one in agreements for cell in (*_cells("", ""), one)))


def only_one_has(ours: str, papers: str, *, what: str = "row") -> tuple[tuple[str, str], ...]:
    """Return the notes on what only this run and what only the paper has, as far as there is any."""
    told = (
        (f"Left out, for the paper has no such {what}", ours),
        ("In the paper's table and not in this run", papers),
    )
    return tuple(("", f"{words}: {names}.") for words, names in told if names)


def _other_languages(subsets: Sequence[Subset], paper: Sequence[Subset]) -> tuple[tuple[str, str], ...]:
    """Return notes on sets of languages that only one of the two has."""
    known, published = ({frozenset(row.languages) for row in rows} for rows in (subsets, paper))
    ours = [named(row.languages) for row in subsets if frozenset(row.languages) not in published]
    theirs = [named(sorted(row.languages)) for row in paper if frozenset(row.languages) not in known]
    return only_one_has(", ".join(ours), ", ".join(theirs))


def percent(ours: float, paper: float) -> str:
    """Return what part of the paper's number ours is, with two digits or more: `1.2`, `104`."""
    share = 100 * ours / paper
    return f"{share:.0f}" if share >= 9.95 else f"{share:.1f}" if share >= 0.95 or share == 0 else f"{share:.2g}"


def versus_b5(sources: Sources) -> Table:
    """Return the class counts of the published data beside those that the paper states."""
    reasons = Reasons()
    rows, tidy = [], []
    for row in tasks_b5(sources):
        data, paper = _count(row.classes), _count(row.classes_paper)
        why = "" if row.classes_paper else "the paper gives no count"
        difference = None if data is None or paper is None else data - paper
        if difference is None:
            shown = [reasons.cell(why)] * 2
        else:
            shown = _cells(row.classes_paper, f"{difference:+d}".replace("-", "−") if difference else "0")
        rows.append((Cell(text=row.dataset, head=True), Cell(text=row.type), Cell(text=row.classes), *shown))
        tidy.append((row.task, row.dataset, row.type, row.classes, row.classes_paper, difference, why))
    return Table(
        name="B5",
        beside_paper=True,
        caption="Numbers of classes of the published data, the number in the paper's table, and the difference.",
        header=("Dataset", "Type", "Data", "Paper", "Diff."),
        spans=(Span(label="", columns=2), Span(label="Classes", columns=3)),
        rows=tuple(rows),
        alignment="llrrr",
        tidy_header=("task", "dataset", "type", "classes", "classes_paper", "difference", "note"),
        tidy=tuple(tidy),
        notes=reasons.notes,
        footer=sources.footer,
    )


def _count(text: str) -> int | None:
    """Return the number that a text starts with, if it is a single one: 302 of `302 (multilabel)`, none of `6/14/4`."""
    found = re.match(r"(\d+)(?!/|\d)", text)
    return int(found[1]) if found else None
