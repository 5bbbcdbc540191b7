"""What a variant's weights depend on, and its hash. Light: the Snakefile imports it for every job."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from dubaug.config import Experiment
from dubaug.digests import digest

PRETRAINING_VERSION = 1
"""Raise it when a change of the code changes the weights that a configuration gives: everything is then trained anew.

What changes results of the same weights is `dubaug.probe.experiment.PROTOCOL_VERSION`'s.
"""


def pretraining_digest(experiment: Experiment, variant: str, seed: int) -> str:
    """Return the hash of exactly the configuration that the weights of `variant` depend on.

    Labels, tasks, paths, which epochs are kept, numbers of jobs and of loader workers, and what makes a step faster or
    smaller without changing what it computes, are not part of it. The clips themselves are no configuration: the
    trainer compares them by the hashes in the clip index.
    """
    return digest(pretraining_parts(experiment, variant, seed))


def pretraining_parts(experiment: Experiment, variant: str, seed: int) -> dict[str, Any]:
    """Return the configuration behind `pretraining_digest` as nested plain values."""
    chosen = experiment.variants[variant]
    encoders, clips = asdict(experiment.encoders), asdict(experiment.clips)
    del clips["batches"]
    sample_rate_hz = experiment.separation.sample_rate_hz if chosen.separated else clips["sample_rate_hz"]
    parts: dict[str, Any] = {
        "version": PRETRAINING_VERSION,
        "seed": seed,
        "encoders": encoders,
        "mel": asdict(experiment.mel),
    }
    if chosen.untrained:
        sizes = {name: clips[name] for name in ("duration_s", "frames")}
        return {**parts, "untrained": True, "clips": {**sizes, "sample_rate_hz": sample_rate_hz}}
    augmentation, pretraining = asdict(experiment.augmentation), asdict(experiment.pretraining)
    for name in ("loader_workers", "recompute", "compile", "epochs", "checkpoints"):
        del pretraining[name]
    if not (pretraining["within_modal_weight"] and chosen.video and chosen.secondary):
        del pretraining["within_modal_weight"]
    if pretraining["micro_batches"] == 1:
        del pretraining["micro_batches"]
    if not chosen.video:
        del encoders["video"]
        for name in ("frames", "frame_height", "jpeg_quality"):
            del clips[name]
        for name in ("height_min", "height_max", "randaugment_layers", "randaugment_magnitude"):
            del augmentation[name]
    if chosen.start_from is not None:
        parts["start_from"] = pretraining_parts(experiment, chosen.start_from, seed)
    return {
        **parts,
        "variant": {
            "primary": chosen.primary,
            "secondary": list(chosen.secondary),
            "video": chosen.video,
            "separated": chosen.separated,
        },
        "corpus": _corpus(experiment),
        "alignment": asdict(experiment.alignment),
        "clips": clips,
        "separation": experiment.separation.result_settings() if chosen.separated else None,
        "augmentation": augmentation,
        "pretraining": {**pretraining, "epochs": experiment.epochs_of(variant)},
    }


def _corpus(experiment: Experiment) -> dict[str, Any]:
    """Return the corpus's configuration less its path, with the generator's where the films are generated."""
    corpus, demo = asdict(experiment.corpus), experiment.demo
    del corpus["catalogue"]
    films = {"seed": demo.seed, **asdict(demo.films)} if demo is not None and experiment.generates_films else None
    return {**corpus, "films": films}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return one line for each key that differs: `pretraining.learning_rate: 0.001 -> 0.002`."""
    before, after = dict(flattened(old)), dict(flattened(new))
    missing = "(absent)"
    return [
        f"{key}: {before.get(key, missing)} -> {after.get(key, missing)}"
        for key in sorted({*before, *after})
        if before.get(key, missing) != after.get(key, missing)
    ]


def flattened(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested keys with their values: `("pretraining.learning_rate", 0.001)`; tuples as lists."""
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from flattened(inner, f"{prefix}{key}.")
        else:
            yield prefix + key, list(inner) if isinstance(inner, tuple) else inner
