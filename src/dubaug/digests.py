"""The hash that stands for what a result depends on. Light: no pydantic."""

import hashlib
import json
from dataclasses import asdict, is_dataclass
from typing import Any


def digest(*parts: Any) -> str:
    """Return a 16-digit hash of dataclasses, mappings, lists and plain values: equal values, equal hash."""
    text = json.dumps([_plain(part) for part in parts], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(part: Any) -> Any:
    return asdict(part) if is_dataclass(part) and not isinstance(part, type) else part
