"""Language tags in their usual spellings, as one code: ISO 639-1 where there is one."""

import csv
from functools import lru_cache
from importlib.resources import files

UNDETERMINED = frozenset({"", "und", "mul", "mis", "zxx", "unk", "unknown", "qaa"})


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, str], dict[str, str]]:
    """Return (every spelling -> two-letter code, two-letter code -> English name), from iso639.csv."""
    text = files("dubaug.corpus").joinpath("iso639.csv").read_text(encoding="utf-8")
    spellings: dict[str, str] = {}
    names: dict[str, str] = {}
    for row in csv.DictReader(text.splitlines()):
        code = row["code"]
        names[code] = row["name"]
        for spelling in (code, row["terminologic"], row["bibliographic"], row["name"].lower()):
            spellings[spelling] = code
    return spellings, names


def normalise(tag: str | None) -> str | None:
    """Return the ISO 639-1 code of a tag: `eng`, `en`, `en-US`, `fre` and `fra` alike.

    A language without a two-letter code keeps its three letters; an undetermined or empty tag gives None.
    """
    if tag is None:
        return None
    base = tag.strip().lower().replace("_", "-").split("-")[0]
    if base in UNDETERMINED:
        return None
    return _table()[0].get(base, base)


def name_of(code: str) -> str:
    """Return the language's English name with its code: `French (fr)`."""
    name = _table()[1].get(code)
    return f"{name} ({code})" if name else code


def language_of(code: str) -> str:
    """Return the language's English name, `French`; a code that has none as it is."""
    return _table()[1].get(code, code)
