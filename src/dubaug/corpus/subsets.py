"""Table B4: how many titles have the primary language and each combination of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from dubaug.corpus.languages import name_of
from dubaug.corpus.titles import Title
from dubaug.errors import DubaugError


@dataclass(frozen=True, kw_only=True)
class Subset:
    """The titles that have all of `languages` (the primary first)."""

    languages: tuple[str, ...]
    titles: int
    video_hours: float


def count_subsets(titles: Sequence[Title], primary: str, secondary: Sequence[str]) -> tuple[Subset, ...]:
    """Return one row for every non-empty subset of `secondary`, joined to `primary`.

    Ordered as Table B4: by the number of languages, then by titles, most first (ties as configured).
    """
    held = [(set(title.languages), title.minutes) for title in titles]
    rows = []
    for size in range(1, len(secondary) + 1):
        counted = []
        for chosen in combinations(secondary, size):
            languages = (primary, *chosen)
            minutes = [length for has, length in held if has.issuperset(languages)]
            counted.append(Subset(languages=languages, titles=len(minutes), video_hours=sum(minutes) / 60))
        rows += sorted(counted, key=lambda row: -row.titles)
    return tuple(rows)


def select(titles: Sequence[Title], languages: Sequence[str]) -> tuple[Title, ...]:
    """Return the titles that have all of `languages`. Raises `DubaugError` if there is none."""
    chosen = tuple(title for title in titles if set(languages) <= set(title.languages))
    if not chosen:
        each = {language: sum(language in title.languages for title in titles) for language in languages}
        counts = ", ".join(f"{name_of(language)} {count}" for language, count in each.items())
        raise DubaugError(
            f"no title has all of {', '.join(languages)}. Of {len(titles)} titles found, by language: {counts}. "
            "Leave languages out of config key `corpus.secondary`, or tag the tracks in the catalogue (`tracks`)"
        )
    return chosen
