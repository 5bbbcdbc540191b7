"""Networks that are exported: what their manifests, their weights' headers and their work directories say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from dubaug.digests import digest
from dubaug.encoders.encoder import build_arguments
from dubaug.encoders.settings import PARTS, Family, Stock
from dubaug.errors import DubaugError
from dubaug.export.scores import Identity
from dubaug.files import sha256_of
from dubaug.pretrain.checkpoint import EncoderSpec, load_encoders
from dubaug.pretrain.manifest import Checkpoint, Manifest
from dubaug.pretrain.workdir import WorkDirectory


@dataclass(frozen=True, kw_only=True)
class Network:
    """One epoch's encoders of a finished run."""

    manifest_path: Path
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

    @property
    def corpus_tracks(self) -> tuple[str, ...]:
        """The tracks that every film of the corpus has, the primary one first. Of a trained network."""
        corpus = self.configuration["corpus"]
        return corpus["primary"], *corpus["secondary"]


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
    work = WorkDirectory(checkpoint.path.parent.parent)
    identity = work.identity()
    if identity.experiment != manifest.experiment or digest(identity.configuration) != manifest.experiment:
        raise DubaugError(
            f"{work.identity_file} is of another run than {manifest_path}, or was changed: copy the run's own"
        )
    return Network(
        manifest_path=manifest_path,
        manifest=manifest,
        checkpoint=checkpoint,
        spec=encoders.spec,
        weights={part: sum(tensor.numel() for tensor in module.parameters()) for part, module in parts.items()},
        configuration=identity.configuration,
        titles=identity.titles,
    )


def _chosen(manifest: Manifest, path: Path, epoch: int | None) -> Checkpoint:
    if epoch is None:
        return manifest.final
    for checkpoint in manifest.checkpoints:
        if checkpoint.epoch == epoch:
            return checkpoint
    kept = ", ".join(str(checkpoint.epoch) for checkpoint in manifest.checkpoints)
    raise DubaugError(f"--epoch {epoch}: no weights of that epoch were kept; {path} has {kept}")


def read_networks(manifests: Sequence[Path]) -> tuple[Network, ...]:
    """Return the last networks of a variant's runs, by seed. Raises `DubaugError` unless only the seed differs."""
    networks = sorted((read_network(path, None) for path in manifests), key=lambda network: network.spec.seed)
    first = networks[0]
    for before, network in pairwise(networks):
        if network.spec.seed == before.spec.seed:
            raise DubaugError(f"two manifests are of seed {network.spec.seed}: give each run's once")
        if network.name != first.name or _seedless(network) != _seedless(first):
            raise DubaugError(
                f"the manifests are of {first.name} with seed {first.spec.seed} and {network.name} with seed "
                f"{network.spec.seed}, which differ in more than the seed: a card is of one variant"
            )
    return tuple(networks)


def in_common(networks: Sequence[Network]) -> Network:
    """Return the first network as one that stands for all: their seeds, and the time that all took."""
    if len(networks) == 1:
        return networks[0]
    first, seconds = networks[0], sum(network.manifest.seconds for network in networks)
    return replace(
        first,
        configuration=_with_seeds(first.configuration, [network.spec.seed for network in networks]),
        manifest=replace(first.manifest, seconds=seconds),
    )


def _seedless(network: Network) -> tuple[Any, ...]:
    """Return what a variant's networks share."""
    return _with_seeds(network.configuration, []), sorted(network.titles), network.manifest.n_clips


def _with_seeds(configuration: Mapping[str, Any], seeds: list[int]) -> dict[str, Any]:
    """Return a run's configuration with these seeds in place of its own, also in what it started from."""
    result = {**configuration, "seed": seeds}
    if "start_from" in result:
        result["start_from"] = _with_seeds(result["start_from"], seeds)
    return result
