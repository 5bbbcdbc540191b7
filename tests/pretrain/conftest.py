"""A corpus of a few seconds' work: shards whose pictures and sounds belong together, and networks to match."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dubaug.config import Experiment
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.train import Run, pretrain
from tiny_corpus import TINY, write_tiny_corpus


@pytest.fixture(scope="session")
def make_tiny(make_experiment: Callable[..., Experiment]) -> Callable[..., Experiment]:
    """Return a function that makes the tiny experiment with some keys of `pretraining` changed."""

    def make(**pretraining: Any) -> Experiment:
        merged = {**TINY, "pretraining": {**TINY["pretraining"], **pretraining}}
        return make_experiment(**merged)

    return make


@pytest.fixture(scope="session")
def tiny(make_tiny: Callable[..., Experiment]) -> Experiment:
    return make_tiny()


@pytest.fixture(scope="session")
def tiny_clips(tiny: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_corpus(tmp_path_factory.mktemp("corpus"), tiny, ("en", "es", "fr", "ja"))


@pytest.fixture(scope="session")
def tiny_separated(tiny: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_corpus(tmp_path_factory.mktemp("separated"), tiny, ("en",), frames=False)


@pytest.fixture(scope="session")
def write_corpus() -> Callable[..., Path]:
    return write_tiny_corpus


@pytest.fixture
def run_in(tmp_path: Path, make_tiny: Callable[..., Experiment], tiny_clips: Path) -> Callable[..., Manifest]:
    """Return a function that trains efj in a folder of `tmp_path`, saving after every step."""

    def run(name: str, **keys: Any) -> Manifest:
        work = tmp_path / name
        save_every_s = keys.pop("save_every_s", 0.0)
        pretrain(
            Run(
                experiment=make_tiny(**keys),
                variant="efj",
                seed=0,
                work_dir=work,
                out=tmp_path / f"{name}.json",
                save_every_s=save_every_s,
            ),
            clips=tiny_clips,
            separated=None,
        )
        return Manifest.load(tmp_path / f"{name}.json")

    return run
