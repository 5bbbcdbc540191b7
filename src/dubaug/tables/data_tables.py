"""Tables B4 and B5: what the corpus holds by language, and what the downstream tasks are."""

from collections.abc import Iterable
from dataclasses import asdict, fields

from dubaug.corpus.subsets import Subset, read_subsets
from dubaug.errors import DubaugError
from dubaug.tables.published import PublishedTask, read_published_tasks
from dubaug.tables.render import Cell, Table
from dubaug.tables.sources import Reasons, Sources
from dubaug.tracks import TrackName


def our_subsets(sources: Sources) -> tuple[Subset, ...]:
    """Return the counts by set of languages. Raises `DubaugError` if they were not given."""
    if sources.subsets is None:
        raise DubaugError("table b4 needs the counts by language: give --subsets results/corpus/subsets.csv")
    return read_subsets(sources.subsets)


def table_b4(sources: Sources) -> Table:
    """Return how many titles and hours each set of languages leaves (only what can be read to its end counts)."""
    subsets = our_subsets(sources)
    return Table(
        name="B4",
        caption="Titles that have the primary track and the dubs named, and their video-hours.",
        header=("Data (Languages)", "#Titles", "Video-Hours"),
        rows=tuple(
            (
                Cell(text=named(row.languages), head=True),
                Cell(text=str(row.titles)),
                Cell(text=shown_hours(row.video_hours)),
            )
            for row in subsets
        ),
        rules=(len(subsets) - 1,) if len(subsets) > 1 else (),
        alignment="lrr",
        tidy_header=("languages", "titles", "video_hours"),
        tidy=tuple((row.joined, row.titles, row.video_hours) for row in subsets),
        notes=() if subsets else (("", "No secondary track is configured (`corpus.secondary`)."),),
        footer=sources.footer,
    )


def named(tracks: Iterable[TrackName]) -> str:
    """Return `en` and `es@synthetic` as the paper would write them: `EN + ES@synthetic`."""
    return " + ".join(track.capitals for track in tracks)


def shown_hours(hours: float) -> str:
    """Return hours as the paper writes them, thousands as `1.3k`."""
    return f"{hours / 1000:.1f}k" if hours >= 1000 else f"{hours:.2f}"


def tasks_b5(sources: Sources) -> list[PublishedTask]:
    """Return what is known of the configured tasks, in the paper's order."""
    configured = {task for tasks in sources.experiment.suites.values() for task in tasks}
    return [one for one in read_published_tasks(sources.paper_dir) if one.task in configured]


def table_b5(sources: Sources) -> Table:
    """Return what each task is and why it is there; class counts are the data's and, where they differ, the paper's."""
    known, reasons = tasks_b5(sources), Reasons()
    why = {row.task: "" if row.suites else "in none of HEAR, HARES and NOSS" for row in known}
    return Table(
        name="B5",
        caption="Downstream tasks. Class counts are those of the published data; the paper's own count is given where "
        "it differs. Implementations used: HARES' for TUT18, Fluent Speech Commands and VoxForge, HEAR's for the "
        "other audio tasks.",
        header=("Dataset", "Task", "Type", "Motivation", "Suite"),
        rows=tuple(
            (
                Cell(text=row.dataset, head=True),
                Cell(text=row.kind),
                Cell(text=_type(row)),
                Cell(text=row.motivation),
                reasons.cell(why[row.task]) if why[row.task] else Cell(text=row.suites),
            )
            for row in known
        ),
        gaps=tuple(range(1, len(known))),
        alignment="lp{3cm}p{2.8cm}p{4.6cm}p{1.6cm}",
        wide=True,
        tidy_header=(*(field.name for field in fields(PublishedTask)), "note"),
        tidy=tuple((*asdict(row).values(), why[row.task]) for row in known),
        notes=reasons.notes,
        footer=sources.footer,
    )


def _type(row: PublishedTask) -> str:
    differs = f"; the paper says {row.classes_paper}" if row.classes_paper not in {"", row.classes} else ""
    return f"{row.type} (N={row.classes}{differs})"
