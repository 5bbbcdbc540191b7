"""`dubaug separate`, `dubaug separate-task` and `dubaug separation-model`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dubaug.config import Experiment, load
from dubaug.corpus.batch import titles_of_batch
from dubaug.errors import DubaugError
from dubaug.hardware import choose_device
from dubaug.progress import log_line
from dubaug.shards.command import add_shard_arguments

if TYPE_CHECKING:
    from dubaug.separation.remove import Remover


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    separate = subparsers.add_parser(
        "separate",
        help="remove speech from the films' primary track (variant sep)",
        description="Decode the primary track of every n-th selected title, remove its speech with the Demucs model "
        "that the configuration names (all stems but `separation.stem` summed), and store the log-mels of the same "
        "clips as in the title's film shard in OUT_DIR/<title_id>.arrow. Shards that stand already, made of the same "
        "film by the same settings and weights, are kept. A film that cannot be decoded is listed with the reason, "
        "and the batch goes on.",
    )
    left_out = "which titles are rejected for their dubs, and left out here too (alignment.csv)"
    add_shard_arguments(separate, alignment=left_out)
    separate.set_defaults(run=run_separate)

    task = subparsers.add_parser(
        "separate-task",
        help="copy a downstream data set without its speech (Table D6)",
        description="Write a copy of the task's data set with speech removed from every sound file: the same layout, "
        "names, sample rates and lengths. Files that cannot be read are left empty and listed in OUT/separation.json. "
        "OUT appears when all is done; an interrupted run goes on where it was.",
    )
    task.add_argument("--config", type=Path, required=True, help="the resolved configuration")
    task.add_argument("--task", required=True, help="which of the configuration's tasks; its `path` is read")
    task.add_argument("--out", type=Path, required=True, help="the new data set's folder")
    task.set_defaults(run=run_separate_task)

    model = subparsers.add_parser(
        "separation-model",
        help="fetch and describe the separation model",
        description="Load the Demucs model that the configuration names, which downloads its weights if it is a "
        "published one, and print its stems, rate and size. Run it once where there is internet, before jobs run "
        "where there is none.",
    )
    model.add_argument("--config", type=Path, required=True, help="the resolved configuration")
    model.set_defaults(run=run_separation_model)


def run_separate(options: argparse.Namespace) -> None:
    """Make the separated shards of one batch of titles."""
    from dubaug.alignment.table import read_findings, without_rejected
    from dubaug.separation.ingest import SeparatedShardSettings, make_separated_shards, standing_shard
    from dubaug.shards.receipts import Batch

    experiment = load(options.config)
    titles = titles_of_batch(options.titles, batch=options.batch, batches=options.batches)
    titles = without_rejected(titles, read_findings([options.alignment] if options.alignment else []))
    remover = _remover(experiment)
    settings = SeparatedShardSettings(
        clips=experiment.clips,
        mel=experiment.mel,
        separation=experiment.separation,
        track=experiment.corpus.tracks[0],
        model_fingerprint=remover.model.fingerprint(),
    )
    batch = Batch({title: standing_shard(title, settings, options.out_dir) for title in titles}, "removing speech")
    made = make_separated_shards(
        batch.missing, settings=settings, remover=remover, out_dir=options.out_dir, stall_s=experiment.ingest.stall_s
    )
    for title, outcome in zip(batch.missing, made, strict=True):
        batch.add(title, outcome)
    batch.finish((settings.track,), experiment.separation.sample_rate_hz, options.manifest, options.rejected)


def run_separate_task(options: argparse.Namespace) -> None:
    """Copy a data set without its speech."""
    from dubaug.separation.dataset import separate_data_set

    experiment = load(options.config)
    if options.task not in experiment.tasks:
        raise DubaugError(f"--task {options.task}: no such task; there are {', '.join(experiment.tasks)}")
    left_out = separate_data_set(Path(experiment.tasks[options.task].path), options.out, _remover(experiment))
    log_line(f"wrote {options.out}; {len(left_out)} files left empty")


def run_separation_model(options: argparse.Namespace) -> None:
    """Load the model; say what it is."""
    from dubaug.separation.models import load_model

    separation = load(options.config).separation
    model = load_model(separation)
    parameters = sum(parameter.numel() for parameter in model.network.parameters())
    print(
        f"{separation.model}: stems {', '.join(model.sources)} (removed: {separation.stem}), "
        f"{model.sample_rate_hz} Hz, segments of {model.segment_s:g} s, {parameters / 1e6:.2f} M parameters, "
        f"weights {model.fingerprint()}"
    )


def _remover(experiment: Experiment) -> "Remover":
    from dubaug.separation.models import load_model
    from dubaug.separation.remove import make_remover

    device = choose_device(experiment.device)
    model = load_model(experiment.separation)
    log_line(f"{experiment.separation.model} on {device}, removing {experiment.separation.stem}")
    return make_remover(model, experiment.separation, device=device)
