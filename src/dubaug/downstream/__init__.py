"""Downstream data sets as they are published, and their features: windows of log-mels and frames."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dubaug.downstream.model import Dataset


def load_dataset(layout: str, path: Path) -> "Dataset":
    """Return the data set in folder `path`; `layout` names its published form (`dubaug.downstream.registry`).

    Raises `DubaugError` that names the folder, the list and the entry at fault.
    """
    from dubaug.downstream.registry import load

    return load(layout, path)
