"""What the demo's films are: names, dubs, cast, look, scenes. Planning only; `films` makes the files."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import numpy as np

from dubaug.config import DemoFilms
from dubaug.demo.dialogue import LANGUAGES, SpokenLine, cast_roles, shuffled_sentences, write_lines
from dubaug.demo.music import Theme, make_theme
from dubaug.demo.plans import ScenePlan, make_plan
from dubaug.demo.scenes import KINDS
from dubaug.demo.surround import Acoustics, make_acoustics
from dubaug.seeding import item_rng

T = TypeVar("T")

FPS = 24
FRAMES_A_PICTURE = 2
"""As in most drawn films, each drawing is shown for two frames."""

ADJECTIVES = (
    "silent", "golden", "broken", "distant", "crooked", "last",
    "second", "hidden", "burning", "paper", "northern", "endless",
)  # fmt: skip
NOUNS = (
    "harbour", "orchard", "promise", "winter", "station", "mirror",
    "river", "garden", "signal", "bridge", "letter", "summer",
)  # fmt: skip
GENRES = ("Action", "Adventure", "Comedy", "Crime", "Drama", "Family", "Horror", "Mystery", "Romance", "Thriller")

MISSING_DUBS: tuple[tuple[str, ...], ...] = (
    ("es",),
    ("fr",), ("fr",),
    ("ja",), ("ja",), ("ja",), ("ja",),
    ("es", "fr", "ja"),
)  # fmt: skip
"""What every third title lacks. Over 24 titles this gives every row of Table B4 another count: es 22, fr 21, ja 19,
es+fr 20, es+ja 18, fr+ja 17, all three 16."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a title's picture is graded and framed."""

    gamma: tuple[float, float, float]
    gain: tuple[float, float, float]
    """Both for red, green, blue."""
    saturation: float
    vignette: float
    """Darkening of the corners, 0..1."""
    bars: float
    """Black bars above and below: each one's share of the height."""
    drift: float
    """How far the camera moves, as a share of the width."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One scene: what happens, what is said, whether music plays."""

    plan: ScenePlan
    lines: tuple[SpokenLine, ...]
    music: bool


@dataclass(frozen=True, kw_only=True)
class DemoTitle:
    """One film, completely described: equal titles give equal bytes."""

    title_id: str
    seed: int
    languages: tuple[str, ...]
    """Of its audio tracks, in their order; English first."""
    original_language: str
    year: int
    genres: tuple[str, ...]
    look: Look
    acoustics: Acoustics
    theme: Theme
    cast: tuple[int, ...]
    scenes: tuple[Scene, ...]

    @property
    def seconds(self) -> float:
        """Length of the film."""
        return sum(scene.plan.seconds for scene in self.scenes)


def make_look(rng: np.random.Generator) -> Look:
    """Return a look drawn from `rng`."""
    return Look(
        gamma=tuple(rng.uniform(0.8, 1.25, 3).round(3).tolist()),
        gain=tuple(rng.uniform(0.82, 1.0, 3).round(3).tolist()),
        saturation=float(rng.choice([0.0, 0.5, 0.8, 1.0, 1.2], p=[0.06, 0.14, 0.3, 0.3, 0.2])),
        vignette=float(rng.uniform(0.0, 0.5)),
        bars=float(rng.choice([0.0, 0.0, 0.06, 0.11])),
        drift=float(rng.uniform(0.0, 0.03)),
    )


def plan_titles(films: DemoFilms, seed: int) -> tuple[DemoTitle, ...]:
    """Return `films.titles` titles. The first ones stay the same when there are more."""
    return tuple(_plan_title(index, films, seed) for index in range(films.titles))


def _plan_title(index: int, films: DemoFilms, seed: int) -> DemoTitle:
    rng = item_rng(seed, "film", index)
    missing = _dealt(MISSING_DUBS, index // 3, seed, "missing dubs") if index % 3 == 2 else ()
    languages = tuple(language for language in LANGUAGES if language not in missing)
    cast, sentences = cast_roles(rng), shuffled_sentences(rng)
    scenes: list[Scene] = []
    before, count = sum(_n_scenes(earlier, films) for earlier in range(index)), _n_scenes(index, films)
    for number in range(count):
        # The last scene is longer by a part of a clip: no real film lasts a whole number of clips.
        extra = float(rng.uniform(0, 2)) if number == count - 1 else 0.0
        # A whole number of pictures and of samples, so that neither runs ahead of the other.
        seconds = max(round((films.scene_s + extra) * FPS / FRAMES_A_PICTURE), 1) * FRAMES_A_PICTURE / FPS
        plan = make_plan(_dealt(KINDS, before + number, seed, "film kinds"), seconds=seconds, rng=rng)
        lines = write_lines(seconds=seconds, rng=rng, cast=cast, sentences=sentences)
        said = [line.sentence for line in lines]
        sentences = [sentence for sentence in sentences if sentence not in said] + said
        scenes.append(Scene(plan=plan, lines=lines, music=bool(rng.random() < 0.35)))
    return DemoTitle(
        title_id=_name(index, seed),
        seed=int(rng.integers(2**62)),
        languages=languages,
        original_language=str(rng.choice(languages)) if rng.random() < 0.35 else "en",
        year=int(rng.integers(1960, 2023)),
        genres=tuple(str(genre) for genre in rng.choice(GENRES, int(rng.integers(1, 4)), replace=False)),
        look=make_look(rng),
        acoustics=make_acoustics(rng),
        theme=make_theme(rng),
        cast=cast,
        scenes=tuple(scenes),
    )


def _name(index: int, seed: int) -> str:
    """Return a title's name: all pairs of words are used once before any comes again with a number."""
    pairs = list(product(ADJECTIVES, NOUNS))
    round_, place = divmod(index, len(pairs))
    adjective, noun = pairs[item_rng(seed, "film names").permutation(len(pairs))[place]]
    return f"the_{adjective}_{noun}" + (f"_{round_ + 1}" if round_ else "")


def _dealt(cards: Sequence[T], index: int, seed: int, what: str) -> T:
    """Return the `index`-th of `cards` dealt out at random, all of them once before any comes again."""
    round_, place = divmod(index, len(cards))
    return cards[int(item_rng(seed, what, round_).permutation(len(cards))[place])]


def _n_scenes(index: int, films: DemoFilms) -> int:
    """Return how many scenes a title has: the configured number, one more or one less in turn."""
    return max(films.scenes_per_title + (0, 1, -1)[index % 3], 1)
