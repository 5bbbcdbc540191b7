"""The notebook runs from its first cell to its last, and finds what it should."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from dubaug.alignment.judge import Finding
from dubaug.alignment.measure import Measurement
from dubaug.alignment.table import write_findings
from dubaug.config import Experiment
from dubaug.corpus.titles import Title, write_titles
from dubaug.corpus.tracks import Track
from dubaug.pretrain.train import Run, save_untrained
from dubaug.shards.index import ClipIndex
from dubaug.shards.ingest import ShardSettings, make_shard
from dubaug.tracks import TrackName
from film_factory import make_film
from tiny_corpus import TINY

SECONDS, FILM_RATE_HZ = 6, 48000
LATE_S = 1.0
"""By which the second title's Spanish dub is late in its file: read where it lies, it is the clip before."""


@pytest.fixture(scope="module")
def notebook(repository: Path) -> Path:
    return repository / "examples/nearest_clip.ipynb"


def scene(rng: np.random.Generator, hz: float) -> np.ndarray:
    """Return a second of sound (6, samples): a chord of its own over noise of its own loudness."""
    time_s = np.arange(FILM_RATE_HZ) / FILM_RATE_HZ
    chord = sum(np.sin(2 * np.pi * factor * hz * time_s) for factor in (1, 1.5, 2.25)) / 6
    noise = rng.normal(0, rng.uniform(0.002, 0.05), (6, FILM_RATE_HZ))
    return (chord * np.ones((6, 1)) * rng.uniform(0.2, 1) + noise).astype(np.float32)


def film(folder: Path, title_id: str, seed: int, late_s: float = 0.0) -> Title:
    """Return a film of six seconds, each with a sound of its own, in English and, later in its track, in Spanish."""
    rng = np.random.default_rng(seed)
    pitches_hz = rng.permutation(np.geomspace(150, 5000, SECONDS)) * rng.uniform(0.9, 1.1)
    english = np.concatenate([scene(rng, hz) for hz in pitches_hz], axis=1)
    late = round(late_s * FILM_RATE_HZ)
    spanish = np.pad(english, ((0, 0), (late, 0)))
    path = make_film(folder / f"{title_id}.mkv", seconds=SECONDS, tracks={"eng": english, "spa": spanish})
    tracks = (Track(name=TrackName("en"), stream=0), Track(name=TrackName("es"), stream=1))
    return Title(title_id=title_id, path=path, minutes=SECONDS / 60, clips=SECONDS, tracks=tracks)


@pytest.fixture(scope="module")
def run(make_experiment: Callable[..., Experiment], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder: two films, their shards, a dub that lies elsewhere, and a small network of random weights."""
    results = tmp_path_factory.mktemp("run") / "results"
    # As wide as the demo's: random weights of narrower ones hardly tell one sound from another.
    encoders = {**TINY["encoders"], "embedding_dim": 64, "audio": {"depth": 50, "stem_width": 8}}
    without = dict.fromkeys(("fr", "ja", "efj", "a_efj"))
    keys = {**TINY, "encoders": encoders, "corpus": {"secondary": ["es"]}, "variants": without}
    experiment = make_experiment(**keys)
    titles = [film(results / "films", "alpha", 1), film(results / "films", "beta", 2, LATE_S)]
    measured = Measurement(
        offset_s=LATE_S, drift=0.0, similarity=0.9, agreement=1.0, identical=0.0, silence=0.0, windows=1
    )
    finding = Finding(title_id="beta", track=TrackName("es"), status="shifted", verdict="correct", measurement=measured)
    write_findings(results / "corpus/alignment.csv", [finding])
    write_titles(results / "corpus/titles.csv", titles)
    moves = {"beta": {"es": measured.move}}
    settings = ShardSettings(
        clips=experiment.clips, mel=experiment.mel, tracks=(TrackName("en"), TrackName("es")), moves=moves
    )
    made = [make_shard(title, settings=settings, out_dir=results / "shards", threads=1) for title in titles]
    entries = tuple(outcome.entry for outcome in made)
    index = ClipIndex(shards=entries, tracks=("en", "es"), sample_rate_hz=experiment.clips.sample_rate_hz)
    index.save(results / "corpus/clips.json")
    home = results / "rp"
    save_untrained(
        Run(experiment=experiment, variant="rp", seed=0, work_dir=home / "pretrain", out=home / "pretraining.json")
    )
    return results


def executed(notebook: Path, **parameters: Any) -> list[Any]:
    """Return the cells of the notebook after it ran with other parameters; raises its own errors."""
    content = nbformat.read(notebook, as_version=4)
    (place,) = [n for n, cell in enumerate(content.cells) if "parameters" in cell.metadata.get("tags", [])]
    known = {line.split(" =")[0] for line in content.cells[place].source.splitlines()}
    assert {name for name in parameters if name not in ("TITLE", "CLIP", "LANGUAGE")} <= known
    lines = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    content.cells.insert(place + 1, nbformat.v4.new_code_cell(lines))
    NotebookClient(content, timeout=300, kernel_name="python3").execute()
    cells: list[Any] = content.cells
    return cells


def printed(cells: list[Any]) -> str:
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def shown(cells: list[Any]) -> list[str]:
    """Return the kinds of what is displayed: `image/png`, `text/html` (the player)."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [kind for output in outputs for kind in output.get("data", {})]


@pytest.mark.slow
def test_a_clips_own_sound_finds_that_clip_and_both_are_played(notebook: Path, run: Path) -> None:
    cells = executed(notebook, RESULTS=str(run), MODEL=str(run / "rp/pretraining.json"), TITLE=1, CLIP=2, LANGUAGE="en")
    text = printed(cells)
    assert "rp, seed 0, epoch 0: a vector of 64 numbers\n12 clips of 2 titles, 1 s each, in en, es" in text
    assert "beta, clip 2, in en (1.0 s)" in text
    assert "The moment itself comes 1. of 12." in text
    (first,) = [line for line in text.splitlines() if line.startswith("1. ")]
    assert first.endswith("beta, 2 s  <- this very moment")
    assert float(first.split()[1]) > 0.99
    assert shown(cells).count("image/png") == 1
    players = [cell for cell in cells for output in cell.get("outputs", []) if "<audio" in str(output)]
    assert len(players) == 2


@pytest.mark.slow
def test_a_dub_that_lies_elsewhere_in_its_file_is_heard_where_it_belongs(notebook: Path, run: Path) -> None:
    cells = executed(notebook, RESULTS=str(run), MODEL=str(run / "rp/pretraining.json"), TITLE=1, CLIP=4, LANGUAGE="es")
    text = printed(cells)
    assert "beta, 4 s  <- this very moment" in next(line for line in text.splitlines() if line.startswith("1. "))
    (often,) = [line for line in text.splitlines() if line.startswith("own moment first")]
    assert often == "own moment first in 100% (chance 8.3%), median rank 1"


@pytest.mark.slow
def test_a_file_of_ones_own_is_embedded_whole(notebook: Path, run: Path) -> None:
    own = run / "films/alpha.mkv"
    cells = executed(notebook, RESULTS=str(run), MODEL=str(run / "rp/pretraining.json"), SOUND=str(own), AT_MOST=1)
    text = printed(cells)
    assert f"{own} (6.0 s)" in text
    assert "this very moment" not in text
    assert "6 clips of 1 titles" in text


def test_the_notebook_is_kept_without_outputs(notebook: Path) -> None:
    content = nbformat.read(notebook, as_version=4)
    nbformat.validate(content)
    for cell in content.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
