"""Pictures of weather, fire, animals and people: each sets the stage and returns what paints a moment of it."""

from math import cos, exp, pi, sin

import numpy as np

from dubaug.demo.stage import DARK, PALE, Brush, Colour, Painter, Stage, hsv, mixed, placed, scattered, turned


def rain(stage: Stage) -> Painter:
    """Streaks that fall, rings on the wet ground."""
    stage.outdoors(0.66, overcast=1.0)
    streaks = scattered(stage.plan, "streaks", int(90 + 130 * stage.rng.random()), 4)
    rings = scattered(stage.plan, "rings", 26, 3)
    slant = 0.25 * stage.plan.pan
    drop = mixed(stage.lit((150, 160, 175)), PALE, 0.45)

    def paint(brush: Brush, time_s: float) -> None:
        for phase, x, y in rings:
            age = (time_s * 1.6 + phase) % 1
            size = 0.012 + 0.06 * age
            brush.ring(x * stage.aspect, 0.7 + 0.28 * y, size, size * 0.3, mixed(drop, (90, 98, 110), age), 0.006)
        for x, phase, near, speed in streaks:
            y = ((1.5 + speed) * (1 + near) * time_s + 2 * phase) % 1.3 - 0.15
            long = 0.05 + 0.09 * near
            at = (x * 1.3 - 0.15) * stage.aspect + slant * y
            brush.line([(at, y), (at + slant * long, y + long)], drop, 0.004 + 0.005 * near)

    return paint


def thunder(stage: Stage) -> Painter:
    """Dark clouds, a bolt and a flash at each event."""
    stage.daylight = 0.15 + 0.3 * stage.plan.light
    stage.outdoors(0.78, overcast=1.0)
    for x, y, size in scattered(stage.plan, "clouds", 34, 3):
        grey = mixed((28, 30, 40), (82, 86, 100), y)
        stage.set.ellipse(x * stage.aspect, 0.02 + 0.28 * y, 0.12 + 0.14 * size, 0.05 + 0.06 * size, grey)
    bolts = []
    for _ in stage.plan.events_s:
        x, y, bolt = stage.rng.uniform(0.15, 0.85) * stage.aspect, 0.22, []
        while y < 0.78:
            bolt.append((x, y))
            x, y = x + stage.rng.normal(0, 0.05), y + stage.rng.uniform(0.04, 0.1)
        bolts.append([*bolt, (x, 0.79)])

    def paint(brush: Brush, time_s: float) -> None:
        number, since = stage.since(time_s)
        if number < 0 or since > 0.9:
            return
        glow = float(exp(-since / 0.22)) * (0.6 + 0.4 * cos(since * 50))
        brush.wash((200, 205, 255), 0.75 * glow)
        if since < 0.4:
            brush.line(bolts[number], (255, 255, 235), 0.022)
            middle = len(bolts[number]) // 2
            x, y = bolts[number][middle]
            brush.line([(x, y), (x + 0.08, y + 0.08), (x + 0.1, y + 0.2)], (255, 255, 235), 0.01)

    return paint


def wind(stage: Stage) -> Painter:
    """Trees and grass that bend with the gusts, leaves and dust that fly."""
    stage.outdoors(0.7, overcast=0.4)
    way = stage.travelled(0.15, 2.2)
    trunk, leaf = stage.lit(stage.colour(0.07, 0.5, 0.35)), stage.lit(stage.colour(0.3, 0.55, 0.5))
    flying, grass = scattered(stage.plan, "flying", 34, 4), scattered(stage.plan, "grass", 60, 3)
    leaves = [(x - 0.5, y - 0.5, shade - 0.5) for x, y, shade in scattered(stage.plan, "leaves", 20, 3)]
    trees = [(stage.x, 0.55 * stage.size**0.5), (stage.aspect - stage.x + 0.2, 0.4)]
    dust = stage.lit((214, 200, 160))

    def paint(brush: Brush, time_s: float) -> None:
        gust = stage.curve(time_s)
        for x, tall in trees:
            height = np.linspace(0, 1, 7)
            bend = (0.08 + 0.5 * gust + 0.06 * sin(9 * time_s + 5 * x) * (0.3 + gust)) * tall
            stem = np.stack([x + bend * height**2, 0.8 - tall * height], 1)
            brush.limb(stem, trunk, 0.045 * tall / 0.5)
            for dx, dy, shade in leaves:
                shiver = 0.02 * sin(14 * time_s + 40 * dx) * (0.3 + gust)
                colour = mixed(leaf, PALE if shade > 0.2 else DARK, 0.15)
                at = x + bend + (dx * 0.6 + gust * 0.12) * tall + shiver
                brush.ellipse(at, 0.8 - tall * (1 + dy * 0.6), 0.07, 0.05, colour)
        for x, y, tall in grass:
            base = 0.82 + 0.18 * y
            bend = (0.01 + 0.1 * gust + 0.02 * sin(11 * time_s + 20 * x)) * (0.7 + tall)
            at, top = x * stage.aspect, base - 0.08 * (0.6 + tall)
            blade = [(at, base), (at + bend * 0.3, (base + top) / 2), (at + bend, top)]
            brush.line(blade, mixed(leaf, DARK, 0.4 * tall), 0.007)
        for x, y, turn, speed in flying:
            at = (x * 2 + way(time_s) * (0.7 + 0.6 * speed)) % (stage.aspect + 0.3) - 0.15
            up = 0.1 + 0.75 * y + 0.05 * sin(6 * time_s + 9 * turn)
            brush.line([(at, up), (at - 0.03 - 0.14 * gust, up + 0.01)], dust, 0.009)

    return paint


def waves(stage: Stage) -> Painter:
    """A sea that rolls on to a beach: a line of foam runs up at each event."""
    stage.daylight = 0.25 + 0.75 * stage.plan.light
    stage.outdoors(0.38, scenery=False)
    sand, sea = stage.lit(stage.colour(0.11, 0.4, 0.8)), stage.lit(stage.colour(0.56, 0.65, 0.6))
    stage.set.rect(0, 0.38, stage.aspect, 1, sea)
    xs = np.linspace(0, stage.aspect, 40)
    phase = stage.rng.uniform(0, 6, 8)
    slope = 0.1 * stage.plan.pan
    foam = mixed(stage.lit((225, 235, 240)), PALE, 0.4)

    def paint(brush: Brush, time_s: float) -> None:
        for row in range(8):
            y = 0.4 + 0.035 * row + 0.0055 * row**2
            tall = 0.006 + 0.004 * row
            crest = y + tall * np.sin(xs * (16 - row) + phase[row] + (2.4 - 0.1 * row) * time_s)
            tint = mixed(sea, PALE if row % 2 else DARK, 0.16)
            brush.polygon([(0, 1), *zip(xs, crest, strict=True), (stage.aspect, 1)], tint)
            brush.line(np.stack([xs, crest], 1)[row % 5 :: 7], mixed(tint, PALE, 0.25), 0.004)
        number, since = stage.since(time_s)
        until = stage.until(time_s)
        rush = max(exp(-since / 0.9), exp(-((until / 0.6) ** 2)))  # up the beach at the event, then back
        edge = 0.80 + 0.14 * rush + slope * (xs / stage.aspect - 0.5)
        edge = edge + 0.014 * np.sin(xs * 9 + phase[0] + number) + 0.007 * np.sin(xs * 23 + 2 * time_s)
        brush.polygon([(0, 1.1), *zip(xs, edge, strict=True), (stage.aspect, 1.1)], sand)
        brush.line(np.stack([xs, edge], 1), foam, 0.02 + 0.06 * rush)
        if until < 1.3:  # the next breaker comes in, growing
            part = 1 - until / 1.3
            top = 0.5 + 0.32 * part + 0.01 * np.sin(xs * 7 + phase[1] + 3 * time_s)
            brush.line(np.stack([xs, top], 1), foam, 0.008 + 0.05 * part**2)

    return paint


def fire(stage: Stage) -> Painter:
    """Flames of several colours over logs, sparks, a flickering glow."""
    stage.daylight = 0.25 * stage.plan.light
    if stage.plan.style % 2:
        stage.outdoors(0.72)
    else:
        stage.indoors(0.82)
        stage.set.rect(0, 0, stage.aspect, 1, (38, 26, 24))
        for row in range(9):
            for column in range(-1, 8):
                x = column * 0.26 + 0.13 * (row % 2)
                brick = mixed((92, 44, 34), (60, 32, 28), stage.rng.random())
                stage.set.rect(x, row * 0.1, x + 0.245, row * 0.1 + 0.085, brick)
        stage.set.rect(stage.x - 0.62, 0.16, stage.x + 0.62, 1, (14, 10, 10))
    hue, wide = 0.035 + 0.03 * stage.rng.random(), 0.34 * stage.size
    stage.glow(stage.x, 0.7, 2.2 * wide, hsv(hue, 0.85, 0.75))
    phases, sparks = stage.rng.uniform(0, 6, (4, 5)), scattered(stage.plan, "sparks", 40, 3)
    part = np.linspace(-1, 1, 33)
    layers = ((1.0, -0.03, 0.95, 0.8), (0.75, 0.02, 0.92, 0.98), (0.5, 0.08, 0.75, 1), (0.25, 0.11, 0.3, 1))

    def paint(brush: Brush, time_s: float) -> None:
        flicker = 0.85 + 0.15 * sin(17 * time_s + 3 * sin(7 * time_s))
        for p, (shrink, shift, saturation, value) in zip(phases, layers, strict=True):
            colour = hsv(hue + shift, saturation, value)
            tongues = 0.55 + 0.25 * np.sin(9 * part + p[0] - 7 * time_s) + 0.2 * np.sin(17 * part + p[1] + 11 * time_s)
            tall = 0.62 * stage.size**0.5 * shrink * flicker * (1 - part**2) ** 0.8 * np.maximum(tongues, 0.15)
            lean = 0.06 * sin(2.3 * time_s + p[2]) * tall
            flame = zip(stage.x + wide * shrink * part + lean, 0.86 - tall, strict=True)
            brush.polygon([(stage.x - wide * shrink, 0.87), *flame, (stage.x + wide * shrink, 0.87)], colour)
        for side in (-1, 1):
            brush.line([(stage.x - 1.15 * wide * side, 0.93), (stage.x + wide * side, 0.84)], (46, 28, 20), 0.06)
        for x, phase, speed in sparks:
            age = (time_s * (0.5 + speed) + phase) % 1
            at = stage.x + wide * 1.4 * (x - 0.5) + 0.05 * sin(9 * age + 20 * x)
            brush.ellipse(at, 0.75 - 0.75 * age, 0.007, 0.007, mixed((255, 220, 120), (60, 20, 10), age))

    return paint


def birds(stage: Stage) -> Painter:
    """A bird on a branch that opens its beak at each event, others that fly past."""
    stage.daylight = 0.45 + 0.55 * stage.plan.light
    stage.outdoors(0.85)
    bark = stage.lit(stage.colour(0.07, 0.5, 0.35))
    body, breast = stage.colour(None, 0.6, 0.6), stage.colour(0.08, 0.6, 0.9)
    size, y = 0.2 * stage.size, 0.6
    stage.set.line([(0, y + 0.16), (stage.aspect * 0.5, y + 0.1), (stage.aspect, y + 0.13)], bark, 0.035)
    for x, up, tone in scattered(stage.plan, "foliage", 46, 3):
        green = stage.lit(hsv(0.28 + 0.08 * tone, 0.6, 0.35 + 0.3 * tone))
        stage.set.ellipse(x * stage.aspect, y + 0.02 + 0.24 * up, 0.05, 0.022, green)
    flock = scattered(stage.plan, "flock", 5, 4)
    ink = stage.lit((40, 42, 52))
    facing = 1 if stage.plan.pan < 0 else -1

    def paint(brush: Brush, time_s: float) -> None:
        for x, up, speed, phase in flock:
            at = (x * 2 + 0.5 * (0.5 + speed) * time_s) % (stage.aspect + 0.4) - 0.2
            beat, wing = sin((14 + 6 * phase) * time_s + 6 * phase), 0.05 + 0.03 * phase
            high = 0.08 + 0.34 * up
            tips = [(at - wing, high - 0.05 * beat), (at, high + 0.012), (at + wing, high - 0.05 * beat)]
            brush.line(tips, ink, 0.013)
            brush.ellipse(at, high + 0.012, 0.018, 0.009, ink)
        _, since = stage.since(time_s)
        singing = since < 0.4
        open_ = 0.45 + 0.35 * sin(40 * since) if singing else 0.0
        hop = 0.03 * abs(sin(18 * since)) if singing else 0.004 * sin(3 * time_s)
        foot = y + 0.115
        centre = foot - 0.75 * size - hop * size * 3
        for leg in (-0.15, 0.2):
            brush.line([(stage.x + leg * size, centre), (stage.x + leg * size, foot)], (190, 130, 60), 0.01)
        tail = turned([(0, -0.1), (-1.2, 0.1), (-1.15, 0.35), (0, 0.3)], 0.25, stage.x, centre, size)
        tail[:, 0] = stage.x + facing * (tail[:, 0] - stage.x)
        brush.polygon(tail, mixed(body, DARK, 0.35))
        brush.ellipse(stage.x, centre, 0.75 * size, 0.55 * size, body)
        brush.ellipse(stage.x + 0.2 * facing * size, centre + 0.1 * size, 0.5 * size, 0.42 * size, breast)
        hx, hy = stage.x + 0.55 * facing * size, centre - 0.55 * size
        for sign in (-1, 1):
            beak = [(0.25, -0.1), (0.75, sign * open_ * 0.6 - 0.02), (0.25, 0.1)]
            brush.polygon(placed(beak, hx, hy, size, facing), (240, 170, 50))
        brush.ellipse(hx, hy, 0.36 * size, 0.34 * size, mixed(body, PALE, 0.1))
        brush.ellipse(hx + 0.1 * facing * size, hy - 0.06 * size, 0.07 * size, 0.07 * size, (12, 12, 14))

    return paint


def dog(stage: Stage) -> Painter:
    """A dog in profile that barks at each event: the jaw drops, the body jerks; the tail wags."""
    stage.outdoors(0.6)
    if stage.plan.style >= 2:
        fence = stage.lit(stage.colour(0.08, 0.4, 0.75))
        for x in np.arange(0.02, stage.aspect, 0.11):
            stage.set.rect(x, 0.36, x + 0.07, 0.64, fence)
        stage.set.rect(0, 0.43, stage.aspect, 0.46, mixed(fence, DARK, 0.2))
    hue, value = stage.rng.choice([0.06, 0.08, 0.1]), stage.rng.choice([0.25, 0.5, 0.75, 0.92])
    fur = hsv(hue, 0.55 - 0.35 * value, value)
    dark, size = mixed(fur, DARK, 0.45), 0.42 * stage.size**0.7
    facing = 1 if stage.plan.pan < 0 else -1
    ground = 0.9
    second = 0.27 if stage.plan.style % 2 else 9.0

    def paint(brush: Brush, time_s: float) -> None:
        _, since = stage.since(time_s)
        since = since - second if since > second else since
        bark = max(0.0, float(sin(pi * min(since / 0.2, 1))))
        jerk = 0.05 * bark

        def at(px: float, py: float) -> tuple[float, float]:
            return stage.x + facing * (px + jerk) * size, ground + (py - 0.5 * jerk) * size

        def blob(px: float, py: float, rx: float, ry: float, colour: Colour) -> None:
            brush.ellipse(*at(px, py), rx * size, ry * size, colour)

        wag = 0.16 * sin(13 * time_s)
        brush.limb([at(-0.62, -0.75), at(-0.85, -0.95), at(-0.95 + wag, -1.2)], fur, 0.07 * size)
        for px, colour in ((-0.42, dark), (0.3, dark), (-0.52, fur), (0.42, fur)):
            brush.limb([at(px, -0.6), at(px + 0.03, -0.05), at(px + 0.1, -0.02)], colour, 0.12 * size)
        blob(0, -0.72, 0.64, 0.3, fur)
        brush.limb([at(0.42, -0.8), at(0.66, -1.12)], fur, 0.3 * size)
        blob(0.72, -1.2 - 0.06 * bark, 0.24, 0.21, fur)
        lift = 0.1 * bark
        brush.polygon([at(0.8, -1.34 - lift), at(1.2, -1.22 - lift), at(1.2, -1.13 - lift), at(0.8, -1.1)], fur)
        if bark > 0.05:
            mouth = [at(0.82, -1.14), at(1.17, -1.14 - lift), at(1.12, -1.08 + 0.3 * bark), at(0.82, -1.04)]
            brush.polygon(mouth, (150, 40, 45))
        brush.polygon([at(0.78, -1.1), at(1.13, -1.09 + 0.3 * bark), at(1.1, -1.02 + 0.3 * bark), at(0.76, -0.98)], fur)
        blob(1.19, -1.21 - lift, 0.05, 0.04, DARK)
        blob(0.83, -1.27 - 0.06 * bark, 0.035, 0.035, DARK)
        brush.polygon([at(0.5, -1.36), at(0.7, -1.38), at(0.6 - 0.1 * bark, -1.05)], dark)

    return paint


def crowd(stage: Stage) -> Painter:
    """Rows of people who move, talk and at loud moments raise their arms."""
    if stage.plan.style % 2:
        stage.outdoors(0.35)
    else:
        stage.indoors(0.5)
    people = []
    for row in range(4):
        scale = (0.055 + 0.022 * row) * stage.size**0.4
        for x in np.arange(0.02 + 0.5 * scale * (row % 2), stage.aspect + 0.05, 2.7 * scale):
            skin = mixed((242, 205, 170), (92, 58, 40), float(stage.rng.random()))
            hair, shirt = hsv(0.07, 0.6, float(stage.rng.uniform(0.05, 0.6))), stage.colour(None, 0.65, 0.7)
            jitter, phase = stage.rng.normal(0, 0.3 * scale), stage.rng.uniform(0, 6)
            people.append((x + jitter, 0.4 + 0.15 * row, scale, skin, hair, shirt, phase, stage.rng.random()))

    def paint(brush: Brush, time_s: float) -> None:
        loud = stage.curve(time_s)
        for x, y, scale, skin, hair, shirt, phase, eager in people:
            up = y - (0.15 + 0.6 * loud) * scale * abs(sin(3.2 * time_s + phase))
            side = x + 0.25 * scale * sin(2.1 * time_s + 2 * phase)
            if eager < 0.35 * loud + 0.08:
                wave = 0.5 * scale * sin(8 * time_s + phase)
                for sign in (-1, 1):
                    shoulder = (side + 0.8 * sign * scale, up + 1.6 * scale)
                    hand = (side + 1.4 * sign * scale + wave, up - 1.3 * scale)
                    brush.line([shoulder, hand], skin, 0.45 * scale)
            brush.ellipse(side, up + 3.1 * scale, 1.3 * scale, 2.1 * scale, shirt)
            brush.ellipse(side, up - 0.12 * scale, 0.86 * scale, 1.02 * scale, hair)
            brush.ellipse(side, up + 0.15 * scale, 0.74 * scale, 0.86 * scale, skin)
            for sign in (-1, 1):
                brush.ellipse(side + 0.3 * sign * scale, up, 0.09 * scale, 0.1 * scale, DARK)
            mouth = max(0.05, 0.3 * sin(11 * time_s + 3 * phase))
            brush.ellipse(side, up + 0.55 * scale, 0.26 * scale, mouth * scale, (96, 28, 30))

    return paint


PICTURES = (rain, thunder, wind, waves, fire, birds, dog, crowd)
