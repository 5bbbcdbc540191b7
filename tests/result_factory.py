"""Result files as the probes write them, for tables and figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dubaug.files import write_json


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
        tasks: dict[str, Any] = {
            task: {"metric": metric, "mean": mean, "std": std, "n_folds": 1 if std is None else 5}
            for task, mean in means.items()
        }
        if interval:
            for entry in tasks.values():
                entry["interval"] = {"low": interval[0], "high": interval[1]}
        folder = self.folder / variant / (f"epoch{epoch:02d}" if sweep else "")
        path = folder / f"{suite}.json"
        write_json(path, {"suite": suite, "variant": variant, "epoch": epoch, "in_sweep": sweep, "tasks": tasks})
        self.paths.append(path)
        return path
