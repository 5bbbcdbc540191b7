"""The cards of a variant from the files of its runs: which networks it has, and what is said of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from dubaug.corpus.subsets import read_subsets
from dubaug.errors import DubaugError
from dubaug.export.data_card import DataFacts, data_card
from dubaug.export.facts import CardSources, configuration_of, gather, licence_of, versions_of
from dubaug.export.network import Network, read_network
from dubaug.export.scores import collect_variant_scores
from dubaug.export.selection import summarise_alignment, summarise_found, summarise_losses
from dubaug.export.variant_card import VariantFacts, variant_card
from dubaug.files import write_text

MODEL_CARD, DATA_CARD = "MODEL_CARD.md", "DATA_CARD.md"


@dataclass(frozen=True, kw_only=True)
class VariantSources(CardSources):
    """The files that a variant's cards are made of; result files are those that join its seeds."""

    manifests: Sequence[Path]
    """One a seed."""
    catalogue: Path | None = None
    """The corpus's catalogue.csv: all films that can be read."""
    subsets: Path | None = None
    """The counts of Table B4."""
    alignment: Sequence[Path] = ()
    data_licence: str | None = None
    """Of the films."""


def write_cards(sources: VariantSources, out_dir: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write MODEL_CARD.md, and for a trained variant DATA_CARD.md, into `out_dir`; return their paths.

    Raises `DubaugError` if `out_dir` is a file, if a card is there and `force` is not given (cards are there to be
    edited), and for sources that do not belong together.
    """
    if out_dir.exists() and not out_dir.is_dir():
        raise DubaugError(f"--out-dir {out_dir} is a file: give the name of a folder")
    paths = [out_dir / MODEL_CARD, out_dir / DATA_CARD]
    standing = [path for path in paths if path.exists()]
    if standing and not force:
        raise DubaugError(f"{standing[0]} is there already: give --force to replace it, with what was filled in")
    networks = read_networks(sources.manifests)
    model, data = _variant_facts(sources, networks), None
    if not networks[0].untrained:
        data = _data_facts(sources, model)
    texts = [variant_card(model, data_card=DATA_CARD if data else None), *([data_card(data)] if data else [])]
    out_dir.mkdir(parents=True, exist_ok=True)
    written = tuple(paths[: len(texts)])
    for path, text in zip(written, texts, strict=True):
        write_text(path, text)
    return written


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


def _seedless(network: Network) -> tuple[Any, ...]:
    """Return what a variant's networks share."""
    return _with_seeds(network.configuration, []), sorted(network.titles), network.manifest.n_clips


def _with_seeds(configuration: Any, seeds: list[int]) -> dict[str, Any]:
    """Return a run's configuration with these seeds in place of its own, also in what it started from."""
    result = {**configuration, "seed": seeds}
    if "start_from" in result:
        result["start_from"] = _with_seeds(result["start_from"], seeds)
    return result


def _common(networks: Sequence[Network]) -> Network:
    """Return the first network as one that stands for all: their seeds, and the time that all took."""
    if len(networks) == 1:
        return networks[0]
    first, seeds = networks[0], [network.spec.seed for network in networks]
    seconds = sum(network.manifest.seconds for network in networks)
    return replace(
        first,
        configuration=_with_seeds(first.configuration, seeds),
        manifest=replace(first.manifest, seconds=seconds),
    )


def _variant_facts(sources: VariantSources, networks: Sequence[Network]) -> VariantFacts:
    experiment = None
    if sources.config is not None:
        (experiment, *_) = [configuration_of(sources.config, network) for network in networks]
    identities = [network.identity for network in networks]
    scores = collect_variant_scores(sources.results(sources.manifests), identities, experiment=experiment)
    common = gather(_common(networks), sources, experiment=experiment, scores=scores)
    return VariantFacts(common=common, networks=networks)


def _data_facts(sources: VariantSources, model: VariantFacts) -> DataFacts:
    return DataFacts(
        network=model.common.network,
        licence=licence_of(sources.data_licence, "--data-license"),
        films=model.common.films,
        found=None if sources.catalogue is None else summarise_found(sources.catalogue),
        subsets=None if sources.subsets is None else read_subsets(sources.subsets),
        dubs=summarise_alignment(sources.alignment) if sources.alignment else None,
        losses=summarise_losses(sources.rejected) if sources.rejected else None,
        versions=versions_of(model.common),
    )
