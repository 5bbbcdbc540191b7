"""Which suites there are: those of the package, and those that a configuration names."""

import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import pytest

from dubaug.config import resolve_files
from dubaug.errors import ConfigError, DubaugError
from dubaug.suites import registry
from dubaug.suites.registry import LAYOUTS, PROTOCOLS, SUITES, metric
from dubaug.suites.suite import Suite

MODULE = """
from dataclasses import dataclass
from dubaug.metrics.metric import Metric
from dubaug.suites.hares import HaresProbe
from dubaug.suites.layouts import Layout
from dubaug.suites.linear import PROBE
from dubaug.suites.suite import Protocol, Suite

SUITE = Suite(
    name="{name}", title="Own", note="a linear layer", protocol=Protocol(settings=HaresProbe, probe=PROBE),
    modality="V", layout="own_form", layouts={{"own_form": Layout(load="{module}:load", media="V")}},
    metrics=(Metric(name="mae", label="MAE", better="lower", of_items=lambda *arrays: abs(arrays[0] - arrays[1])),),
)
"""
SETTINGS = "{steps: 3, warmup_steps: 1, learning_rate: 0.1, batch_size: 2}"


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path) -> Iterator[Path]:
    """A folder with a configuration that names a suite in a module there; afterwards it is forgotten."""
    monkeypatch.setattr(registry, "_named", {})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_suite.py").write_text(MODULE.format(name="own", module="own_suite"), encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(
        "suite_modules: [own_suite:SUITE]\n"
        "suites: {own: [films]}\n"
        "tasks: {films: {suite: own, path: films}}\n"
        f"probe: {{own: {SETTINGS}}}\n",
        encoding="utf-8",
    )
    yield tmp_path
    sys.modules.pop("own_suite", None)


def test_the_papers_suites_come_first() -> None:
    assert list(SUITES)[:3] == ["hear", "hares", "visual"]
    assert {name: (suite.swept, suite.sees, suite.protocol.needs_valid) for name, suite in SUITES.items()} == {
        "hear": (True, False, True),
        "hares": (False, False, False),
        "visual": (False, True, False),
    }
    assert all(suite.name == name and PROTOCOLS[name] is suite.protocol.settings for name, suite in SUITES.items())


def test_what_suites_and_layouts_name_is_there() -> None:
    assert all(callable(resolve_name(suite.protocol.probe)) for suite in SUITES.values())
    assert all(callable(resolve_name(layout.load)) for layout in LAYOUTS.values())


def test_a_suite_that_the_configuration_names_joins_all_lists(named: Path, repository: Path) -> None:
    assert "own" not in SUITES
    made = resolve_files([repository / "config.yaml", named / "mine.yaml"], repository / "workflow")
    assert list(SUITES) == ["hear", "hares", "visual", "own"]
    task = made.tasks["films"]
    assert (task.layout, task.modality, task.label) == ("own_form", "V", "films"), "the suite's, where none is said"
    assert LAYOUTS["own_form"].load == "own_suite:load"
    assert made.probe["own"].schedule(9).steps == 3  # type: ignore[attr-defined]
    assert made.tasks_of("own") == ("films",)
    assert "own" in made.suites_of("av")
    assert "own" not in made.suites_of("a"), "a variant without video"
    assert (metric("mae").label, metric("mae").sign) == ("MAE", -1)


def test_its_keys_are_checked_as_the_others(named: Path, repository: Path) -> None:
    text = (named / "mine.yaml").read_text(encoding="utf-8")
    (named / "mine.yaml").write_text(text.replace("steps: 3", "steps: 0"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"`probe\.own\.steps`: got 0, expected at least 1 \(mine\.yaml, line 4\)"):
        resolve_files([repository / "config.yaml", named / "mine.yaml"], repository / "workflow")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("own_suite", r"module:NAME, such as my_suite:SUITE"),
        ("no_such_module:SUITE", r"a module that can be imported, from .* \(No module named 'no_such_module'\)"),
        ("own_suite:LAYOUT", r"a Suite; LAYOUT of own_suite is None"),
        ("own_suite:Suite", r"a Suite; Suite of own_suite is <class"),
    ],
)
def test_what_is_no_suite_is_told(named: Path, repository: Path, place: str, words: str) -> None:
    (named / "mine.yaml").write_text(f"suite_modules: ['{place}']\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"`suite_modules\.0`: got '{place}', expected {words}.*mine\.yaml, line 1"):
        resolve_files([repository / "config.yaml", named / "mine.yaml"], repository / "workflow")


def test_two_suites_of_one_name_are_told(named: Path, repository: Path) -> None:
    (named / "own_suite.py").write_text(MODULE.format(name="hear", module="own_suite"), encoding="utf-8")
    with pytest.raises(ConfigError, match="a suite of another name than 'hear'"):
        resolve_files([repository / "config.yaml", named / "mine.yaml"], repository / "workflow")


def test_a_suite_of_no_name_is_refused_by_name(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("tasks: {esc50: {suite: hare}}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="expected a suite, one of: hear, hares, visual"):
        resolve_files([repository / "config.yaml", tmp_path / "mine.yaml"], repository / "workflow")


def test_an_unknown_metric_is_told_with_those_there_are() -> None:
    with pytest.raises(DubaugError, match=r"unknown metric 'mae'; known: top1_acc, .*, spearman"):
        metric("mae")


def test_a_suite_is_data() -> None:
    suite = SUITES["hares"]
    assert isinstance(suite, Suite)
    assert (suite.join, suite.tables, suite.metrics, suite.layouts) == ("mean", (), (), {})
