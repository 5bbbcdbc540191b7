"""A skip is a failure where what the test needs was promised."""

import ast
import re
from pathlib import Path

import pytest

from needs import MUST_RUN, NEEDS, lacking, promised


def test_what_is_lacking_is_a_skip_and_a_failure_where_it_was_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MUST_RUN, raising=False)
    with pytest.raises(pytest.skip.Exception, match="pdflatex is missing"):
        lacking("latex", "pdflatex is missing")
    monkeypatch.setenv(MUST_RUN, "slurm latex")
    with pytest.raises(pytest.fail.Exception, match="DUBAUG_MUST_RUN promises latex, but: pdflatex is missing"):
        lacking("latex", "pdflatex is missing")
    with pytest.raises(pytest.skip.Exception):
        lacking("fuse", "no FUSE")


def test_a_promise_of_what_nobody_needs_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MUST_RUN, "latex slrum")
    with pytest.raises(pytest.UsageError, match=r"\['slrum'\].*slurm"):
        promised()


def test_ci_promises_what_it_installs(repository: Path) -> None:
    script = (repository / ".ci/run").read_text(encoding="utf-8")
    named = re.findall(r'(?:^ *|then )(?:have |must_run\+=" )([a-z+-]+)', script, re.MULTILINE)
    assert {"slurm", "accounting", "fuse", "postgresql", "latex", "triton"} <= set(named) <= NEEDS


def test_no_test_skips_by_itself(repository: Path) -> None:
    """Besides marks for a GPU and for `diffq`."""
    found = []
    for path in sorted((repository / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            marked = name.endswith("mark.skipif") and re.search(r"cuda\.is_available|'diffq'", ast.unparse(node))
            if re.search(r"\b(skip|importorskip|skipif)$", name) and not marked:
                found.append(f"{path.relative_to(repository)}:{node.lineno}")
    assert [place.partition(":")[0] for place in found] == ["tests/needs.py"], found
