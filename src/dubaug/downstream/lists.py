"""The lists that data sets are published with: read strictly, with errors that name the file and the line."""

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dubaug.errors import DubaugError
from dubaug.files import why_no_file
from dubaug.tabular import parse_csv


def read_text(path: Path) -> str:
    """Return the file's text (UTF-8, a byte-order mark dropped, line ends as they are). Raises `DubaugError`."""
    why = why_no_file(path)
    if why is not None:
        raise DubaugError(f"{path} is missing{why}: the folder must be the data set's own, as it was published")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DubaugError(f"{path} cannot be read ({error}): unpack the data set again") from error


def read_lines(path: Path) -> list[str]:
    """Return the file's lines that are not blank, without the white space around them. Raises `DubaugError`.

    Other line ends of Unicode (U+0085, U+2028) are part of a name.
    """
    return [stripped for line in re.split(r"[\r\n]+", read_text(path)) if (stripped := line.strip(" \t"))]


def read_rows(path: Path, *, delimiter: str = ",") -> list[list[str]]:
    """Return the rows of a CSV file that are not empty. Raises `DubaugError`."""
    return parse_csv(read_text(path), path, delimiter=delimiter)


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
    """Raise `DubaugError` naming the first of `paths` that is no file on disk; each folder is listed once."""
    listings: dict[Path, set[str]] = {}
    for path in paths:
        folder = path.parent
        if folder not in listings:
            listings[folder] = _files_in(folder)
        if path.name in listings[folder]:
            continue
        why = why_no_file(path)
        if why is not None:  # a disk may know a name by another spelling than it lists
            why += unlike(path.name, listings[folder])
            raise DubaugError(
                f"{listed_in} names {path.name}, and there is no {path}{why}: is the data set unpacked whole?"
            )


def _files_in(folder: Path) -> set[str]:
    """Return the names of the files in a folder, links to files among them; none where there is no folder."""
    try:
        with os.scandir(folder) as entries:
            return {
                entry.name
                for entry in entries
                if (why_no_file(Path(entry.path)) is None if entry.is_symlink() else entry.is_file())
            }
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as error:
        raise DubaugError(f"{folder} cannot be listed ({error.strerror}): is it yours to read?") from error


def walk(path: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield each folder from `path` down, links followed, with its folders (which may be taken out) and files, sorted.

    Raises `DubaugError` for a folder that cannot be listed, and for a link that leads back to a folder above it.
    """

    def fail(error: OSError) -> None:
        raise DubaugError(f"{error.filename} cannot be listed ({error.strerror}): is it yours to read?") from error

    for name, folders, files in os.walk(path, onerror=fail, followlinks=True):
        parent = Path(name)
        for link in (parent / folder for folder in folders if (parent / folder).is_symlink()):
            if parent.resolve().is_relative_to(link.resolve()):
                raise DubaugError(f"{link} is a link that leads back to a folder above it: remove it")
        folders.sort()
        yield parent, folders, sorted(files)


def unlike(name: str, names: Iterable[str]) -> str:
    """Return what to say of a name if one of `names` looks like it and is spelled otherwise; empty if none does.

    Accents may be part of a letter (NFC, Linux) or follow it (NFD, macOS): the same to the eye.
    """
    looks = _looks(name)
    other = next((other for other in sorted(names) if other != name and _looks(other) == looks), None)
    return "" if other is None else f" ({other!a} is there, spelled otherwise than {name!a}: rename one)"


def _looks(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


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
