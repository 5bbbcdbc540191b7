"""The films that a network was trained on, in numbers. Titles are counted and never named. Light: no torch."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from dubaug.corpus.rejects import read_rejects
from dubaug.corpus.titles import read_titles
from dubaug.errors import DubaugError


@dataclass(frozen=True, kw_only=True)
class Films:
    """Summary of the titles trained on."""

    titles: int
    minutes: float
    years: tuple[int, int] | None
    """The first and the last, of the titles that say theirs; None if none does."""
    original_languages: tuple[tuple[str, int], ...]
    """Language and number of titles, most first; "" for those that do not say."""
    genres: tuple[tuple[str, int], ...]
    """Genre and number of titles, most first; a title may have several."""
    decades: tuple[tuple[str, int], ...]
    """Decade (`1990s`) and number of titles, in order; those without a year last, as ""."""
    pictures: tuple[tuple[str, int], ...]
    """Codec, size and rate of the picture, and number of titles, most first."""
    minutes_range: tuple[float, float]
    """Of the shortest and of the longest title."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What was found and could not be used, as the reject lists have it."""

    reasons: tuple[tuple[str, int], ...]
    """Stage and number of titles that lost something there, most first."""
    titles: int


def summarise_films(titles_csv: Path, trained_on: Collection[str]) -> Films:
    """Return the summary of the titles in `trained_on`. Raises `DubaugError` if the CSV lacks one of them."""
    titles = {title.title_id: title for title in read_titles(titles_csv)}
    missing = sorted(set(trained_on) - set(titles))
    if missing:
        raise DubaugError(
            f"{titles_csv} lacks {len(missing)} of the {len(trained_on)} titles that were trained on, such as "
            f"{missing[0]!r}: give the one of the corpus that the run was trained on"
        )
    used = [titles[title_id] for title_id in trained_on]
    years = sorted(int(title.year) for title in used if title.year.isdigit())
    return Films(
        titles=len(used),
        minutes=sum(title.minutes for title in used),
        years=(years[0], years[-1]) if years else None,
        original_languages=_counted([title.original_language for title in used]),
        genres=_counted([genre for title in used for genre in title.genres.split("|") if genre]),
        decades=tuple(sorted(_counted([_decade(title.year) for title in used]), key=lambda pair: pair[0] or "~")),
        pictures=_counted([title.picture for title in used if title.picture]),
        minutes_range=(min(title.minutes for title in used), max(title.minutes for title in used)),
    )


def _decade(year: str) -> str:
    return f"{year[:-1]}0s" if year.isdigit() else ""


def summarise_rejects(paths: Sequence[Path]) -> LeftOut:
    """Return how many titles lost clips or were lost whole, by stage. Raises `DubaugError` for other files."""
    rejects = set(read_rejects(paths))
    by_stage = {(reject.stage, reject.title_id) for reject in rejects}
    return LeftOut(
        reasons=_counted([stage for stage, _ in sorted(by_stage)]),
        titles=len({reject.title_id for reject in rejects}),
    )


def _counted(values: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return each value with its number, most first, ties by name."""
    return tuple(sorted(((value, values.count(value)) for value in set(values)), key=lambda pair: (-pair[1], pair[0])))
