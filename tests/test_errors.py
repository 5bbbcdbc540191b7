import pickle

import pytest

from dubaug.errors import MediaError, unexpected


def test_a_media_error_keeps_reason_and_advice_between_processes() -> None:
    error = pickle.loads(pickle.dumps(MediaError("no sound", "copy it again")))
    assert (error.reason, error.advice) == ("no sound", "copy it again")
    assert str(error) == "no sound (copy it again)"


def test_an_error_that_nobody_foresaw_is_told_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError as error:
        told = unexpected(error)
    assert told.reason == "unexpected ZeroDivisionError: division by zero"
    assert told.advice == "report it to the authors of this program, with the film"
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):")
    assert "_ = 1 / 0" in said
