"""Damage of a track that is moved lies where the track is moved to."""

from pathlib import Path

import numpy as np
import pytest
from surgery import spoil_packets

from dubaug.corpus.tracks import Track
from dubaug.media.film import read_clips
from dubaug.media.warp import Move
from dubaug.tracks import TrackName
from film_factory import make_film


@pytest.mark.parametrize(
    ("move", "damaged"),
    [
        (Move(), [4]),
        (Move(offset_s=2.0), [2]),
        (Move(offset_s=-3.0), [7]),
        (Move(offset_s=0.5, rate=0.5), [7]),
    ],
)
def test_the_clips_that_lie_in_the_damage_are_named(tmp_path: Path, move: Move, damaged: list[int]) -> None:
    noise_CS = np.random.default_rng(0).uniform(-0.2, 0.2, (2, 8 * 48000)).astype(np.float32)
    tracks = {"eng": noise_CS, "fra": noise_CS[:, ::-1].copy()}
    path = make_film(tmp_path / "film.mkv", seconds=8, fps=4, tracks=tracks, codec="flac", layout="stereo")
    spoil_packets(path, 2, 4.3, 4.4)
    both = [Track(name=TrackName("en"), stream=0), Track(name=TrackName("fr"), stream=1)]
    keys = {"clip_s": 1.0, "sample_rate_hz": 48000, "picture": None}
    clips = list(read_clips(path, tracks=both, moves={"fr": move}, **keys))
    assert len(clips) >= max(damaged) + 1
    assert {clip.index: clip.damage for clip in clips if clip.damage} == dict.fromkeys(damaged, "fr")
