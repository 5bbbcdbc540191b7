"""What happens in a scene, before it is drawn or sounded: picture and sound are made from one plan, so they agree."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dubaug.seeding import item_rng

CURVE_KNOTS = 9


@dataclass(frozen=True, kw_only=True)
class ScenePlan:
    """One scene of one kind. Picture and sound read the same events, and draw everything else from `seed`."""

    kind: str
    seconds: float
    seed: int
    events_s: tuple[float, ...]
    """Times of what is seen and heard to happen (a strike, a step, a bark), ascending."""
    curve: tuple[float, ...]
    """Slow change over the scene in 0..1 (gusts, engine speed, swell): `CURVE_KNOTS` equidistant values."""
    pitch: float
    """Factor on the kind's usual frequencies; what sounds lower is drawn larger."""
    level: float
    """Peak of the sound, in 0..1."""
    pan: float
    """Where it is: -1 left, 1 right, in the picture and in the sound."""
    light: float
    """Night 0 .. day 1. Seen only."""
    style: int
    """Which of a kind's versions it is (a ringing or a chirping telephone, a step on wood or on gravel)."""

    def rng(self, what: str) -> np.random.Generator:
        """Return the generator of one side of the scene, for instance `"sound"` or `"picture"`."""
        return item_rng(self.seed, what)

    def curve_at(self, times_s: np.ndarray) -> np.ndarray:
        """Return the curve at `times_s`, smooth between its knots; float32, same shape."""
        position = np.clip(np.asarray(times_s) / self.seconds, 0, 1) * (CURVE_KNOTS - 1)
        left = np.minimum(position.astype(int), CURVE_KNOTS - 2)
        part = position - left
        part = part * part * (3 - 2 * part)
        knots = np.asarray(self.curve)
        return np.asarray(knots[left] * (1 - part) + knots[left + 1] * part, np.float32)


def steady(period_s: float, jitter: float = 0.0) -> Callable[[np.random.Generator, float], np.ndarray]:
    """Return a maker of nearly periodic events; the period varies by up to 1.4 from scene to scene."""

    def make(rng: np.random.Generator, seconds: float) -> np.ndarray:
        period = period_s * 1.4 ** rng.uniform(-1, 1)
        count = int(seconds / period) + 1
        times = rng.uniform(0.05, 0.6) * period + period * np.arange(count)
        jittered: np.ndarray = times + rng.normal(0, jitter * period, count)
        return jittered

    return make


def scattered(per_s: float) -> Callable[[np.random.Generator, float], np.ndarray]:
    """Return a maker of events without a beat, at least one in every 2.5 s; the rate varies by up to 1.4."""

    def make(rng: np.random.Generator, seconds: float) -> np.ndarray:
        gap = 1.4 ** rng.uniform(-1, 1) / per_s
        times = rng.uniform(0.1, 0.5) + np.cumsum(np.minimum(rng.gamma(4, gap / 4, int(3 * seconds / gap) + 4), 2.4))
        return np.concatenate(([rng.uniform(0.1, 0.4)], times))

    return make


def rhythm(beat_s: float) -> Callable[[np.random.Generator, float], np.ndarray]:
    """Return a maker of a repeated one-bar pattern of eighths; the tempo varies by up to 1.4."""

    def make(rng: np.random.Generator, seconds: float) -> np.ndarray:
        eighth = beat_s / 2 * 1.4 ** rng.uniform(-1, 1)
        pattern = rng.random(8) < 0.55
        pattern[[0, 4]] = True
        count = int(seconds / eighth) + 1
        times: np.ndarray = 0.08 + eighth * np.flatnonzero(np.tile(pattern, count // 8 + 1)[:count])
        return times

    return make


EVENTS: dict[str, Callable[[np.random.Generator, float], np.ndarray]] = {
    "thunder": scattered(0.55),
    "waves": steady(2.6, 0.05),
    "birds": scattered(1.3),
    "dog": scattered(1.6),
    "footsteps": steady(0.5, 0.02),
    "train": steady(0.62),
    "bell": steady(1.25),
    "clock": steady(0.6),
    "phone": steady(2.0),
    "drum": rhythm(0.5),
    "hammer": steady(0.8, 0.03),
}
"""How the events of a kind fall; the other kinds (rain, an engine) go on all the time."""


def make_plan(kind: str, *, seconds: float, rng: np.random.Generator) -> ScenePlan:
    """Return a scene of `kind`; generators in the same state give the same scene."""
    seed = int(rng.integers(2**62))
    own = item_rng(seed, "plan")
    events = EVENTS[kind](own, seconds) if kind in EVENTS else np.empty(0)
    events = np.sort(events[(events >= 0) & (events < seconds - 0.02)])
    return ScenePlan(
        kind=kind,
        seconds=seconds,
        seed=seed,
        events_s=tuple(events.round(4).tolist()),
        curve=tuple(own.uniform(0, 1, CURVE_KNOTS).round(4).tolist()),
        pitch=float(1.45 ** own.uniform(-1, 1)),
        level=float(own.uniform(0.5, 0.9)),
        pan=float(own.uniform(-0.7, 0.7)),
        light=float(own.uniform(0, 1)),
        style=int(own.integers(4)),
    )
