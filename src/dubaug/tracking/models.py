"""Last checkpoints in MLflow's model registry, as graphs that need torch alone (`pt2`): nothing is unpickled.

A registered model is a variant's encoder, audio or video; a version is a checkpoint, found again by its hash.
"""

import tempfile
from pathlib import Path

from dubaug.layout import MANIFEST, WORK_DIR, runs_in
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.workdir import WorkDirectory
from dubaug.progress import log_line
from dubaug.tracking.records import results_in, training_key
from dubaug.tracking.store import Store

HASH_TAG = "checkpoint_sha256"
PARTS = ("video", "audio")
"""In the order in which they are registered: a network whose sound is registered is registered whole."""


def register(store: Store, results_dir: Path) -> int:
    """Register the last checkpoints of finished trainings that are not registered, and tag all with their scores.

    Returns how many versions are new.
    """
    runs, new = store.runs(), 0
    for folder in runs_in(results_dir).values():
        if not (folder / MANIFEST).is_file():
            continue
        manifest = Manifest.load(folder / MANIFEST)
        variant, final = manifest.variant, manifest.final
        if not final.path.is_file():
            continue
        key = training_key(variant, manifest.seed, manifest.experiment, WorkDirectory(folder / WORK_DIR))
        tags = {
            "seed": str(manifest.seed),
            "epoch": str(final.epoch),
            "experiment": manifest.experiment,
            HASH_TAG: final.sha256,
            **_scores(folder, final.sha256),
        }
        names = {part: f"dubaug-{variant}-{part}" for part in PARTS}
        known = {part: store.model_version(name, HASH_TAG, final.sha256) for part, name in names.items()}
        if known["audio"] is None:
            log_line(f"mlflow: exporting {variant} for the model registry")
            with tempfile.TemporaryDirectory() as made:
                for part in export(final.path, Path(made)):
                    known[part] = store.add_model_version(
                        names[part], runs[key], Path(made) / part, f"{part}_encoder", tags
                    )
                    new += 1
        for part, version in known.items():
            if version is not None:
                store.tag_model_version(names[part], version, tags)
    return new


def _scores(folder: Path, sha256: str) -> dict[str, str]:
    """Return the primary scores of a checkpoint by `<task>/<metric>`."""
    return {
        f"{task}/{entry.metric}": f"{entry.mean:.6g}"
        for _, result in results_in(folder)
        if result.checkpoint_sha256 == sha256
        for task, entry in result.tasks.items()
    }


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
