"""Tracks moved on the time line are those that were never moved."""

from pathlib import Path

import numpy as np
import pytest

from dubaug.corpus.tracks import Track
from dubaug.media.film import read_clips
from dubaug.media.warp import Move, Warper, interpolate
from dubaug.tracks import TrackName
from film_factory import make_film


def test_interpolation_is_band_limited() -> None:
    wave = np.sin(2 * np.pi * 0.35 * np.arange(5000))[None].astype(np.float32)
    places = 50 + 1.0417 * np.arange(4000)
    np.testing.assert_allclose(interpolate(wave, places)[0], np.sin(2 * np.pi * 0.35 * places), atol=2e-3)


@pytest.mark.parametrize("move", [Move(offset_s=0.5, rate=25 / 24), Move(offset_s=-0.25, rate=0.96)])
def test_pieces_of_any_length_give_the_same_samples(move: Move) -> None:
    sound = np.random.default_rng(0).normal(size=(2, 9000)).astype(np.float32)
    whole = Warper(move, 1000).push(sound)
    warper = Warper(move, 1000)
    pieces = [warper.push(sound[:, first : first + 777]) for first in range(0, 9000, 777)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, atol=1e-5)


@pytest.mark.parametrize("move", [Move(offset_s=0.5), Move(offset_s=-0.5), Move(offset_s=0.5, rate=25 / 24)])
def test_a_film_with_a_moved_dub_gives_the_clips_of_the_unmoved(tmp_path: Path, move: Move) -> None:
    rate, seconds = 48000, 7
    times = np.arange(seconds * rate) / rate

    def sounds(at_s: np.ndarray) -> np.ndarray:
        wave = 0.2 * np.sin(2 * np.pi * 300 * at_s) + 0.2 * np.sin(2 * np.pi * (200 * at_s + 40 * at_s**2))
        return np.repeat(wave[None].astype(np.float32), 2, axis=0)

    tracks = {"eng": sounds(times), "fra": sounds((times - move.offset_s) / move.rate)}
    path = make_film(tmp_path / "film.mkv", seconds=seconds, tracks=tracks, codec="flac", layout="stereo")
    both = [Track(name=TrackName("en"), stream=0), Track(name=TrackName("fr"), stream=1)]
    clips = list(read_clips(path, tracks=both, clip_s=1.0, sample_rate_hz=rate, picture=None, moves={"fr": move}))
    assert len(clips) >= 6
    for clip in clips[1:5]:
        np.testing.assert_allclose(clip.waveforms["fr"], clip.waveforms["en"], atol=2e-3)
