"""The tiny experiment, and a family that a test drops into the package."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dubaug.encoders
from dubaug.config import Experiment
from tiny_corpus import TINY


@pytest.fixture(scope="session")
def tiny(make_experiment: Callable[..., Experiment]) -> Experiment:
    return make_experiment(**TINY)


@pytest.fixture
def drop_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Return a function that adds a file to `dubaug.encoders`, by its name and content."""
    folder, names = tmp_path / "encoders", set[str]()
    folder.mkdir()
    monkeypatch.setattr(dubaug.encoders, "__path__", [*dubaug.encoders.__path__, str(folder)])

    def drop(name: str, content: str) -> None:
        (folder / f"{name}.py").write_text(content, encoding="utf-8")
        names.add(name)

    yield drop
    for name in names:
        sys.modules.pop(f"dubaug.encoders.{name}", None)
        vars(dubaug.encoders).pop(name, None)
