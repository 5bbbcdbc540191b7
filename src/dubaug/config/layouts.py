"""The forms in which downstream data sets are published: which function reads each, and what is in it.

This is the only list of them: a data set in a form of its own is a line here and a `load` (docs/extending.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One form of data set."""

    module: str
    """Of `dubaug.downstream`, with `load(path: Path) -> Dataset`; imported when a data set is read."""
    media: Literal["A", "V", "AV"] = "A"
    """What is extracted of its items. It follows the data set and not the tasks that use it, so that another task on
    the same data set (VGGSound by ear, by eye, by both) changes and recomputes nothing."""


LAYOUTS: Mapping[str, Layout] = {
    "hear": Layout(module="hear"),
    "tut18": Layout(module="tut18"),
    "fluent_speech_commands": Layout(module="fluent"),
    "voxforge": Layout(module="voxforge"),
    "vggsound": Layout(module="vggsound", media="AV"),
    "hmdb51": Layout(module="hmdb51", media="V"),
    "ucf101": Layout(module="ucf101", media="V"),
}
"""By the `layout` of a task in the configuration."""
