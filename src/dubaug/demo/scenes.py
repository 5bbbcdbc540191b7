"""Scenes that are both seen and heard: a kind (rain, an engine, a bell ...) in ever other settings.

`sound` and `picture` of the same kind given generators in the same state show one and the same scene: the bell is
heard when it is struck. `render` gives both. Everything is drawn from the generator, so equal states give equal bytes.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from dubaug.demo import sounds_nature, sounds_things
from dubaug.demo.music import Theme, make_theme, play
from dubaug.demo.plans import ScenePlan, make_plan
from dubaug.demo.sounds import equalised, length, levelled, shaped
from dubaug.errors import DubaugError

_SOUNDS: Mapping[str, Callable[[ScenePlan, int], np.ndarray]] = MappingProxyType(
    {
        "rain": sounds_nature.rain,
        "thunder": sounds_nature.thunder,
        "wind": sounds_nature.wind,
        "waves": sounds_nature.waves,
        "fire": sounds_nature.fire,
        "birds": sounds_nature.birds,
        "dog": sounds_nature.dog,
        "crowd": sounds_nature.crowd,
        "footsteps": sounds_things.footsteps,
        "engine": sounds_things.engine,
        "train": sounds_things.train,
        "siren": sounds_things.siren,
        "helicopter": sounds_things.helicopter,
        "bell": sounds_things.bell,
        "clock": sounds_things.clock,
        "phone": sounds_things.phone,
        "drum": sounds_things.drum,
        "hammer": sounds_things.hammer,
    }
)

KINDS: tuple[str, ...] = tuple(_SOUNDS)
"""What can be seen and heard."""


def sound(kind: str, *, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Return the sound of a new scene of `kind`: float32 (2, samples), peak at most 0.9, any length and rate.

    Raises `DubaugError` for an unknown kind.
    """
    return sound_of(_plan(kind, seconds, rng), sample_rate_hz=sample_rate_hz)


def picture(kind: str, *, seconds: float, fps: float, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Return the picture of a new scene of `kind`: uint8 RGB (T, height, width, 3) with round(seconds * fps) frames.

    Raises `DubaugError` for an unknown kind.
    """
    return picture_of(_plan(kind, seconds, rng), fps=fps, height=height, width=width)


def render(
    kind: str,
    *,
    seconds: float,
    sample_rate_hz: int,
    fps: float,
    height: int,
    width: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return picture and sound of one new scene of `kind`, as `picture` and `sound` give them."""
    plan = _plan(kind, seconds, rng)
    frames_THWC = picture_of(plan, fps=fps, height=height, width=width)
    return frames_THWC, sound_of(plan, sample_rate_hz=sample_rate_hz)


def music(*, seconds: float, sample_rate_hz: int, rng: np.random.Generator, theme: Theme | None = None) -> np.ndarray:
    """Return music, float32 (2, samples) with peak 0.9, on `theme` or on one drawn from `rng`."""
    return play(theme or make_theme(rng), seconds=seconds, sample_rate_hz=sample_rate_hz, rng=rng)


def sound_of(plan: ScenePlan, *, sample_rate_hz: int) -> np.ndarray:
    """Return the sound of a planned scene, float32 (2, samples) with peak `plan.level`."""
    raw_CS = _SOUNDS[plan.kind](plan, sample_rate_hz)[:, : length(plan.seconds, sample_rate_hz)]
    return levelled(_recorded(raw_CS, plan, sample_rate_hz), plan.level)


def _recorded(sound_CS: np.ndarray, plan: ScenePlan, rate_hz: int) -> np.ndarray:
    """Return the sound as some microphone at some distance has it: another colour each time, over a place's noise.

    Without this a kind would be told by its mean spectrum alone, which no real recording allows.
    """
    rng = plan.rng("recording")
    far = rng.uniform(0, 1)
    corners = (60, 200, 600, 2000, 6000, 16000)
    colour = rng.normal(0, 4.5, len(corners)) - far * np.linspace(0, 14, len(corners))
    filtered = equalised(sound_CS, rate_hz, list(zip(corners, colour.tolist(), strict=True)))
    place = shaped(
        rng, sound_CS.shape[-1], rate_hz, [(60, 0), (400, rng.uniform(-12, 0)), (4000, rng.uniform(-30, -10))]
    )
    return filtered + place * np.float32(10 ** (-rng.uniform(8, 30) / 20))


def picture_of(plan: ScenePlan, *, fps: float, height: int, width: int) -> np.ndarray:
    """Return the picture of a planned scene, uint8 RGB (T, height, width, 3)."""
    from dubaug.demo import pictures  # draws with Pillow, which whoever wants only sounds need not load

    return pictures.draw(plan, fps=fps, height=height, width=width)


def _plan(kind: str, seconds: float, rng: np.random.Generator) -> ScenePlan:
    if kind not in _SOUNDS:
        raise DubaugError(f"unknown kind of scene {kind!r}; known: {', '.join(KINDS)}")
    return make_plan(kind, seconds=seconds, rng=rng)
