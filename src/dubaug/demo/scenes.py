"""Scenes that are both seen and heard: a kind (rain, an engine, a bell ...) in ever other settings.

Sound and picture of one plan show one and the same scene: the bell is heard when it is struck. Everything is drawn from
the generator, so equal states give equal bytes.
"""

import numpy as np

from dubaug.demo import pictures_nature, pictures_struck, pictures_vehicles, sounds_nature, sounds_things
from dubaug.demo.plans import ScenePlan, make_plan
from dubaug.demo.sounds import equalised, length, levelled, shaped
from dubaug.demo.stage import SUPERSAMPLING, Brush, Stage

_SOUNDS = {sound.__name__: sound for sound in (*sounds_nature.SOUNDS, *sounds_things.SOUNDS)}
_DRAWN = (*pictures_nature.PICTURES, *pictures_vehicles.PICTURES, *pictures_struck.PICTURES)
_PICTURES = {picture.__name__: picture for picture in _DRAWN}

KINDS: tuple[str, ...] = tuple(_SOUNDS)
"""What can be seen and heard: each has a sound and a picture of its name."""


def sound(kind: str, *, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Return the sound of a new scene of `kind`: float32 (2, samples), peak at most 0.9, any length and rate."""
    return sound_of(make_plan(kind, seconds=seconds, rng=rng), sample_rate_hz=sample_rate_hz)


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
    """Return a planned scene's frames, uint8 RGB (T, height, width, 3) with T = round(seconds * fps), at least 1.

    The background is drawn once, and on a copy of it what moves, frame by frame.
    """
    stage = Stage(plan, height, width)
    paint = _PICTURES[plan.kind](stage)
    frames_THWC = np.empty((max(round(plan.seconds * fps), 1), height, width, 3), np.uint8)
    for number, frame_HWC in enumerate(frames_THWC):
        image = stage.background.copy()
        paint(Brush(image), number / fps)
        frame_HWC[:] = np.asarray(image.reduce(SUPERSAMPLING))
    return frames_THWC
