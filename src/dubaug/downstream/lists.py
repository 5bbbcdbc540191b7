"""The lists that data sets are published with: read strictly, with errors that name the file and the line."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dubaug.errors import DubaugError


def read_text(path: Path) -> str:
    """Return the file's text (UTF-8, a byte-order mark dropped, line ends as they are). Raises `DubaugError`."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DubaugError(f"{path} is missing: the folder must be the data set's own, as it was published") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DubaugError(f"{path} cannot be read ({error}): unpack the data set again") from error


def read_lines(path: Path) -> list[str]:
    """Return the file's lines that are not blank, without the white space around them. Raises `DubaugError`."""
    return [line.strip() for line in read_text(path).splitlines() if line.strip()]


def read_rows(path: Path, *, delimiter: str = ",") -> list[list[str]]:
    """Return the rows of a CSV file that are not empty. Raises `DubaugError`."""
    rows = csv.reader(read_text(path).splitlines(), delimiter=delimiter)
    return [row for row in rows if row]


def read_table(path: Path, columns: Sequence[str], *, delimiter: str = ",") -> list[dict[str, str]]:
    """Return the rows below a header line as dictionaries; `columns` must be in the header. Raises `DubaugError`."""
    rows = read_rows(path, delimiter=delimiter)
    if not rows:
        raise DubaugError(f"{path} is empty: unpack the data set again")
    header, *body = rows
    absent = [column for column in columns if column not in header]
    if absent:
        raise DubaugError(f"{path}: the header has no {absent[0]!r}; it has {', '.join(header)}")
    for number, row in enumerate(body, start=2):
        if len(row) != len(header):
            raise DubaugError(f"{path}, line {number}: {len(row)} fields, the header has {len(header)}")
    return [dict(zip(header, row, strict=True)) for row in body]


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in the file; a key that stands there twice is an error. Raises `DubaugError`."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in pairs:
            if key in result:
                raise DubaugError(f"{path} has {key!r} twice")
            result[key] = value
        return result

    try:
        value = json.loads(read_text(path), object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise DubaugError(f"{path} is no JSON ({error}): unpack the data set again") from error
    if not isinstance(value, dict):
        raise DubaugError(f"{path} must hold a JSON object; it holds a {type(value).__name__}")
    return value


def require_folder(path: Path, what: str) -> None:
    """Raise `DubaugError` unless `path` is a folder."""
    if not path.is_dir():
        raise DubaugError(f"no folder {path}: {what} is expected there (tasks.<name>.path in the configuration)")


def require_files(paths: Iterable[Path], listed_in: Path) -> None:
    """Raise `DubaugError` naming the first of `paths` that is not on disk; each folder is listed once."""
    listings: dict[Path, set[str]] = {}
    for path in paths:
        folder = path.parent
        if folder not in listings:
            listings[folder] = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
        if path.name not in listings[folder]:
            raise DubaugError(f"{listed_in} names {path.name}, and there is no {path}: is the data set unpacked whole?")


def require_distinct(names_by_list: Mapping[Path, Sequence[str]]) -> None:
    """Raise `DubaugError` for a name that stands twice in these lists, or in two of them."""
    seen: dict[str, Path] = {}
    for listed_in, names in names_by_list.items():
        for name in names:
            if name in seen:
                where = "twice" if seen[name] == listed_in else f"and {seen[name]} does so too"
                raise DubaugError(f"{listed_in} names {name} {where}: each recording may stand in one place only")
            seen[name] = listed_in


def class_numbers(labels: Sequence[str], classes: Sequence[str]) -> np.ndarray:
    """Return each label's place among `classes` as int64."""
    places = {name: number for number, name in enumerate(classes)}
    return np.array([places[label] for label in labels], dtype=np.int64)
