"""Last checkpoints in MLflow's model registry, as graphs that need torch alone (`pt2`): nothing is unpickled.

A registered model is a variant's encoder, audio or video; a version is a checkpoint, found again by its hash.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dubaug.layout import MANIFEST, WORK_DIR, runs_in
from dubaug.pretrain.manifest import Checkpoint, Manifest
from dubaug.pretrain.workdir import WorkDirectory
from dubaug.probe.results import read_result
from dubaug.progress import log_line
from dubaug.suites.registry import SUITES
from dubaug.tracking.records import training_key
from dubaug.tracking.store import Store

HASH_TAG = "checkpoint_sha256"


@dataclass(frozen=True, kw_only=True)
class RegisteredNetwork:
    """A finished training's last checkpoint, and where it belongs."""

    key: str
    """Of the training's run."""
    variant: str
    checkpoint: Checkpoint
    tags: dict[str, str]
    """Seed, epoch, configuration, and the scores by `<task>/<metric>`."""


def networks(results_dir: Path) -> Iterator[RegisteredNetwork]:
    """Yield the last checkpoints of all finished trainings in a results folder."""
    finished = [folder for folder in runs_in(results_dir).values() if (folder / MANIFEST).is_file()]
    for folder in finished:
        manifest, work = Manifest.load(folder / MANIFEST), WorkDirectory(folder / WORK_DIR)
        final = manifest.final
        if final.path.is_file():
            tags = {"seed": str(manifest.seed), "epoch": str(final.epoch), "experiment": manifest.experiment}
            yield RegisteredNetwork(
                key=training_key(manifest.variant, manifest.seed, manifest.experiment, work),
                variant=manifest.variant,
                checkpoint=final,
                tags={**tags, HASH_TAG: final.sha256, **_scores(folder, final.sha256)},
            )


def register(store: Store, results_dir: Path) -> int:
    """Register what is not registered, bring the scores of what is up to date; return how many versions are new."""
    runs, new = store.runs(), 0
    for network in networks(results_dir):
        name = f"dubaug-{network.variant}"
        known = {part: store.model_version(f"{name}-{part}", HASH_TAG, network.checkpoint.sha256) for part in PARTS}
        if known["audio"] is None:
            log_line(f"mlflow: exporting {network.variant} for the model registry")
            with tempfile.TemporaryDirectory() as folder:
                for part in export(network.checkpoint.path, Path(folder)):
                    known[part] = store.add_model_version(
                        f"{name}-{part}", runs[network.key], Path(folder) / part, f"{part}_encoder", network.tags
                    )
                    new += 1
        for part, version in known.items():
            if version is not None:
                store.tag_model_version(f"{name}-{part}", version, network.tags)
    return new


PARTS = ("video", "audio")
"""In the order in which they are registered: a network whose sound is registered is registered whole."""


def export(checkpoint: Path, folder: Path) -> list[str]:
    """Write a checkpoint's encoders as MLflow models into folders by their parts' names; return those.

    Inputs and outputs are named tensors of any batch size: stereo log-mels `(B, 2, T, F)`, pictures `(B, 3, T, H, W)`.
    """
    import mlflow.pytorch
    import numpy as np
    import torch
    from mlflow.models.signature import ModelSignature
    from mlflow.types import Schema, TensorSpec

    from dubaug.pretrain.checkpoint import load_encoders

    encoders = load_encoders(checkpoint)
    modules = {part: module for part in PARTS if (module := getattr(encoders, part)) is not None}
    single = np.dtype("float32")
    for part in modules:
        example = np.zeros((2, *modules[part].clip_shape), single)
        named = TensorSpec(single, (-1, *example.shape[1:]), "log_mel" if part == "audio" else "pictures")
        embedding = TensorSpec(single, (-1, encoders.spec.encoders.embedding_dim), "embedding")
        mlflow.pytorch.save_model(
            modules[part],
            str(folder / part),
            signature=ModelSignature(Schema([named]), Schema([embedding])),
            input_example=example,
            serialization_format="pt2",
            pip_requirements=[f"torch=={torch.__version__.partition('+')[0]}"],
        )
    return list(modules)


def _scores(folder: Path, sha256: str) -> dict[str, str]:
    """Return the primary scores of a checkpoint by `<task>/<metric>`."""
    scores: dict[str, str] = {}
    for suite in SUITES:
        path = folder / f"{suite}.json"
        result = read_result(path) if path.is_file() else None
        if result is not None and result.checkpoint_sha256 == sha256:
            for task, entry in result.tasks.items():
                scores[f"{task}/{entry.metric}"] = f"{entry.mean:.6g}"
    return scores
