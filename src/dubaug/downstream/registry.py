"""Which loader reads which layout."""

from collections.abc import Callable, Mapping
from pathlib import Path

from dubaug.downstream import fluent, hear, hmdb51, tut18, ucf101, vggsound, voxforge
from dubaug.downstream.model import Dataset
from dubaug.errors import DubaugError

LOADERS: Mapping[str, Callable[[Path], Dataset]] = {
    "hear": hear.load,
    "tut18": tut18.load,
    "fluent_speech_commands": fluent.load,
    "voxforge": voxforge.load,
    "vggsound": vggsound.load,
    "hmdb51": hmdb51.load,
    "ucf101": ucf101.load,
}
"""By the `layout` of a task in the configuration."""


def load(layout: str, path: Path) -> Dataset:
    """Return the data set in `path`. Raises `DubaugError`, also for an unknown layout."""
    if layout not in LOADERS:
        raise DubaugError(f"no loader for layout {layout!r}; known: {', '.join(LOADERS)}")
    return LOADERS[layout](path)
