import pytest

from dubaug.languages import coded_name_of, language_of, name_of, standard_tag, tag_or_none


@pytest.mark.parametrize(
    ("text", "tag"),
    [("en", "en"), ("eng", "en"), ("en-US", "en-US"), ("EN_gb", "en-GB"), (" eng ", "en"), ("English", "en"),
     ("fre", "fr"), ("fra", "fr"), ("fr-CA", "fr-CA"), ("ger", "de"), ("deu", "de"), ("spa", "es"), ("jpn", "ja"),
     ("es_419", "es-419"), ("spa-ES", "es-ES"), ("es-Latn", "es"), ("zh-Hant", "zh-Hant"), ("zh-cmn-Hans", "zh-Hans"),
     ("chi", "zh"), ("zho", "zh"), ("por", "pt"), ("kor", "ko"), ("yue", "yue"), ("zh-yue", "yue"), ("nob", "nb"),
     # one language of a macrolanguage, and codes that are no more
     ("cmn", "zh"), ("arb", "ar"), ("pes", "fa"), ("zsm", "ms"), ("ekk", "et"), ("lvs", "lv"), ("swh", "sw"),
     ("iw", "he"), ("in", "id"), ("ji", "yi"), ("jw", "jv"), ("mo", "ro"), ("scc", "sr"), ("scr", "hr"),
     ("Spanish", "es"), ("greek", "el"), ("cantonese", "yue"), ("Norwegian Bokmål", "nb")],
)  # fmt: skip
def test_spellings(text: str, tag: str) -> None:
    assert standard_tag(text) == tag
    assert standard_tag(tag) == tag
    assert tag_or_none(text) == tag


@pytest.mark.parametrize(
    ("text", "message"),
    [("xx", "no language"), ("jp", "did you mean ja (Japanese)?"), ("cz", "did you mean cs (Czech)?"),
     ("spanich", "did you mean es (Spanish)?"), ("es-foo", "no language"), ("", "no language"),
     ("und", "a code for no language"), ("mul", "a code for no language"), ("zxx", "a code for no language"),
     ("qaa", "a code for no language"), ("x-private", "a code for no language")],
)  # fmt: skip
def test_what_is_no_language_is_told_with_what_may_have_been_meant(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="language") as caught:
        standard_tag(text)
    assert message in str(caught.value)


def test_of_a_files_tag_the_language_is_taken_where_the_rest_is_wrong() -> None:
    assert [tag_or_none(text) for text in ("eng-forced9", "es_foo", "xx-US", "und", "", None)] == [
        *("en", "es", None),
        *(None, None, None),
    ]


def test_names() -> None:
    assert [coded_name_of(code) for code in ("fr", "yue")] == ["French (fr)", "Yue Chinese (yue)"]
    assert [name_of(tag) for tag in ("el", "es-ES", "zh-Hant")] == ["Greek", "Spanish (Spain)", "Chinese (Hant)"]
    assert language_of("es-419") == "es"
