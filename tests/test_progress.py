import pytest

from dubaug.progress import Progress, duration, track


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")])
def test_durations_read_as_a_person_writes_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_last_item_is_always_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(range(3), "films", 3, "titles")) == [0, 1, 2]
    assert "films: 3/3 titles" in capsys.readouterr().err


def test_lines_are_spaced(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("clips", 1000, every_s=3600)
    for _ in range(999):
        progress.advance()
    assert capsys.readouterr().err == ""
