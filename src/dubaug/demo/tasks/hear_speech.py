"""The HEAR tasks of speech: CREMA-D, LibriCount, Speech Commands (5h, full), VoxLingua top 10, GTZAN Music/Speech.

Speakers are the bank's voices that no film has, at several sizes of body; a derived speaker stands in one split only.
Durations are the published ones but for VoxLingua (4 s instead of 18.64) and GTZAN (6 s instead of 30);
`sample_duration` says so. LibriCount counts to 5 instead of 10.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from dubaug.config import Demo
from dubaug.demo import music, scenes
from dubaug.demo.tasks import speech
from dubaug.demo.tasks.hear_format import LabelledSound, TaskMetadata, hear_plan
from dubaug.demo.tasks.plan import FilePlan, cycle, folds
from dubaug.demo.tasks.waves import RATE_HZ, Wave, at_level, coloured, mix, mono, noise, placed, write_wav
from dubaug.seeding import item_rng

MOST_SPEAKERS = 5
VOXLINGUA_S, GTZAN_S = 4.0, 6.0

CREMA_D = TaskMetadata(task_name="tfds_crema_d", version="1.0.0", nfolds=5, sample_duration=5.0)
LIBRICOUNT = TaskMetadata(task_name="libricount", version="v1.0.0-hear2021", nfolds=5, sample_duration=5.0)
VOXLINGUA = TaskMetadata(task_name="vox_lingua_top10", version="hear2021", nfolds=5, sample_duration=VOXLINGUA_S)
GTZAN = TaskMetadata(task_name="tfds_gtzan_music_speech", version="1.0.0", nfolds=10, sample_duration=GTZAN_S)
COMMANDS_FULL = TaskMetadata(
    task_name="speech_commands", version="v0.0.2", sample_duration=1.0, evaluation=("top1_acc",)
)
COMMANDS_5H = replace(COMMANDS_FULL, mode="5h")
LANGUAGES = ("de", "en", "es", "fr", "hi", "it", "ja", "pt", "ru", "zh")
WORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
SILENCE, UNKNOWN = "_silence_", "_unknown_"


def with_noise(wave: Wave, rng: np.random.Generator, *, low_db: float, high_db: float) -> Wave:
    """Return speech before the hiss and hum of a room."""
    behind = noise(len(wave), rng, spread_db=6.0)
    return mix(wave, behind, snr_db=rng.uniform(low_db, high_db))


def _write_crema_d(path: Path, rng: np.random.Generator, *, utterance: str, pitch: float, emotion: str) -> None:
    acted = speech.with_emotion(speech.said(utterance, pitch), speech.EMOTIONS[emotion], rng)
    room = speech.recorded(placed(acted, round(5.0 * RATE_HZ)), rng, spread_db=1.5)
    hiss = noise(len(room), rng) * np.float32(10 ** (rng.uniform(-66.0, -52.0) / 20))
    write_wav(path, room + hiss)


def plan_crema_d(demo: Demo) -> FilePlan:
    """Six emotions; every fold has its own speakers."""
    lines = speech.english_lines()
    clips = []
    for emotion in speech.EMOTIONS:
        rng = item_rng(demo.seed, "tasks", "crema_d", emotion)
        fold_of = folds(demo.items_per_class, 5)
        for index, (fold, line) in enumerate(zip(fold_of, cycle(lines, len(fold_of), rng), strict=True)):
            pitch = speech.pitch_of(fold, 5, rng)
            name = f"{1001 + fold}_{line.id.replace('_', '-')}_{emotion}_{index:02d}.wav"
            render = partial(_write_crema_d, utterance=line.id, pitch=pitch, emotion=emotion)
            clips.append(LabelledSound(name=name, split=f"fold{fold:02d}", labels=(emotion,), render=render))
    return hear_plan(CREMA_D, clips, sorted(speech.EMOTIONS))


def _write_libricount(
    path: Path, rng: np.random.Generator, *, speakers: tuple[tuple[tuple[str, ...], float], ...]
) -> None:
    n_samples = round(5.0 * RATE_HZ)
    total = noise(n_samples, rng, spread_db=6.0)
    total = at_level(total, rng.uniform(-62.0, -48.0) if speakers else rng.uniform(-60.0, -30.0))
    for lines, pitch in speakers:
        voice = speech.continuous(lines, pitch, n_samples, rng)
        total += at_level(speech.recorded(voice, rng), rng.uniform(-30.0, -24.0))
    write_wav(path, at_level(total, rng.uniform(-34.0, -18.0)) if speakers else total)


def plan_libricount(demo: Demo) -> FilePlan:
    """0 to 5 people who speak at once, all the time, at nearly equal levels."""
    by_voice = speech.by_voice(speech.english_lines())
    voices = sorted(by_voice)
    clips = []
    for count in range(MOST_SPEAKERS + 1):
        for index, fold in enumerate(folds(demo.items_per_class, 5)):
            rng = item_rng(demo.seed, "tasks", "libricount", count, index)
            speakers = []
            for voice in cycle(voices, count, rng):
                lines = tuple(by_voice[voice][int(at)].id for at in rng.permutation(len(by_voice[voice]))[:4])
                speakers.append((lines, float(rng.uniform(0.84, 1.2))))
            render = partial(_write_libricount, speakers=tuple(speakers))
            name = f"{count}_{fold}{index:04d}.wav"
            clips.append(LabelledSound(name=name, split=f"fold{fold:02d}", labels=(count,), render=render))
    return hear_plan(LIBRICOUNT, clips, list(range(MOST_SPEAKERS + 1)))


def _write_word(path: Path, rng: np.random.Generator, *, utterance: str, pitch: float) -> None:
    word = speech.said(utterance, pitch)[:RATE_HZ]
    start = int(rng.integers(0, max(1, RATE_HZ - len(word))))
    wave = speech.recorded(placed(word, RATE_HZ, start), rng)
    write_wav(path, at_level(with_noise(wave, rng, low_db=15.0, high_db=35.0), rng.uniform(-26.0, -20.0)))


def _write_silence(path: Path, rng: np.random.Generator) -> None:
    """Write a second of what is heard when nobody speaks: a room, or a machine."""
    wave = noise(RATE_HZ, rng, exponent=rng.uniform(0.0, 2.0), spread_db=8.0)
    if rng.uniform() < 0.5:
        machine_CS = scenes.sound(str(rng.choice(scenes.KINDS)), seconds=1.0, sample_rate_hz=RATE_HZ, rng=rng)
        wave = mix(wave, mono(machine_CS), snr_db=0.0)
    write_wav(path, at_level(wave, rng.uniform(-60.0, -22.0)))


def plan_commands(demo: Demo, *, task: TaskMetadata) -> FilePlan:
    """Ten words, other words, and none. As with the real ones, both sizes share their validation and test files."""
    said = speech.utterances("keyword")
    pools = {word: [utterance for utterance in said if utterance.text.lower() == word] for word in WORDS}
    pools[UNKNOWN] = [utterance for utterance in said if utterance.text.lower() not in WORDS]
    n_train = max(2, round(demo.items_per_class * (1.5 if task is COMMANDS_FULL else 0.75)))
    n_valid, n_test = max(1, demo.items_per_class // 8), max(2, round(0.375 * demo.items_per_class))
    counts = {"train": n_train, "valid": n_valid, "test": n_test}
    clips = []
    for label in (SILENCE, UNKNOWN, *WORDS):
        for part, (split, count) in enumerate(counts.items()):
            for index in range(count):
                rng = item_rng(demo.seed, "tasks", "speech_commands", label, split, index)
                if label == SILENCE:
                    render = partial(_write_silence)
                    word, speaker = SILENCE, f"room{part}"
                else:
                    pool = pools[label]
                    utterance = pool[int(rng.integers(len(pool)))]
                    pitch = speech.pitch_of(part, 3, rng, spread=1.06)
                    render = partial(_write_word, utterance=utterance.id, pitch=pitch)
                    word, speaker = utterance.text.lower(), speech.speaker_id(utterance.voice, pitch)
                name = f"{word}_{speaker}_nohash_{index}.wav"
                clips.append(LabelledSound(name=name, split=split, labels=(label,), render=render))
    return hear_plan(task, clips, sorted((SILENCE, UNKNOWN, *WORDS)))


def _write_voxlingua(path: Path, rng: np.random.Generator, *, lines: tuple[str, ...], pitch: float) -> None:
    n_samples = round(VOXLINGUA_S * RATE_HZ)
    wave = speech.recorded(speech.continuous(lines, pitch, n_samples, rng), rng)
    wave = with_noise(wave, rng, low_db=15.0, high_db=35.0)
    write_wav(path, at_level(wave, rng.uniform(-28.0, -20.0)))


def plan_voxlingua(demo: Demo) -> FilePlan:
    """Ten languages; every fold has its own speakers."""
    clips = []
    for language in LANGUAGES:
        by_voice = speech.by_voice(speech.utterances("langid", language))
        fold_of = folds(demo.items_per_class, 5)
        rng = item_rng(demo.seed, "tasks", "voxlingua", language)
        for index, (fold, voice) in enumerate(zip(fold_of, cycle(sorted(by_voice), len(fold_of), rng), strict=True)):
            lines = tuple(line.id for line in cycle(by_voice[voice], 2, rng))
            render = partial(_write_voxlingua, lines=lines, pitch=speech.pitch_of(fold, 5, rng, spread=1.04))
            name = f"{language}_{fold}{index:04d}.wav"
            clips.append(LabelledSound(name=name, split=f"fold{fold:02d}", labels=(language,), render=render))
    return hear_plan(VOXLINGUA, clips, sorted(LANGUAGES))


def _write_gtzan(path: Path, rng: np.random.Generator, *, lines: tuple[str, ...], pitch: float) -> None:
    """Write speech (where there are lines; now and then over music), else music."""
    played = mono(music.play(music.make_theme(rng), seconds=GTZAN_S, sample_rate_hz=RATE_HZ, rng=rng))
    if lines:
        wave = speech.recorded(speech.continuous(lines, pitch, round(GTZAN_S * RATE_HZ), rng), rng)
        if rng.uniform() < 0.6:
            wave = mix(wave, played, snr_db=rng.uniform(0.0, 12.0))
    else:
        wave = coloured(played, rng, spread_db=4.0)
    write_wav(path, at_level(with_noise(wave, rng, low_db=12.0, high_db=35.0), rng.uniform(-34.0, -18.0)))


def plan_gtzan(demo: Demo) -> FilePlan:
    """Music against speech, in ten folds."""
    said = speech.english_lines()
    clips = []
    for label in ("music", "speech"):
        rng = item_rng(demo.seed, "tasks", "gtzan", label)
        for index, fold in enumerate(folds(2 * demo.items_per_class, 10)):
            lines = tuple(line.id for line in cycle(said, 4, rng)) if label == "speech" else ()
            render = partial(_write_gtzan, lines=lines, pitch=speech.pitch_of(fold, 10, rng))
            name = f"{label}{index:03d}.wav"
            clips.append(LabelledSound(name=name, split=f"fold{fold:02d}", labels=(label,), render=render))
    return hear_plan(GTZAN, clips, ["music", "speech"])


MINIATURES = {
    "crema_d": CREMA_D.miniature(plan_crema_d),
    "gtzan_music_speech": GTZAN.miniature(plan_gtzan),
    "libricount": LIBRICOUNT.miniature(plan_libricount),
    "speech_commands_5h": COMMANDS_5H.miniature(partial(plan_commands, task=COMMANDS_5H), "speech_commands"),
    "speech_commands_full": COMMANDS_FULL.miniature(partial(plan_commands, task=COMMANDS_FULL), "speech_commands"),
    "voxlingua10": VOXLINGUA.miniature(plan_voxlingua),
}
