"""The classes are the one source: of the editors' schema, of strictness, and light enough for the Snakefile."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from dubaug.config import Experiment, from_mapping, to_mapping
from dubaug.errors import ConfigError

COMMITTED = "workflow/schemas/config.schema.json"


def test_the_committed_schema_is_current(repository: Path) -> None:
    printed = subprocess.check_output([sys.executable, "-m", "dubaug.config.schema"], text=True)
    assert (repository / COMMITTED).read_text(encoding="utf-8") == printed, "run `make schema`"


def test_the_schema_accepts_the_shipped_files_and_they_name_it(repository: Path) -> None:
    validator = Draft202012Validator(json.loads((repository / COMMITTED).read_text(encoding="utf-8")))
    for path in [repository / "config.yaml", *(repository / "workflow/config").glob("*.yaml")]:
        text = path.read_text(encoding="utf-8")
        validator.validate(yaml.safe_load(text))
        named = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / named).resolve() == repository / COMMITTED
    validator.validate({"variants": {"ja": None}})
    assert {
        error.json_path for error in validator.iter_errors({"clip": {}, "seeds": ["0"], "clips": {"frames": 0}})
    } == {
        "$",
        "$.seeds[0]",
        "$.clips.frames",
    }


def _leaves(value: Any, keys: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict | list):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(below, (*keys, key))
    else:
        yield keys, value


def test_no_text_passes_for_a_number_and_no_number_for_a_text(
    paper_experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dubaug.config.messages.MOST", 1000)
    mapping = to_mapping(paper_experiment)
    # a section of a family that is none has no other fault
    leaves = {keys: value for keys, value in _leaves(mapping) if value is not None and keys[-1] != "family"}
    assert len(leaves) > 150
    for keys, value in leaves.items():
        reduce(getitem, keys[:-1], mapping)[keys[-1]] = 1 if isinstance(value, str) else str(value)
    with pytest.raises(ConfigError) as caught:
        from_mapping(mapping)
    named = set(re.findall(r"config key `([^`]+)`: got", str(caught.value)))
    assert {".".join(map(str, keys)) for keys in leaves} - named == set()


def _numbers(schema: Any) -> Iterator[dict[str, Any]]:
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _numbers(inner)
    if isinstance(schema, dict) and schema.get("type") in ("number", "integer"):
        yield schema


def test_every_number_of_the_schema_has_bounds(repository: Path) -> None:
    schema = json.loads((repository / COMMITTED).read_text(encoding="utf-8"))
    numbers = list(_numbers(schema))
    assert len(numbers) > 70
    for number in numbers:
        assert {"minimum", "exclusiveMinimum", "enum"} & set(number), number
        assert "enum" in number or number.get("maximum", number.get("exclusiveMaximum", math.inf)) < 2**32, number


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 1e300, -1e300, 10**400, -1 << 20000], ids=list("abcdefg")
)
def test_no_number_is_none_or_infinite_or_huge(
    paper_experiment: Experiment, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    monkeypatch.setattr("dubaug.config.messages.MOST", 1000)
    mapping = to_mapping(paper_experiment)
    mapping["separation"]["segment_s"] = 6.0  # null at this scale, as is what follows
    mapping["demo"] = {"directory": "x", "seed": 0, "films": {"titles": 1, "scenes_per_title": 1, "scene_s": 6}}
    mapping["demo"]["items_per_class"] = 2
    numbers = {keys for keys, old in _leaves(mapping) if isinstance(old, int | float) and not isinstance(old, bool)}
    assert len(numbers) > 85
    for keys in numbers:
        reduce(getitem, keys[:-1], mapping)[keys[-1]] = value
    with pytest.raises(ConfigError) as caught:
        from_mapping(mapping)
    named = set(re.findall(r"config key `([^`]+)`: got", str(caught.value)))
    assert {".".join(map(str, keys)) for keys in numbers} - named == set()


def test_the_configuration_is_light_to_import() -> None:
    code = "import sys, dubaug.config; print(*{'torch', 'numpy', 'pandas', 'mlflow', 'jsonschema'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == ""
