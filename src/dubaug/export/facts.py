"""What a card says of networks, put together from the files that it is made of."""

import importlib.metadata
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubaug import __version__
from dubaug.config import Experiment, load
from dubaug.errors import DubaugError
from dubaug.export.corpus import Films, LeftOut, summarise_films, summarise_rejects
from dubaug.export.network import Network, in_common
from dubaug.export.plain import plain_config
from dubaug.export.scores import TaskScore, collect_scores
from dubaug.pretrain.experiment import pretraining_digest
from dubaug.provenance import code_version, git_commit


@dataclass(frozen=True, kw_only=True)
class CardSources:
    """The files, beside manifests, that any card of networks is made of; the card says what is not given."""

    scores: Sequence[Path] = ()
    """Result files; manifests among them are passed over (`results/efj/*.json`)."""
    titles: Path | None = None
    """The corpus's titles.csv: those selected."""
    rejected: Sequence[Path] = ()
    """Reject lists."""
    config: Path | None = None
    """The results' configuration, for labels and for which tasks are generated."""
    license: str | None = None
    """Of the weights, as it was typed."""


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """All that the card says."""

    networks: Sequence[Network]
    """By seed; one in an export's card."""
    network: Network
    """What they have in common, with all their seeds and the time that all took."""
    config: Mapping[str, Any]
    """`config.json`."""
    label: str | None
    """The variant's, as the tables have it, where it is known."""
    licence: str | None
    films: Films | None
    left_out: LeftOut | None
    scores: Sequence[TaskScore]
    """Over all networks."""
    versions: str
    """Of what wrote the card: `dubaug 0.1.0, torch ...`."""


def gather(networks: Sequence[Network], sources: CardSources) -> CardFacts:
    """Return the facts on a network, or on a variant's. Raises `DubaugError` for sources that do not belong to them."""
    network = in_common(networks)
    experiment = None if sources.config is None else _configuration(sources.config, networks)
    manifests = {one.manifest_path.resolve() for one in networks}
    results = [path for path in sources.scores if path.resolve() not in manifests]
    return CardFacts(
        networks=networks,
        network=network,
        config=plain_config(network),
        label=None if experiment is None else experiment.variants[network.name].label,
        licence=licence_of(sources.license),
        films=None if sources.titles is None or network.untrained else summarise_films(sources.titles, network.titles),
        left_out=summarise_rejects(sources.rejected) if sources.rejected else None,
        scores=collect_scores(results, [one.identity for one in networks], experiment=experiment),
        versions=_versions(network),
    )


def _configuration(path: Path, networks: Sequence[Network]) -> Experiment:
    """Return the configuration, if it is the one that the networks were trained with. Raises `DubaugError` if not."""
    experiment = load(path)
    for network in networks:
        name, seed = network.name, network.spec.seed
        known = name in experiment.variants
        if not known or pretraining_digest(experiment, name, seed) != network.manifest.experiment:
            raise DubaugError(
                f"{path} is another configuration than the one that {name} was trained with: give that one, or leave "
                "--config out (the card then has the tasks' bare names)"
            )
    return experiment


def licence_of(text: str | None, flag: str = "--license") -> str | None:
    """Return a licence as Hugging Face has it, in lower case. Raises `DubaugError` for other text."""
    if text is None or re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", text.lower()):
        return None if text is None else text.lower()
    raise DubaugError(
        f"{flag} {text!r}: give an identifier as Hugging Face has them, such as apache-2.0, cc-by-nc-4.0 or other"
    )


def _versions(network: Network) -> str:
    """Return the versions of what makes and exports the network, dubaug's with its commit where it has one."""
    names = ("torch", "torchaudio", *network.packages, "safetensors")
    packages = [f"{package} {importlib.metadata.version(package)}" for package in names]
    return ", ".join(
        [f"dubaug {code_version(__version__, git_commit())}", *packages, f"Python {platform.python_version()}"]
    )
