"""From a layout's name to the data set: `dubaug.suites.layouts` lists them, and suites may bring their own."""

from pathlib import Path
from pkgutil import resolve_name

from dubaug.downstream.model import Dataset
from dubaug.errors import DubaugError
from dubaug.suites.registry import LAYOUTS


def load(layout: str, path: Path) -> Dataset:
    """Return the data set in `path`. Raises `DubaugError`, also for an unknown layout."""
    if layout not in LAYOUTS:
        raise DubaugError(f"no loader for layout {layout!r}; known: {', '.join(LAYOUTS)}")
    dataset: Dataset = resolve_name(LAYOUTS[layout].load)(path)
    return dataset
