"""What the generated corpus has of everything."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from dubaug.settings import Count, Positive, PositiveInt, Settings, Text


@dataclass(frozen=True, kw_only=True)
class DemoFilms(Settings):
    """The generated film corpus."""

    titles: PositiveInt
    scenes_per_title: PositiveInt
    scene_s: Positive


@dataclass(frozen=True, kw_only=True)
class Demo(Settings):
    """The generated corpus: films, and a miniature of every downstream data set."""

    directory: Text
    """What lies in it is generated, and no other data."""
    seed: Count
    films: DemoFilms
    items_per_class: Annotated[int, Field(strict=True, ge=2)]
    """About that many files a class in all of a miniature, at least 2 a fold; the generator says which classes."""
