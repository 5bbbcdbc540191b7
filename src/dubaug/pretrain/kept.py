"""Which finished trainings lack epochs that are to be kept now: only training anew gives these. Light: no torch."""

from collections.abc import Sequence
from pathlib import Path

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.layout import MANIFEST, WORK_DIR, runs_in
from dubaug.pretrain.experiment import pretraining_digest
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.workdir import WorkDirectory
from dubaug.progress import duration
from dubaug.words import listed


def name_epochs(epochs: Sequence[int]) -> str:
    """Return `epoch 2`, `epochs 2 and 4`."""
    return f"epoch{'s'[: len(epochs) > 1]} {listed(list(map(str, epochs)))}"


def costs_of_keeping_more(experiment: Experiment, results_dir: Path) -> list[str]:
    """Return a line for each finished training of `results_dir` that lacks epochs which the configuration keeps.

    Trainings of another configuration are none of these: they are not used in any case.
    """
    lines = []
    for run, folder in runs_in(results_dir).items():
        if run.variant not in experiment.variants or run.seed not in experiment.seeds_of(run.variant):
            continue
        try:
            manifest = Manifest.load(folder / MANIFEST)
        except DubaugError:  # not finished, or damaged: who uses it says so
            continue
        if manifest.experiment != pretraining_digest(experiment, run.variant, run.seed):
            continue
        named, work = {checkpoint.epoch for checkpoint in manifest.checkpoints}, WorkDirectory(folder / WORK_DIR)
        wanted = [epoch for epoch in experiment.checkpoints_of(run.variant) if epoch not in named]
        if lacking := [epoch for epoch in wanted if not work.checkpoint(epoch).is_file()]:
            lines.append(
                f"{run} would train anew ({duration(manifest.seconds)} the last time) for {name_epochs(lacking)}, the "
                "weights of which were not kept: take it out of `checkpoints` if that is not worth it"
            )
    return lines
