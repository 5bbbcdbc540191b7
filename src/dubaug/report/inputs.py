"""Reading what the page is made of: a part that is not there is None, a part that is not what it should be an error."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dubaug.errors import DubaugError
from dubaug.files import read_json


def read_table(path: Path | None, columns: Sequence[str]) -> list[dict[str, str]] | None:
    """Return a CSV's rows; None where no file is. Raises `DubaugError` if it lacks one of `columns`."""
    if path is None or not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise DubaugError(f"{path} has no column {missing[0]!r}: delete it, and the workflow makes it anew")
        return list(reader)


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in `path`. Raises `DubaugError` if it is none."""
    try:
        value = read_json(path)
    except ValueError as error:
        raise DubaugError(f"{path} is no JSON ({error}): delete it, and the workflow makes it anew") from None
    if not isinstance(value, dict):
        raise DubaugError(f"{path} holds no JSON object: delete it, and the workflow makes it anew")
    return value
