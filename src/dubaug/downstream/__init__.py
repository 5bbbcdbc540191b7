"""Downstream data sets as they are published, and their features: windows of log-mels and frames."""

from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from dubaug.errors import DubaugError

if TYPE_CHECKING:
    from dubaug.downstream.model import Dataset


def load_dataset(layout: str, path: Path) -> "Dataset":
    """Return the data set in folder `path`; `layout` names its published form: `dubaug.suites.layouts`, or a suite's.

    Raises `DubaugError` that names the folder, the list and the entry at fault; also for an unknown layout.
    """
    from dubaug.suites.registry import LAYOUTS  # `dubaug --help` does without

    if layout not in LAYOUTS:
        raise DubaugError(f"no loader for layout {layout!r}; known: {', '.join(LAYOUTS)}")
    dataset: Dataset = resolve_name(LAYOUTS[layout].load)(path)
    return dataset
