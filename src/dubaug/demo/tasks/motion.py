"""Motion patterns: a shape of random look moves as its class says, before a random background.

Shapes: T frames; coordinates are fractions of the picture's height from its centre, y downwards.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Path2D:
    """Where a shape is, how large (radius), and how it is turned (radians), at each of T times."""

    x: Track
    y: Track
    size: Track
    angle: Track


Motion = Callable[[Track, np.random.Generator], list[Path2D]]
"""Time in seconds, shape (T,) -> the paths of one shape or several."""


def _path(
    t: Track, *, x: Track | float = 0.0, y: Track | float = 0.0, size: Track | float, angle: Track | float = 0.0
) -> Path2D:
    given = {"x": x, "y": y, "size": size, "angle": angle}
    return Path2D(**{name: np.broadcast_to(np.asarray(value, dtype=float), t.shape) for name, value in given.items()})


def _size(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.12, 0.2))


def _place(rng: np.random.Generator) -> float:
    return float(rng.uniform(-0.3, 0.3))


def _phase(t: Track, rng: np.random.Generator, *, low_hz: float, high_hz: float) -> Track:
    return 2 * np.pi * (rng.uniform(low_hz, high_hz) * t + rng.uniform())


def _part(t: Track, rng: np.random.Generator, *, low_hz: float, high_hz: float) -> Track:
    """Return which part of a motion that is repeated is over, 0 to 1."""
    return np.mod(_phase(t, rng, low_hz=low_hz, high_hz=high_hz) / (2 * np.pi), 1.0)


def yo_yo(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """Up and down on a string, turning the while."""
    phase = _phase(t, rng, low_hz=0.6, high_hz=1.0)
    return [_path(t, x=_place(rng), y=0.3 * np.sin(phase), size=_size(rng), angle=6.0 * phase)]


def hula_hoop(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """Round a centre."""
    phase = _phase(t, rng, low_hz=0.7, high_hz=1.2) * rng.choice([-1, 1])
    return [_path(t, x=_place(rng) + 0.26 * np.cos(phase), y=0.26 * np.sin(phase), size=_size(rng))]


def swing(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """A pendulum from a point above the picture."""
    bend = 0.6 * np.sin(_phase(t, rng, low_hz=0.4, high_hz=0.6))
    return [_path(t, x=_place(rng) + 0.9 * np.sin(bend), y=0.9 * np.cos(bend) - 0.65, size=_size(rng), angle=-bend)]


def trampoline(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """Bouncing: parabolas from the ground, never turning."""
    fall = np.abs(_part(t, rng, low_hz=0.7, high_hz=1.1) * 2 - 1)
    return [_path(t, x=_place(rng), y=-0.3 + 0.65 * fall**2, size=_size(rng))]


def pitch(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """Stillness, then one fast flight across the picture; again and again."""
    part = _part(t, rng, low_hz=0.5, high_hz=0.8)
    return [_path(t, x=0.6 * (np.clip(4 * part - 3, 0, 1) * 2 - 1), y=_place(rng), size=0.7 * _size(rng))]


def diving(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """Falling with somersaults, again and again."""
    part = _part(t, rng, low_hz=0.5, high_hz=0.7)
    return [_path(t, x=_place(rng) + 0.2 * part, y=-0.6 + 1.2 * part**2, size=_size(rng), angle=9.0 * part)]


def marching(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """Several small ones in step, slowly across."""
    size, step = 0.5 * _size(rng), np.abs(np.sin(_phase(t, rng, low_hz=0.8, high_hz=1.2)))
    x = rng.uniform(-0.1, 0.1) + 0.12 * (t - t.mean()) * rng.choice([-1, 1])
    return [_path(t, x=x + 0.28 * rank, y=0.1 - 0.08 * step, size=size) for rank in (-1.5, -0.5, 0.5, 1.5)]


def drumming(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """Two, up and down fast and in turn."""
    phase, size, x = _phase(t, rng, low_hz=1.5, high_hz=2.2), 0.8 * _size(rng), 0.3 * _place(rng)
    return [
        _path(t, x=x + side * 0.22, y=0.12 * np.sin(phase * 1.0 + (side > 0) * np.pi), size=size) for side in (-1, 1)
    ]


def climb(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """Steadily up, step by step."""
    rise = (t - t.mean()) * rng.uniform(0.2, 0.3)
    return [_path(t, x=_place(rng), y=-rise + 0.04 * np.sin(12 * t), size=_size(rng))]


def fall_floor(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """Upright a while, then down, tipping over, and lying."""
    down = np.clip((t - rng.uniform(0.4, 1.4)) / 0.7, 0, 1) ** 2
    return [_path(t, x=_place(rng) + 0.15 * down, y=-0.2 + 0.5 * down, size=1.3 * _size(rng), angle=0.5 * np.pi * down)]


def jump(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """On the ground, with a leap now and then."""
    part = _part(t, rng, low_hz=0.6, high_hz=0.9)
    leap = np.clip(1 - np.square(part * 5 - 1.5), 0, None)
    return [_path(t, x=_place(rng), y=0.25 - 0.5 * leap, size=_size(rng))]


def run(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """Fast across, from one side to the other, coming in again."""
    part = _part(t, rng, low_hz=0.5, high_hz=0.8)
    way = rng.choice([-1, 1])
    return [_path(t, x=way * (1.8 * part - 0.9), y=0.2 + 0.04 * np.sin(20 * t), size=_size(rng), angle=way * 0.2)]


def turn(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """Turning on the spot."""
    angle = _phase(t, rng, low_hz=0.4, high_hz=0.8) * rng.choice([-1, 1])
    return [_path(t, x=_place(rng), y=0.5 * _place(rng), size=1.5 * _size(rng), angle=angle)]


def wave(t: Track, rng: np.random.Generator) -> list[Path2D]:
    """A body that stands, and a hand that goes to and fro above it."""
    x, size = _place(rng), _size(rng)
    hand = np.sin(_phase(t, rng, low_hz=1.2, high_hz=2.0))
    return [
        _path(t, x=x, y=0.2, size=1.4 * size),
        _path(t, x=x + 0.2 * hand, y=-0.2 + 0.05 * hand**2, size=0.5 * size),
    ]


UCF101: Mapping[str, Motion] = {
    "BandMarching": marching,
    "BaseballPitch": pitch,
    "Diving": diving,
    "Drumming": drumming,
    "HulaHoop": hula_hoop,
    "Swing": swing,
    "TrampolineJumping": trampoline,
    "YoYo": yo_yo,
}
HMDB51: Mapping[str, Motion] = {
    "climb": climb,
    "fall_floor": fall_floor,
    "jump": jump,
    "run": run,
    "turn": turn,
    "wave": wave,
}
"""Classes of the published data sets that a moving shape can act, and the motion that does."""


def draw(
    motion: Motion,
    *,
    seconds: float,
    fps: float,
    height: int,
    width: int,
    look: np.random.Generator,
    rng: np.random.Generator,
) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures (height, width, 3). `look` chooses colours and background, `rng` speed, size and place."""
    background_HWC = _background(height, width, look)
    colour, sides = _contrasting(background_HWC, look), int(look.choice([0, 3, 4, 5]))
    time_s = np.arange(math.ceil(seconds * fps)) / fps
    paths = motion(time_s, rng)
    grain = rng.normal(0.0, 2.0, (4, height, width, 1)).astype(np.float32)
    empty_THWC = np.clip(background_HWC + grain, 0, 255).astype(np.uint8)
    for index in range(len(time_s)):
        picture_HWC = empty_THWC[index % len(grain)].copy()
        for path in paths:
            _stamp(picture_HWC, path, index, colour, sides)
        yield picture_HWC


def _background(height: int, width: int, look: np.random.Generator) -> NDArray[np.float32]:
    """Return a slope between two colours, with blotches."""
    corners = look.uniform(30, 220, (2, 3))
    down = np.linspace(0, 1, height)[:, None, None]
    slope = corners[0] * (1 - down) + corners[1] * down
    coarse = look.normal(0.0, look.uniform(5, 22), (6, 8, 1))
    rows = np.minimum(np.arange(height) * 6 // height, 5)
    columns = np.minimum(np.arange(width) * 8 // width, 7)
    return np.asarray(slope + coarse[rows][:, columns], np.float32)


def _contrasting(background_HWC: NDArray[np.float32], look: np.random.Generator) -> NDArray[np.float32]:
    """Return a random colour that stands out from the background's mean."""
    mean = background_HWC.mean(axis=(0, 1))
    candidates = look.uniform(0, 255, (6, 3))
    return np.asarray(candidates[np.abs(candidates - mean).sum(axis=1).argmax()], np.float32)


def _stamp(picture_HWC: NDArray[np.uint8], path: Path2D, index: int, colour: NDArray[np.float32], sides: int) -> None:
    """Draw the shape into the picture, with soft edges: a disc (0 sides) with a spoke, or a regular polygon."""
    height, width = picture_HWC.shape[:2]
    radius = path.size[index] * height
    centre_x, centre_y = width / 2 + path.x[index] * height, height / 2 + path.y[index] * height
    left, right = (int(np.clip(centre_x + side * (radius + 2), 0, width)) for side in (-1, 1))
    top, bottom = (int(np.clip(centre_y + side * (radius + 2), 0, height)) for side in (-1, 1))
    if left >= right or top >= bottom:
        return
    dx = np.arange(left, right, dtype=np.float32)[None] - np.float32(centre_x)
    dy = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(centre_y)
    distance = np.hypot(dx, dy)
    bearing = np.arctan2(dy, dx) - np.float32(path.angle[index])
    edge = np.full_like(distance, radius)
    if sides:
        sector = np.mod(bearing, 2 * np.pi / sides) - np.pi / sides
        edge = radius * np.cos(np.pi / sides) / np.cos(sector)
    cover = np.clip(edge - distance, 0, 1)[..., None]
    spoke = np.where(np.abs(np.mod(bearing + np.pi, 2 * np.pi) - np.pi) < 0.35, 0.35, 1.0)[..., None]
    area = picture_HWC[top:bottom, left:right]
    area[:] = area + cover * (colour * spoke - area)
