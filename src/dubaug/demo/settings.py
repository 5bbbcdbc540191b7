"""What the generated corpus has of everything."""

from dataclasses import dataclass
from typing import Annotated

from dubaug.settings import Folder, Seed, Settings, between


@dataclass(frozen=True, kw_only=True)
class DemoFilms(Settings):
    """The generated film corpus."""

    titles: Annotated[int, between(1, 10_000)]
    scenes_per_title: Annotated[int, between(1, 1000)]
    scene_s: Annotated[float, between(0.1, 600)]


@dataclass(frozen=True, kw_only=True)
class Demo(Settings):
    """The generated corpus: films, and a miniature of every downstream data set."""

    directory: Folder
    """What lies in it is generated, and no other data."""
    seed: Seed
    films: DemoFilms
    items_per_class: Annotated[int, between(2, 10_000)]
    """About that many files a class in all of a miniature, at least 2 a fold; the generator says which classes."""
