import pytest

from dubaug.downstream.windows import window_starts_s


@pytest.mark.parametrize(
    ("duration_s", "starts_s"),
    [
        (0.3, (0.0,)),
        (1.0, (0.0,)),
        (2.999, (0.0,)),
        (3.0, (0.0,)),
        (4.5, (0.0,)),  # 1.5 s is not longer than 1.5 s
        (4.51, (0.0, 1.51)),
        (5.0, (0.0, 2.0)),
        (6.0, (0.0, 3.0)),
        (7.4, (0.0, 3.0)),
        (8.0, (0.0, 3.0, 5.0)),
        (10.0, (0.0, 3.0, 6.0)),
        (11.26, (0.0, 3.0, 6.0, 8.26)),
        (18.64, (0.0, 3.0, 6.0, 9.0, 12.0, 15.0)),
        (30.0, tuple(3.0 * number for number in range(10))),
    ],
)
def test_windows_by_hand(duration_s: float, starts_s: tuple[float, ...]) -> None:
    assert window_starts_s(duration_s, window_s=3.0) == pytest.approx(starts_s)


@pytest.mark.parametrize("samples_short", [0, 1, -1])
def test_one_sample_of_rounding_changes_no_count_of_whole_windows(samples_short: int) -> None:
    rate_hz = 2_000_000  # half a microsecond a sample
    assert len(window_starts_s(30.0 - samples_short / rate_hz, window_s=3.0)) == 10


def test_every_window_lies_within_the_recording() -> None:
    for tenths in range(30, 1200):
        starts_s = window_starts_s(tenths / 10, window_s=3.0)
        assert starts_s[-1] + 3.0 <= tenths / 10 + 1e-6
        assert list(starts_s) == sorted(set(starts_s))


def test_no_duration() -> None:
    with pytest.raises(ValueError, match="positive"):
        window_starts_s(0.0, window_s=3.0)
