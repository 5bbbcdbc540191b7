"""The forms in which downstream data sets are published: which function reads each, and what is in it.

A data set in a form of its own is a line here and a `load` (docs/extending.md); a suite may bring forms of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One form of data set."""

    module: str
    """With `load(path: Path) -> Dataset`; imported when a data set is read."""
    media: Literal["A", "V", "AV"] = "A"
    """What is extracted of its items. It follows the data set and not the tasks that use it, so that another task on
    the same data set (VGGSound by ear, by eye, by both) changes and recomputes nothing."""


PACKAGED: Mapping[str, Layout] = {
    "hear": Layout(module="dubaug.downstream.hear"),
    "tut18": Layout(module="dubaug.downstream.tut18"),
    "fluent_speech_commands": Layout(module="dubaug.downstream.fluent"),
    "voxforge": Layout(module="dubaug.downstream.voxforge"),
    "vggsound": Layout(module="dubaug.downstream.vggsound", media="AV"),
    "hmdb51": Layout(module="dubaug.downstream.hmdb51", media="V"),
    "ucf101": Layout(module="dubaug.downstream.ucf101", media="V"),
}
"""By the `layout` of a task in the configuration."""
