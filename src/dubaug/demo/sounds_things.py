"""Sounds of machines and struck things. Each takes a plan and gives (2, samples) float32, at any level."""

import numpy as np

from dubaug.demo import sounds as s
from dubaug.demo.plans import ScenePlan

Array = np.ndarray


def engine(plan: ScenePlan, rate_hz: int) -> Array:
    """Firing harmonics that follow the engine speed, uneven from cylinder to cylinder, with road noise."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    speed = plan.curve_at(s.times_s(n, rate_hz))
    firing_hz = plan.pitch * (42 + 48 * speed)
    strength = [rng.uniform(0.4, 1) / k**0.75 for k in range(1, 31)]
    motor = s.tone(firing_hz, rate_hz, strength) + 0.5 * s.tone(firing_hz / 2, rate_hz, strength[:12])
    puff = s.lowpass(s.white(rng, n), rate_hz, 1800) * (0.5 + 0.5 * s.tone(firing_hz, rate_hz, [1.0]))
    road = s.shaped(rng, n, rate_hz, [(60, -4), (250, 0), (1000, -6), (5000, -22)]) * (0.15 + 0.35 * speed)
    return s.panned(s.unit(motor) + 1.5 * puff, plan.pan) * (0.5 + 0.5 * speed) + 0.5 * road


def train(plan: ScenePlan, rate_hz: int) -> Array:
    """Wheels over rail joints (two quick knocks each), a heavy rumble, steam; some whistle."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    rumble = s.shaped(rng, n, rate_hz, [(30, -6), (80, 0), (300, -6), (1200, -24), (6000, -34)])
    track = 0.5 * rumble
    knock = s.struck(
        rate_hz, 0.25, [(plan.pitch * f, a, d) for f, a, d in ((190, 1, 0.16), (520, 0.7, 0.1), (1350, 0.5, 0.06))]
    ) + 0.6 * np.pad(
        s.burst(rng, rate_hz, 0.08, low_hz=400, high_hz=5000, decay_s=0.06),
        (0, s.length(0.25, rate_hz) - s.length(0.08, rate_hz)),
    )
    for number, time in enumerate(plan.events_s):
        side = s.panned(knock, plan.pan * (-1) ** number)
        s.add_at(track, side, time, rate_hz, 1.9)
        s.add_at(track, side, time + 0.14, rate_hz, 1.6)
        puff = s.burst(rng, rate_hz, 0.3, low_hz=500, high_hz=7000, decay_s=0.35)
        s.add_at(track, puff, time + 0.02, rate_hz, 0.5)
    if plan.style == 0:
        start, seconds = plan.seconds * rng.uniform(0.1, 0.5), 1.3
        m = s.length(seconds, rate_hz)
        for ratio in (1, 1.26, 1.5):
            pipe = s.tone(np.full(m, plan.pitch * 470 * ratio), rate_hz, [1, 0.4, 0.25, 0.1])
            s.add_at(track, pipe * np.hanning(m).astype(np.float32) ** 0.3, start, rate_hz, 0.35)
    return track


def siren(plan: ScenePlan, rate_hz: int) -> Array:
    """A wail that sweeps up and down, or two tones in turn; in time with the flashing lights."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    cycle = siren_cycle(plan, s.times_s(n, rate_hz))
    if plan.style % 2:
        smooth = s.lowpass((cycle < 0.5).astype(np.float32), rate_hz, 30)
        frequency = plan.pitch * (520 + 190 * smooth)
    else:
        frequency = plan.pitch * 560 * 2.4 ** (1 - np.abs(2 * cycle - 1))
    horn = s.tone(frequency, rate_hz, [1, 0.5, 0.55, 0.25, 0.2, 0.1])
    street = s.shaped(rng, n, rate_hz, [(50, 0), (300, -6), (2000, -24)])
    return s.in_room(s.panned(s.unit(horn), plan.pan) + 0.15 * street, rate_hz, rng, seconds=0.7, wet=0.25)


def siren_cycle(plan: ScenePlan, time_s: Array) -> Array:
    """Return where in its cycle a siren is, in 0..1, for picture and sound alike."""
    period_s = (2.4, 1.1, 0.7, 1.4)[plan.style] / plan.pitch**0.5
    phase: np.ndarray = (time_s / period_s + plan.light) % 1.0
    return phase


def helicopter(plan: ScenePlan, rate_hz: int) -> Array:
    """Blades that beat the air some twelve times a second, and a turbine's whine."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    time = s.times_s(n, rate_hz)
    beat_hz = rotor_hz(plan)
    slap = np.exp(-9 * ((time * beat_hz) % 1.0)).astype(np.float32)
    air = s.shaped(rng, n, rate_hz, [(40, 0), (160, 0), (600, -10), (3000, -26)])
    low = s.tone(np.full(n, beat_hz), rate_hz, [0.7, 1, 0.9, 0.8, 0.6, 0.5, 0.35, 0.2])
    whine = s.tone(np.full(n, 1150 * plan.pitch), rate_hz, [1, 0.4, 0.2]) * (0.8 + 0.2 * slap)
    distance = 0.55 + 0.45 * plan.curve_at(time)
    return s.vibrate(1.3 * air * (0.15 + slap) + 0.5 * low + s.panned(0.10 * whine, plan.pan), distance)


def rotor_hz(plan: ScenePlan) -> float:
    """Return how often a second a blade passes."""
    return 12.0 * plan.pitch


def bell(plan: ScenePlan, rate_hz: int) -> Array:
    """A church bell: hum, prime, minor third, fifth, nominal and above, the high ones short."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    prime, track = 330 * plan.pitch, np.zeros((2, n), np.float32)
    partials = []
    for ratio, amplitude, decay in (
        (0.5, 0.5, 5.0), (1.0, 0.7, 3.6), (1.19, 0.9, 3.0), (1.5, 0.35, 2.4), (2.0, 1.0, 2.0), (2.51, 0.4, 1.3),
        (2.66, 0.35, 1.2), (3.01, 0.45, 1.0), (4.17, 0.4, 0.7), (5.43, 0.3, 0.45), (6.8, 0.2, 0.3),
    ):  # fmt: skip
        spread = 1 + 0.004 * rng.standard_normal()
        partials += [
            (prime * ratio * spread, amplitude, decay),
            (prime * ratio * spread * 1.002, 0.6 * amplitude, decay),
        ]
    stroke = s.struck(rate_hz, min(4.5, plan.seconds), partials, rng)
    clap = s.burst(rng, rate_hz, 0.05, low_hz=1500, high_hz=9000, decay_s=0.04)
    for time in plan.events_s:
        gain = rng.uniform(0.75, 1)
        s.add_at(track, s.panned(stroke, plan.pan), time, rate_hz, gain)
        s.add_at(track, s.panned(clap, plan.pan), time, rate_hz, 1.2 * gain)
    return s.in_room(track, rate_hz, rng, seconds=1.2, wet=0.2)


def clock(plan: ScenePlan, rate_hz: int) -> Array:
    """Tick and tock: two short clicks of slightly different body, in a quiet room."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    track = 0.006 * s.shaped(rng, n, rate_hz, [(60, 0), (400, -12), (4000, -30)])
    for number, time in enumerate(plan.events_s):
        body = plan.pitch * (1.0 if number % 2 else 1.22)
        partials = [(620 * body, 0.7, 0.09), (1750 * body, 1, 0.05), (3300 * body, 0.9, 0.03), (5200 * body, 0.5, 0.02)]
        click = s.struck(rate_hz, 0.15, partials)
        click[: s.length(0.01, rate_hz)] += 0.8 * s.burst(rng, rate_hz, 0.01, low_hz=2000, high_hz=9000, decay_s=0.01)
        s.add_at(track, s.panned(click, plan.pan), time, rate_hz)
    return s.in_room(track, rate_hz, rng, seconds=0.4, wet=0.25)


RING_S = 1.1
"""How long a telephone rings each time."""


def phone(plan: ScenePlan, rate_hz: int) -> Array:
    """A telephone: two small bells under a fast hammer, or an electronic warble."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    track = 0.004 * s.shaped(rng, n, rate_hz, [(60, 0), (400, -12), (4000, -30)])
    m = s.length(RING_S, rate_hz)
    if plan.style % 2:
        switch = (s.times_s(m, rate_hz) * 14) % 1 < 0.5
        ring = s.tone(plan.pitch * np.where(switch, 1050.0, 1400.0), rate_hz, [1, 0, 0.35, 0, 0.15])
    else:
        bells = [
            s.struck(rate_hz, 0.5, [(plan.pitch * f * r, 1 / r, 0.6 / r) for r in (1, 2.7, 5.2)], rng)
            for f in (1240, 1480)
        ]
        ring = np.zeros(m, np.float32)
        for blow in range(int(RING_S * 24)):
            s.add_at(ring, bells[blow % 2], blow / 24, rate_hz, rng.uniform(0.8, 1))
    fade = np.minimum(1, np.arange(m)[::-1] / (0.08 * rate_hz)).astype(np.float32)
    for time in plan.events_s:
        s.add_at(track, s.panned(s.unit(ring) * fade, plan.pan), time, rate_hz)
    return s.in_room(track, rate_hz, rng, seconds=0.35, wet=0.2)


def drum(plan: ScenePlan, rate_hz: int) -> Array:
    """A kit: low drum on the beats, snare on the rest; the heads' pitch falls as they settle."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    track, m = np.zeros((2, n), np.float32), s.length(0.45, rate_hz)
    time = s.times_s(m, rate_hz)
    kick = s.tone(plan.pitch * (58 + 95 * np.exp(-time / 0.03)), rate_hz, [1, 0.2]) * np.exp(-time / 0.13).astype(
        np.float32
    )
    head = s.struck(rate_hz, 0.45, [(plan.pitch * 195, 1, 0.25), (plan.pitch * 330, 0.6, 0.18)], rng)
    snare = 0.5 * head + 0.9 * s.burst(rng, rate_hz, 0.45, low_hz=900, high_hz=9000, decay_s=0.3)
    for number, event in enumerate(plan.events_s):
        hit, side = (kick, 0.0) if drum_is_low(number) else (snare, 0.4 * plan.pan)
        s.add_at(track, s.panned(hit, side), event, rate_hz, rng.uniform(0.7, 1))
    return s.in_room(track, rate_hz, rng, seconds=0.5, wet=0.12)


def drum_is_low(number: int) -> bool:
    """Return whether the `number`th stroke is on the low drum."""
    return number % 2 == 0


def hammer(plan: ScenePlan, rate_hz: int) -> Array:
    """A hammer on an anvil: bright inharmonic ring, dull thud."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    track = 0.01 * s.shaped(rng, n, rate_hz, [(60, 0), (400, -12), (4000, -30)])
    ratios = (1, 1.58, 2.24, 2.92, 3.7, 4.6)
    partials = [(plan.pitch * 1280 * r * (1 + 0.01 * rng.standard_normal()), 1 / r**0.4, 0.55 / r**0.6) for r in ratios]
    ring = s.struck(rate_hz, 0.7, [*partials, (150, 1.2, 0.12)], rng)
    for time in plan.events_s:
        s.add_at(track, s.panned(ring, plan.pan), time, rate_hz, rng.uniform(0.7, 1))
        clap = s.burst(rng, rate_hz, 0.03, low_hz=1500, high_hz=12000, decay_s=0.03)
        s.add_at(track, s.panned(clap, plan.pan), time, rate_hz, 1.5)
    return s.in_room(track, rate_hz, rng, seconds=0.8, wet=0.18)


def footsteps(plan: ScenePlan, rate_hz: int) -> Array:
    """Steps on wood (hollow), gravel (grinding), stone (heels) or snow (creaking), heel and then toe."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    track = 0.01 * s.shaped(rng, n, rate_hz, [(100, 0), (800, -8), (6000, -24)])
    low, high, decay, thud = (
        (300, 2500, 0.1, 1.0),
        (1200, 9000, 0.22, 0.35),
        (1500, 8000, 0.05, 0.7),
        (500, 4000, 0.3, 0.3),
    )[plan.style]
    for number, time in enumerate(plan.events_s):
        body = plan.pitch * (1 + 0.06 * (-1) ** number)
        knock = s.struck(rate_hz, 0.2, [(95 * body, 1, 0.12), (210 * body, 0.8, 0.09), (480 * body, 0.3, 0.05)])
        for delay, gain in ((0.0, 1.0), (0.11, 0.55)):
            grit = s.burst(rng, rate_hz, 0.25, low_hz=low * body, high_hz=high, decay_s=decay)
            side = plan.pan + 0.15 * (-1) ** number
            s.add_at(track, s.panned(grit, side), time + delay, rate_hz, gain)
            s.add_at(track, s.panned(knock, side), time + delay, rate_hz, gain * thud)
    return s.in_room(track, rate_hz, rng, seconds=0.4, wet=0.15 if plan.style in (0, 2) else 0.03)


SOUNDS = (footsteps, engine, train, siren, helicopter, bell, clock, phone, drum, hammer)
