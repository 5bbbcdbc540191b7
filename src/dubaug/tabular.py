"""CSV as all stages write and read it: a header, `\\n` at line ends, an empty field where there is no value."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from dubaug.errors import DubaugError

T = TypeVar("T")


class _Written(list[str]):
    """The rows as the csv module writes them."""

    def write(self, row: str) -> None:
        self.append(row)


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV. Raises `ValueError` for a row with another column."""
    written = _Written()
    writer = csv.DictWriter(written, columns)  # quotes what holds one of its own line ends, `\r` too
    writer.writeheader()
    writer.writerows(rows)
    return "".join(row.removesuffix("\r\n") + "\n" for row in written)


def parse_csv(text: str, path: Path, *, delimiter: str = ",") -> list[list[str]]:
    """Return the rows of the text in `path`, empty ones left out; a field in quotes may hold line ends.

    Raises `DubaugError` for what is no CSV, such as a quote that is never closed.
    """
    try:
        return list(filter(None, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)))
    except csv.Error as error:
        raise DubaugError(f"{path} is no CSV ({error}): look for quotation marks that do not fit together") from error


def read_rows(path: Path, columns: Sequence[str] = (), *, what: str = "", delimiter: str = ",") -> list[dict[str, str]]:
    """Return the rows of a file with a header, which has to have `columns`.

    Raises `DubaugError` if it lacks one, or a row has not as many fields. `what` is what the file then is not, for
    people.
    """
    header, *rows = parse_csv(path.read_bytes().decode(), path, delimiter=delimiter) or [[]]
    missing = [column for column in columns if column not in header]
    if missing:
        raise DubaugError(
            f"{path} is no {what}, it has no column {missing[0]!r}: delete it, and the workflow makes it anew"
        )
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise DubaugError(f"{path}, row {number}: {len(row)} fields, the header has {len(header)}")
    return [dict(zip(header, row, strict=True)) for row in rows]


def read_records(path: Path, record: type[T], *, what: str) -> tuple[T, ...]:
    """Return the rows of a file as dataclasses whose fields are its columns; an empty field is None, or a `str`'s "".

    Raises `DubaugError`, as `read_rows` does, and for a value of another type than the field's.
    """
    from pydantic import TypeAdapter, ValidationError

    types = {field.name: field.type for field in fields(record)}  # type: ignore[arg-type]
    rows = [
        {name: row[name] if kind is str else row[name] or None for name, kind in types.items()}
        for row in read_rows(path, tuple(types), what=what)
    ]
    try:
        return TypeAdapter(tuple[record, ...]).validate_python(rows)  # type: ignore[valid-type]
    except ValidationError as error:
        (number, column), words = error.errors()[0]["loc"][:2], error.errors()[0]["msg"]
        raise DubaugError(
            f"{path}, row {number}, column {column}: {words}: delete it, and the workflow makes it anew"
        ) from None


def number_or_none(text: str, where: str) -> float | None:
    """Return the number in a field, None for an empty one. Raises `DubaugError` naming `where`."""
    if text.strip() in ("", "NA", "-", "nan", "None"):
        return None
    try:
        return float(text)
    except ValueError:
        raise DubaugError(f"{where}: {text!r} is no number") from None
