"""Embeddings on disk, by the hashes of the checkpoint and of the features: made once, whatever probes ask for them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from dubaug.downstream.features import TaskFeatures
from dubaug.embed.embed import Modality, embed
from dubaug.errors import DubaugError
from dubaug.files import atomic_path

if TYPE_CHECKING:
    from dubaug.pretrain.checkpoint import TrainedEncoders

VERSION = "1"
"""Raise it when the same weights and features give other embeddings."""


def embedding(
    features: TaskFeatures,
    load_encoders: "Callable[[], TrainedEncoders]",
    *,
    checkpoint_sha256: str,
    modality: Literal["A", "V", "AV"],
    work_dir: Path,
    batch: int,
    device: torch.device | str,
) -> np.ndarray:
    """Return `embed(...)` of the features, from `work_dir` if it is there; else make it and keep it.

    `load_encoders` is called only if something must be made; its weights must be those of `checkpoint_sha256`. Audio
    and video are kept apart, so that "AV", both side by side, reuses them. Float32 (items, D). Raises `DubaugError`.
    """
    modalities: tuple[Modality, ...] = ("A", "V") if modality == "AV" else (modality,)
    parts = []
    for one in modalities:
        path = cache_path(work_dir, checkpoint_sha256=checkpoint_sha256, features_sha256=features.sha256, modality=one)
        if not path.is_file():
            _write(path, embed(features, load_encoders(), modality=one, batch=batch, device=device))
        parts.append(_read(path, features))
    return np.concatenate(parts, axis=1)


def cache_path(work_dir: Path, *, checkpoint_sha256: str, features_sha256: str, modality: Modality) -> Path:
    """Return the file of the embeddings of one checkpoint, one shard and one modality."""
    return work_dir / f"{checkpoint_sha256[:16]}-{features_sha256[:16]}-{modality}-v{VERSION}.safetensors"


def _read(path: Path, features: TaskFeatures) -> np.ndarray:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        result_ND: np.ndarray = load_file(path)["embedding"]
    except (SafetensorError, KeyError, OSError) as error:
        raise DubaugError(f"{path} holds no embeddings ({error!r}): delete it and run again") from error
    if len(result_ND) != features.dataset.n_items:
        raise DubaugError(
            f"{path} has {len(result_ND)} embeddings for {features.dataset.n_items} items of {features.task}: "
            "delete it and run again"
        )
    return result_ND


def _write(path: Path, embedding_ND: np.ndarray) -> None:
    from safetensors.numpy import save_file

    with atomic_path(path) as temporary:
        save_file({"embedding": embedding_ND}, temporary)
