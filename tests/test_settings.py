"""The open choices: what joins a registry after the classes were made is known, checked by itself, and told by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import TypeAdapter, ValidationError

from dubaug.config.messages import Written, explain
from dubaug.settings import ByFamily, ByName, Count, OneOf, PositiveInt, Settings

FAMILIES: dict[str, type[Settings]] = {}
PROTOCOLS: dict[str, type[Settings]] = {}


@dataclass(frozen=True, kw_only=True)
class Networks(Settings):
    video: Annotated[Settings, ByFamily(FAMILIES)]
    probe: Annotated[Mapping[str, Settings], ByName(PROTOCOLS)]
    suite: Annotated[str, OneOf(PROTOCOLS, "a suite")]


@dataclass(frozen=True, kw_only=True)
class Toy(Settings):
    family: Literal["toy"]
    width: PositiveInt


@dataclass(frozen=True, kw_only=True)
class Other(Settings):
    family: Literal["other"]
    depth: Count


@dataclass(frozen=True, kw_only=True)
class Regression(Settings):
    steps: PositiveInt


NETWORKS = TypeAdapter(Networks)  # before anything is registered
GOOD = {"video": {"family": "toy", "width": 3}, "probe": {"ages": {"steps": 5}}, "suite": "ages"}


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, family in {"toy": Toy, "other": Other}.items():
        monkeypatch.setitem(FAMILIES, name, family)
    monkeypatch.setitem(PROTOCOLS, "ages", Regression)


def test_what_joins_later_is_of_its_own_class() -> None:
    networks = NETWORKS.validate_python(GOOD)
    assert networks == Networks(video=Toy(family="toy", width=3), probe={"ages": Regression(steps=5)}, suite="ages")


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"video": {"family": "toi", "width": 3}}, "`video.family`: got 'toi', expected one of: toy, other"),
        ({"video": {"width": 3}}, "`video.family`: got None, expected one of: toy, other"),
        ({"video": {"family": "toy", "width": 0}}, "`video.width`: got 0, expected at least 1"),
        ({"video": {"family": "toy", "depth": 3}}, "`video.depth` is unknown; known here: family, width"),
        ({"probe": {"ages": {"steps": 0.5}}}, "`probe.ages.steps`: got 0.5, expected a whole number"),
        ({"probe": {"age": {"steps": 5}}}, "`probe.age` is unknown (did you mean ages?); known here: ages"),
        ({"probe": 3}, "`probe`: got 3, expected keys with values"),
        ({"suite": "hear"}, "`suite`: got 'hear', expected a suite, one of: ages"),
    ],
)
def test_errors_name_the_whole_key(keys: dict[str, Any], line: str) -> None:
    with pytest.raises(ValidationError) as caught:
        NETWORKS.validate_python({**GOOD, **keys})
    assert line in explain(caught.value, Written({}, []))


def test_editors_are_offered_what_is_registered() -> None:
    schema = NETWORKS.json_schema()
    families = [choice["properties"]["family"]["const"] for choice in schema["properties"]["video"]["anyOf"]]
    assert families == ["toy", "other"]
    assert list(schema["properties"]["probe"]["properties"]) == ["ages"]
    assert schema["properties"]["suite"]["enum"] == ["ages"]
