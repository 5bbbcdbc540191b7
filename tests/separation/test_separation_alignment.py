"""Films and data sets through the whole of the separation: every sample stays where it was."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from scipy.signal import correlate, resample_poly
from separation_networks import MidSide, Scaling

from dubaug.config import Experiment
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import Track
from dubaug.media.audio import read_audio
from dubaug.media.mel import log_mel
from dubaug.separation.dataset import separate_data_set
from dubaug.separation.ingest import SeparatedShardSettings, film_sound, make_separated_shards
from dubaug.separation.models import wrap
from dubaug.separation.remove import Remover, Sound, make_remover
from dubaug.shards.format import ShardReader
from dubaug.shards.receipts import Losses
from dubaug.tracks import TrackName
from film_factory import make_film

RATE_HZ, FILM_HZ = 44100, 48000
# Segments: a round number of samples, an odd one, longer than the film, and as the paper's model has them.
SEGMENTS = [(2.0, 0.25), (1.23457, 0.5), (0.7, 0.0), (44.0, 0.25)]


def network_at(rate_hz: int, network: Any) -> Any:
    network.samplerate = rate_hz
    return network


@pytest.fixture
def make(paper_experiment: Experiment) -> Any:
    """The paper's settings with a network whose output is known."""

    def remover(network: Any, **keys: Any) -> Remover:
        separation = replace(paper_experiment.separation, **{"batch_size": 3, "shifts": 0, **keys})
        return make_remover(wrap(network_at(RATE_HZ, network)), separation, device="cpu")

    return remover


@pytest.fixture
def settings(paper_experiment: Experiment) -> SeparatedShardSettings:
    return SeparatedShardSettings(
        clips=paper_experiment.clips,
        mel=paper_experiment.mel,
        separation=paper_experiment.separation,
        track=TrackName("en"),
        model_fingerprint="",
    )


def clicks(samples: int, rate_hz: int, every_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Stereo clicks of half a millisecond at random distances around `every_s`, and where they are."""
    rng = np.random.default_rng(7)
    steps = rng.integers(int(0.5 * every_s * rate_hz), int(1.5 * every_s * rate_hz), size=int(samples / rate_hz * 3))
    places = np.cumsum(steps)
    places = places[places < samples - rate_hz // 10]
    sound_CS = np.zeros((2, samples), dtype=np.float32)
    bell = 0.8 * np.hanning(int(0.0005 * rate_hz) | 1).astype(np.float32)
    for place in places:
        sound_CS[:, place - len(bell) // 2 : place + len(bell) // 2 + 1] += bell
    return sound_CS, places


def background_and_speech(seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """A background that both sides share, and speech with opposite signs on them: `MidSide` takes them apart."""
    rng = np.random.default_rng(2304)
    background, speech = rng.normal(0, 0.1, (2, round(seconds * FILM_HZ))).astype(np.float32)
    return np.stack([background, background]), np.stack([speech, -speech])


def title_of(folder: Path, sound_CS: np.ndarray) -> Title:
    seconds = sound_CS.shape[1] / FILM_HZ
    path = make_film(folder / "film.mkv", seconds=seconds, tracks={"eng": sound_CS}, layout="stereo", codec="flac")
    track = Track(name=TrackName("en"), stream=0)
    return Title(title_id="film", path=path, minutes=seconds / 60, clips=int(seconds // 3), tracks=(track,))


def separated(title: Title, settings: SeparatedShardSettings, remover: Remover) -> np.ndarray:
    """The film's sound without speech, as the shard's mels are made of it."""
    sound = Sound(key=title.title_id, pieces=film_sound(title, settings, stall_s=None, losses=Losses()))
    [background_CS] = [np.concatenate(list(pieces), axis=1) for _, pieces in remover.remove_all([sound])]
    return background_CS


def shift_samples(one_S: np.ndarray, other_S: np.ndarray) -> float:
    """How many samples the first sound is behind the second, to a fraction of a sample."""
    correlation = correlate(one_S, other_S, mode="full", method="fft")
    peak = int(np.argmax(correlation))
    before, at, after = correlation[peak - 1 : peak + 2]
    return peak + 0.5 * (before - after) / (before - 2 * at + after) - (len(other_S) - 1)


@pytest.mark.parametrize(("segment_s", "overlap"), SEGMENTS)
@pytest.mark.parametrize("shifts", [0, 2])
def test_a_network_that_changes_nothing_changes_nothing(
    make: Any, settings: SeparatedShardSettings, tmp_path: Path, segment_s: float, overlap: float, shifts: int
) -> None:
    sound_CS, _ = background_and_speech(10.03)
    title = title_of(tmp_path, sound_CS)
    remover = make(Scaling(other=1.0, vocals=0.0), segment_s=segment_s, overlap=overlap, shifts=shifts)
    background_CS = separated(title, settings, remover)
    expected_CS = read_audio(title.path, sample_rate_hz=RATE_HZ).numpy()[:, : 9 * RATE_HZ]
    assert background_CS.shape == (2, 9 * RATE_HZ)  # three whole clips
    np.testing.assert_allclose(background_CS, expected_CS, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("segment_s", "overlap"), SEGMENTS)
def test_a_known_background_comes_out_where_it_was(
    make: Any, settings: SeparatedShardSettings, tmp_path: Path, segment_s: float, overlap: float
) -> None:
    """From a film at 48 kHz; what it should be at 44.1 kHz is SciPy's opinion."""
    known_CS, speech_CS = background_and_speech(10.03)
    title = title_of(tmp_path, known_CS + speech_CS)
    background_CS = separated(title, settings, make(MidSide(), segment_s=segment_s, overlap=overlap))
    expected_CS = resample_poly(known_CS, 147, 160, axis=1)[:, : background_CS.shape[1]]
    for channel in range(2):
        assert abs(shift_samples(background_CS[channel], expected_CS[channel])) < 0.01
    inner = slice(1000, -1000)  # the resamplers differ near half the sample rate, where noise has its share
    error = np.sum((background_CS - expected_CS)[:, inner] ** 2) / np.sum(expected_CS[:, inner] ** 2)
    assert 10 * np.log10(error) < -15


def test_clicks_of_a_film_stay_at_their_sample(make: Any, settings: SeparatedShardSettings, tmp_path: Path) -> None:
    sound_CS, places = clicks(round(12.3 * FILM_HZ), FILM_HZ, 0.4)
    title = title_of(tmp_path, sound_CS)
    background_CS = separated(title, settings, make(Scaling(other=1.0, vocals=0.0), segment_s=1.7, overlap=0.3))
    for place in places[places < 11.9 * FILM_HZ]:
        expected = place / FILM_HZ * RATE_HZ
        window = slice(round(expected) - 100, round(expected) + 100)
        weights = background_CS[0, window] ** 2
        centre = float(np.sum(np.arange(window.start, window.stop) * weights) / np.sum(weights))
        assert abs(centre - expected) < 0.05


def test_the_shard_at_the_papers_settings_has_257_frames_of_the_right_moments(
    make: Any, settings: SeparatedShardSettings, tmp_path: Path
) -> None:
    known_CS, speech_CS = background_and_speech(9.5)
    title = title_of(tmp_path, known_CS + speech_CS)
    remover = make(MidSide(), segment_s=2.5)
    (outcome,) = make_separated_shards([title], settings=settings, remover=remover, out_dir=tmp_path / "out")
    assert outcome.rejects == ()
    reader = ShardReader(tmp_path / "out/film.arrow")
    expected_CS = torch.from_numpy(resample_poly(known_CS, 147, 160, axis=1).astype(np.float32))
    assert len(reader) == 3
    for row in range(3):
        assert reader.start_s(row) == 3.0 * row
        stored_CTF = reader.mel(row, "en").astype(np.float32)
        assert stored_CTF.shape == (2, 257, 96)
        clip_CS = expected_CS[:, row * 3 * RATE_HZ : (row + 1) * 3 * RATE_HZ]
        expected_CTF = log_mel(clip_CS, sample_rate_hz=RATE_HZ, mel=settings.mel).numpy()
        # The band below half the sample rate is left out: there the two resamplers differ.
        np.testing.assert_allclose(stored_CTF[..., :90], expected_CTF[..., :90], atol=0.3)
        assert np.abs(stored_CTF - expected_CTF)[..., :90].mean() < 0.01


@pytest.mark.parametrize("rate_hz", [48000, 44100, 16000])
@pytest.mark.parametrize("overlap", [0.0, 0.25])
def test_clicks_of_a_data_set_stay_at_their_sample(make: Any, tmp_path: Path, rate_hz: int, overlap: float) -> None:
    """To the model's rate and back."""
    expected = {}
    (tmp_path / "data").mkdir()
    for name, seconds in {"a": 0.777, "b": 3.01, "c": 3.01, "d": 5.0}.items():
        sound_CS, places = clicks(round(seconds * rate_hz), rate_hz, 0.1)
        soundfile.write(tmp_path / f"data/{name}.wav", sound_CS.T, rate_hz, subtype="FLOAT")
        expected[name] = sound_CS[0], places
    remover = make(Scaling(other=1.0, vocals=0.0), segment_s=1.1, overlap=overlap)
    separate_data_set(tmp_path / "data", tmp_path / "out", remover)
    for name, (before_S, places) in expected.items():
        after_SC, after_hz = soundfile.read(tmp_path / f"out/{name}.wav")
        assert (after_hz, len(after_SC)) == (rate_hz, len(before_S))
        assert abs(shift_samples(after_SC[:, 0], before_S)) < 0.01
        for place in places:
            window = slice(place - 20, place + 21)
            assert int(np.argmax(np.abs(after_SC[window, 0]))) == 20
