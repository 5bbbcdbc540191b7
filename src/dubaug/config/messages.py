"""What is wrong with a configuration, in one line for people: the key, its value, what would be right, and where."""

import difflib
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

MOST = 5
"""Errors that are listed; the first is often the reason of others."""

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
    "rule": "{expected}",
    "string_pattern_mismatch": "letters, digits and underscores",
    "string_too_short": "text",
    "string_type": "text",
    "too_long": "at most {max_length} entries",
    "too_short": "at least {min_length} entries",
    "tuple_type": "a list",
}
"""By pydantic's type of error (`rule` is `dubaug.settings.require`'s); what is not here is told in pydantic's words."""


def explain(error: ValidationError, written: "Written") -> str:
    """Return a line for each of the first errors."""
    lines = [_line(detail, written) for detail in error.errors(include_url=False)]
    more = [f"... and {len(lines) - MOST} more"] if len(lines) > MOST else []
    return "\n".join([*lines[:MOST], *more])


def _line(error: ErrorDetails, written: "Written") -> str:
    context = error.get("ctx", {})
    keys: list[str | int] = [key for key in error["loc"] if key != "[key]"]
    keys += [key for key in str(context.get("key", "")).split(".") if key]
    wording = _wording(error, context, keys)
    return f"config key `{'.'.join(map(str, keys)) or '(top level)'}`{wording}{written.where(keys)}"


def _wording(error: ErrorDetails, context: Mapping[str, Any], keys: Keys) -> str:
    if error["type"] == "unknown":
        return f" is unknown{_close(keys[-1], context['known'])}; known here: {', '.join(context['known'])}"
    if error["type"] == "missing" and isinstance(keys[-1], str):
        return " is required, and not given"
    value = _plain(context.get("value", error["input"]))
    if error["type"] in ("float_type", "int_type") and isinstance(value, str) and _is_number(value):
        return f": got {value!r}, which YAML reads as text; write it bare and with a point: 3.0e-4, not '3' or 3e-4"
    if error["type"] == "literal_error":
        expected = "one of: " + context["expected"].replace("'", "").replace(" or ", ", ")
    else:
        expected = _EXPECTED.get(error["type"], error["msg"]).format(**context)
    return f": got {value!r}, expected {expected}{_close(value, expected.replace(',', ' ').split())}"


def _close(word: Any, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.75) if isinstance(word, str) else []
    return f" (did you mean {close[0]}?)" if close else ""


class Written:
    """Where the keys of a configuration stand."""

    def __init__(self, merged: Mapping[str, Any], files: Sequence[Path]) -> None:
        """`files` were laid over each other, the last on top, and gave `merged` with what the command line adds."""
        self._merged = merged
        self._files = [path for path in reversed(files) if path.is_file()]

    def where(self, keys: Keys) -> str:
        """Return ` (FILE, line N)` for the key, or for the section that lacks it; nothing if no file has it."""
        try:
            value = reduce(getitem, keys, self._merged)  # type: ignore[arg-type]
        except (LookupError, TypeError):
            return self.where(keys[:-1])
        for path in self._files if keys else ():
            there, line = _find(path, keys)
            if line and (there == value or isinstance(there, Mapping)):
                return f" ({_short(path)}, line {line})"
        return ""


def _find(path: Path, keys: Keys) -> tuple[Any, int]:
    """Return the value at `keys` in a file and its line; line 0 if there is none."""
    text = path.read_text(encoding="utf-8")
    try:
        value = reduce(getitem, keys, yaml.safe_load(text))
    except (LookupError, TypeError):
        return None, 0
    at: Any = None
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in keys:
        if isinstance(node, yaml.SequenceNode):
            at = node = node.value[key]
        else:
            at, node = next(pair for pair in node.value if pair[0].value == str(key))
    return value, at.start_mark.line + 1


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _plain(value: Any) -> Any:
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
