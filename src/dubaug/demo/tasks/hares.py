"""The HARES tasks: TUT Urban Acoustic Scenes 2018, Fluent Speech Commands, VoxForge."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from dubaug.config import Demo
from dubaug.demo import scenes
from dubaug.demo.tasks import speech
from dubaug.demo.tasks.plan import FilePlan, Miniature, Render, cycle, table
from dubaug.demo.tasks.waves import RATE_HZ, at_level, coloured, db, fast_length, mix, mono, noise, rms, write_wav
from dubaug.seeding import item_rng, item_seed

SPEECH_RATE_HZ = 16000
TUT18_S = 10.0

SCENES: Mapping[str, Mapping[str, float]] = {
    "airport": {"crowd": 0.0, "footsteps": -4.0},
    "bus": {"engine": 0.0, "rain": -8.0},
    "metro": {"train": 0.0, "wind": -4.0},
    "metro_station": {"crowd": -2.0, "train": -4.0},
    "park": {"birds": 0.0, "wind": -4.0},
    "public_square": {"waves": -6.0, "birds": -4.0, "footsteps": 0.0},
    "shopping_mall": {"crowd": 0.0, "phone": -8.0},
    "street_pedestrian": {"footsteps": 0.0, "dog": -6.0},
    "street_traffic": {"engine": 0.0, "siren": -8.0},
    "tram": {"train": 0.0, "bell": -6.0},
}
"""What is heard in each of the ten scenes, and how loud in dB: scenes share their sounds (waves are a fountain)."""

CITIES = ("barcelona", "helsinki", "london", "paris", "stockholm", "vienna")


def _write_tut18(path: Path, rng: np.random.Generator, *, scene: str, place: tuple[str | int, ...]) -> None:
    """Write ten seconds of a scene at a place: a place has its own colour and balance, a recording its own events.

    Each kind is made for five seconds and heard twice from a random point on: half the work.
    """
    here = item_rng(*place)
    n_loop = round(TUT18_S / 2 * RATE_HZ)
    loop_CS = np.zeros((2, n_loop), dtype=np.float32)
    for kind, level_db in SCENES[scene].items():
        sound_CS = scenes.sound(kind, seconds=TUT18_S / 2, sample_rate_hz=RATE_HZ, rng=rng)
        own_db = level_db + here.normal(0.0, 2.5) + rng.normal(0.0, 2.0)
        loop_CS += np.roll(sound_CS, int(rng.integers(n_loop)), axis=-1) * np.float32(db(own_db) / rms(sound_CS))
    total_CS = np.tile(coloured(loop_CS, here, spread_db=2.5), 2)
    rush_CS = noise(total_CS.shape[-1], rng, exponent=1.5, spread_db=2.0, channels=2)
    total_CS = mix(total_CS, rush_CS, snr_db=rng.uniform(3.0, 12.0))
    write_wav(path, at_level(total_CS, rng.uniform(-44.0, -34.0)), subtype="PCM_24", hiss=rng)


def plan_tut18(demo: Demo) -> FilePlan:
    """Ten scenes, each at several places; fold 1 tests on other places than it trains on, as in DCASE 2018."""
    count = max(4, round(0.75 * demo.items_per_class))
    segments = 2
    n_places = count // segments
    n_test = max(1, round(0.3 * n_places))
    meta: list[tuple[str, str, str, str]] = []
    train: list[tuple[str, str]] = []
    evaluate: list[tuple[str, str]] = []
    media: dict[str, Render] = {}
    for scene in SCENES:
        for place in range(n_places):
            city = CITIES[place % len(CITIES)]
            key = (demo.seed, "tasks", "tut18", scene, place)
            for segment in range(segments):
                name = f"audio/{scene}-{city}-{place}-{segment}-a.wav"
                meta.append((name, scene, f"{city}-{place}", "a"))
                (train if place < n_places - n_test else evaluate).append((name, scene))
                media[name] = partial(_write_tut18, scene=scene, place=key)
    header = ("filename", "scene_label", "identifier", "source_label")
    return FilePlan(
        texts={
            "meta.csv": table([header, *meta], delimiter="\t"),
            "evaluation_setup/fold1_train.txt": table(train, delimiter="\t"),
            "evaluation_setup/fold1_evaluate.txt": table(evaluate, delimiter="\t"),
            "evaluation_setup/fold1_test.txt": table([(name,) for name, _ in evaluate], delimiter="\t"),
        },
        media=media,
    )


ROOMS: Mapping[str, str] = {"kitchen": "fire", "bedroom": "clock", "washroom": "rain", "none": "crowd"}
"""What is heard behind a command more often where its location is this one."""


def _write_command(path: Path, rng: np.random.Generator, *, utterance: str, pitch: float, room: str) -> None:
    """Write a command; behind it, every other time, the sound of the room that it names, else of any room.

    So the background alone says something of the location (the paper's Table D6 finds such a signal in the real data).
    """
    quiet = np.zeros(int(rng.uniform(0.1, 0.3) * RATE_HZ), dtype=np.float32)
    wave = speech.recorded(np.concatenate([quiet, speech.said(utterance, pitch), quiet]), rng)
    kind = ROOMS[room] if rng.uniform() < 0.5 else str(rng.choice(sorted(ROOMS.values())))
    n_samples = fast_length(len(wave))
    sound_CS = scenes.sound(kind, seconds=n_samples / RATE_HZ, sample_rate_hz=RATE_HZ, rng=rng)
    wave = mix(wave, mono(sound_CS[:, : len(wave)]), snr_db=rng.uniform(12.0, 26.0))
    write_wav(path, at_level(wave, rng.uniform(-28.0, -20.0)), rate_hz=SPEECH_RATE_HZ)


def plan_fluent_speech_commands(demo: Demo) -> FilePlan:
    """Commands that name an action, an object and a location; each split has its own speakers."""
    said = speech.utterances("command")
    intents = sorted({tuple(line.labels[head] for head in ("action", "object", "location")) for line in said})
    n_train = max(2, round(0.625 * demo.items_per_class))
    counts = {"train": n_train, "valid": max(1, demo.items_per_class // 8), "test": max(2, demo.items_per_class // 4)}
    header = ("", "path", "speakerId", "transcription", "action", "object", "location")
    texts: dict[str, str] = {}
    media: dict[str, Render] = {}
    for part, (split, count) in enumerate(counts.items()):
        rows = []
        for intent in intents:
            lines = [line for line in said if tuple(line.labels[head] for head in header[4:]) == intent]
            rng = item_rng(demo.seed, "tasks", "fluent_speech_commands", split, *intent)
            for index, line in enumerate(cycle(lines, count, rng)):
                pitch = speech.pitch_of(part, 3, rng, spread=1.06)
                speaker = speech.speaker_id(line.voice, pitch) * 2
                stem = f"{item_seed(demo.seed, split, index, *intent):016x}"
                name = f"wavs/speakers/{speaker}/{stem[:8]}-4474-11e9-a9a5-{stem[4:]}.wav"
                rows.append((name, speaker, line.text, *intent))
                media[name] = partial(_write_command, utterance=line.id, pitch=pitch, room=intent[2])
        texts[f"data/{split}_data.csv"] = table([header, *((number, *row) for number, row in enumerate(rows))])
    return FilePlan(texts=texts, media=media)


VOXFORGE_LANGUAGES = ("de", "en", "es", "fr", "it", "ru")


def _write_voxforge(path: Path, rng: np.random.Generator, *, utterance: str, pitch: float, mic: int) -> None:
    """Write a sentence by a speaker's own microphone (`mic` seeds its colour and noise)."""
    own = np.random.default_rng(mic)
    wave = speech.recorded(speech.said(utterance, pitch), own)
    wave = mix(wave, coloured(noise(len(wave), rng), own, spread_db=4.0), snr_db=own.uniform(15.0, 35.0))
    write_wav(path, at_level(wave, rng.uniform(-28.0, -20.0)), rate_hz=SPEECH_RATE_HZ)


def voxforge_parts(n_speakers: int) -> list[str]:
    """Return train, validation or test for each of `n_speakers` sorted speaker ids, by TFDS's rule.

    The rule (tensorflow_datasets, voxforge 1.0.0) shuffles the sorted ids with `RandomState(0)` and cuts at 70 and
    80 %. Here it only serves to give each language speakers on both sides; nothing of it is written to the folder.
    """
    order = list(range(n_speakers))
    np.random.RandomState(0).shuffle(order)
    cuts = (int(0.7 * n_speakers), int((0.7 + 0.1) * n_speakers))  # truncated running sums, as TFDS has them
    parts = [""] * n_speakers
    for rank, speaker in enumerate(order):
        parts[speaker] = "train" if rank < cuts[0] else "validation" if rank < cuts[1] else "test"
    return parts


def plan_voxforge(demo: Demo) -> FilePlan:
    """Six languages as the archives unpack: `<language>/Trunk/Audio/Main/16kHz_16bit/<speaker>-<date>-<code>/wav`.

    TFDS's list of archives stands beside them.
    """
    parts = voxforge_parts(10 * len(VOXFORGE_LANGUAGES))
    media: dict[str, Render] = {}
    texts: dict[str, str] = {}
    archives = []
    seen = dict.fromkeys(("train", "validation", "test"), 0)
    for number, part in enumerate(parts):
        language = VOXFORGE_LANGUAGES[seen[part] % len(VOXFORGE_LANGUAGES)]
        seen[part] += 1
        rng = item_rng(demo.seed, "tasks", "voxforge", number)
        by_voice = speech.by_voice(speech.utterances("langid", language))
        lines = by_voice[str(rng.choice(sorted(by_voice)))]
        pitch = speech.pitch_of(sorted(seen).index(part), 3, rng, spread=1.04)
        code = "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 3))
        date = f"{rng.integers(2007, 2019)}{rng.integers(1, 13):02d}{rng.integers(1, 28):02d}"
        archive = f"speaker{number:03d}-{date}-{code}"
        folder = f"{language}/Trunk/Audio/Main/16kHz_16bit/{archive}"
        archives.append(f"{folder}.tgz\n")
        mic, prompts = item_seed(demo.seed, "microphone", number), []
        for index, line in enumerate(cycle(lines, max(1, demo.items_per_class // 4), rng)):
            stem = f"{language}{index + 1:04d}"
            media[f"{folder}/wav/{stem}.wav"] = partial(_write_voxforge, utterance=line.id, pitch=pitch, mic=mic)
            prompts.append(f"{archive}/mfc/{stem} {line.text.upper()}\n")
        texts[f"{folder}/etc/PROMPTS"] = "".join(prompts)
    texts["voxforge_urls.txt"] = "".join(archives)
    return FilePlan(texts=texts, media=media)


MINIATURES = {
    "tut18": Miniature(folder="TUT-urban-acoustic-scenes-2018-development", suite="hares", plan=plan_tut18),
    "fluent_speech_commands": Miniature(
        folder="fluent_speech_commands_dataset", suite="hares", plan=plan_fluent_speech_commands
    ),
    "voxforge": Miniature(folder="voxforge", suite="hares", plan=plan_voxforge),
}
