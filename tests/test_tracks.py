import copy
import itertools
import json
import pickle

import pytest

from dubaug.seeding import item_seed
from dubaug.tracks import TrackName, serving


def names(*texts: str) -> list[TrackName]:
    return [TrackName(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "name", "parts"),
    [
        ("spa", "es", ("es", "es", "")),
        ("ES_419", "es-419", ("es-419", "es", "")),
        ("cmn-Hant@Commentary", "zh-Hant@commentary", ("zh-Hant", "zh", "commentary")),
        (" yue@fan_dub2 ", "yue@fan_dub2", ("yue", "yue", "fan_dub2")),
    ],
)
def test_a_name_has_one_spelling_and_three_parts(text: str, name: str, parts: tuple[str, ...]) -> None:
    made = TrackName(text)
    assert made == name
    assert TrackName(made) == made
    assert (made.tag, made.language, made.origin) == parts
    assert {type(part) for part in (made.tag, made.language, made.origin)} == {str}, "plain text, as YAML wants it"


@pytest.mark.parametrize("text", ["", "@synthetic", "es@", "es@two words", "es@a+b", "es@a|b", "es@@a", "xx", "und@a"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"language|after the @"):
        TrackName(text)


def test_a_name_is_its_text_wherever_text_goes() -> None:
    name = TrackName("spa@synthetic")
    for copied in (pickle.loads(pickle.dumps(name)), copy.deepcopy(name)):
        assert (type(copied), copied) == (TrackName, name)
    assert json.dumps({name: name}) == '{"es@synthetic": "es@synthetic"}'
    assert {"es@synthetic": 1}[name] == 1
    assert item_seed(TrackName("spa"), 3) == item_seed("es", 3), "no draw depends on the type"


def test_names_sort_by_language_the_films_own_first() -> None:
    ordered = ["en", "es", "es-419", "es-ES", "es@commentary", "es@synthetic", "et", "yue"]
    assert sorted(names(*reversed(ordered))) == ordered


def test_names_for_people() -> None:
    shown = {name: (name.name, name.coded, name.capitals) for name in names("es", "es-ES", "es@synthetic", "es-ES@x")}
    assert shown == {
        "es": ("Spanish", "Spanish (es)", "ES"),
        "es-ES": ("Spanish (Spain)", "Spanish (es-ES)", "ES-ES"),
        "es@synthetic": ("Spanish (synthetic)", "Spanish (es@synthetic)", "ES@synthetic"),
        "es-ES@x": ("Spanish (Spain, x)", "Spanish (es-ES@x)", "ES-ES@x"),
    }


@pytest.mark.parametrize(
    ("asked", "held", "answers"),
    [
        (["es"], ["es-419", "es"], {"es": "es"}),
        (["es"], ["es-419", "es-ES"], {"es": "es-ES"}),
        (["pt"], ["pt-PT", "pt-BR"], {"pt": "pt-BR"}),
        (["zh"], ["zh-Hant", "zh-Hans"], {"zh": "zh-Hans"}),
        (["es"], ["es-MX", "es-AR"], {"es": "es-AR"}),
        (["no"], ["nb"], {"no": "nb"}),
        (["nb", "sv"], ["da", "nn", "no"], {"nb": "no"}),
        (["es-ES"], ["es", "es-419"], {}),
        (["es"], ["es@synthetic", "es@commentary"], {}),
        (["es@synthetic"], ["es", "es-419@synthetic"], {"es@synthetic": "es-419@synthetic"}),
        (["zh", "yue"], ["yue"], {"yue": "yue"}),
        (["es", "es-419"], ["es-419"], {"es-419": "es-419"}),
        (["es", "es-ES"], ["es-ES", "es-419"], {"es": "es-419", "es-ES": "es-ES"}),
    ],
)
def test_which_track_answers_to_a_name(asked: list[str], held: list[str], answers: dict[str, str]) -> None:
    for order in itertools.permutations(held):
        for wanted in itertools.permutations(asked):
            assert serving(names(*wanted), names(*order)) == answers
