"""What the demo's separator is trained and judged on: true stems from the demo's own generators, by other seeds.

Shape suffixes: B batch, N stems (background, speech), C channel (2), S sample. Everything is at 44.1 kHz.
"""

from collections.abc import Sequence

import numpy as np

from dubaug.demo import scenes
from dubaug.demo.films import scene_stems
from dubaug.demo.sounds import resampled
from dubaug.demo.tasks import speech
from dubaug.demo.tasks.waves import RATE_HZ as TASK_RATE_HZ
from dubaug.demo.tasks.waves import db, mono, placed, rms
from dubaug.demo.voices import Utterance, load_bank
from dubaug.progress import track
from dubaug.seeding import item_rng

RATE_HZ = 44100
NARROW_HZ = 16000
"""Rate of the speech data sets: their files have nothing above half of it."""
SEED = 441
"""Of all training material; the demo's corpora have 2304, the held-out mixtures `HELD_OUT_SEED`."""
HELD_OUT_SEED = 442
SOURCES = ("no_vocals", "vocals")

TRAINING_KINDS = ("dialogue", "keyword", "langid")
HELD_OUT_KINDS = ("command",)
"""Of the speech bank's utterances: what is said in the Fluent Speech Commands miniature is never trained on."""


def film_stems(index: int, *, seed: int, seconds: float) -> np.ndarray:
    """Return the stems `(2, 2, S)` of a new scene of a film: stereo from 5.1, dialogue in one of four languages."""
    rng = item_rng(seed, "separator film", index)
    speech_CS, background_CS = scene_stems(seconds=seconds, sample_rate_hz=RATE_HZ, rng=rng)
    return np.stack([background_CS, speech_CS]).astype(np.float16)


def task_stems(index: int, *, seed: int, seconds: float, kinds: Sequence[str]) -> np.ndarray:
    """Return the stems `(2, 2, S)` of a speech data set's file: mono, narrow-band, speech before a scene."""
    rng = item_rng(seed, "separator task", index)
    utterances = [utterance for utterance in load_bank().utterances if utterance.kind in kinds]
    samples = round(seconds * TASK_RATE_HZ)
    said = _utterances(utterances, samples, rng)
    kind = str(rng.choice(scenes.KINDS))
    behind = mono(scenes.sound(kind, seconds=seconds, sample_rate_hz=TASK_RATE_HZ, rng=rng))[:samples]
    behind = behind * np.float32(rms(said) / rms(behind) * db(-rng.uniform(0.0, 18.0)))
    pair = np.stack([placed(behind, samples), said])
    pair *= np.float32(db(rng.uniform(-32.0, -20.0)) / rms(pair.sum(axis=0)))
    narrow = resampled(resampled(pair, TASK_RATE_HZ, NARROW_HZ), NARROW_HZ, RATE_HZ)[:, : round(seconds * RATE_HZ)]
    return np.repeat(narrow[:, None], 2, axis=1).astype(np.float16)


def _utterances(utterances: Sequence[Utterance], samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return utterances by one voice, as some microphone gives them, with short pauses: float32 `(samples,)`."""
    voice = str(rng.choice(sorted({utterance.voice for utterance in utterances})))
    own = [utterance for utterance in utterances if utterance.voice == voice]
    pitch = float(rng.uniform(0.84, 1.2))
    parts, length = [], 0
    while length < samples:
        pause = np.zeros(int(rng.uniform(0.1, 0.5) * TASK_RATE_HZ), dtype=np.float32)
        parts += [pause, speech.said(own[int(rng.integers(len(own)))].id, pitch)]
        length += len(parts[-1]) + len(parts[-2])
    return placed(speech.recorded(np.concatenate(parts), rng), samples)


def make_pool(films: int, tasks: int, *, seed: int, seconds: float, kinds: Sequence[str]) -> list[np.ndarray]:
    """Return the stems of `films` scenes of films and `tasks` files of data sets."""
    made = [film_stems(index, seed=seed, seconds=seconds) for index in track(range(films), "scenes", films)]
    made += [
        task_stems(index, seed=seed, seconds=seconds, kinds=kinds) for index in track(range(tasks), "commands", tasks)
    ]
    return made


def draw_batch(
    pool: Sequence[np.ndarray], films: int, *, step: int, batch: int, seconds: float, task_share: float
) -> np.ndarray:
    """Return stems `(B, 2, 2, S)`: a background and speech from different items of one sort, cut and levelled anew.

    Each mixture has an r.m.s. of 1. One in twelve has no speech, one in twelve hardly any background.
    """
    rng = item_rng(SEED, "separator batch", step)
    length = round(seconds * RATE_HZ)
    result_BNCS = np.empty((batch, 2, 2, length), dtype=np.float32)
    for place in range(batch):
        sort = range(films, len(pool)) if rng.random() < task_share else range(films)
        for stem in range(2):
            item_NCS = pool[int(rng.choice(sort))]
            begin = int(rng.integers(item_NCS.shape[-1] - length + 1))
            channels = slice(None, None, int(rng.choice([-1, 1])))
            result_BNCS[place, stem] = item_NCS[stem, channels, begin : begin + length]
        gains = [db(rng.uniform(-4.0, 4.0)), db(rng.uniform(-4.0, 6.0))]
        chance = rng.random()
        if chance < 1 / 12:
            gains[1] = 0.0
        elif chance < 2 / 12:
            gains[0] = db(-40.0)
        result_BNCS[place] *= np.float32(gains)[:, None, None] * rng.choice([-1.0, 1.0], size=(2, 1, 1))
        result_BNCS[place] /= np.float32(rms(result_BNCS[place].sum(axis=0)) + 1e-4)
    return result_BNCS
