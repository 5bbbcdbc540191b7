"""The demo's own separator, on scenes and voices' lines that it was not trained on."""

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dubaug.config import Experiment
from dubaug.separation.models import load_model
from dubaug.separation.remove import Remover, make_remover


@pytest.fixture(scope="module")
def remover(demo_experiment: Experiment, repository: Path) -> Remover:
    folder = repository / str(demo_experiment.separation.repository)
    separation = dataclasses.replace(demo_experiment.separation, repository=str(folder))
    return make_remover(load_model(separation), separation, device="cpu")


@pytest.fixture(scope="module")
def tools(repository: Path) -> Iterator[Any]:
    """The scripts that trained and judged the model."""
    sys.path.insert(0, str(repository / "tools/separator"))
    try:
        import evaluate
        import mixtures

        yield mixtures, evaluate
    finally:
        sys.path.pop(0)


def test_it_is_small_and_says_where_it_comes_from(repository: Path, remover: Remover) -> None:
    folder = repository / "workflow/resources/separator"
    assert (folder / "demo.safetensors").stat().st_size < 3_000_000
    about = json.loads((folder / "demo.json").read_text())["about"]
    assert {"made_by", "trained_on", "licence"} <= set(about)
    figures = json.loads((folder / "demo.figures.json").read_text())
    assert figures["weights"] == remover.model.fingerprint()


@pytest.mark.parametrize("sort", ["film scenes", "commands"])
def test_it_lowers_speech_and_keeps_the_rest(repository: Path, remover: Remover, tools: Any, sort: str) -> None:
    """On a few mixtures of yet another seed, within reach of the committed figures of forty."""
    mixtures, evaluate = tools
    figures = json.loads((repository / "workflow/resources/separator/demo.figures.json").read_text())[sort]
    seed = 443
    if sort == "film scenes":
        made = [mixtures.film_stems(index, seed=seed, seconds=6.0) for index in range(6)]
    else:
        made = [mixtures.task_stems(index, seed=seed, seconds=6.0, kinds=mixtures.HELD_OUT_KINDS) for index in range(6)]
    rows = [evaluate.judge(stems_NCS.astype(np.float32), remover) for stems_NCS in made]
    median = {key: float(np.median([row[key] for row in rows])) for key in rows[0]}
    assert median["speech_lowered_by"] > max(6.0, figures["speech_lowered_by"]["median"] - 5.0)
    assert median["si_sdr_improvement"] > max(1.0, figures["si_sdr_improvement"]["median"] - 3.0)
    assert abs(median["background_gain"] - figures["background_gain"]["median"]) < 2.0
    expected_error = figures["log_mel_error_of_background"]["median"]
    assert median["log_mel_error_of_background"] < expected_error + 1.0


def test_chunks_are_as_good_as_the_whole(remover: Remover, tools: Any) -> None:
    """Twenty seconds in overlapping segments differ little from twenty seconds at once, away from the ends."""
    mixtures, evaluate = tools
    made = [mixtures.film_stems(index, seed=444, seconds=5.0).astype(np.float32) for index in range(4)]
    mixture_CS = np.concatenate([stems_NCS.sum(axis=0) for stems_NCS in made], axis=1)
    assert remover.segment_samples < mixture_CS.shape[1]
    whole = dataclasses.replace(remover, segment_samples=mixture_CS.shape[1])
    one_CS, other_CS = remover.remove(mixture_CS, key=""), whole.remove(mixture_CS, key="")
    inner = slice(remover.segment_samples // 2, -remover.segment_samples // 2)
    assert evaluate.ratio_db(other_CS[:, inner], (one_CS - other_CS)[:, inner]) > 15
