"""People who speak: the bank's voices, each made into several speakers, and manners of speaking."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dubaug.demo.tasks.waves import RATE_HZ, Wave, at_level, coloured, equalised, faster, reverberant, stretched, warped
from dubaug.demo.voices import Kind, Utterance, load_bank
from dubaug.seeding import item_seed


def utterances(kind: Kind, language: str = "en") -> tuple[Utterance, ...]:
    """Return what the voices that are kept from the films say, sorted by id."""
    found = load_bank().select(language=language, kind=kind, split="tasks")
    return tuple(sorted(found, key=lambda utterance: utterance.id))


def english_lines() -> tuple[Utterance, ...]:
    """Return English sentences and commands of all voices that say some: the most voices to be had."""
    return utterances("dialogue") + utterances("langid") + utterances("command")


def by_voice(chosen: tuple[Utterance, ...]) -> dict[str, tuple[Utterance, ...]]:
    """Return the utterances of each voice, the voices sorted."""
    names = sorted({utterance.voice for utterance in chosen})
    return {name: tuple(utterance for utterance in chosen if utterance.voice == name) for name in names}


def pitch_of(part: int, n_parts: int, rng: np.random.Generator, *, spread: float = 1.12) -> float:
    """Return a random pitch factor that only part `part` of `n_parts` (folds, splits) has.

    With a voice it makes a speaker: up to `spread` times the voice's own pitch and formants or as much below,
    another size of body. Each part has four factors, spread over the whole range.
    """
    factors = np.geomspace(1 / spread, spread, 4 * n_parts)
    return round(float(factors[int(rng.integers(4)) * n_parts + part]), 4)


def speaker_id(voice: str, pitch: float) -> str:
    """Return the derived speaker's name: eight hexadecimal digits, as in Speech Commands."""
    return f"{item_seed(voice, str(pitch)) % 16**8:08x}"


def said(utterance: str, pitch: float) -> Wave:
    """Return an utterance, by its id, at `RATE_HZ` by a speaker with that pitch factor, silence at its ends cut off."""
    wave = faster(load_bank().audio(utterance), pitch * load_bank().sample_rate_hz / RATE_HZ)
    loud = np.flatnonzero(np.abs(wave) > 0.02 * np.abs(wave).max())
    return wave[loud[0] : loud[-1] + 1]


def recorded(wave: Wave, rng: np.random.Generator, *, spread_db: float = 1.5) -> Wave:
    """Return speech as some microphone in some room gives it."""
    wet = reverberant(wave, rng, rt60_s=rng.uniform(0.1, 0.4), wet_db=rng.uniform(-24.0, -12.0))
    return coloured(wet, rng, spread_db=spread_db)


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How an emotion sounds; all but `level_dbfs` are relative to neutral speech."""

    pitch: float = 1.0
    melody: float = 0.0
    """Depth of slow pitch movement, as a part of the pitch."""
    melody_hz: float = 0.8
    tempo: float = 1.0
    level_dbfs: float = -26.0
    brightness_db: float = 0.0
    """Change of the spectrum's slope, in dB an octave above 500 Hz (up to 8 kHz)."""
    roughness: float = 0.0
    """Depth of a fast amplitude modulation (creak)."""


EMOTIONS: dict[str, Manner] = {
    "ANG": Manner(pitch=1.08, melody=0.06, tempo=1.15, level_dbfs=-19.0, brightness_db=3.0, roughness=0.25),
    "DIS": Manner(pitch=0.92, melody=0.05, tempo=0.88, level_dbfs=-26.0, brightness_db=-0.5, roughness=0.45),
    "FEA": Manner(pitch=1.14, melody=0.035, melody_hz=6.0, tempo=1.18, level_dbfs=-26.0, brightness_db=0.5),
    "HAP": Manner(pitch=1.10, melody=0.14, melody_hz=1.4, tempo=1.05, level_dbfs=-22.0, brightness_db=1.5),
    "NEU": Manner(),
    "SAD": Manner(pitch=0.93, melody=0.05, melody_hz=0.4, tempo=0.82, level_dbfs=-32.0, brightness_db=-3.0),
}
"""CREMA-D's six emotions by prosody: what acoustic studies of acted speech agree on, in round numbers."""


def with_emotion(wave: Wave, manner: Manner, rng: np.random.Generator) -> Wave:
    """Return speech in a manner; how strongly it is acted differs from clip to clip."""
    strength = float(rng.uniform(0.6, 1.4))
    time_s = np.arange(len(wave)) / RATE_HZ
    pitch = 1 + strength * (manner.pitch - 1) + 0.04 * rng.standard_normal()
    turns = 2 * np.pi * (manner.melody_hz * rng.uniform(0.8, 1.25) * time_s + rng.uniform())
    wave = warped(wave, pitch * (1 + strength * manner.melody * np.sin(turns)))
    tempo = (1 + strength * (manner.tempo - 1)) * 1.06 ** rng.standard_normal()
    wave = stretched(wave, pitch / tempo)
    slope_db = strength * manner.brightness_db + 0.7 * rng.standard_normal()
    wave = equalised(wave, 500.0 * 2.0 ** np.arange(5), slope_db * np.arange(5.0))
    creak = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(28, 42) * np.arange(len(wave)) / RATE_HZ)
    wave = wave * (1 - min(0.8, strength * manner.roughness) * creak).astype(np.float32)
    level = -26.0 + strength * (manner.level_dbfs + 26.0) + 2.5 * rng.standard_normal()
    return at_level(wave, level)


def continuous(lines: Sequence[str], pitch: float, n_samples: int, rng: np.random.Generator) -> Wave:
    """Return `n_samples` of speech without a longer pause: the lines (ids) over and over, from a random place on."""
    parts: list[Wave] = []
    for line in lines:
        pause = np.zeros(int(rng.uniform(0.08, 0.3) * RATE_HZ), dtype=np.float32)
        parts += [at_level(said(line, pitch), -24.0), pause]
    stream = np.concatenate(parts)
    stream = np.tile(stream, 1 + -(-n_samples // len(stream)))
    start = int(rng.integers(0, len(stream) - n_samples))
    return stream[start : start + n_samples]
