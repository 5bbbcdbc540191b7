"""Pictures of struck and swinging things, and of steps: each sets the stage and returns what paints a moment of it."""

from math import cos, exp, pi, sin

import numpy as np

from dubaug.demo.sounds_things import RING_S, drum_is_low
from dubaug.demo.stage import DARK, PALE, Brush, Colour, Painter, Stage, hsv, mixed, placed, scattered, turned

HALF_BELL = [(-0.12, -0.95), (-0.3, -0.85), (-0.36, -0.4), (-0.5, -0.08), (-0.62, 0.05)]
BELL = [*HALF_BELL, *((-x, y) for x, y in reversed(HALF_BELL))]
"""Its outline, from the crown down to the mouth and up again."""


def bell(stage: Stage) -> Painter:
    """A bell that swings in its tower; the clapper strikes where it turns round, at each event."""
    stage.keep_in(0.58)
    stage.outdoors(0.95)
    stone = stage.lit(stage.colour(0.09, 0.25, 0.6))
    left, right = stage.x - 0.62, stage.x + 0.62
    for a, b in ((left - 0.25, left), (right, right + 0.25)):
        stage.set.rect(a, 0, b, 1, stone)
        for y in np.arange(0.04, 1, 0.12):
            stage.set.line([(a, y), (b, y)], mixed(stone, DARK, 0.3), 0.007)
    stage.set.rect(left - 0.25, 0, right + 0.25, 0.1, mixed(stone, DARK, 0.15))
    stage.set.rect(left, 0.13, right, 0.19, stage.lit((96, 66, 44)))
    metal = hsv(0.09 + 0.03 * stage.rng.normal(), 0.6, 0.45 + 0.35 * stage.daylight)
    size = 0.62 * stage.size**0.6
    outline, shine = np.add(BELL, (0, 1.05)), [(-0.28, 0.25), (-0.16, 0.2), (-0.22, 0.85), (-0.36, 0.85)]

    def paint(brush: Brush, time_s: float) -> None:
        angle = -0.5 * stage.swing(time_s)
        clapper = turned([(0, 0.3), (0, 1.12)], angle * 1.25, stage.x, 0.17, size)
        brush.line(clapper, DARK, 0.06 * size)
        brush.dot(clapper[1], 0.09 * size, (50, 46, 46))
        brush.polygon(turned(outline, angle, stage.x, 0.17, size), metal)
        brush.polygon(turned(shine, angle, stage.x, 0.17, size), mixed(metal, PALE, 0.45))
        for y in (0.32, 0.85, 0.99):
            wide = np.interp(y, [0.1, 0.65, 1.0], [0.28, 0.38, 0.56])
            band = turned([(-wide, y), (wide, y)], angle, stage.x, 0.17, size)
            brush.line(band, mixed(metal, DARK, 0.4), 0.025 * size)
        brush.rect(stage.x - 0.09, 0.1, stage.x + 0.09, 0.21, (60, 46, 38))
        _, since = stage.since(time_s)
        if since < 0.3:
            x, y = turned([(0, 1.05)], angle, stage.x, 0.17, size)[0]
            for ring in (0.6, 0.8):
                for side in (20, 120):
                    brush.arc(x, y, (ring + since) * size, side, side + 40, mixed(PALE, stone, since / 0.3), 0.01)

    return paint


def clock(stage: Stage) -> Painter:
    """A wall clock: the second hand jumps at each event, the pendulum turns round."""
    stage.indoors(0.88)
    case, face = stage.colour(0.07, 0.6, 0.4), stage.colour(0.13, 0.12, 0.9)
    radius = 0.23 * stage.size**0.6
    y = 0.34
    stage.set.rect(stage.x - 1.25 * radius, y - 1.25 * radius, stage.x + 1.25 * radius, y + 2.4 * radius, case)
    inside = mixed(case, DARK, 0.55)
    stage.set.rect(stage.x - radius, y + 1.1 * radius, stage.x + radius, y + 2.25 * radius, inside)
    stage.set.ellipse(stage.x, y, 1.1 * radius, 1.1 * radius, mixed(case, PALE, 0.3))
    stage.set.ellipse(stage.x, y, radius, radius, face)

    def on_face(part: float, angle: float) -> tuple[float, float]:
        return stage.x + part * radius * sin(angle), y - part * radius * cos(angle)

    for hour in range(12):
        ends = [on_face(part, hour * pi / 6) for part in (0.78 if hour % 3 else 0.68, 0.92)]
        stage.set.line(ends, DARK, 0.05 * radius)
    hours = stage.rng.uniform(0, 2 * pi, 2)
    start = stage.rng.integers(60)
    brass = hsv(0.12, 0.7, 0.9)

    def paint(brush: Brush, time_s: float) -> None:
        number, _ = stage.since(time_s)
        for angle, reach, width in ((hours[0], 0.5, 0.09), (hours[1], 0.75, 0.06)):
            brush.line([(stage.x, y), on_face(reach, angle)], DARK, width * radius)
        seconds = (start + 2 * number) * pi / 30
        brush.line([(stage.x, y), on_face(0.85, seconds)], (200, 30, 30), 0.04 * radius)
        swing = 0.42 * stage.swing(time_s)
        bob = (stage.x + 1.6 * radius * sin(swing), y + 0.4 * radius + 1.5 * radius * cos(swing))
        brush.line([(stage.x, y + 1.1 * radius), bob], brass, 0.05 * radius)
        brush.dot(bob, 0.2 * radius, brass)
        brush.ellipse(stage.x, y, 0.06 * radius, 0.06 * radius, DARK)

    return paint


def phone(stage: Stage) -> Painter:
    """A telephone that shakes while it rings: one with a dial and a receiver, or one with a bright screen."""
    stage.keep_in(0.5)
    stage.indoors(0.68)
    colour, size, ground = stage.colour(None, 0.7, 0.55), 0.36 * stage.size**0.6, 0.88
    modern = stage.plan.style % 2 == 1

    def paint(brush: Brush, time_s: float) -> None:
        _, since = stage.since(time_s)
        ringing = since < RING_S
        shake = 0.025 * sin(2 * pi * 11 * time_s) if ringing else 0.0
        lift = 0.05 * abs(sin(2 * pi * 12 * time_s)) if ringing else 0.0

        def at(*points: tuple[float, float]) -> np.ndarray:
            return turned(points, shake * 2, stage.x + shake * size, ground, size)

        if modern:
            brush.polygon(at((-0.45, 0.0), (-0.45, -1.6), (0.45, -1.6), (0.45, 0.0)), DARK)
            bright = hsv(0.35 + 0.1 * sin(20 * time_s), 0.6, 0.95) if ringing else (40, 46, 60)
            brush.polygon(at((-0.38, -0.14), (-0.38, -1.45), (0.38, -1.45), (0.38, -0.14)), bright)
            brush.dot(at((0, -1.0))[0], 0.17 * size, PALE if ringing else (70, 76, 90))
            for px, tone in ((-0.18, (60, 200, 90)), (0.18, (220, 60, 60))):
                brush.dot(at((px, -0.35))[0], 0.1 * size, tone if ringing else (60, 60, 70))
        else:
            brush.polygon(at((-0.85, 0), (-0.75, -0.25), (-0.4, -0.72), (0.4, -0.72), (0.75, -0.25), (0.85, 0)), colour)
            brush.dot(at((0, -0.34))[0], 0.29 * size, PALE)
            for hole in range(10):
                turn = hole * 2 * pi / 11
                brush.dot(at((0.2 * cos(turn), -0.34 + 0.18 * sin(turn)))[0], 0.04 * size, DARK)
            up = -0.8 - lift
            brush.line(at((-0.7, up), (0, up - 0.12), (0.7, up)), mixed(colour, DARK, 0.3), 0.17 * size)
            for px in (-0.72, 0.72):
                brush.dot(at((px, up + 0.08))[0], 0.17 * size, mixed(colour, DARK, 0.3))
        if ringing:
            for ring in range(3):
                r = (1.15 + 0.22 * ring + 0.2 * ((time_s * 4) % 1)) * size
                for middle in (200, 340):
                    brush.arc(stage.x, ground - 0.7 * size, r, middle - 18, middle + 18, (255, 240, 150), 0.014)

    return paint


def drum(stage: Stage) -> Painter:
    """A low drum and a snare, struck in turn by two sticks; the head that is struck lights up."""
    stage.keep_in(0.78)
    if stage.plan.style % 2:
        stage.indoors(0.8)
    else:
        stage.gradient((18, 14, 30), stage.colour(None, 0.7, 0.4))
        for x in stage.rng.uniform(0.1, 0.9, 3) * stage.aspect:
            stage.set.polygon([(x, 0), (x - 0.3, 1), (x + 0.3, 1)], stage.colour(None, 0.5, 0.45))
        stage.set.rect(0, 0.86, stage.aspect, 1, (40, 30, 28))
    shell, size = stage.colour(None, 0.8, 0.7), stage.size**0.6
    drums = ((stage.x - 0.33 * size, 0.62, 0.3 * size, 0.3), (stage.x + 0.36 * size, 0.58, 0.23 * size, 0.16))

    def paint(brush: Brush, time_s: float) -> None:
        number, since = stage.since(time_s)
        hit = float(exp(-since / 0.09)) if number >= 0 else 0.0
        brush.line([(stage.x + 0.72 * size, 0.95), (stage.x + 0.72 * size, 0.3)], (140, 140, 146), 0.014)
        tilt = 0.03 * sin(25 * time_s) * hit
        cymbal = ((0.52, 0.3 + tilt), (0.72, 0.27), (0.92, 0.3 - tilt), (0.72, 0.33))
        brush.polygon([(stage.x + px * size, py) for px, py in cymbal], hsv(0.13, 0.7, 0.85))
        for which, (x, y, r, deep) in enumerate(drums):
            struck = hit if (number % 2 == which) and number >= 0 else 0.0
            dip = 0.02 * struck
            brush.rect(x - r, y + dip, x + r, y + deep, shell)
            brush.ellipse(x, y + deep, r, 0.22 * r, shell)
            for px in np.linspace(-0.9, 0.9, 6):
                brush.line([(x + px * r, y + 0.05), (x + px * r, y + deep + 0.03)], mixed(shell, PALE, 0.5), 0.008)
            brush.ellipse(x, y + dip, r, 0.26 * r, mixed(shell, DARK, 0.5))
            brush.ellipse(x, y + dip, 0.94 * r, 0.22 * r, mixed((205, 200, 190), (255, 255, 200), struck))
            # Each stick strikes its own drum: drawn back unless the stroke is on it.
            own = number % 2 == which if since < stage.until(time_s) else (number + 1) % 2 == which
            up = stage.raised(time_s, 0.1, 0.16) if own else 1.0
            outward = -1 if which == 0 else 1
            hand = (x + outward * 0.32 * size, y - 0.3 - 0.1 * up)
            tip = (x + outward * 0.02, y - 0.01 - 0.32 * up)
            brush.line([hand, tip], (214, 178, 120), 0.018)
            brush.dot(tip, 0.02 if drum_is_low(which) else 0.013, (230, 215, 190))
            brush.dot(hand, 0.035, (224, 178, 140))

    return paint


def hammer(stage: Stage) -> Painter:
    """A hammer that falls on glowing iron on an anvil at each event; sparks fly."""
    stage.keep_in(0.75)
    stage.daylight = 0.6 * stage.plan.light
    stage.indoors(0.84)
    iron, size = (72, 74, 84), 0.6 * stage.size**0.5
    x, top = stage.x, 0.66
    right, left = [(0.42, 0.12), (0.16, 0.2), (0.14, 0.32)], [(-0.14, 0.32), (-0.18, 0.2), (-0.4, 0.12)]
    block = [(-0.6, 0), (0.42, 0), *right, (0.34, 0.46), (-0.34, 0.46), *left]
    stage.set.polygon(placed(block, x, top, size), iron)
    stage.set.rect(x - 0.6 * size, top, x + 0.42 * size, top + 0.03, mixed(iron, PALE, 0.35))
    sparks = scattered(stage.plan, "sparks", 26, 3)
    side = 1 if stage.plan.style < 2 else -1
    sleeve = stage.colour(None, 0.5, 0.5)

    def paint(brush: Brush, time_s: float) -> None:
        number, since = stage.since(time_s)
        glow = mixed(hsv(0.03, 0.9, 0.9), (255, 240, 180), exp(-since / 0.4))
        brush.rect(x - 0.25 * size, top - 0.045, x + 0.25 * size, top, glow)
        angle = -side * 1.15 * stage.raised(time_s, 0.13, 0.4)
        pivot = (x + side * 0.95 * size, top - 0.12)
        # The arm lies along the handle from the pivot; drawn to the left and mirrored by `side`.
        handle = turned([(0, 0), (-side * 0.95 * size, 0)], -angle, *pivot)
        brush.line([pivot, (pivot[0] + side * 0.3, pivot[1] + 0.16)], sleeve, 0.13)
        brush.line(handle, (150, 108, 66), 0.035)
        brush.dot(turned([(-side * 0.22 * size, 0)], -angle, *pivot)[0], 0.055, (220, 172, 136))
        head, half = -side * 0.95 * size, 0.08
        corners = [(head - half, -0.12), (head + half, -0.12), (head + half, 0.075), (head - half, 0.075)]
        brush.polygon(turned(corners, -angle, *pivot), (96, 98, 108))
        if number >= 0 and since < 0.45:
            for turn, speed, phase in sparks[number % 13 :] + sparks[: number % 13]:
                direction = pi * (0.05 + 0.9 * turn)
                v = (0.5 + 1.3 * speed) * (0.7 + 0.3 * phase)
                px = x + v * since * cos(direction)
                py = top - 0.04 - v * since * sin(direction) + 1.6 * since**2
                tail = (px - 0.035 * cos(direction), py + 0.035 * sin(direction))
                brush.line([(px, py), tail], mixed((255, 245, 190), (255, 110, 20), since / 0.45), 0.011)
        if since < 0.08:
            brush.ellipse(x, top - 0.05, 0.09, 0.06, (255, 250, 220))

    return paint


def footsteps(stage: Stage) -> Painter:
    """Somebody walks, the camera beside them: a foot comes down at each event; the ground is as it sounds."""
    stage.keep_in(0.3)
    wood, gravel, tiles = (stage.plan.style == number for number in range(3))
    if wood or tiles:
        stage.indoors(0.8)
    else:
        stage.outdoors(0.72)
    grounds: tuple[Colour, ...] = ((150, 104, 66), (140, 132, 122), (176, 176, 182), (232, 238, 246))
    ground = stage.lit(grounds[stage.plan.style])
    stage.set.rect(0, 0.82, stage.aspect, 1, ground)
    marks = scattered(stage.plan, "marks", 70 if gravel else 26, 3)
    clothes, legs_ = stage.colour(None, 0.6, 0.6), stage.colour(0.62, 0.4, 0.3)
    skin = mixed((242, 205, 170), (92, 58, 40), float(stage.rng.random()))
    size, facing = 0.68 * stage.size**0.35, 1 if stage.plan.pan < 0 else -1
    speed = 0.33 * size / stage.gap(0.5)
    foot_y, shoe = 0.9, [(-0.05, 0.03), (-0.05, -0.04), (0.13, 0.03)]

    def paint(brush: Brush, time_s: float) -> None:
        gone = facing * speed * time_s
        for x, y, wide in marks:
            at = (x * (stage.aspect + 0.2) - gone) % (stage.aspect + 0.2) - 0.1
            shade = mixed(ground, DARK if wide > 0.5 else PALE, 0.3)
            long = 0.012 if gravel else 0.05 if not (wood or tiles) else 0.004
            brush.rect(at, 0.84 + 0.15 * y, at + long, 0.84 + 0.15 * y + (0.16 if wood or tiles else 0.01), shade)
        step = stage.swing(time_s)  # turns round when a foot comes down, the legs furthest apart
        bob = 0.02 * (1 - abs(step))
        hip = (stage.x, foot_y - (0.5 + bob) * size)
        neck = (stage.x + facing * 0.03 * size, hip[1] - 0.36 * size)
        ahead = stage.swing(time_s + 0.02) > step
        for leg, tone in ((-1, mixed(legs_, DARK, 0.4)), (1, legs_)):
            stride = 0.19 * size * step * leg
            moving_forward = ahead == (leg > 0)
            lift = 0.1 * size * (1 - abs(step)) if moving_forward else 0.0
            foot = (stage.x + facing * stride, foot_y - lift)
            knee = ((hip[0] + foot[0]) / 2 + facing * (0.05 * size + 0.7 * lift), (hip[1] + foot[1]) / 2)
            brush.limb([hip, knee, foot], tone, 0.085 * size)
            brush.polygon(placed(shoe, *foot, size, facing), DARK)
            swing = -0.16 * size * step * leg
            elbow = (neck[0] + facing * swing * 0.6, neck[1] + 0.2 * size)
            hand = (neck[0] + facing * (swing + 0.05 * size), neck[1] + 0.36 * size)
            if leg < 0:
                brush.limb([neck, elbow, hand], mixed(clothes, DARK, 0.35), 0.06 * size)
        brush.limb([hip, neck], clothes, 0.17 * size)
        brush.limb([neck, elbow, hand], mixed(clothes, PALE, 0.12), 0.06 * size)
        brush.ellipse(neck[0] + facing * 0.02 * size, neck[1] - 0.13 * size, 0.085 * size, 0.1 * size, skin)
        brush.ellipse(neck[0] - facing * 0.01 * size, neck[1] - 0.18 * size, 0.085 * size, 0.07 * size, DARK)

    return paint


PICTURES = (footsteps, bell, clock, phone, drum, hammer)
