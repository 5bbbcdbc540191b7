"""Which generator made a file: a hash of this package's sources and of the speech bank. Imports nothing heavy."""

import hashlib
from functools import cache
from pathlib import Path


@cache
def generator_sha256(*, tasks: bool) -> str:
    """Return the hash of all that films are made with; with `tasks`, of the data sets' miniatures as well."""
    root = Path(__file__).parent
    total = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        relative = path.relative_to(root)
        if tasks or relative.parts[0] != "tasks":
            total.update(relative.as_posix().encode())
            total.update(path.read_bytes())
    return total.hexdigest()
