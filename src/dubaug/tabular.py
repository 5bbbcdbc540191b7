"""CSV as all stages write and read it: a header, `\\n` at line ends, an empty field where there is no value."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from dubaug.errors import DubaugError

T = TypeVar("T")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV. Raises `ValueError` for a row with another column."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_rows(path: Path, columns: Sequence[str] = (), *, what: str = "", delimiter: str = ",") -> list[dict[str, str]]:
    """Return the rows of a file with a header, which has to have `columns`.

    Raises `DubaugError` if it lacks one; `what` is what the file then is not, for people.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise DubaugError(
                f"{path} is no {what}, it has no column {missing[0]!r}: delete it, and the workflow makes it anew"
            )
        return list(reader)


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
