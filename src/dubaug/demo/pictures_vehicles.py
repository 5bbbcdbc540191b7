"""Pictures of vehicles: each sets the stage and returns what paints a moment of it."""

from math import cos, exp, pi, sin

import numpy as np

from dubaug.demo.sounds_things import rotor_hz, siren_cycle
from dubaug.demo.stage import DARK, PALE, Brush, Colour, Painter, Stage, mixed, placed, scattered, turned


def wheel(brush: Brush, x: float, y: float, radius: float, angle: float, rim: Colour) -> None:
    """Draw a wheel with spokes that shows how far it has turned."""
    brush.ellipse(x, y, radius, radius, DARK)
    brush.ellipse(x, y, 0.65 * radius, 0.65 * radius, rim)
    for spoke in range(3):
        turn = angle + spoke * pi / 3
        dx, dy = 0.62 * radius * cos(turn), 0.62 * radius * sin(turn)
        brush.line([(x - dx, y - dy), (x + dx, y + dy)], DARK, 0.14 * radius)


def passing(brush: Brush, stage: Stage, way: float, *, top: float, bottom: float, gap: float, colour: Colour) -> None:
    """Draw posts that go by as the camera keeps up with a vehicle."""
    for x in np.arange(-(way % gap), stage.aspect + gap, gap):
        brush.rect(x, top, x + 0.025, bottom, colour)


def engine(stage: Stage) -> Painter:
    """A car on a road, the camera beside it: wheels, posts and road marks go by at the engine's speed."""
    stage.keep_in(0.5)
    stage.outdoors(0.6)
    road = stage.lit((78, 78, 82))
    stage.set.rect(0, 0.68, stage.aspect, 0.94, road)
    paint_, glass = stage.lit(stage.colour(None, 0.75, 0.75)), stage.lit((150, 190, 210))
    size, ground = 0.42 * stage.size**0.6, 0.86
    way = stage.travelled(0.5, 4.0)
    facing = 1 if stage.plan.style < 2 else -1
    rear, front = [(-1.2, -0.3), (-1.15, -0.62), (-0.6, -0.68)], [(0.8, -0.65), (1.2, -0.55), (1.25, -0.25)]
    body = [*rear, (-0.3, -1.0), (0.45, -1.0), *front]
    rear_pane = [(-0.5, -0.68), (-0.25, -0.93), (0.05, -0.93), (0.05, -0.68)]
    front_pane = [(0.12, -0.68), (0.12, -0.93), (0.4, -0.93), (0.66, -0.68)]
    lamp = [(1.12, -0.52), (1.24, -0.5), (1.24, -0.4), (1.12, -0.4)]
    post, mark = stage.lit((150, 120, 90)), stage.lit((235, 230, 200))

    def paint(brush: Brush, time_s: float) -> None:
        gone = way(time_s)
        passing(brush, stage, facing * gone * 0.7, top=0.4, bottom=0.68, gap=0.55, colour=post)
        for x in np.arange(-((facing * gone) % 0.35), stage.aspect + 0.35, 0.35):
            brush.rect(x, 0.895, x + 0.16, 0.91, mark)
        shake = 0.01 * sin(2 * pi * 7 * time_s) + 0.008 * sin(2 * pi * 11 * time_s)

        for puff in range(5):
            age = (time_s * 2.2 + puff / 5) % 1
            x = stage.x - facing * size * (1.25 + (0.6 + 0.5 * stage.curve(time_s)) * age)
            smoke = mixed((200, 200, 200), road, 0.3 + 0.6 * age)
            brush.ellipse(x, ground - size * (0.2 + 0.2 * age), 0.03 + 0.05 * age, 0.025 + 0.04 * age, smoke)
        for part, colour in ((body, paint_), (rear_pane, glass), (front_pane, glass), (lamp, (255, 245, 190))):
            brush.polygon(placed(np.add(part, (0, shake)), stage.x, ground, size, facing), colour)
        radius = 0.25 * size
        for px in (-0.72, 0.75):
            x, turn = stage.x + facing * px * size, facing * gone / radius
            wheel(brush, x, ground - 0.2 * size, radius, turn, (190, 190, 195))

    return paint


def train(stage: Stage) -> Painter:
    """A steam locomotive with a carriage, its rods, smoke, and posts that go by; it jolts at the rail joints."""
    stage.keep_in(0.6)
    stage.outdoors(0.62)
    paint_, trim = stage.lit(stage.colour(None, 0.6, 0.4)), stage.lit(stage.colour(0.12, 0.7, 0.85))
    coach, glass = stage.lit(stage.colour(None, 0.6, 0.6)), (250, 230, 160) if stage.daylight < 0.5 else (170, 200, 215)
    size, rail = 0.36 * stage.size**0.5, 0.86
    gap = stage.gap(0.6)
    speed = 1.0 / gap
    facing = 1 if stage.plan.style < 2 else -1
    post, sleeper = stage.lit((110, 85, 70)), stage.lit((84, 62, 50))

    def paint(brush: Brush, time_s: float) -> None:
        gone = speed * time_s
        passing(brush, stage, facing * gone, top=0.25, bottom=0.8, gap=1.0, colour=post)
        for x in np.arange(-((facing * gone) % 0.12), stage.aspect + 0.12, 0.12):
            brush.rect(x, rail, x + 0.06, rail + 0.035, sleeper)
        brush.rect(0, rail - 0.006, stage.aspect, rail + 0.008, (150, 150, 158))
        jolt = 0.05 * float(exp(-stage.since(time_s)[1] / 0.06))

        def x_of(px: float) -> float:
            return float(stage.x + facing * px * size)

        def box(left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
            a, b = sorted((x_of(left), x_of(right)))
            brush.rect(a, rail + (top + jolt) * size, b, rail + (bottom + jolt) * size, colour)

        for puff in range(9):
            age = (time_s * 0.9 + puff / 9) % 1
            shade, y = mixed((225, 225, 228), (120, 120, 128), age), rail - (1.6 + 0.8 * age**0.6) * size
            brush.ellipse(x_of(0.75 - 2.6 * age), y, 0.04 + 0.12 * age, 0.04 + 0.08 * age, shade)
        box(-3.6, -1.25, -1.25, -0.3, coach)
        for px in np.arange(-3.4, -1.5, 0.45):
            box(px, -1.08, px + 0.3, -0.75, glass)
        box(-1.1, -1.4, -0.4, -0.3, paint_)
        box(-1.0, -1.2, -0.6, -0.85, glass)
        box(-1.2, -1.48, -0.3, -1.36, DARK)
        box(-0.4, -1.0, 1.0, -0.35, paint_)
        box(0.0, -1.03, 0.1, -0.33, trim)
        box(0.62, -1.5, 0.86, -0.95, DARK)
        box(-1.1, -0.4, 1.15, -0.3, trim)
        turn = facing * gone / (0.3 * size)
        pins = []
        for px, radius in ((-3.2, 0.18), (-1.7, 0.18), (-0.7, 0.3), (0.0, 0.3), (0.75, 0.22)):
            wheel(brush, x_of(px), rail - radius * size, radius * size, facing * gone / (radius * size), (150, 40, 40))
            if radius == 0.3:
                pins.append((x_of(px) + 0.18 * size * cos(turn), rail - 0.3 * size + 0.18 * size * sin(turn)))
        brush.line([*pins, (x_of(0.95), rail - 0.3 * size)], (200, 200, 205), 0.05 * size)

    return paint


def siren(stage: Stage) -> Painter:
    """A van whose red and blue lights flash in turn with the siren, and light up the street."""
    stage.keep_in(0.55)
    stage.daylight = 0.5 * stage.plan.light
    stage.outdoors(0.64)
    stage.set.rect(0, 0.7, stage.aspect, 0.95, stage.lit((80, 80, 86)))
    body, stripe = stage.lit((232, 232, 230)), stage.lit(stage.colour(stage.rng.choice([0.0, 0.6, 0.12]), 0.85, 0.8))
    size, ground = 0.5 * stage.size**0.5, 0.9
    way = stage.travelled(0.3, 1.5)
    post = stage.lit((120, 120, 130))
    outline = [(-1.1, -0.25), (-1.1, -1.1), (0.45, -1.1), (0.85, -0.65), (1.15, -0.58), (1.15, -0.25)]
    pane = [(0.1, -0.64), (0.1, -1.0), (0.42, -1.0), (0.72, -0.64)]

    def paint(brush: Brush, time_s: float) -> None:
        red_on = float(siren_cycle(stage.plan, np.asarray(time_s))) < 0.5
        flash = (time_s * 6) % 1 < 0.65
        glow: Colour = (255, 40, 40) if red_on else (50, 90, 255)
        gone = way(time_s)
        passing(brush, stage, gone, top=0.3, bottom=0.7, gap=0.8, colour=post)
        lamp_x = stage.x + (-0.16 if red_on else 0.16) * size
        if flash:
            for ring in range(4, 0, -1):
                shade = mixed(mixed((10, 12, 24), glow, 0.15), glow, (4 - ring) / 6)
                brush.ellipse(lamp_x, ground - 1.18 * size, 0.11 * ring * size + 0.03, 0.09 * ring * size + 0.03, shade)
        brush.polygon(placed(outline, stage.x, ground, size), body)
        brush.rect(stage.x - 1.1 * size, ground - 0.56 * size, stage.x + 1.14 * size, ground - 0.42 * size, stripe)
        brush.polygon(placed(pane, stage.x, ground, size), (120, 150, 170))
        brush.rect(stage.x - 0.75 * size, ground - 0.98 * size, stage.x - 0.63 * size, ground - 0.62 * size, stripe)
        brush.rect(stage.x - 0.87 * size, ground - 0.86 * size, stage.x - 0.51 * size, ground - 0.74 * size, stripe)
        for px in (-0.65, 0.68):
            wheel(brush, stage.x + px * size, ground - 0.16 * size, 0.23 * size, gone / (0.23 * size), (170, 170, 176))
        for side, lamp in ((-0.16, (255, 40, 40)), (0.16, (50, 90, 255))):
            lit = flash and (side < 0) == red_on
            colour = mixed(lamp, PALE, 0.25) if lit else mixed(lamp, DARK, 0.7)
            x = stage.x + side * size
            brush.rect(x - 0.15 * size, ground - 1.26 * size, x + 0.15 * size, ground - 1.1 * size, colour)
        if flash:
            brush.wash(glow, 0.16)

    return paint


def helicopter(stage: Stage) -> Painter:
    """A helicopter in the air: blades that turn, a body that sways, clouds that pass."""
    stage.keep_in(0.55)
    stage.outdoors(0.86)
    clouds = scattered(stage.plan, "clouds", 7, 3)
    white = stage.lit((240, 242, 246))
    body, glass = stage.lit(stage.colour(None, 0.65, 0.6)), stage.lit((170, 205, 225))
    facing = 1 if stage.plan.style < 2 else -1
    turn_hz = rotor_hz(stage.plan) / 2
    blade = stage.lit((60, 62, 70))

    def paint(brush: Brush, time_s: float) -> None:
        for x, y, wide in clouds:
            left = (x * 2.4 - 0.25 * facing * time_s) % (stage.aspect + 0.8) - 0.4
            for lump in (-0.5, 0, 0.5):
                brush.ellipse(left + lump * 0.2 * (0.5 + wide), 0.06 + 0.5 * y, 0.14 * (0.5 + wide), 0.045, white)
        size = 0.34 * stage.size**0.4 * (0.75 + 0.5 * stage.curve(time_s))
        cx, cy = stage.x + 0.05 * sin(1.3 * time_s), 0.48 + 0.05 * sin(1.9 * time_s + 1)
        tilt = facing * (0.08 + 0.05 * sin(1.1 * time_s))

        def at(*points: tuple[float, float]) -> np.ndarray:
            return turned([(facing * px, py) for px, py in points], tilt, cx, cy, size)

        brush.polygon(at((-0.3, -0.2), (-1.7, -0.18), (-1.75, -0.05), (-0.3, 0.12)), body)
        brush.polygon(at((-1.6, -0.18), (-1.85, -0.55), (-1.95, -0.5), (-1.8, -0.05)), body)
        angle = np.linspace(0, 2 * pi, 24)
        brush.polygon(at(*zip(0.68 * np.cos(angle), 0.38 * np.sin(angle), strict=True)), body)
        brush.polygon(at((0.15, -0.3), (0.45, -0.26), (0.66, 0.0), (0.15, 0.04)), glass)
        for px in (-0.3, 0.3):
            brush.line(at((px, 0.3), (px * 1.3, 0.55)), blade, 0.035 * size)
        brush.line(at((-0.65, 0.55), (0.62, 0.55), (0.75, 0.48)), blade, 0.05 * size)
        brush.line(at((0, -0.35), (0, -0.58)), blade, 0.08 * size)
        reach = 1.5 * cos(2 * pi * turn_hz * time_s)
        brush.line(at((-reach, -0.58), (reach, -0.58)), blade, 0.06 * size)
        hub = at((0, -0.58))[0]
        brush.ring(hub[0], hub[1], 1.5 * size, 0.08 * size, mixed(blade, white, 0.55), 0.02 * size)
        tail = 2 * pi * 3.1 * turn_hz * time_s
        across = (0.28 * cos(tail), 0.28 * sin(tail))
        ends = at((-1.85 - across[0], -0.3 - across[1]), (-1.85 + across[0], -0.3 + across[1]))
        brush.line(ends, blade, 0.05 * size)

    return paint


PICTURES = (engine, train, siren, helicopter)
