import pytest

from dubaug.corpus.languages import language_of, name_of, normalise


@pytest.mark.parametrize(
    ("tag", "code"),
    [("en", "en"), ("eng", "en"), ("en-US", "en"), ("EN_gb", "en"), (" eng ", "en"), ("English", "en"),
     ("fre", "fr"), ("fra", "fr"), ("fr-CA", "fr"), ("ger", "de"), ("deu", "de"), ("spa", "es"), ("jpn", "ja"),
     ("chi", "zh"), ("zho", "zh"), ("por", "pt"), ("kor", "ko"), ("yue", "yue"),
     ("und", None), ("", None), ("zxx", None), (None, None)],
)  # fmt: skip
def test_spellings(tag: str | None, code: str | None) -> None:
    assert normalise(tag) == code


def test_every_two_letter_code_is_its_own() -> None:
    from dubaug.corpus.languages import _table

    spellings, names = _table()
    assert len(names) > 180
    assert all(spellings[code] == code for code in names)


def test_names() -> None:
    assert name_of("fr") == "French (fr)"
    assert (language_of("fr"), language_of("yue")) == ("French", "yue")
    assert name_of("yue") == "yue"
