"""The HEAR tasks of sounds: ESC-50, FSD50K, Vocal Imitation, GTZAN Music/Speech, made of the films' kinds of scene.

Durations are the published ones but for GTZAN Music/Speech (6 s instead of 30); `sample_duration` says so.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from dubaug.config import Demo
from dubaug.demo import scenes
from dubaug.demo.tasks.hear_format import MAP_FIRST, LabelledSound, TaskMetadata, hear_plan
from dubaug.demo.tasks.imitation import imitated
from dubaug.demo.tasks.plan import FilePlan, cycle, folds, shares
from dubaug.demo.tasks.waves import RATE_HZ, Wave, at_level, coloured, fast_length, mix, mono, noise, placed, write_wav
from dubaug.seeding import item_rng

ESC50 = TaskMetadata(task_name="esc50", version="v2.0.0", nfolds=5, presplit=True, sample_duration=5.0)
FSD50K = TaskMetadata(task_name="fsd50k", version="v1.0", prediction_type="multilabel", evaluation=MAP_FIRST)
VOCAL_IMITATION = TaskMetadata(
    task_name="vocal_imitation", version="v1.1.3", nfolds=3, sample_duration=11.26, evaluation=MAP_FIRST
)

ESC50_KINDS: Mapping[str, str] = {
    "chirping_birds": "birds",
    "crackling_fire": "fire",
    "dog": "dog",
    "engine": "engine",
    "footsteps": "footsteps",
    "helicopter": "helicopter",
    "rain": "rain",
    "sea_waves": "waves",
    "siren": "siren",
    "thunderstorm": "thunder",
}
FSD50K_KINDS: Mapping[str, str] = {
    "Bark": "dog",
    "Drum": "drum",
    "Engine": "engine",
    "Fire": "fire",
    "Hammer": "hammer",
    "Rain": "rain",
    "Siren": "siren",
    "Telephone": "phone",
    "Tick-tock": "clock",
    "Walk_and_footsteps": "footsteps",
}
IMITATED_KINDS = ("birds", "clock", "dog", "helicopter", "phone", "siren", "train", "waves")
"""The published labels that the films' kinds of scene can fill, and the kinds imitated."""


def heard(kind: str, seconds: float, rng: np.random.Generator) -> Wave:
    """Return a mono recording of `kind` by some microphone."""
    n_samples = round(seconds * RATE_HZ)
    sound_CS = scenes.sound(kind, seconds=fast_length(n_samples) / RATE_HZ, sample_rate_hz=RATE_HZ, rng=rng)
    return coloured(mono(sound_CS[:, :n_samples]), rng, spread_db=3.0)


def _write_esc50(path: Path, rng: np.random.Generator, *, kind: str) -> None:
    """Write one kind before a noise, at any level; every other clip ends early and goes on as silence, as in ESC-50."""
    seconds = 5.0 if rng.uniform() < 0.5 else rng.uniform(2.0, 5.0)
    sound = heard(kind, seconds, rng)
    sound = mix(sound, noise(len(sound), rng, spread_db=5.0), snr_db=rng.uniform(3.0, 24.0))
    write_wav(path, placed(at_level(sound, rng.uniform(-36.0, -16.0)), round(5.0 * RATE_HZ)), hiss=rng)


def plan_esc50(demo: Demo) -> FilePlan:
    """Ten of the published classes, each in all five folds."""
    clips = []
    for target, (label, kind) in enumerate(sorted(ESC50_KINDS.items())):
        for index, fold in enumerate(folds(demo.items_per_class, 5)):
            name = f"{fold + 1}-{10000 + 100 * target + index}-A-{target}.wav"
            render = partial(_write_esc50, kind=kind)
            clips.append(LabelledSound(name=name, split=f"fold{fold:02d}", labels=(label,), render=render))
    return hear_plan(ESC50, clips, sorted(ESC50_KINDS))


def _write_fsd50k(path: Path, rng: np.random.Generator, *, kinds: tuple[str, ...]) -> None:
    """Write one to three kinds at once, each by turns louder, for 0.5 to 8 s (short ones more often)."""
    seconds = float(np.exp(rng.uniform(np.log(0.5), np.log(8.0))))
    total = np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    for kind in kinds:
        total += at_level(placed(heard(kind, seconds, rng), len(total)), rng.uniform(-30.0, -22.0))
    behind = noise(len(total), rng, spread_db=6.0)
    write_wav(path, at_level(mix(total, behind, snr_db=rng.uniform(10.0, 30.0)), rng.uniform(-32.0, -18.0)), hiss=rng)


def plan_fsd50k(demo: Demo) -> FilePlan:
    """Mixtures of ten of the published classes; each class comes first in as many clips of a split as any other."""
    labels = sorted(FSD50K_KINDS)
    splits = shares(len(labels) * demo.items_per_class)
    clips = []
    for number, split in enumerate(FSD50K.splits):
        rng = item_rng(demo.seed, "tasks", "fsd50k", split)
        for index, first in enumerate(cycle(labels, splits.count(split), rng)):
            others = [label for label in labels if label != first]
            more = rng.choice(others, rng.choice([0, 1, 2], p=[0.3, 0.4, 0.3]), replace=False).tolist()
            heard_here = tuple(sorted((first, *more)))
            render = partial(_write_fsd50k, kinds=tuple(FSD50K_KINDS[label] for label in heard_here))
            clips.append(LabelledSound(name=f"{number}{index:05d}.wav", split=split, labels=heard_here, render=render))
    return hear_plan(FSD50K, clips, labels)


def _write_vocal_imitation(path: Path, rng: np.random.Generator, *, kind: str) -> None:
    """Write a mouth's version of a sound, then silence up to HEAR's 11.26 s (most of the real ones are shorter)."""
    seconds = float(rng.uniform(2.5, 6.0))
    voice = imitated(heard(kind, seconds, rng), rng)
    voice = mix(voice, noise(len(voice), rng, exponent=1.5), snr_db=rng.uniform(12.0, 30.0))
    write_wav(path, placed(at_level(voice, rng.uniform(-34.0, -16.0)), round(11.26 * RATE_HZ)))


def plan_vocal_imitation(demo: Demo) -> FilePlan:
    """Eight sounds, imitated, in three folds; the label is the name of the imitated file."""
    clips = []
    references = {f"{index:03d}{kind.capitalize()}.wav": kind for index, kind in enumerate(IMITATED_KINDS)}
    for target, (reference, kind) in enumerate(references.items()):
        for index, fold in enumerate(folds(0.75 * demo.items_per_class, 3)):
            name = f"{target:03d}_{index:03d}{kind}.wav"
            render = partial(_write_vocal_imitation, kind=kind)
            clips.append(LabelledSound(name=name, split=f"fold{fold:02d}", labels=(reference,), render=render))
    return hear_plan(VOCAL_IMITATION, clips, sorted(references))


MINIATURES = {
    "esc50": ESC50.miniature(plan_esc50),
    "fsd50k": FSD50K.miniature(plan_fsd50k),
    "vocal_imitation": VOCAL_IMITATION.miniature(plan_vocal_imitation),
}
