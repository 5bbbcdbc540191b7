"""The forms in which downstream data sets are published: which function reads each, and what is in it.

A data set in a form of its own is a line here and a `load` (docs/extending.md); a suite may bring forms of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One form of data set."""

    load: str
    """`module:function`, imported when a data set is read: takes the folder's `Path`, returns a `Dataset`."""
    media: Literal["A", "V", "AV"] = "A"
    """What is extracted of its items. It follows the data set and not the tasks that use it, so that another task on
    the same data set (VGGSound by ear, by eye, by both) changes and recomputes nothing."""


PACKAGED: Mapping[str, Layout] = {
    "hear": Layout(load="dubaug.downstream.hear:load"),
    "tut18": Layout(load="dubaug.downstream.tut18:load"),
    "fluent_speech_commands": Layout(load="dubaug.downstream.fluent:load"),
    "voxforge": Layout(load="dubaug.downstream.voxforge:load"),
    "vggsound": Layout(load="dubaug.downstream.vggsound:load", media="AV"),
    "hmdb51": Layout(load="dubaug.downstream.hmdb51:load", media="V"),
    "ucf101": Layout(load="dubaug.downstream.ucf101:load", media="V"),
}
"""By the `layout` of a task in the configuration."""
