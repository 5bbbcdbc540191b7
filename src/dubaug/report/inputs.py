"""Reading what the page is made of: a part that is not what it should be is an error."""

from pathlib import Path
from typing import Any

from dubaug.errors import DubaugError
from dubaug.files import read_json


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in `path`. Raises `DubaugError` if it is none."""
    try:
        value = read_json(path)
    except ValueError as error:
        raise DubaugError(f"{path} is no JSON ({error}): delete it, and the workflow makes it anew") from None
    if not isinstance(value, dict):
        raise DubaugError(f"{path} holds no JSON object: delete it, and the workflow makes it anew")
    return value
