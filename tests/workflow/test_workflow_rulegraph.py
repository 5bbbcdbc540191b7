"""The README's picture of the rules is that of the workflow: `make rulegraph` draws it."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def drawing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(repository / "tools/rulegraph"))
    import draw  # type: ignore[import-not-found]

    yield draw
    del sys.modules["draw"]


def _pictured(svg: str) -> tuple[set[str], set[tuple[str, str]]]:
    rules, arrows = re.findall(r'id="rule\.(\w+)"', svg), re.findall(r'id="arrow\.(\w+)\.(\w+)"', svg)
    return set(rules), set(arrows)


def test_the_picture_has_the_workflows_rules_and_arrows(drawing: ModuleType, clone: Path, repository: Path) -> None:
    rules, arrows = drawing.snakemakes_graph(clone)
    svg = (repository / "docs/rulegraph.svg").read_text(encoding="utf-8")
    assert _pictured(svg) == (rules, arrows), "run `make rulegraph`"
    words = set(re.findall(r"<text[^>]*>([^<]+)</text>", svg))
    assert rules <= words, "each box says its rule's name, as text"
    assert "(docs/rulegraph.svg)" in (repository / "README.md").read_text(encoding="utf-8")


def test_targets_and_implied_arrows_are_gone(drawing: ModuleType) -> None:
    dot = "\n".join(
        [f'\t{number}[label = "{name}", color = "0"];' for number, name in enumerate(
            ["all", "result_tables", "probe_hear", "pretrain", "select", "shards"]
        )]
        + [f"\t{one} -> {other}" for one, other in [(1, 0), (2, 1), (3, 2), (5, 3), (4, 5), (4, 3)]]
    )  # fmt: skip
    rules, arrows = drawing.drawn_graph(dot)
    assert rules == {"result_tables", "probe_hear", "pretrain", "select", "shards"}
    assert arrows == {
        ("probe_hear", "result_tables"), ("pretrain", "probe_hear"), ("shards", "pretrain"), ("select", "shards"),
    }  # fmt: skip


def test_every_rule_stands_below_what_it_needs(drawing: ModuleType) -> None:
    edges = {("a", "b"), ("b", "c"), ("c", "d"), ("x", "d"), ("a", "leaf")}
    assert drawing.rows({"a", "b", "c", "d", "x", "leaf", "alone"}, edges) == {
        "a": 0, "b": 1, "leaf": 1, "c": 2, "x": 2, "d": 3, "alone": 3,
    }  # fmt: skip
