"""What trained: a manifest a run, and its loss by epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dubaug.errors import DubaugError
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.steps import read_steps


@dataclass(frozen=True, kw_only=True)
class Training:
    """One run. `losses` are means over the steps of each epoch, from the first on; empty where no record is."""

    manifest: Manifest
    losses: tuple[float, ...]

    @property
    def untrained(self) -> bool:
        """Whether the weights are random ones."""
        return self.manifest.epochs == 0


def read_trainings(manifests: Sequence[Path], metrics: Sequence[Path]) -> list[Training]:
    """Return the runs whose manifests are there, in the order given. `metrics` are their records, in the same order.

    Raises `DubaugError` if there are records and they are not one a manifest.
    """
    if metrics and len(metrics) != len(manifests):
        raise DubaugError(f"{len(metrics)} --metrics for {len(manifests)} --manifests: one each is needed, or none")
    records: Sequence[Path | None] = metrics or [None] * len(manifests)
    return [
        Training(manifest=Manifest.load(path), losses=_losses(record))
        for path, record in zip(manifests, records, strict=True)
        if path.is_file()
    ]


def trained_on(trainings: Sequence[Training]) -> list[tuple[int, int]]:
    """Return how many titles and clips the runs were trained on; several pairs where these differ."""
    seen = [(one.manifest.n_titles, one.manifest.n_clips) for one in trainings if not one.untrained]
    return list(dict.fromkeys(seen))


def _losses(path: Path | None) -> tuple[float, ...]:
    """Return the mean loss of each epoch."""
    if path is None or not path.is_file():
        return ()
    epochs: dict[int, list[float]] = {}
    for step in read_steps(path):
        epochs.setdefault(step.epoch, []).append(step.loss)
    return tuple(sum(losses) / len(losses) for _, losses in sorted(epochs.items()))
