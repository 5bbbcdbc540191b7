"""Music for the demo: a theme (key, tempo, instrument, chords) that a title keeps, played anew in each scene."""

from dataclasses import dataclass

import numpy as np

from dubaug.demo import sounds as s

INSTRUMENTS: dict[str, tuple[tuple[float, ...], float, float]] = {
    "piano": ((1, 0.55, 0.35, 0.2, 0.12, 0.07), 0.004, 1.6),
    "marimba": ((1, 0, 0, 0.45, 0, 0, 0, 0, 0, 0.12), 0.002, 0.6),
    "organ": ((1, 0.8, 0.5, 0.6, 0.2, 0.3, 0.1, 0.3), 0.03, 9.0),
    "strings": ((1, 0.7, 0.55, 0.4, 0.33, 0.25, 0.2, 0.15, 0.1), 0.12, 6.0),
    "flute": ((1, 0.25, 0.12, 0.04), 0.06, 5.0),
    "guitar": ((1, 0.8, 0.6, 0.35, 0.3, 0.2, 0.12, 0.1), 0.003, 1.1),
}
"""Harmonic amplitudes, attack in s, time in s to fall by 60 dB."""

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10), "dorian": (0, 2, 3, 5, 7, 9, 10)}
PROGRESSIONS = ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 4, 0), (5, 3, 0, 4), (0, 2, 3, 4), (0, 6, 5, 4))


@dataclass(frozen=True, kw_only=True)
class Theme:
    """What stays the same in all music of a title."""

    instrument: str
    root_hz: float
    scale: str
    beat_s: float
    chords: tuple[int, ...]
    """Degrees of the scale (0 is the tonic), one a bar of four beats."""


def make_theme(rng: np.random.Generator) -> Theme:
    """Return a theme drawn from `rng`."""
    return Theme(
        instrument=str(rng.choice(list(INSTRUMENTS))),
        root_hz=float(110 * 2 ** (rng.integers(0, 12) / 12)),
        scale=str(rng.choice(list(SCALES))),
        beat_s=float(rng.uniform(0.36, 0.7)),
        chords=PROGRESSIONS[rng.integers(len(PROGRESSIONS))],
    )


def play(theme: Theme, *, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Return accompaniment and melody on `theme`, float32 (2, samples) with peak 0.9: arpeggios under free notes."""
    track = np.zeros((2, s.length(seconds, sample_rate_hz)), np.float32)
    notes: dict[tuple[int, float], np.ndarray] = {}

    def note(degree: int, held_s: float) -> np.ndarray:
        if (degree, held_s) not in notes:
            notes[degree, held_s] = _note(theme, degree, held_s, sample_rate_hz)
        return notes[degree, held_s]

    bars = int(seconds / (4 * theme.beat_s)) + 1
    first_bar = int(rng.integers(len(theme.chords)))
    place = int(rng.integers(4, 9))
    for bar in range(bars):
        chord = theme.chords[(first_bar + bar) % len(theme.chords)]
        start = bar * 4 * theme.beat_s
        s.add_at(track, note(chord - 7, 3 * theme.beat_s), start, sample_rate_hz, 0.9)
        for half in range(8):
            degree = chord + (0, 2, 4, 7, 4, 2, 4, 2)[half]
            at = start + half * theme.beat_s / 2
            s.add_at(track, s.panned(note(degree, theme.beat_s), -0.4), at, sample_rate_hz, 0.45)
            if half % 2 == 0 and rng.random() < 0.7:
                place = int(np.clip(place + rng.integers(-2, 3), 4, 13))
                s.add_at(track, s.panned(note(place + 3, 1.5 * theme.beat_s), 0.3), at, sample_rate_hz, 0.8)
    track = s.in_room(track, sample_rate_hz, rng, seconds=0.9, wet=0.25)
    return s.levelled(track, 0.9)


def _note(theme: Theme, degree: int, held_s: float, rate_hz: int) -> np.ndarray:
    """Return one note of the theme's instrument; `degree` counts steps of the scale from the root, (S,)."""
    harmonics, attack_s, decay_s = INSTRUMENTS[theme.instrument]
    scale = SCALES[theme.scale]
    octave, step = divmod(degree, 7)
    frequency = theme.root_hz * 2 ** (octave + scale[step] / 12)
    n_samples = s.length(held_s, rate_hz)
    time = s.times_s(n_samples, rate_hz)
    vibrato = 1 + (0.004 * np.sin(2 * np.pi * 5.3 * time) if attack_s > 0.05 else 0.0)
    sound = s.tone(frequency * vibrato * np.ones(n_samples), rate_hz, harmonics)
    rise = np.minimum(1, time / attack_s)
    fall = np.minimum(1, (held_s - time) / min(0.12, held_s / 3))
    return sound * (rise * fall * np.exp(-6.91 * time / decay_s)).astype(np.float32)
