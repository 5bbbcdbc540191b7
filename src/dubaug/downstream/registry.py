"""From a layout's name to the data set: `dubaug.config.layouts` lists them."""

import importlib
from pathlib import Path

from dubaug.config.layouts import LAYOUTS
from dubaug.downstream.model import Dataset
from dubaug.errors import DubaugError


def load(layout: str, path: Path) -> Dataset:
    """Return the data set in `path`. Raises `DubaugError`, also for an unknown layout."""
    if layout not in LAYOUTS:
        raise DubaugError(f"no loader for layout {layout!r}; known: {', '.join(LAYOUTS)}")
    loader = importlib.import_module(f"dubaug.downstream.{LAYOUTS[layout].module}")
    dataset: Dataset = loader.load(path)
    return dataset
