"""What a change of each configuration key makes anew: docs/results.md says it, the digests do it."""

import copy
import re
from collections.abc import Iterator
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dubaug.config import Experiment, to_mapping
from dubaug.pretrain.experiment import flattened, pretraining_digest
from dubaug.probe.experiment import task_digest
from dubaug.tables.experiment import drawing_digest

NAMED = {"variants": "efj", "tasks": "esc50", "suites": "hear"}
"""Where keys are names, one stands for all."""
OTHER: dict[str, Any] = {
    "corpus.catalogue": "data/demo/moved/catalogue.csv",
    "tasks.*.layout": "hmdb51",
    "tasks.*.suite": "visual",
    "variants.*.start_from": "av",
    "variants.*.seeds": (0, 1),
    "variants.*.checkpoints": (8,),
    "pretraining.checkpoints": (8,),
    "seeds": (0, 1),
}
"""Values that a key can have, where one made from its own would be nonsense."""


def classified(repository: Path) -> dict[str, str]:
    """Return what docs/results.md says of each key: trains, probes, draws, nothing."""
    text = (repository / "docs/results.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \*\*(\w+)\*\*.*? \| (.*) \|$", text, flags=re.MULTILINE)
    pairs = [(key, effect) for effect, keys in rows for key in re.findall(r"`([^`]+)`", keys)]
    assert len(dict(pairs)) == len(pairs), "a key stands twice"
    return dict(pairs)


def keys_of(experiment: Experiment) -> set[str]:
    """Return all keys of the configuration, `*` for a name."""
    keys = (key.split(".") for key, _ in flattened(to_mapping(experiment)))
    return {".".join([key[0], "*", *key[2:]] if key[0] in NAMED else key) for key in keys}


def changed(value: Any, path: list[str], other: Any) -> Any:
    """Return `value` with another one at `path`; whether that is allowed does not matter to a hash."""
    if not path:
        return other(value)
    name, rest = path[0], path[1:]
    if not is_dataclass(value):
        return {**value, name: changed(value[name], rest, other)}
    clone = copy.copy(value)
    object.__setattr__(clone, name, changed(getattr(value, name), rest, other))
    return clone


def another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, tuple):
        return (*value, *value[:1]) or ("x",)
    return "x" if value is None else f"{value}x"


def digests(experiment: Experiment) -> Iterator[tuple[str, list[str]]]:
    """Yield what is made anew if its digests change, first what all later ones follow from."""
    yield "trains", [pretraining_digest(experiment, variant, 0) for variant in experiment.variants]
    yield "probes", [task_digest(experiment, "efj", 0, task) for task in experiment.tasks]
    yield "draws", [drawing_digest(experiment)]


@pytest.fixture(scope="module")
def experiment(make_experiment: Any) -> Experiment:
    base: Experiment = make_experiment()
    return replace(base, pretraining=replace(base.pretraining, within_modal_weight=0.5))


def effect_of(experiment: Experiment, key: str, before: dict[str, list[str]]) -> str:
    path = key.split(".")
    path = [path[0], NAMED[path[0]], *path[2:]] if path[0] in NAMED else path
    after = digests(changed(experiment, path, lambda old: OTHER.get(key, another(old))))
    return next((effect for effect, made in after if made != before[effect]), "nothing")


def test_each_key_makes_anew_what_the_documentation_says(experiment: Experiment, repository: Path) -> None:
    said = classified(repository)
    assert keys_of(experiment) - set(said) == set(), "say in docs/results.md what a change of these makes anew"
    assert set(said) - keys_of(experiment) == set(), "there are no such keys"
    before = dict(digests(experiment))
    assert said == {key: effect_of(experiment, key, before) for key in said}
