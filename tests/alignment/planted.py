"""Films with planted faults: the demo's scenes with English and Spanish speech over one bed, the Spanish displaced."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from dubaug.demo.films import scene_stems
from dubaug.media.warp import Move, interpolate
from dubaug.seeding import item_rng
from film_factory import make_film, write_catalogue

RATE_HZ = 48000
SECONDS = 36.0
MOVES = {
    "aligned": Move(),
    "late": Move(offset_s=0.7),
    "early": Move(offset_s=-1.3),
    "pal": Move(offset_s=0.2, rate=24 / 25),
    "slow": Move(offset_s=-0.1, rate=25 / 24),
}
"""The films whose dub can be mended, and where its sound lies."""
FAULTY = ("cut", "doubled", "silent", "stranger")
"""Films whose dub cannot be mended."""


@cache
def sound(language: str, *, film: str = "film", rate_hz: int = RATE_HZ) -> np.ndarray:
    """Return float32 stereo `(2, S)`: three scenes, in all languages the same but for the speech."""
    scenes = [
        sum(scene_stems(seconds=SECONDS / 3, sample_rate_hz=rate_hz, rng=item_rng(film, number), language=language))
        for number in range(3)
    ]
    return np.concatenate(scenes, axis=1)


def displaced(sound_CS: np.ndarray, move: Move, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Return the sound so that its second t is at `move.at(t)`."""
    seconds = sound_CS.shape[1] / rate_hz
    places_S = (np.arange(int(move.at(seconds) * rate_hz)) / rate_hz - move.offset_s) / move.rate * rate_hz
    out_CS = np.zeros((2, len(places_S)), dtype=np.float32)
    inside = (places_S >= 0) & (places_S < sound_CS.shape[1])
    out_CS[:, inside] = interpolate(sound_CS, places_S[inside])
    return out_CS


def cut(sound_CS: np.ndarray, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Return the sound with five seconds more in its middle."""
    middle, more_CS = sound_CS.shape[1] // 2, np.zeros((2, 5 * rate_hz), dtype=np.float32)
    return np.concatenate([sound_CS[:, :middle], more_CS, sound_CS[:, middle:]], axis=1)


def write_films(folder: Path) -> Path:
    """Write a film of each kind, and their catalogue; return its path."""
    english, spanish = sound("en"), sound("es")
    dubs: Mapping[str, np.ndarray] = {
        **{name: displaced(spanish, move) for name, move in MOVES.items()},
        "cut": cut(spanish),
        "doubled": displaced(0.5 * english, Move(offset_s=0.4)),
        "silent": np.zeros_like(spanish),
        "stranger": sound("es", film="another"),
    }
    for name, dub_CS in dubs.items():
        tracks = {"eng": english, "spa": dub_CS}
        make_film(folder / f"{name}.mkv", seconds=SECONDS, fps=12, tracks=tracks, codec="flac", layout="stereo")
    return write_catalogue(folder / "films.csv", [f"{name},{name}.mkv" for name in dubs])
