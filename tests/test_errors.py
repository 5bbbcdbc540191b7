import pickle

from dubaug.errors import MediaError


def test_a_media_error_keeps_reason_and_advice_between_processes() -> None:
    error = pickle.loads(pickle.dumps(MediaError("no sound", "copy it again")))
    assert (error.reason, error.advice) == ("no sound", "copy it again")
    assert str(error) == "no sound (copy it again)"
