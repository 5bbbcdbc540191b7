"""The speed of timestamps beside their sound."""

from collections.abc import Callable

import numpy as np
import pytest

from dubaug.corpus.clock import Drift
from dubaug.corpus.find import CLOCKS, UNEVEN_S


def drift(times_s: Callable[[np.ndarray], np.ndarray], *, seconds: float, frame_s: float) -> Drift:
    """A track whose frames are `frame_s` long and whose timestamps are a function of the sound before them, in ms."""
    found = Drift()
    sounds_s = frame_s * np.arange(round(seconds / frame_s))
    for time_s, sound_s in zip(np.round(times_s(sounds_s), 3), sounds_s, strict=True):
        found.add(float(time_s), float(sound_s))
    return found


@pytest.mark.parametrize("frame_s", [1024 / 44100, 0.032, 40 / 48000, 4096 / 48000])
def test_rounded_timestamps_run_right_and_so_do_those_with_holes(frame_s: float) -> None:
    for times_s in (
        lambda s: s + 7.0,
        lambda s: s + 0.1 * (s > 20) + 1.5 * (s > 40) - 0.04 * (s > 50),
        lambda s: s + 0.032 * np.floor(s / 3),
        lambda s: s - 0.008 * (s > 30),
        lambda s: s + 0.002 * (s > 30),
    ):
        assert drift(times_s, seconds=60, frame_s=frame_s).clock().rate == 1.0
    jitter_s = np.random.default_rng(0).uniform(-0.02, 0.02, 10**5)
    assert drift(lambda s: s + jitter_s[: len(s)], seconds=60, frame_s=frame_s).clock().rate == 1.0


@pytest.mark.parametrize("rate", [24 / 25, 25 / 24, 1000 / 1001, 1.001, 0.9999])
def test_a_stretch_is_measured_over_the_whole_track_whatever_holes_it_has(rate: float) -> None:
    for frame_s in (1024 / 44100, 0.032, 40 / 48000):
        plain = drift(lambda s: rate * s, seconds=120, frame_s=frame_s).clock()
        holed = drift(lambda s: rate * s + 0.4 * (s > 30) - 0.1 * (s > 80), seconds=120, frame_s=frame_s).clock()
        for clock in (plain, holed):
            assert clock.rate == pytest.approx(rate, abs=2e-5)
            assert clock.uneven_s < 0.01


def test_frames_that_share_a_timestamp_in_matroskas_laces_are_stretched_too() -> None:
    """FFmpeg lets the eight frames of a lace follow one another at their own length: steps of 6 ms each 0.16 s."""
    lace_s = 8 * 0.02
    clock = drift(lambda s: 0.96 * lace_s * np.floor(s / lace_s + 1e-9) + s % lace_s, seconds=30, frame_s=0.02).clock()
    assert clock.rate == pytest.approx(0.96, abs=5e-5)


def test_what_cannot_be_one_speed_is_uneven_or_out_of_bounds() -> None:
    half = drift(lambda s: np.where(s < 60, s, 60 + 0.96 * (s - 60)), seconds=120, frame_s=0.032).clock()
    assert half.uneven_s > UNEVEN_S
    assert drift(lambda s: 2 * s, seconds=30, frame_s=0.032).clock().rate > CLOCKS[1]
    assert drift(lambda s: 2 * s, seconds=0.06, frame_s=0.032).clock().rate == 1.0
