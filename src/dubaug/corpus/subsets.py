"""Table B4 and subsets.csv: how many titles have the primary track and each combination of the others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from dubaug.corpus.titles import Title
from dubaug.errors import DubaugError
from dubaug.files import write_text
from dubaug.tabular import csv_text, read_rows
from dubaug.tracks import TrackName

COLUMNS = ("languages", "titles", "video_hours")


@dataclass(frozen=True, kw_only=True)
class Subset:
    """The titles that have all of these tracks (the primary first)."""

    languages: tuple[TrackName, ...]
    titles: int
    video_hours: float

    @property
    def joined(self) -> str:
        """The tracks as the CSV has them: `en+es@synthetic`."""
        return "+".join(self.languages)

    @property
    def names(self) -> str:
        """The tracks in words: `English, Spanish (synthetic)`."""
        return ", ".join(track.name for track in self.languages)


def write_subsets(path: Path, subsets: Iterable[Subset]) -> None:
    """Write the counts as CSV, in the order given."""
    rows = [{"languages": one.joined, "titles": one.titles, "video_hours": f"{one.video_hours:.4f}"} for one in subsets]
    write_text(path, csv_text(COLUMNS, rows))


def read_subsets(path: Path) -> tuple[Subset, ...]:
    """Return what `write_subsets` wrote; the paper's Table B4 is of the same form. Raises `DubaugError`."""
    if not path.is_file():
        raise DubaugError(f"no counts by track at {path}: leave them out, or make them with `dubaug select`")
    return tuple(
        Subset(
            languages=tuple(map(TrackName, row["languages"].split("+"))),
            titles=int(row["titles"]),
            video_hours=float(row["video_hours"]),
        )
        for row in read_rows(path, COLUMNS, what="count by track")
    )


def count_subsets(titles: Sequence[Title], primary: TrackName, secondary: Sequence[TrackName]) -> tuple[Subset, ...]:
    """Return one row for every non-empty subset of `secondary`, joined to `primary`.

    Ordered as Table B4: by the number of tracks, then by titles, most first (ties as configured).
    """
    rows = []
    for size in range(1, len(secondary) + 1):
        counted = []
        for chosen in combinations(secondary, size):
            names = (primary, *chosen)
            minutes = [title.minutes for title in titles if not title.lacking(names)]
            counted.append(Subset(languages=names, titles=len(minutes), video_hours=sum(minutes) / 60))
        rows += sorted(counted, key=lambda row: -row.titles)
    return tuple(rows)


def select(titles: Sequence[Title], names: Sequence[TrackName]) -> tuple[Title, ...]:
    """Return the titles that have all these tracks, which bear these names from here on (`Title.as_asked`).

    Raises `DubaugError` if there is none.
    """
    chosen = tuple(title.as_asked(names) for title in titles if not title.lacking(names))
    if not chosen:
        counts = ", ".join(f"{name.coded} {sum(not title.lacking([name]) for title in titles)}" for name in names)
        others = sorted({track.name for title in titles for track in title.tracks} - set(names))
        beside = f" (others: {', '.join(others)})" if others else ""
        raise DubaugError(
            f"no title has all of {', '.join(names)}. Of {len(titles)} titles found, by track: {counts}{beside}. "
            "Leave tracks out of config key `corpus.secondary`, or name them in the catalogue (`tracks`)"
        )
    return chosen
