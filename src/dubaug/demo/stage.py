"""What pictures of scenes are drawn with: a brush, and a stage that has a background and settings.

Lengths are in units of the picture's height, so that any size shows the same scene: x runs from 0 to the aspect ratio,
y from 0 (above) to 1. It is drawn at twice the size and averaged down, so that edges are smooth.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from colorsys import hsv_to_rgb
from math import cos, pi, sin

import numpy as np
from PIL import Image, ImageDraw

from dubaug.demo.plans import ScenePlan
from dubaug.seeding import item_rng

SUPERSAMPLING = 2

Colour = tuple[int, int, int]
Point = tuple[float, float]
Points = Sequence[Point] | np.ndarray
Painter = Callable[["Brush", float], None]
"""Draws what moves, at a time in s, on the background."""

DARK: Colour = (22, 20, 24)
PALE: Colour = (236, 236, 232)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """Return a colour; each argument in 0..1, the hue going round."""
    red, green, blue = hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0), 1))
    return round(255 * red), round(255 * green), round(255 * blue)


def mixed(a: Colour, b: Colour, share: float) -> Colour:
    """Return the colour between `a` (share 0) and `b` (share 1)."""
    share = min(max(share, 0.0), 1.0)
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


class Brush:
    """Draws on an image in units of its height."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self.scale = image.height
        self._draw = ImageDraw.Draw(image)

    def _pixels(self, points: Points) -> list[float]:
        flat: list[float] = (np.asarray(points, np.float64) * self.scale).ravel().tolist()
        return flat

    def _box(self, x: float, y: float, rx: float, ry: float) -> tuple[float, float, float, float]:
        return (x - rx) * self.scale, (y - ry) * self.scale, (x + rx) * self.scale, (y + ry) * self.scale

    def _width(self, width: float) -> int:
        return max(round(width * self.scale), 1)

    def polygon(self, points: Points, colour: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon(self._pixels(points), fill=colour)

    def line(self, points: Points, colour: Colour, width: float) -> None:
        """Draw a line through `points`."""
        self._draw.line(self._pixels(points), fill=colour, width=self._width(width))

    def limb(self, points: Points, colour: Colour, width: float) -> None:
        """Draw a thick line with rounded joints and ends."""
        self.line(points, colour, width)
        for x, y in points:
            self.ellipse(x, y, width / 2, width / 2, colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Fill an ellipse with centre and radii."""
        self._draw.ellipse(self._box(x, y, rx, ry), fill=colour)

    def dot(self, centre: Sequence[float] | np.ndarray, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        self.ellipse(float(centre[0]), float(centre[1]), radius, radius, colour)

    def ring(self, x: float, y: float, rx: float, ry: float, colour: Colour, width: float) -> None:
        """Draw the outline of an ellipse."""
        self._draw.ellipse(self._box(x, y, rx, ry), outline=colour, width=self._width(width))

    def arc(self, x: float, y: float, r: float, start: float, end: float, colour: Colour, width: float) -> None:
        """Draw a part of a circle, between angles in degrees, clockwise from the right."""
        self._draw.arc(self._box(x, y, r, r), start, end, fill=colour, width=self._width(width))

    def rect(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle."""
        if right > left and bottom > top:
            box = (left * self.scale, top * self.scale, right * self.scale, bottom * self.scale)
            self._draw.rectangle(box, fill=colour)

    def wash(self, colour: Colour, share: float) -> None:
        """Lay a colour over all that has been drawn."""
        if share > 0:
            veil = Image.new("RGB", self.image.size, colour)
            self.image.paste(Image.blend(self.image, veil, min(share, 1.0)))


def placed(points: Points, x: float, y: float, size: float, facing: int = 1) -> np.ndarray:
    """Return `points` scaled by `size`, mirrored for a `facing` of -1, moved to (x, y)."""
    return np.asarray(points, np.float64) * (facing * size, size) + (x, y)


def turned(points: Points, angle: float, x: float, y: float, size: float = 1.0) -> np.ndarray:
    """Return `points` scaled by `size`, turned about the origin by `angle` (radians, clockwise), moved to (x, y)."""
    cosine, sine = np.cos(angle), np.sin(angle)
    px, py = np.asarray(points, np.float64).T * size
    return np.stack([px * cosine - py * sine + x, px * sine + py * cosine + y], 1)


class Stage:
    """The set of a scene: its size, its plan, its background, and its own randomness."""

    def __init__(self, plan: ScenePlan, height: int, width: int) -> None:
        self.plan = plan
        self.aspect = width / height
        self.rng = plan.rng("picture")
        self.background = Image.new("RGB", (width * SUPERSAMPLING, height * SUPERSAMPLING))
        self.set = Brush(self.background)
        self.size = 1.0 / plan.pitch
        """What sounds lower is larger."""
        self.x = self.aspect * (0.5 + 0.28 * plan.pan)
        """Where the thing that sounds stands."""
        self.daylight = plan.light
        self._times = np.linspace(0, plan.seconds, 200)
        self._curve = plan.curve_at(self._times)
        self._gap = self.gap(1.0)

    def lit(self, colour: Colour) -> Colour:
        """Return an outdoor colour as this hour's light shows it."""
        night = mixed((4, 6, 16), colour, 0.32)
        return mixed(night, colour, self.daylight * 1.6)

    def keep_in(self, margin: float) -> None:
        """Move the thing that sounds so that it is at least `margin` from the left and right edges."""
        self.x = min(max(self.x, margin), self.aspect - margin)

    def glow(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Add light around a point to the background."""
        image = np.asarray(self.background, dtype=np.float32)
        down, across = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32) / image.shape[0]
        light = np.exp(-(((across - x) ** 2 + (down - y) ** 2) / radius**2))[..., None] * np.asarray(colour, np.float32)
        self.background.paste(Image.fromarray(np.clip(image + light, 0, 255).astype(np.uint8)))

    def colour(self, hue: float | None = None, saturation: float = 0.6, value: float = 0.7) -> Colour:
        """Return a colour near the given one; without a hue, of any."""
        hue = self.rng.random() if hue is None else hue + self.rng.normal(0, 0.025)
        return hsv(hue, saturation * self.rng.uniform(0.75, 1.25), value * self.rng.uniform(0.8, 1.15))

    def curve(self, time_s: float) -> float:
        """Return the plan's slow curve."""
        return float(np.interp(time_s, self._times, self._curve))

    def travelled(self, low: float, high: float) -> Callable[[float], float]:
        """Return the way covered up to a time, at a speed that follows the curve from `low` to `high` (heights/s)."""
        times = np.linspace(0, self.plan.seconds, 400)
        speed = low + (high - low) * self.plan.curve_at(times)
        way = np.concatenate(([0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * np.diff(times))))
        return lambda time_s: float(np.interp(time_s, times, way))

    def since(self, time_s: float) -> tuple[int, float]:
        """Return the number of the latest event (-1 before the first) and the time since it (large before it)."""
        number = bisect_right(self.plan.events_s, time_s) - 1
        return number, time_s - self.plan.events_s[number] if number >= 0 else 99.0

    def until(self, time_s: float) -> float:
        """Return the time until the next event (large after the last)."""
        number = bisect_right(self.plan.events_s, time_s)
        return self.plan.events_s[number] - time_s if number < len(self.plan.events_s) else 99.0

    def swing(self, time_s: float) -> float:
        """Return a pendulum's place in -1..1 that turns round at each event, first to the right."""
        events = self.plan.events_s
        if not events:
            return sin(2 * time_s)
        number, since = self.since(time_s)
        until = self.until(time_s)
        span = since + until if number >= 0 and until < 90 else self._gap
        part = since / span if number >= 0 else 1 - until / span
        return (-1 if number % 2 else 1) * cos(pi * part)

    def raised(self, time_s: float, fall_s: float = 0.12, lift_s: float = 0.3) -> float:
        """Return how high an arm is that strikes at each event: 0 at the stroke, 1 when drawn back."""
        _, since = self.since(time_s)
        lifted = min(since / lift_s, 1.0)
        return float(lifted * lifted * (3 - 2 * lifted)) * min(self.until(time_s) / fall_s, 1.0)

    def gap(self, usual_s: float) -> float:
        """Return the usual time between two events; `usual_s` where there are fewer than two."""
        events = self.plan.events_s
        return float(np.median(np.diff(events))) if len(events) > 1 else usual_s

    # Settings

    def gradient(self, top: Colour, bottom: Colour, end: float = 1.0) -> None:
        """Fill the background from above down to `end` with a change of colour."""
        rows = max(round(end * self.background.height), 1)
        part = np.linspace(0, 1, rows)[:, None]
        column = np.asarray(top) * (1 - part) + np.asarray(bottom) * part
        band = np.broadcast_to(column[:, None].round().astype(np.uint8), (rows, self.background.width, 3))
        self.background.paste(Image.fromarray(np.ascontiguousarray(band)), (0, 0))

    def outdoors(self, horizon: float = 0.62, *, overcast: float = 0.0, scenery: bool = True) -> None:
        """Draw sky, ground and some scenery: hills, houses, trees or nothing, in the plan's light."""
        rng, light = self.rng, self.daylight
        blue, red = hsv(0.58 + 0.03 * rng.normal(), 0.55, 0.92), hsv(0.05 + 0.03 * rng.random(), 0.6, 0.9)
        dusk = max(0.0, 1 - abs(light - 0.4) / 0.25)
        grey = (128, 134, 142)
        top = mixed(mixed((6, 9, 30), blue, light * 1.25), grey, overcast * 0.85)
        low = mixed(mixed(mixed((16, 20, 48), (205, 224, 240), light * 1.2), red, dusk * 0.8), grey, overcast * 0.7)
        if overcast:
            top, low = mixed((20, 22, 30), top, 0.35 + 0.5 * light), mixed((30, 32, 40), low, 0.4 + 0.5 * light)
        self.gradient(top, low, horizon + 0.01)
        if light < 0.25 and not overcast:
            for x, y in rng.random((40, 2)):
                self.set.ellipse(x * self.aspect, y * horizon, 0.003, 0.003, (225, 225, 235))
        ground = self.lit(mixed(self.colour(rng.choice([0.09, 0.25, 0.3, 0.12, 0.6]), 0.35, 0.55), grey, overcast / 3))
        self.set.rect(0, horizon, self.aspect, 1, ground)
        for _ in range(30):  # so that the ground is not one even surface
            x, y = rng.uniform(0, self.aspect), rng.uniform(horizon + 0.01, 1)
            shade = mixed(ground, (0, 0, 0) if rng.random() < 0.5 else (255, 255, 255), 0.12)
            self.set.ellipse(x, y, rng.uniform(0.03, 0.14), 0.006 + 0.02 * (y - horizon), shade)
        if scenery:
            self._scenery(horizon, low)

    def _scenery(self, horizon: float, haze: Colour) -> None:
        rng, what = self.rng, self.rng.integers(4)
        far = mixed(self.lit(self.colour(0.33, 0.4, 0.4)), haze, 0.35)
        if what == 0:
            xs = np.linspace(0, self.aspect, 60)
            ys = horizon - 0.1 - 0.08 * np.sin(xs * rng.uniform(2, 5) + rng.uniform(0, 6)) - 0.04 * np.sin(xs * 9)
            self.set.polygon([(0, horizon), *zip(xs, ys, strict=True), (self.aspect, horizon)], far)
        elif what == 1:
            left = 0.0
            while left < self.aspect:
                width, tall = rng.uniform(0.1, 0.25), rng.uniform(0.1, 0.35)
                wall = mixed(self.lit(self.colour(None, 0.2, 0.5)), haze, 0.25)
                self.set.rect(left, horizon - tall, left + width, horizon, wall)
                pane = (250, 215, 120) if self.daylight < 0.45 else mixed(wall, (20, 25, 40), 0.5)
                for row in np.arange(horizon - tall + 0.03, horizon - 0.03, 0.05):
                    for x in np.arange(left + 0.02, left + width - 0.03, 0.045):
                        if rng.random() < 0.7:
                            self.set.rect(x, row, x + 0.02, row + 0.025, pane)
                left += width + 0.005
        elif what == 2:
            for x in np.sort(rng.uniform(0, self.aspect, 14)):
                tall = rng.uniform(0.15, 0.35)
                green = mixed(self.lit(self.colour(0.33, 0.5, 0.35)), haze, 0.15)
                self.set.polygon([(x - tall / 4, horizon), (x, horizon - tall), (x + tall / 4, horizon)], green)

    def indoors(self, floor: float = 0.75) -> None:
        """Draw a room: a wall, sometimes striped or with a picture or a window, and a floor or table top."""
        rng = self.rng
        wall = self.colour(None, 0.35, 0.35 + 0.45 * self.daylight)
        self.gradient(mixed(wall, (255, 255, 255), 0.08), mixed(wall, (0, 0, 0), 0.2))
        what = rng.integers(4)
        if what == 0:
            for x in np.arange(0, self.aspect, rng.uniform(0.08, 0.2)):
                self.set.rect(x, 0, x + 0.03, floor, mixed(wall, (255, 255, 255), 0.12))
        elif what in (1, 2):
            x, y, w, h = rng.uniform(0, self.aspect - 0.4), rng.uniform(0.05, 0.2), 0.36, rng.uniform(0.25, 0.4)
            self.set.rect(x, y, x + w, y + h, mixed(wall, (255, 255, 255), 0.6))
            inside = self.colour(0.58 if what == 1 else None, 0.5, 0.3 + 0.6 * self.daylight)
            self.set.rect(x + 0.02, y + 0.02, x + w - 0.02, y + h - 0.02, inside)
            if what == 1:
                self.set.rect(x + w / 2 - 0.008, y, x + w / 2 + 0.008, y + h, mixed(wall, (255, 255, 255), 0.6))
        wood = self.colour(0.07, 0.5, 0.45)
        self.set.rect(0, floor, self.aspect, 1, wood)
        for y in np.arange(floor, 1, 0.05):
            self.set.line([(0, y), (self.aspect, y)], mixed(wood, (0, 0, 0), 0.25), 0.005)


def scattered(plan: ScenePlan, what: str, count: int, columns: int) -> list[tuple[float, ...]]:
    """Return `count` rows of numbers in 0..1 that are the scene's own (plain floats: they are drawn one by one)."""
    return [tuple(row) for row in item_rng(plan.seed, "picture", what).random((count, columns)).tolist()]
