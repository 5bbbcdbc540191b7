"""What is wrong with a configuration, in one line for people: the key, its value, what would be right, and where."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dubaug.yaml_files import find_line

MOST = 5
"""Errors that are listed; the first is often the reason of others."""
LONG = 80
"""Characters of a value that are shown."""

Keys = Sequence[str | int]

_EXPECTED = {
    "bool_type": "true or false",
    "dataclass_type": "keys with values",
    "mapping_type": "keys with values",
    "dict_type": "keys with values",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "missing": "an entry more",
    "none_required": "null",
    "rule": "{expected}",
    "string_pattern_mismatch": "letters, digits and underscores",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "text",
    "string_type": "text",
    "string_unicode": "text",
    "too_long": "no more than {max_length} entries",
    "too_short": "{min_length} or more entries",
    "tuple_type": "a list",
}
"""By pydantic's type of error (`rule` is `dubaug.settings.require`'s); what is not here is told in pydantic's words."""


def explain(error: ValidationError, written: "Written") -> str:
    """Return a line for each of the first errors, less those that only follow from others."""
    details = error.errors(include_url=False)
    above = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    told: list[tuple[Keys, str]] = []
    for detail in details:
        context = detail.get("ctx", {})
        keys: list[Any] = list(detail["loc"])
        if keys[-1:] == ["[key]"]:
            keys[-2:] = [detail["input"]]
        keys += [key for key in str(context.get("key", "")).split(".") if key]
        wording = _wording(detail, context, keys)
        counted_less = detail["type"] == "too_short" and detail["loc"] in above  # some entries were refused
        inherited = keys[-1:] == ["primary"] and not written.has(keys) and wording in {words for _, words in told}
        if not counted_less and not inherited:
            told.append((keys, wording))
    lines = [f"config key `{_named(keys)}`{wording}{written.where(keys)}" for keys, wording in told[:MOST]]
    more = [f"... and {len(told) - MOST} more"] if len(told) > MOST else []
    return "\n".join([*lines, *more])


def _wording(error: ErrorDetails, context: Mapping[str, Any], keys: Keys) -> str:
    if error["type"] == "unknown":
        return f" is unknown{_close(keys[-1], context['known'])}; known here: {', '.join(context['known'])}"
    if error["type"] == "missing" and isinstance(keys[-1], str):
        return " is required, and not given"
    value = _plain(context.get("value", error["input"]))
    if error["type"] in ("float_type", "int_type") and isinstance(value, str) and (bare := _bare(value)):
        return f": got {_shown(value)}, which YAML reads as text; write it bare, without quotes: {bare}"
    if error["type"] == "literal_error":
        expected = "one of: " + context["expected"].replace("'", "").replace(" or ", ", ")
    else:
        expected = _EXPECTED.get(error["type"], error["msg"]).format(**context)
    advice = _quoted(error, value) or _close(value, expected.replace(",", " ").split())
    return f": got {_shown(value)}, expected {expected}{advice}"


def _quoted(error: ErrorDetails, value: Any) -> str:
    """Return the advice for what was meant as a text, and is none to YAML."""
    if isinstance(value, bool) and error["type"] in ("string_type", "rule"):
        word = "yes, on and true" if value else "no, off and false"
        return f'; YAML takes a bare {word} for {str(value).lower()}: quote it, as in "{"yes" if value else "no"}"'
    is_other = isinstance(value, int | float | date) and error["type"] == "string_type"
    return f'; quote it: "{_shown(value)}"' if is_other else ""


def _bare(text: str) -> str:
    """Return a number in quotes as YAML takes it for one: with a point and a sign before an exponent; "" for others."""
    try:
        float(text)
    except ValueError:
        return ""
    mantissa, _, exponent = text.strip().lower().replace("_", "").partition("e")
    if not exponent:
        return mantissa
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{'' if exponent[0] in '+-' else '+'}{exponent}"


def _close(word: Any, known: Sequence[str]) -> str:
    fits = isinstance(word, str) and len(word) < LONG and word not in known
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.75) if fits else []
    return f" (did you mean {close[0]}?)" if close else ""


def _named(keys: Keys) -> str:
    return _cut(repr(".".join(map(str, keys)))[1:-1]) or "(top level)"


def _shown(value: Any) -> str:
    try:
        return _cut(str(value) if isinstance(value, date) else repr(value))
    except ValueError:  # more digits than Python writes out
        return "a number of thousands of digits"


def _cut(text: str) -> str:
    return text if len(text) <= 2 * LONG else f"{text[:LONG]}... ({len(text)} characters)"


class Written:
    """Where the keys of a configuration stand."""

    def __init__(self, merged: Mapping[str, Any], files: Sequence[Path]) -> None:
        """`files` were laid over each other, the last on top, and gave `merged` with what the command line adds."""
        self._merged = merged
        self._files = [path for path in reversed(files) if path.is_file()]

    def has(self, keys: Keys) -> bool:
        """Return whether somebody gave this key."""
        try:
            reduce(getitem, keys, self._merged)  # type: ignore[arg-type]
        except (LookupError, TypeError):
            return False
        return True

    def where(self, keys: Keys) -> str:
        """Return ` (FILE, line N)` for the key, or for the section that lacks it; nothing if no file has it."""
        if not self.has(keys):
            return self.where(keys[:-1])
        value: Any = reduce(getitem, keys, self._merged)  # type: ignore[arg-type]
        for path in self._files if keys else ():
            there, line = find_line(path, keys)
            if line and (there == value or value != value or isinstance(there, Mapping)):  # NaN equals nothing
                return f" ({_short(path)}, line {line})"
        return ""


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _plain(value: Any) -> Any:
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value
