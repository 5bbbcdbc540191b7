"""Sounds of weather, fire, animals and people. Each takes a plan and gives (2, samples) float32, at any level."""

import numpy as np
from scipy import signal

from dubaug.demo import sounds as s
from dubaug.demo.plans import ScenePlan

Array = np.ndarray


def rain(plan: ScenePlan, rate_hz: int) -> Array:
    """Hiss of many far drops, and near drops as short resonant clicks."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    heaviness = rng.uniform(0, 1)
    hiss = s.shaped(rng, n, rate_hz, [(150, -22), (900, -6), (3000, 0), (8000, -3), (16000, -14)])
    hiss = s.vibrate(hiss, 0.8 + 0.4 * plan.curve_at(s.times_s(n, rate_hz)))
    grains = [
        s.struck(rate_hz, 0.02, [(plan.pitch * f, 1.0, 0.012), (plan.pitch * f * 2.3, 0.5, 0.006)])
        for f in (1100, 1900, 3100, 4700)
    ]
    drops = s.scatter(rng, n, rate_hz, per_s=60 + 240 * heaviness, grains=grains, spread=0.7)
    return s.unit(hiss) + 0.7 * s.unit(drops)


def thunder(plan: ScenePlan, rate_hz: int) -> Array:
    """A crack at each flash and a long low rumble after it, over distant rain."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    track = 0.05 * s.shaped(rng, n, rate_hz, [(200, -20), (1500, 0), (9000, -8)])
    for time in plan.events_s:
        tail = s.length(min(3.5, plan.seconds), rate_hz)
        rumble = s.shaped(rng, tail, rate_hz, [(25, -3), (60, 0), (150 * plan.pitch, -8), (900, -40)])
        decay = np.exp(-3.0 * np.linspace(0, 1, tail)) * (1 - np.exp(-np.arange(tail) / (0.05 * rate_hz)))
        rumble *= (decay * (0.25 + s.wander(rng, tail, rate_hz, 5))).astype(np.float32)
        crack = s.burst(rng, rate_hz, 0.7, low_hz=300, high_hz=6000, decay_s=rng.uniform(0.25, 0.6))
        gain = rng.uniform(0.5, 1.0)
        s.add_at(track, rumble, time + 0.05, rate_hz, gain)
        s.add_at(track, s.panned(crack, rng.uniform(-0.6, 0.6)), time + 0.03, rate_hz, 0.9 * gain)
    return track


def wind(plan: ScenePlan, rate_hz: int) -> Array:
    """Noise that grows louder and brighter with each gust, and whistles a little."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    gust = plan.curve_at(s.times_s(n, rate_hz))
    track = np.zeros((2, n), np.float32)
    for centre, power in ((130, 0.6), (280, 1.2), (560, 2.2), (1100, 3.5)):
        low = plan.pitch * centre
        band = s.shaped(rng, n, rate_hz, [(low / 3, -36), (low, 0), (low * 3, -36)])
        track += band * (0.1 + gust) ** power * np.float32((130 / centre) ** 0.25)
    # A whistle: slow noise lifted to a frequency that follows the gust.
    slow = s.lowpass(s.white(rng, 2, n), rate_hz, 12)
    phase = 2 * np.pi * np.cumsum(plan.pitch * (380 + 420 * gust)) / rate_hz
    whistle = s.unit(slow[0] * np.cos(phase).astype(np.float32) + slow[1] * np.sin(phase).astype(np.float32))
    wind_CS: np.ndarray = track + s.panned(0.5 * whistle * gust**2, plan.pan)
    return wind_CS


def waves(plan: ScenePlan, rate_hz: int) -> Array:
    """Each breaking wave swells, hisses at its height, and runs out."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    time = s.times_s(n, rate_hz)
    swell = np.full(n, 0.12, np.float32)
    for event in (plan.events_s[0] - 2.6, *plan.events_s) if plan.events_s else (0.5,):
        after = time - event
        rise, fall = np.exp(np.minimum(after, 0) / 0.45), np.exp(-np.maximum(after, 0) / 0.9)
        swell = np.maximum(swell, (rng.uniform(0.7, 1) * rise * fall).astype(np.float32))
    low = s.shaped(rng, n, rate_hz, [(40, -6), (120, 0), (500, -6), (1500, -24)])
    high = s.shaped(rng, n, rate_hz, [(500, -18), (1200, -2), (plan.pitch * 4000, 0), (12000, -12)])
    surf: np.ndarray = low * (0.3 + swell) + 1.2 * high * swell**1.6
    return surf


def fire(plan: ScenePlan, rate_hz: int) -> Array:
    """A flickering low roar with sharp, dry crackles."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    roar = s.shaped(rng, n, rate_hz, [(40, -8), (110, 0), (350, -8), (2500, -30)])
    roar = s.vibrate(roar, 0.5 + s.wander(rng, n, rate_hz, 9))
    hiss = s.shaped(rng, n, rate_hz, [(1500, -30), (5000, 0), (12000, -6)])
    grains = []
    for low, decay in ((900, 0.012), (1800, 0.006), (2600, 0.004), (500, 0.03)):
        grains.append(
            s.burst(rng, rate_hz, 3 * decay, low_hz=plan.pitch * low, high_hz=7 * plan.pitch * low, decay_s=2 * decay)
        )
    crackle = s.scatter(rng, n, rate_hz, per_s=rng.uniform(14, 34), grains=grains, spread=1.0)
    return 0.5 * roar + 0.06 * hiss + 2.2 * s.unit(crackle)


def birds(plan: ScenePlan, rate_hz: int) -> Array:
    """Song phrases of quick whistled sweeps over a quiet wood; a second bird answers far off."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    track = 0.03 * s.shaped(rng, n, rate_hz, [(200, -12), (700, 0), (3000, -6), (9000, -18)])
    base = 3300 * plan.pitch
    motif = [(rng.uniform(0.75, 1.3), rng.uniform(0.7, 1.4), rng.uniform(0.05, 0.11)) for _ in range(3 + plan.style)]
    for time in plan.events_s:
        at, gain = time, rng.uniform(0.6, 1)
        for start, bend, seconds in motif:
            m = s.length(seconds, rate_hz)
            sweep = base * start * np.linspace(1, bend, m) * (1 + 0.03 * np.sin(60 * s.times_s(m, rate_hz)))
            chirp = s.tone(sweep, rate_hz, [1.0, 0.15, 0.05]) * np.hanning(m).astype(np.float32)
            s.add_at(track, s.panned(chirp, plan.pan), at, rate_hz, gain)
            s.add_at(track, s.panned(chirp, -plan.pan), at + 0.85, rate_hz, 0.12 * gain)
            at += seconds + 0.025
    return track


VOWELS_HZ = ((730, 1090, 2440), (530, 1840, 2480), (390, 1990, 2550), (570, 840, 2410), (440, 1020, 2240))
"""First three formants of five vowels (Peterson and Barney 1952, men)."""


def voiced(
    rng: np.random.Generator, rate_hz: int, f0_hz: Array, formants_hz: tuple[float, ...], breath: float
) -> Array:
    """Return a voiced sound (S,): a pulse train at `f0_hz` (S,) and breath noise through formant resonances."""
    source = s.tone(f0_hz, rate_hz, [1 / k**0.9 for k in range(1, 41)]) + breath * s.white(rng, len(f0_hz))
    result = np.zeros(len(f0_hz), np.float32)
    for number, centre in enumerate(formants_hz):
        result += s.resonance(source, rate_hz, centre, 70 + 0.05 * centre) * np.float32(0.6**number)
    return result


def dog(plan: ScenePlan, rate_hz: int) -> Array:
    """Barks: a short voiced burst whose pitch falls, rough, in ones and twos; growls lightly before."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    track = 0.02 * s.shaped(rng, n, rate_hz, [(80, 0), (400, -6), (4000, -30)])
    size = plan.pitch
    for time in plan.events_s:
        seconds = rng.uniform(0.15, 0.22)
        m = s.length(seconds, rate_hz)
        part = np.linspace(0, 1, m)
        f0 = size * 330 * (0.85 + 0.5 * np.sin(np.pi * part**0.7)) * (1 - 0.25 * part)
        formants = (size * 650, size * 1350, size * 2700, size * 3900)
        bark = s.unit(voiced(rng, rate_hz, f0, formants, 0.6)) * np.sin(np.pi * part**0.45).astype(np.float32)
        s.add_at(track, s.panned(bark, plan.pan), time, rate_hz, rng.uniform(0.7, 1))
        if plan.style % 2:
            s.add_at(track, s.panned(0.9 * bark, plan.pan), time + 0.27, rate_hz, rng.uniform(0.6, 1))
    return s.in_room(track, rate_hz, rng, seconds=0.35, wet=0.12)


def crowd(plan: ScenePlan, rate_hz: int) -> Array:
    """Babble: two dozen voices that say vowels in syllable rhythm, louder and softer together."""
    rng, n = plan.rng("sound"), s.length(plan.seconds, rate_hz)
    low_hz = 16000  # voices need no more, and cost less
    m = s.length(plan.seconds, low_hz) + 1
    track = np.zeros((2, m), np.float32)
    for _ in range(7):
        voice, at, f0 = np.zeros(m, np.float32), 0, rng.uniform(95, 240) * plan.pitch**0.5
        while at < m:
            size = s.length(rng.uniform(0.12, 0.3), low_hz)
            glide = f0 * (1 + 0.12 * rng.standard_normal() + np.linspace(0.06, -0.06, size))
            formants = VOWELS_HZ[rng.integers(len(VOWELS_HZ))]
            scale = (f0 / 120) ** 0.25
            syllable = voiced(rng, low_hz, glide, tuple(scale * f for f in formants), 0.15)
            syllable *= np.hanning(size).astype(np.float32)
            end = min(at + size, m)
            voice[at:end] += syllable[: end - at]
            at += int(size * rng.uniform(0.75, 1.1)) + (
                s.length(rng.uniform(0.1, 0.5), low_hz) if rng.random() < 0.15 else 0
            )
        voice = s.unit(voice)
        for _ in range(4):  # each voice stands for four, elsewhere and at other times
            track += s.panned(np.roll(voice, rng.integers(m)), rng.uniform(-1, 1)) * np.float32(rng.uniform(0.4, 1))
    track = signal.resample_poly(track, rate_hz, low_hz, axis=-1)[:, :n].astype(np.float32)
    track = s.in_room(track, rate_hz, rng, seconds=rng.uniform(0.6, 1.4), wet=0.4)
    return s.vibrate(track, 0.5 + plan.curve_at(s.times_s(n, rate_hz)))


SOUNDS = (rain, thunder, wind, waves, fire, birds, dog, crowd)
