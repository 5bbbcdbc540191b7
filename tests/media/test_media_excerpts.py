"""Parts of a track reached by seeking are the parts of the whole."""

from pathlib import Path

import numpy as np
import pytest

from dubaug.corpus.tracks import Track
from dubaug.errors import MediaError
from dubaug.media.excerpts import joined_spans, read_excerpts
from dubaug.media.film import read_clips
from dubaug.tracks import TrackName
from film_factory import make_film

RATE = 48000


def noise(seconds: float, seed: int) -> np.ndarray:
    """Noise that grows louder, so that no two seconds are alike."""
    samples = round(seconds * RATE)
    loudness = np.linspace(0.02, 0.2, samples)
    return (np.random.default_rng(seed).normal(size=(2, samples)) * loudness).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "codec", "closeness"),
    [("a.mkv", "flac", 0.999), ("a.mkv", "ac3", 0.9), ("a.mp4", "aac", 0.85), ("a.ts", "ac3", 0.9)],
)
def test_seeking_gives_what_reading_it_all_gives(tmp_path: Path, name: str, codec: str, closeness: float) -> None:
    """What clips have, that is. Decoders that add noise of their own, or predict, are a little off after a seek."""
    tracks = {"eng": noise(30, 0), "fra": noise(30, 1)}
    path = make_film(tmp_path / name, seconds=30, fps=4, tracks=tracks, codec=codec, layout="stereo")
    spans_s = [(20.0, 22.0), (5.0, 6.0), (21.5, 24.0)]
    read = read_excerpts(path, streams=[1, 0], spans_s=spans_s, sample_rate_hz=RATE)
    assert set(read) == {0, 1}
    both = [Track(name=TrackName("en"), stream=0), Track(name=TrackName("fr"), stream=1)]
    clips = list(read_clips(path, tracks=both, clip_s=1.0, sample_rate_hz=RATE, picture=None))
    for number, language in enumerate(("en", "fr")):
        source_CS = np.concatenate([clip.waveforms[language] for clip in clips], axis=1)
        assert list(read[number].sounds) == [(5.0, 6.0), (20.0, 24.0)]
        for start_s, end_s in ((5.2, 6.0), (21.0, 23.0)):
            cut_CS = read[number].cut(start_s, end_s)
            wanted_CS = source_CS[:, round(start_s * RATE) : round(end_s * RATE)]
            assert cut_CS.shape == wanted_CS.shape
            # Matroska's times are rounded to 1 ms: within that, and no further, the two may be shifted.
            size = 1 << 18
            cross = np.fft.irfft(np.fft.rfft(cut_CS[0], size) * np.conj(np.fft.rfft(wanted_CS[0], size)))
            energy = np.sqrt((cut_CS[0] ** 2).sum() * (wanted_CS[0] ** 2).sum())
            near = np.concatenate([cross[-48:], cross[:49]])
            assert near.max() / energy > closeness


def test_the_rate_is_the_wanted_one_and_the_first_sample_stays_first(tmp_path: Path) -> None:
    times_s = np.arange(4 * RATE) / RATE
    tone_CS = np.tile(0.3 * np.sin(2 * np.pi * 440 * times_s), (2, 1)).astype(np.float32)
    path = make_film(tmp_path / "a.mkv", seconds=4, tracks={"eng": tone_CS}, codec="flac", layout="stereo")
    cut_CS = read_excerpts(path, streams=[0], spans_s=[(0.0, 3.0)], sample_rate_hz=8000)[0].cut(1.0, 2.0)
    wanted_S = 0.3 * np.sin(2 * np.pi * 440 * (1 + np.arange(8000) / 8000))
    np.testing.assert_allclose(cut_CS[0], wanted_S, atol=2e-3)


def test_beyond_the_end_there_is_silence_and_damage_is_silence_too(tmp_path: Path) -> None:
    tracks = {"eng": noise(10, 0)}
    path = make_film(tmp_path / "a.mkv", seconds=10, fps=4, tracks=tracks, codec="flac", layout="stereo")
    beyond = read_excerpts(path, streams=[0], spans_s=[(8.0, 14.0), (20.0, 21.0)], sample_rate_hz=RATE)[0]
    assert beyond.cut(8.0, 9.5).any()
    assert not beyond.cut(10.5, 14.0).any()
    assert not beyond.cut(20.0, 21.0).any()
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = b"\xa5" * 3000
    path.write_bytes(data)
    damaged_CS = read_excerpts(path, streams=[0], spans_s=[(0.0, 10.0)], sample_rate_hz=RATE)[0].cut(0.0, 10.0)
    wrong = np.abs(damaged_CS - tracks["eng"]).max(axis=0) > 0.01
    assert 0 < wrong.sum() < RATE


def test_spans_and_streams_that_are_not_there(tmp_path: Path) -> None:
    assert joined_spans([(5, 6), (-2, 1), (1, 2), (3, 3)]) == ((0.0, 2), (5, 6))
    path = make_film(tmp_path / "a.mkv", seconds=2, tracks={"eng": noise(2, 0)}, codec="flac", layout="stereo")
    excerpts = read_excerpts(path, streams=[0], spans_s=[(0.0, 1.0)], sample_rate_hz=RATE)[0]
    with pytest.raises(ValueError, match=r"no span holds 0\.500 to 1\.500 s"):
        excerpts.cut(0.5, 1.5)
    with pytest.raises(MediaError, match="no audio stream 3"):
        read_excerpts(path, streams=[3], spans_s=[(0.0, 1.0)], sample_rate_hz=RATE)
    path.write_bytes(b"nothing")
    with pytest.raises(MediaError, match="cannot be read"):
        read_excerpts(path, streams=[0], spans_s=[(0.0, 1.0)], sample_rate_hz=RATE)
