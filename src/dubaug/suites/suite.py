"""What a suite of downstream tasks is: one object, which all parts of the program iterate over. Light: no torch.

A suite's file says how its tasks are probed and where their scores stand; which tasks there are, configuration says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dubaug.settings import Settings
from dubaug.suites.layouts import Layout

if TYPE_CHECKING:
    from dubaug.metrics.metric import Metric

Join = Literal["sum", "mean"]
"""How the outputs (probabilities) of items become those of what they are parts of (the spans of a video)."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows of a table under one heading; `note` is the heading's meaning, for the caption."""

    label: str
    note: str
    tasks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ResultsTable:
    """A table of tasks by variants. It shows those of its tasks that are configured."""

    name: str
    """As in the file's name: `table<name>.csv`."""
    caption: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a suite's tasks are probed."""

    settings: type[Settings]
    """The class of `probe.<suite>` in the configuration."""
    probe: str
    """`module:function`, imported when it is needed: takes problems (`dubaug.probe.problem.Problem`: one task, several
    networks), those settings and a torch device, and returns a `Probed` for each problem."""
    needs_valid: bool = False
    """Whether it chooses by validation items: a task without them is refused."""


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A suite of downstream tasks."""

    name: str
    """In the configuration, and of its result files: `<name>.json`."""
    title: str
    """What people call it."""
    note: str
    """How it is evaluated, in half a sentence for cards."""
    protocol: Protocol
    modality: Literal["A", "V", "AV"] = "A"
    """What its tasks use at most, and what a task uses that does not say: a variant without video is not evaluated on
    a suite with V."""
    swept: bool = False
    """Whether all kept checkpoints are evaluated, or the last alone."""
    layout: str | None = None
    """The layout of its tasks that name none."""
    join: Join = "mean"
    """Of classes: sum or mean of the probabilities. Real values are averaged."""
    tables: tuple[ResultsTable, ...] = ()
    """Tables of its own. Tasks that stand in none of these nor in the paper's have rows under "Other" in Table 1."""
    metrics: "tuple[Metric, ...]" = ()
    """Metrics of its own, beside those of `dubaug.metrics.packaged`."""
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    """Layouts of its own, beside those of `dubaug.suites.layouts`."""

    @property
    def sees(self) -> bool:
        """Whether only variants with video can be evaluated on it."""
        return "V" in self.modality
