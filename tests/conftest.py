"""Fixtures that several test modules share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dubaug.config import Experiment, resolve
from needs import lacking, promised
from result_factory import Results

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: processes whose threads wait for each other stand still
REPOSITORY = Path(__file__).resolve().parents[1]
REAL = REPOSITORY.parent / "shared" / "real"
"""Real films and sounds for trying the project on; not part of it."""


def pytest_configure() -> None:
    promised()  # what cannot be kept is said before any test runs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put modules with slow tests first: where modules run side by side, no long one is left alone at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    if not REAL.is_dir():
        lacking("real-data", f"no real films and sounds at {REAL}")
    return REAL


@pytest.fixture(scope="session")
def make_experiment() -> Callable[..., Experiment]:
    """Return a function that resolves the shipped config.yaml with some keys on top."""

    def make(**keys: Any) -> Experiment:
        user = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
        for key, value in keys.items():
            user[key] = {**user[key], **value} if isinstance(user.get(key), dict) and isinstance(value, dict) else value
        return resolve(user, REPOSITORY / "workflow")

    return make


@pytest.fixture(scope="session")
def demo_experiment(make_experiment: Callable[..., Experiment]) -> Experiment:
    return make_experiment()


@pytest.fixture(scope="session")
def paper_experiment(make_experiment: Callable[..., Experiment]) -> Experiment:
    return make_experiment(scale="paper")


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "results")
