"""Names in a results folder, in one place. Light: the Snakefile imports it.

    <variant>/<suite>.json                 all its seeds' results together, also of one seed
    <variant>/epoch<NN>/<suite>.json       the same after an epoch of the sweep
    <variant>/seed<S>/                     a run: results by the same names, and what they are made from

A result says itself what it is of (`dubaug.probe.results`); nobody reads that from its path.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDERS = frozenset({"benchmarks", "corpus", "features", "figures", "logs", "separated", "shards", "tables"})
"""The workflow's own, beside those of the variants."""
MANIFEST = "pretraining.json"
WORK_DIR = "pretrain"
_SEED = re.compile(r"seed(\d+)")


@dataclass(frozen=True, order=True)
class RunName:
    """A variant trained, or drawn at random, with a seed."""

    variant: str
    seed: int

    def __str__(self) -> str:
        return f"{self.variant}/seed{self.seed}"


def epoch_name(epoch: int) -> str:
    """Return the name of what belongs to an epoch's weights: `epoch02`."""
    return f"epoch{epoch:02d}"


def runs_in(results_dir: Path) -> dict[RunName, Path]:
    """Return the folders of all runs that have begun, by name."""
    begun = {path.parent for name in (MANIFEST, WORK_DIR) for path in results_dir.glob(f"*/seed*/{name}")}
    named = {folder: _SEED.fullmatch(folder.name) for folder in sorted(begun)}
    return {RunName(folder.parent.name, int(seed[1])): folder for folder, seed in named.items() if seed}


def of_old_layout(results_dir: Path, variants: Iterable[str]) -> list[Path]:
    """Return what is of runs that lie in their variants' own folders, as they did before each had one of its own."""
    homes = [results_dir / variant for variant in variants]
    return [home / name for home in homes for name in (MANIFEST, WORK_DIR) if (home / name).exists()]
