"""What the data sets' publishers say of them: how many clips and labels, where to get them, under which licence.

`published.json` holds only what a public page, paper or program states, each with its source; what none states is null
or absent there, and what could not be compared with its source again is listed as unchecked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pydantic import TypeAdapter


@dataclass(frozen=True, kw_only=True)
class Published:
    """A data set as its publisher describes it."""

    name: str
    tasks: tuple[str, ...]
    """Names of the tasks that are evaluated on it."""
    url: str
    get: str
    """What to take from there, in words."""
    licence: str | None
    clips: int | None
    splits: Mapping[str, int]
    """Clips of each part, named as `dubaug.downstream.survey.count_splits` does; empty where none are stated."""
    labels: tuple[int, ...]
    """Classes of each head."""
    sources: Mapping[str, str]
    """Who says so, by `clips`, `splits`, `labels` and `licence`."""
    unchecked: tuple[str, ...]
    """Which of these were written down without the source at hand."""


@cache
def published_data() -> tuple[Published, ...]:
    """Return all data sets of the paper."""
    text = resources.files("dubaug.downstream").joinpath("published.json").read_bytes()
    return TypeAdapter(tuple[Published, ...]).validate_json(text)


def published_for(task: str) -> Published | None:
    """Return the data set of a task of the paper; None for other tasks."""
    return next((data for data in published_data() if task in data.tasks), None)
