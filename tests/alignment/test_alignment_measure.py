"""Planted offsets, drifts, doubles, silence, cuts and strangers in the demo's scenes: other speech, one bed."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from dubaug.alignment.judge import status_of, verdict_of
from dubaug.alignment.measure import Measurement, measure
from dubaug.config import Experiment
from dubaug.corpus.titles import Title, Track
from dubaug.demo.films import scene_stems
from dubaug.media.warp import interpolate
from dubaug.seeding import item_rng

RATE = 16000
SECONDS = 36.0


def sound(language: str, *, film: str = "film") -> np.ndarray:
    scenes = [
        scene_stems(seconds=SECONDS / 3, sample_rate_hz=RATE, rng=item_rng(film, number), language=language).mix
        for number in range(3)
    ]
    return np.concatenate(scenes, axis=1)


@pytest.fixture(scope="module")
def english() -> np.ndarray:
    return sound("en")


@pytest.fixture(scope="module")
def spanish() -> np.ndarray:
    return sound("es")


def displaced(sound_CS: np.ndarray, offset_s: float, rate: float) -> np.ndarray:
    """Return the sound so that second t of it is at `offset_s + rate * t`."""
    places_S = (np.arange(int(sound_CS.shape[1] * rate + offset_s * RATE)) / RATE - offset_s) / rate * RATE
    out_CS = np.zeros((2, len(places_S)), dtype=np.float32)
    inside = (places_S >= 0) & (places_S < sound_CS.shape[1])
    out_CS[:, inside] = interpolate(sound_CS, places_S[inside])
    return out_CS


def measured(folder: Path, film_CS: np.ndarray, dub_CS: np.ndarray, experiment: Experiment) -> Measurement:
    for name, sound_CS in (("en", film_CS), ("es", dub_CS)):
        soundfile.write(folder / f"{name}.wav", sound_CS.T, RATE, subtype="PCM_16")
    tracks = (Track(language="en", stream=0), Track(language="es", stream=0, path=folder / "es.wav"))
    title = Title(title_id="film", path=folder / "en.wav", minutes=SECONDS / 60, clips=12, tracks=tracks)
    return measure(title, ("en", "es"), experiment.alignment)["es"]


def status(found: Measurement, experiment: Experiment) -> str:
    return status_of(found, length_s=SECONDS, settings=experiment.alignment)


@pytest.mark.parametrize("offset_s", [0.0, 0.05, -0.3, 1.234, -4.0])
def test_a_planted_offset_is_found_within_10_ms(
    tmp_path: Path, english: np.ndarray, spanish: np.ndarray, demo_experiment: Experiment, offset_s: float
) -> None:
    found = measured(tmp_path, english, displaced(spanish, offset_s, 1.0), demo_experiment)
    assert found.offset_s == pytest.approx(offset_s, abs=0.01)
    assert found.drift == 0
    assert found.identical < 0.9
    assert status(found, demo_experiment) == ("shifted" if offset_s else "aligned")


@pytest.mark.parametrize("rate", [25 / 24, 24 / 25, 1.001, 1 / 1.001])
def test_a_planted_drift_is_found_within_10_ms_at_both_ends(
    tmp_path: Path, english: np.ndarray, spanish: np.ndarray, demo_experiment: Experiment, rate: float
) -> None:
    found = measured(tmp_path, english, displaced(spanish, 0.2, rate), demo_experiment)
    assert found.move is not None
    assert found.move.at(0) == pytest.approx(0.2, abs=0.01)
    assert found.move.at(SECONDS) == pytest.approx(0.2 + rate * SECONDS, abs=0.01)
    assert status(found, demo_experiment) == "drifting"


def test_what_cannot_be_mended_is_told_apart(
    tmp_path: Path, english: np.ndarray, spanish: np.ndarray, demo_experiment: Experiment
) -> None:
    middle, hole = spanish.shape[1] // 2, np.zeros((2, 5 * RATE), dtype=np.float32)
    cut = np.concatenate([spanish[:, :middle], hole, spanish[:, middle:]], axis=1)
    dubs = {
        "duplicate": displaced(english * 0.5, 0.7, 1.0),
        "silent": np.zeros_like(english),
        "dissimilar": sound("es", film="another"),
        "cut": cut,
    }
    for expected, dub_CS in dubs.items():
        found = measured(tmp_path, english, dub_CS, demo_experiment)
        assert status(found, demo_experiment) == expected, found


def test_the_policy_decides() -> None:
    assert [verdict_of("shifted", policy) for policy in ("correct", "keep", "reject")] == ["correct", "keep", "reject"]
    assert [verdict_of("cut", policy) for policy in ("correct", "keep", "reject")] == ["reject", "keep", "reject"]
    assert {verdict_of("aligned", policy) for policy in ("correct", "keep", "reject")} == {"keep"}
