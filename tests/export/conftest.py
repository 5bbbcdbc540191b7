"""Finished tiny runs with everything around them that an export can be made of."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dubaug.config import Experiment, save
from dubaug.corpus.rejects import Reject, write_rejects
from dubaug.corpus.titles import Title, write_titles
from dubaug.corpus.tracks import Track
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.train import Run, pretrain, save_untrained
from dubaug.probe.experiment import task_digest
from dubaug.probe.results import mean_and_std, write_result
from dubaug.tracks import TrackName
from tiny_corpus import TINY, TITLES, write_tiny_corpus


@pytest.fixture(scope="session")
def tiny(make_experiment: Callable[..., Experiment]) -> Experiment:
    return make_experiment(**TINY)


@pytest.fixture(scope="session")
def results(tiny: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with `efj` and `a` trained, `rp` untrained, and the corpus's lists; not to be changed."""
    folder = tmp_path_factory.mktemp("results")
    clips = write_tiny_corpus(folder, tiny, ("en", "es", "fr", "ja"))
    for variant in ("efj", "a", "rp"):
        home = folder / variant
        job = Run(experiment=tiny, variant=variant, seed=0, work_dir=home / "pretrain", out=home / "pretraining.json")
        if variant == "rp":
            save_untrained(job)
        else:
            pretrain(job, clips=clips, separated=None)
    tracks = tuple(Track(name=TrackName(language), stream=n) for n, language in enumerate(("en", "es", "fr", "ja")))
    facts = {"alpha": ("1961", "Drama|Crime", "en"), "beta": ("2016", "Drama", "fr"), "gamma": ("", "", "")}
    titles = [
        Title(
            title_id=name, path=folder / f"{name}.mkv", minutes=90.0, clips=TITLES.get(name, 1), tracks=tracks,
            year=year, genres=genres, original_language=language,
        )
        for name, (year, genres, language) in {**facts, "unused": ("1900", "Western", "de")}.items()
    ]  # fmt: skip
    write_titles(folder / "titles.csv", titles)
    rejects = [
        Reject(title_id="delta", stage="catalogue", reason="cut short", advice="copy it"),
        Reject(title_id="alpha", stage="shards", reason="a bad frame", advice="copy it", clips=2),
    ]
    write_rejects(folder / "rejected.csv", rejects)
    save(tiny, folder / "config.yaml")
    return folder


@pytest.fixture
def copied(results: Path, tmp_path: Path) -> Path:
    """A copy of the results folder that may be changed."""
    return Path(shutil.copytree(results, tmp_path / "copied"))


def entry_of(folds: list[float], experiment: str) -> dict[str, Any]:
    """Return a task's entry in a result file."""
    mean, std = mean_and_std(folds)
    return {
        "metric": "top1_acc", "mean": mean, "std": std, "n_folds": len(folds), "folds": folds,
        "hyperparameters": {}, "n_train": 1600, "n_test": 400, "seconds": 1.0, "experiment": experiment,
        "git_commit": None,
    }  # fmt: skip


@pytest.fixture
def write_scores(results: Path, tiny: Experiment, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a result of a run in `results`; keys replace top-level ones."""
    numbers = iter(range(100))

    def write(
        variant: str = "efj",
        *,
        suite: str = "hear",
        tasks: dict[str, list[float]] | None = None,
        epoch: int | None = None,
        **keys: Any,
    ) -> Path:
        manifest = Manifest.load(results / variant / "pretraining.json")
        wanted = manifest.epochs if epoch is None else epoch
        (checkpoint,) = (one for one in manifest.checkpoints if one.epoch == wanted)
        scored = tasks or {"esc50": [0.5, 0.75], "fsd50k": [0.25]}
        result = {
            "suite": suite, "variant": variant, "epoch": wanted, "in_sweep": False, "seed": 0, "experiment": "0" * 16,
            "checkpoint_sha256": checkpoint.sha256, "git_commit": None,
            "tasks": {name: entry_of(folds, task_digest(tiny, variant, 0, name)) for name, folds in scored.items()},
        }  # fmt: skip
        path = tmp_path / f"scores{next(numbers)}.json"
        write_result(path, {**result, **keys})
        return path

    return write


@pytest.fixture(scope="session")
def sources(results: Path) -> Callable[..., Any]:
    """Return a function that gives the sources of a variant's export, with the corpus's lists."""
    from dubaug.export.folder import ExportSources

    def make(variant: str = "efj", **keys: Any) -> ExportSources:
        lists = {} if variant == "rp" else {"titles": results / "titles.csv", "rejected": [results / "rejected.csv"]}
        whole = {"manifest": results / variant / "pretraining.json", "epoch": None, **lists, **keys}
        return ExportSources(**whole)

    return make
