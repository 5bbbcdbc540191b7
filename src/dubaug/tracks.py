"""A sound track's name: its language and, if it is not the film's own sound in it, where it comes from."""

import re
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from typing import Self

from dubaug.languages import language_of, name_of, standard_tag

COMMENTARY, DESCRIPTION, EFFECTS = "commentary", "description", "effects"
"""Origins that streams themselves state. Any other word is the user's to choose: `synthetic`, `fandub`."""
_ORIGIN = re.compile("[a-z][a-z0-9_]*")


class TrackName(str):
    """`es`, `es-419`, `yue`, `es@synthetic`: a language's tag and, after `@`, an origin; none is the film's own sound.

    Made of any spelling (`TrackName("spa") == "es"`), and from then on the text that stands in configurations, CSVs,
    columns of shards. Raises `ValueError` for what is no language or no origin.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Return the name in its one spelling."""
        return cls._as_it_is(_canonical(text))

    @classmethod
    def _as_it_is(cls, text: str) -> Self:
        return str.__new__(cls, text)

    def __reduce__(self) -> tuple[Callable[[str], Self], tuple[str]]:
        return type(self)._as_it_is, (str(self),)

    @property
    def tag(self) -> str:
        """The language with script and territory: `es-419`."""
        return str(self).partition("@")[0]

    @property
    def language(self) -> str:
        """The language alone, ISO 639-1 or 639-3: `es`."""
        return language_of(self.tag)

    @property
    def origin(self) -> str:
        """`synthetic`, `commentary`, ...; empty for the film's own sound."""
        return str(self).partition("@")[2]

    @property
    def name(self) -> str:
        """English words: `Spanish`, `Spanish (Spain)`, `Spanish (synthetic)`."""
        name = name_of(self.tag)
        if not self.origin:
            return name
        return f"{name[:-1]}, {self.origin})" if name.endswith(")") else f"{name} ({self.origin})"

    @property
    def capitals(self) -> str:
        """As the paper's tables have it: `ES`, `ES-419`, `ES@synthetic`."""
        return self.tag.upper() + self.removeprefix(self.tag)

    @property
    def coded(self) -> str:
        """The language's English name and the track's own: `Spanish (es@synthetic)`."""
        return f"{name_of(self.language)} ({self})"


@lru_cache(maxsize=1024)
def _canonical(text: str) -> str:
    tag, at, origin = text.strip().partition("@")
    origin = origin.lower()
    if at and not _ORIGIN.fullmatch(origin):
        raise ValueError("no track: after the @ stands a word that says where it comes from, as in es@synthetic")
    return standard_tag(tag) + at + origin


def serving(asked: Iterable[TrackName], held: Collection[TrackName]) -> dict[TrackName, TrackName]:
    """Return which of the tracks held answers to which name asked for; names that none answers to are left out.

    A track answers to its own name. A language without script and territory means any: `es` is answered by `es`, else
    by the nearest in CLDR's language matching (`es-ES` before `es-419`, `pt-BR` before `pt-PT`, `zh-Hans` before
    `zh-Hant`; Norwegian, `no`, and its Bokmål, `nb`, are one there), of equally near ones by the first of the
    alphabet. Origins must agree, and no track answers twice.
    """
    wanted = list(asked)
    found = {name: name for name in wanted if name in held}
    for name in wanted:
        if name not in found and name.tag == name.language:
            free = [other for other in held if other not in found.values()]
            akin = [other for other in free if other.origin == name.origin and _one_language(name, other)]
            if akin:
                found[name] = min(akin, key=_distance)
    return {name: found[name] for name in wanted if name in found}


def _one_language(asked: TrackName, held: TrackName) -> bool:
    """Whether two languages are one, or all but one (a distance of at most 1 in CLDR's matching)."""
    from langcodes import tag_distance

    return asked.language == held.language or tag_distance(asked.language, held.language) <= 1


def _distance(name: TrackName) -> tuple[int, str]:
    from langcodes import tag_distance

    return tag_distance(name.language, name.tag), name
