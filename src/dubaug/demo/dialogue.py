"""Who says what and when in a demo film: the same lines at the same times in each language, by its own voices."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dubaug.demo.sounds import add_at, length, resampled
from dubaug.demo.voices import Utterance, load_bank

LANGUAGES: tuple[str, ...] = ("en", "es", "fr", "ja")
"""Those that the films are dubbed in; the speech bank has all dialogue in each."""
ROLES = 3
"""Of each film."""


@dataclass(frozen=True, kw_only=True)
class SpokenLine:
    """One sentence, said by one role from `start_s` on."""

    sentence: str
    role: int
    start_s: float


def cast_roles(rng: np.random.Generator) -> tuple[int, ...]:
    """Return, for each role, which of a language's voices speaks it: its place in casting order, no voice twice."""
    available = min(len(load_bank().voices(language, "films")) for language in LANGUAGES)
    return tuple(rng.permutation(available)[:ROLES].tolist())


def shuffled_sentences(rng: np.random.Generator) -> list[str]:
    """Return the ids of all sentences that the films have, in random order."""
    return [str(sentence) for sentence in rng.permutation(load_bank().sentences("films"))]


def write_lines(
    *, seconds: float, rng: np.random.Generator, cast: Sequence[int], sentences: Sequence[str]
) -> tuple[SpokenLine, ...]:
    """Return lines that fit into `seconds` in every language, from `sentences` in their order, by roles in turn.

    Now and then a line's time passes in silence. A sentence that is too long for what is left is passed over.
    """
    lines: list[SpokenLine] = []
    at, role = float(rng.uniform(0.1, 0.7)), int(rng.integers(len(cast)))
    for sentence in sentences:
        longest = max(_utterance(sentence, language, cast[role]).seconds for language in LANGUAGES)
        if at + longest > seconds - 0.05:
            continue
        if rng.random() > 0.12:
            lines.append(SpokenLine(sentence=sentence, role=role, start_s=round(at, 3)))
        at += longest + float(rng.uniform(0.15, 0.6))
        role = (role + 1) % len(cast)
    return tuple(lines)


def speak(
    lines: Sequence[SpokenLine], *, language: str, cast: Sequence[int], seconds: float, sample_rate_hz: int
) -> np.ndarray:
    """Return the lines as said in `language`, float32 (samples,), at the speech bank's loudness."""
    track = np.zeros(length(seconds, sample_rate_hz), np.float32)
    for line in lines:
        said = _resampled(_utterance(line.sentence, language, cast[line.role]).id, sample_rate_hz)
        add_at(track, said, line.start_s, sample_rate_hz)
    return track


@lru_cache(maxsize=2048)
def _utterance(sentence: str, language: str, place: int) -> Utterance:
    """Return a sentence as the voice at `place` in a language's casting order says it."""
    bank = load_bank()
    voices = bank.voices(language, "films")
    (said,) = bank.select(
        kind="dialogue", split="films", language=language, voice=voices[place % len(voices)], sentence=sentence
    )
    return said


@lru_cache(maxsize=64)
def _resampled(utterance: str, sample_rate_hz: int) -> np.ndarray:
    """Return one utterance at `sample_rate_hz`; its array is shared, so it is read only."""
    sound = resampled(load_bank().audio(utterance), load_bank().sample_rate_hz, sample_rate_hz)
    sound.setflags(write=False)
    return sound
