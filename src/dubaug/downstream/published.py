"""What the data sets' publishers say of them: how many clips and labels, where to get them, under which licence.

`published.json` holds only what a public page or paper states, each number with its source; what none states, or what
was not checked, is null or absent there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


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
    """Who says so, by `clips`, `splits` and `labels`."""


@cache
def published_data() -> tuple[Published, ...]:
    """Return all data sets of the paper."""
    text = resources.files("dubaug.downstream").joinpath("published.json").read_text(encoding="utf-8")
    return tuple(
        Published(**{**entry, "tasks": tuple(entry["tasks"]), "labels": tuple(entry["labels"])})
        for entry in json.loads(text)
    )


def published_for(task: str) -> Published | None:
    """Return the data set of a task of the paper; None for other tasks."""
    return next((data for data in published_data() if task in data.tasks), None)
