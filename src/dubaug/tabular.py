"""CSV as all stages write and read it: a header, `\\n` at line ends, an empty field where there is no value."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dubaug.errors import DubaugError


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


def number_or_none(text: str, where: str) -> float | None:
    """Return the number in a field, None for an empty one. Raises `DubaugError` naming `where`."""
    if text.strip() in ("", "NA", "-", "nan", "None"):
        return None
    try:
        return float(text)
    except ValueError:
        raise DubaugError(f"{where}: {text!r} is no number") from None
