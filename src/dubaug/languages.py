"""Languages, whatever standard or habit their tags follow: one tag and one English name each, by `langcodes`."""

import re
from difflib import get_close_matches
from functools import lru_cache

UNDETERMINED = frozenset({"und", "mul", "mis", "zxx"})
"""ISO 639's codes for a language that is not known, several, one without a code, and none at all."""
_CODE = re.compile("[a-z]{2,3}")
_LOCAL_USE = re.compile("q[a-t][a-z]")
"""Codes that mean what each file's maker wants: DVB's `qaa` is the original language, whichever that is."""
_PERIOD = re.compile(r" \([^()]*\)$")


@lru_cache(maxsize=1024)
def standard_tag(text: str) -> str:
    """Return a language's tag: ISO 639-1, else 639-3, with the script and the territory if `text` has them.

    `spa`, `es_419`, `fre`, `iw` (old), `scc` (older), `cmn` (its macrolanguage counts), `Spanish` give `es`, `es-419`,
    `fr`, `he`, `sr`, `zh`, `es`; `yue` stays. Raises `ValueError` for anything else: what it is
    instead, and what may have been meant.
    """
    from langcodes import Language
    from langcodes.tag_parser import LanguageTagError

    try:
        found = Language.get(text.strip())
        valid = found.is_valid() and not found.extlangs
    except LanguageTagError:
        valid = False
    if not valid:
        code = _codes_by_name().get(text.strip().lower())
        if code is None:
            raise ValueError(f"no language{_meant(text.strip())}")
        found = Language.get(code)
    found = found.prefer_macrolanguage().simplify_script()
    language = found.language or ""
    if not _CODE.fullmatch(language) or language in UNDETERMINED or _LOCAL_USE.fullmatch(language):
        raise ValueError("a code for no language")
    return Language.make(language=language, script=found.script, territory=found.territory).to_tag()


def tag_or_none(text: str | None) -> str | None:
    """Return the tag of what a file says of its language: by the code that it begins with if the rest is not right.

    None where that is nothing, undetermined, or no language.
    """
    written = (text or "").strip()
    for attempt in (written, re.split("[-_]", written)[0]):
        try:
            return standard_tag(attempt)
        except ValueError:
            continue
    return None


def language_of(tag: str) -> str:
    """Return the language of a tag alone: `es` of `es-419`."""
    return tag.partition("-")[0]


def name_of(tag: str) -> str:
    """Return a language's English name: `French`, `Spanish (Spain)`, `Chinese (Hant)`; a code without name as it is."""
    language, *more = tag.split("-")
    names = _names()
    within = ", ".join(names.get(subtag, subtag) for subtag in more)
    name = names.get(language, language)
    return f"{name} ({within})" if within else name


def coded_name_of(code: str) -> str:
    """Return the English name of a language with its code: `French (fr)`."""
    name = name_of(code)
    return name if name == code else f"{name} ({code})"


@lru_cache(maxsize=1)
def _descriptions() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return languages and territories with their English names in IANA's registry, without periods: `(1453-)`."""
    from langcodes.registry_parser import parse_registry

    return tuple(
        (entry["Subtag"], tuple(_PERIOD.sub("", name).removeprefix("Modern ") for name in entry["Description"]))
        for entry in parse_registry()  # type: ignore[no-untyped-call]
        if entry["Type"] in ("language", "region")
    )


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    return {subtag: names[0] for subtag, names in _descriptions()}


@lru_cache(maxsize=1)
def _codes_by_name() -> dict[str, str]:
    """Return codes by the languages' names in small letters; of several with one name, the shortest."""
    codes: dict[str, str] = {}
    for subtag, names in _descriptions():
        if subtag.islower():
            for name in names:
                codes.setdefault(name.lower(), subtag)
    return codes


def _meant(text: str) -> str:
    """Return `; did you mean ...?` for a territory (`jp`), or for what is nearly a name; else nothing."""
    from langcodes import Language

    if len(text) == 2 and text.upper() in _names():
        spoken = Language.make(territory=text.upper()).maximize().language
        return f"; did you mean {spoken} ({name_of(spoken)})?" if spoken else ""
    if near := get_close_matches(text.lower(), _codes_by_name(), n=1, cutoff=0.8):
        code = standard_tag(near[0])
        return f"; did you mean {code} ({name_of(code)})?"
    return ""
