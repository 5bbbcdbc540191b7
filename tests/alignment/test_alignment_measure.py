"""Planted offsets, drifts, doubles, silence, cuts and strangers in the demo's scenes: other speech, one bed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from planted import SECONDS, cut, displaced, sound

from dubaug.alignment.judge import status_of, verdict_of
from dubaug.alignment.measure import Measurement, measure, windows_of
from dubaug.config import Experiment
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import Track
from dubaug.media.warp import Move
from dubaug.tracks import TrackName

RATE = 16000


@pytest.fixture(scope="module")
def english() -> np.ndarray:
    return sound("en", rate_hz=RATE)


@pytest.fixture(scope="module")
def spanish() -> np.ndarray:
    return sound("es", rate_hz=RATE)


def measured(
    folder: Path, film_CS: np.ndarray, dub_CS: np.ndarray, experiment: Experiment, seconds: float = SECONDS
) -> Measurement:
    for name, sound_CS in (("en", film_CS), ("es", dub_CS)):
        soundfile.write(folder / f"{name}.wav", sound_CS.T, RATE, subtype="PCM_16")
    tracks = (Track(name=TrackName("en"), stream=0), Track(name=TrackName("es"), stream=0, path=folder / "es.wav"))
    title = Title(title_id="film", path=folder / "en.wav", minutes=seconds / 60, clips=12, tracks=tracks)
    return measure(title, ("en", "es"), experiment.alignment)["es"]


def status(found: Measurement, experiment: Experiment) -> str:
    return status_of(found, experiment.alignment)


@pytest.mark.parametrize("offset_s", [0.0, 0.05, -0.3, 1.234, -4.0])
def test_a_planted_offset_is_found_within_10_ms(
    tmp_path: Path, english: np.ndarray, spanish: np.ndarray, demo_experiment: Experiment, offset_s: float
) -> None:
    found = measured(tmp_path, english, displaced(spanish, Move(offset_s=offset_s), RATE), demo_experiment)
    assert found.offset_s == pytest.approx(offset_s, abs=0.01)
    assert found.drift == 0
    assert found.identical < 0.9
    assert status(found, demo_experiment) == ("shifted" if offset_s else "aligned")


@pytest.mark.parametrize("rate", [25 / 24, 24 / 25, 1.001, 1 / 1.001])
def test_a_planted_drift_is_found_within_10_ms_at_both_ends(
    tmp_path: Path, english: np.ndarray, spanish: np.ndarray, demo_experiment: Experiment, rate: float
) -> None:
    found = measured(tmp_path, english, displaced(spanish, Move(offset_s=0.2, rate=rate), RATE), demo_experiment)
    assert found.move is not None
    assert found.move.at(0) == pytest.approx(0.2, abs=0.01)
    assert found.move.at(SECONDS) == pytest.approx(0.2 + rate * SECONDS, abs=0.01)
    assert status(found, demo_experiment) == "drifting"


def test_the_channels_of_a_dual_mono_stream_are_two_tracks(
    tmp_path: Path, english: np.ndarray, spanish: np.ndarray, demo_experiment: Experiment
) -> None:
    soundfile.write(tmp_path / "film.wav", np.stack([english[0], spanish[0]]).T, RATE, subtype="PCM_16")
    left = Track(name=TrackName("en"), stream=0, channel="left")
    tracks = (left, replace(left, name=TrackName("es"), channel="right"))
    title = Title(title_id="film", path=tmp_path / "film.wav", minutes=SECONDS / 60, clips=12, tracks=tracks)
    found = measure(title, ("en", "es"), demo_experiment.alignment)["es"]
    assert status(found, demo_experiment) == "aligned"
    assert found.identical < 0.9


def test_what_cannot_be_mended_is_told_apart(
    tmp_path: Path, english: np.ndarray, spanish: np.ndarray, demo_experiment: Experiment
) -> None:
    dubs = {
        "duplicate": displaced(english * 0.5, Move(offset_s=0.7), RATE),
        "silent": np.zeros_like(english),
        "dissimilar": sound("es", film="another", rate_hz=RATE),
        "cut": cut(spanish, RATE),
    }
    for expected, dub_CS in dubs.items():
        found = measured(tmp_path, english, dub_CS, demo_experiment)
        assert status(found, demo_experiment) == expected, found


def test_the_policy_decides() -> None:
    assert [verdict_of("shifted", policy) for policy in ("correct", "keep", "reject")] == ["correct", "keep", "reject"]
    assert [verdict_of("cut", policy) for policy in ("correct", "keep", "reject")] == ["reject", "keep", "reject"]
    assert {verdict_of("aligned", policy) for policy in ("correct", "keep", "reject")} == {"keep"}


def test_silence_is_judged_where_the_dub_was_found(
    tmp_path: Path, english: np.ndarray, spanish: np.ndarray, demo_experiment: Experiment
) -> None:
    """The last six seconds are silent, of a dub that comes ten seconds late: one window of six, not three."""
    late_CS = displaced(spanish, Move(offset_s=10.0), RATE)
    late_CS[:, -6 * RATE :] = 0
    found = measured(tmp_path, english, late_CS, demo_experiment)
    assert found.offset_s == pytest.approx(10.0, abs=0.01)
    assert found.silence == pytest.approx(1 / 6)
    assert status(found, demo_experiment) == "shifted"
    late_CS[:, -14 * RATE :] = 0
    assert status(measured(tmp_path, english, late_CS, demo_experiment), demo_experiment) == "silent"


@pytest.mark.parametrize(("seconds", "offset_s"), [(6.0, 0.5), (12.0, 0.5), (12.0, 8.0)])
def test_a_film_of_one_or_two_windows_has_an_offset_but_no_drift(
    tmp_path: Path,
    english: np.ndarray,
    spanish: np.ndarray,
    demo_experiment: Experiment,
    seconds: float,
    offset_s: float,
) -> None:
    late_CS = displaced(spanish, Move(offset_s=offset_s), RATE)
    found = measured(tmp_path, english, late_CS, demo_experiment, seconds)
    assert found.windows == seconds // 6
    assert found.offset_s == pytest.approx(offset_s, abs=0.01)
    assert status(found, demo_experiment) == "shifted"
    stranger = measured(tmp_path, english, sound("es", film="another", rate_hz=RATE), demo_experiment, seconds)
    assert status(stranger, demo_experiment) == "dissimilar"


def test_a_window_that_fits_nowhere_is_forgiven_and_half_a_film_is_not(
    tmp_path: Path, english: np.ndarray, spanish: np.ndarray, demo_experiment: Experiment
) -> None:
    """Another film's sound in one window of six (a song that was replaced); then in three."""
    stranger_CS = sound("es", film="another", rate_hz=RATE)
    for seconds, agreement, expected in ((6, 5 / 6, "aligned"), (18, 3 / 6, "cut")):
        covered_CS = spanish.copy()
        covered_CS[:, : seconds * RATE] = stranger_CS[:, : seconds * RATE]
        found = measured(tmp_path, english, covered_CS, demo_experiment)
        assert found.agreement == pytest.approx(agreement)
        assert found.offset_s == pytest.approx(0.0, abs=0.01)
        assert status(found, demo_experiment) == expected


def test_windows_before_the_beginning_of_the_dub_are_not_asked(
    tmp_path: Path, english: np.ndarray, spanish: np.ndarray, demo_experiment: Experiment
) -> None:
    found = measured(tmp_path, english, displaced(spanish, Move(offset_s=-13.0), RATE), demo_experiment)
    assert found.offset_s == pytest.approx(-13.0, abs=0.01)
    assert found.agreement == 1.0
    assert status(found, demo_experiment) == "shifted"


def test_windows_lie_in_the_film_on_the_grid(paper_experiment: Experiment) -> None:
    windows = windows_of(120.0, paper_experiment.alignment)
    assert len(windows) == paper_experiment.alignment.windows
    assert {round(end_s - start_s, 6) for start_s, end_s in windows} == {paper_experiment.alignment.window_s}
    assert windows[0][0] == pytest.approx(7200 / 16 - 10)
    assert windows_of(0.05, paper_experiment.alignment) == ((0.0, pytest.approx(3.0)),)
