from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dubaug.errors import MediaError
from dubaug.media.video import frame_times, read_windows, scaled_size, video_duration_s
from film_factory import frame_number, make_film


def shown_frame(time_s: float, fps: float, n_frames: int) -> int:
    """The obvious loop: the last frame that begins not after `time_s` (2 ms allowed)."""
    shown = 0
    for number in range(n_frames):
        if number / fps <= time_s + 0.002:
            shown = number
    return shown


def test_times_are_the_centres_of_equal_parts() -> None:
    assert frame_times(6.0, 3.0, 4) == (6.375, 7.125, 7.875, 8.625)


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(10), Fraction(4)])
def test_frames_are_those_shown_at_the_times_whatever_the_rate(tmp_path: Path, fps: Fraction) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=8, fps=fps)
    starts_s = [0.0, 3.0, 4.9]
    windows = read_windows(path, starts_s=starts_s, duration_s=3.0, frames=16, height=36)
    for start_s, window in zip(starts_s, windows, strict=True):
        assert window.shape == (16, 36, 64, 3)
        expected = [shown_frame(time_s, float(fps), round(8 * fps)) % 70 for time_s in frame_times(start_s, 3.0, 16)]
        assert [frame_number(picture) for picture in window] == expected


def test_far_windows_are_sought_and_the_same(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=30)
    near = read_windows(path, starts_s=[0, 3, 6, 9, 12, 15, 18, 21, 24], duration_s=3.0, frames=4, height=36)
    far = read_windows(path, starts_s=[0, 12, 24], duration_s=3.0, frames=4, height=36)
    for index, window in zip([0, 4, 8], far, strict=True):
        np.testing.assert_array_equal(window, near[index])


def test_a_window_at_the_end_repeats_the_last_frame_and_one_beyond_is_an_error(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=4)
    (window,) = read_windows(path, starts_s=[2.0], duration_s=4.0, frames=8, height=36)
    assert [frame_number(picture) for picture in window][-4:] == [95 % 70] * 4
    with pytest.raises(MediaError, match=r"ends at 4\.0 s, before the window at 4\.5 s"):
        read_windows(path, starts_s=[4.5], duration_s=3.0, frames=8, height=36)


def test_times_count_from_the_first_frame(tmp_path: Path) -> None:
    path = make_film(tmp_path / "late.mkv", seconds=6, start_offset_s=2.0)
    (window,) = read_windows(path, starts_s=[0.0], duration_s=3.0, frames=3, height=36)
    assert [frame_number(picture) for picture in window] == [12, 36, 60]
    assert video_duration_s(path) == pytest.approx(6.0, abs=0.01)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_duration(tmp_path: Path, suffix: str) -> None:
    assert video_duration_s(make_film(tmp_path / f"film{suffix}", seconds=5)) == pytest.approx(5.0, abs=0.01)


def test_the_shown_aspect_is_kept_with_an_even_width() -> None:
    assert scaled_size(1920, 1080, 1.0, 180) == (320, 180)
    assert scaled_size(720, 576, 64 / 45, 180) == (320, 180)  # anamorphic PAL
    assert scaled_size(1998, 1080, 1.0, 90)[0] % 2 == 0


def test_rubbish_is_a_media_error(tmp_path: Path) -> None:
    path = tmp_path / "bad.mp4"
    path.write_bytes(b"rubbish" * 100)
    with pytest.raises(MediaError, match="cannot be read"):
        read_windows(path, starts_s=[0.0], duration_s=3.0, frames=2, height=36)
    with pytest.raises(MediaError, match="cannot be read"):
        video_duration_s(path)
