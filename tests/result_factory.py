"""Result files as the probes write them, for tables and figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dubaug.files import write_json


def head_of(variant: str, suite: str, epoch: int) -> dict[str, Any]:
    """Return what a result says of its network, and that it is of a last checkpoint."""
    return {
        "suite": suite, "variant": variant, "epoch": epoch, "in_sweep": False, "seed": 0, "experiment": "0" * 16,
        "checkpoint_sha256": "0" * 64, "git_commit": None,
    }  # fmt: skip


def entry_of(mean: float, *, metric: str = "top1_acc", std: float | None = None, n_folds: int = 1) -> dict[str, Any]:
    """Return a task's entry; with a deviation, its first and last fold are as far from the mean as it takes."""
    folds = [mean] * n_folds
    if std is not None:
        folds[0], folds[-1] = (mean + side * std * ((n_folds - 1) / 2) ** 0.5 for side in (-1, 1))
    return {
        "metric": metric, "mean": mean, "std": std, "n_folds": n_folds, "folds": folds, "n_train": 30,
        "n_test": 10, "seconds": 0.5, "hyperparameters": {}, "experiment": "0" * 16, "git_commit": None,
    }  # fmt: skip


def interval_of(low: float | None, high: float | None) -> dict[str, Any]:
    """Return an entry's interval."""
    return {"low": low, "high": high, "level": 0.95, "over": ["items"], "units": 10.0, "grouped_by": None}


class Results:
    """Writes result files as the probes do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths: list[Path] = []

    def add(
        self,
        variant: str,
        suite: str,
        means: Mapping[str, float],
        *,
        epoch: int = 6,
        sweep: bool = False,
        std: float | None = None,
        metric: str = "top1_acc",
        interval: tuple[float, float] | None = None,
    ) -> Path:
        tasks = {
            task: entry_of(mean, std=std, metric=metric, n_folds=1 if std is None else 5)
            for task, mean in means.items()
        }
        if interval:
            for entry in tasks.values():
                entry["interval"] = interval_of(*interval)
        folder = self.folder / variant / (f"epoch{epoch:02d}" if sweep else "")
        path = folder / f"{suite}.json"
        write_json(path, {**head_of(variant, suite, epoch), "in_sweep": sweep, "tasks": tasks})
        self.paths.append(path)
        return path
