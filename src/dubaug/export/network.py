"""The network that is exported: what its manifest, its weights' header and its work directory say of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubaug.digests import digest
from dubaug.encoders.encoder import build_arguments
from dubaug.encoders.settings import PARTS, Family, Stock
from dubaug.errors import DubaugError
from dubaug.export.scores import Identity
from dubaug.files import read_json, sha256_of
from dubaug.pretrain.checkpoint import EncoderSpec, load_encoders
from dubaug.pretrain.manifest import Checkpoint, Manifest
from dubaug.pretrain.workdir import IDENTITY


@dataclass(frozen=True, kw_only=True)
class Network:
    """One epoch's encoders of a finished run."""

    manifest: Manifest
    checkpoint: Checkpoint
    spec: EncoderSpec
    weights: Mapping[str, int]
    """How many numbers each part (`audio`, and `video` where there is one) has learnt."""
    configuration: Mapping[str, Any]
    """`pretraining_parts`: what the weights depend on, by section."""
    titles: tuple[str, ...]
    """Trained on; none for an untrained network."""

    @property
    def name(self) -> str:
        """The variant, for headlines and messages."""
        return self.spec.variant

    @property
    def stock(self) -> Mapping[str, Stock]:
        """How each part is made without dubaug, as far as it can be."""
        found: dict[str, Stock] = {}
        for part in PARTS:
            family: Family = getattr(self.spec.encoders, part)
            made = family.stock(**build_arguments(self.spec.encoders, part, self.spec))
            if part in self.weights and made is not None:
                found[part] = made
        return found

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages, beside torch, that make the networks."""
        return tuple(dict.fromkeys(stock.package for stock in self.stock.values()))

    @property
    def identity(self) -> Identity:
        """What tells its results from any other's."""
        spec, weights = self.spec, self.checkpoint.sha256
        return Identity(variant=spec.variant, seed=spec.seed, epoch=spec.epoch, checkpoint_sha256=weights)

    @property
    def untrained(self) -> bool:
        """Whether the weights are random ones."""
        return self.spec.epoch == 0

    @property
    def generated_films(self) -> Mapping[str, Any] | None:
        """The generator's settings where the films of the corpus are generated, else None."""
        films: Mapping[str, Any] | None = self.configuration.get("corpus", {}).get("films")
        return films

    @property
    def tracks(self) -> tuple[str, ...]:
        """The tracks heard in training, the primary one first; none for an untrained network."""
        variant = self.configuration.get("variant")
        return tuple(dict.fromkeys((variant["primary"], *variant["secondary"]))) if variant else ()


def read_network(manifest_path: Path, epoch: int | None) -> Network:
    """Return what is known of the run behind a manifest, at a kept epoch (None: the last one).

    Raises `DubaugError` if that epoch was not kept, its weights are missing, damaged or not loadable, or the work
    directory around them does not say how they came about.
    """
    manifest = Manifest.load(manifest_path)
    checkpoint = _chosen(manifest, manifest_path, epoch)
    if not checkpoint.path.is_file():
        raise DubaugError(f"{checkpoint.path} is missing: copy it back, or run the pretraining again")
    if sha256_of(checkpoint.path) != checkpoint.sha256:
        raise DubaugError(
            f"{checkpoint.path} is damaged: its SHA-256 is not the one in {manifest_path}. Copy it again, or run the "
            "pretraining again"
        )
    encoders = load_encoders(checkpoint.path)
    parts = {"audio": encoders.audio} if encoders.video is None else {"audio": encoders.audio, "video": encoders.video}
    identity = _identity(checkpoint.path.parent.parent / IDENTITY, manifest, manifest_path)
    shards = identity["shards"] or {"clips": []}
    return Network(
        manifest=manifest,
        checkpoint=checkpoint,
        spec=encoders.spec,
        weights={part: sum(tensor.numel() for tensor in module.parameters()) for part, module in parts.items()},
        configuration=identity["configuration"],
        titles=tuple(shard.rpartition(":")[0] for shard in shards["clips"]),
    )


def _chosen(manifest: Manifest, path: Path, epoch: int | None) -> Checkpoint:
    if epoch is None:
        return manifest.final
    for checkpoint in manifest.checkpoints:
        if checkpoint.epoch == epoch:
            return checkpoint
    kept = ", ".join(str(checkpoint.epoch) for checkpoint in manifest.checkpoints)
    raise DubaugError(f"--epoch {epoch}: no weights of that epoch were kept; {path} has {kept}")


def _identity(path: Path, manifest: Manifest, manifest_path: Path) -> dict[str, Any]:
    """Return the work directory's account of the run, if it is of this run and whole."""
    try:
        identity: dict[str, Any] = read_json(path)
        parts, experiment, _ = identity["configuration"], identity["experiment"], identity["shards"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DubaugError(
            f"{path} does not say how the weights were trained ({error!r}): it lies in the run's work directory, copy "
            "it from there"
        ) from error
    if experiment != manifest.experiment or digest(parts) != experiment:
        raise DubaugError(f"{path} is of another run than {manifest_path}, or was changed: copy the run's own")
    return identity
