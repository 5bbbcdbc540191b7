"""What a card says of networks, put together from the files that it is made of."""

import importlib.metadata
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubaug.config import Experiment, load
from dubaug.errors import DubaugError
from dubaug.export.corpus import Films, LeftOut, summarise_films, summarise_rejects
from dubaug.export.network import Network
from dubaug.export.plain import plain_config
from dubaug.export.scores import TaskScore
from dubaug.pretrain.experiment import pretraining_digest
from dubaug.provenance import code_version


@dataclass(frozen=True, kw_only=True)
class CardSources:
    """The files that any card of networks is made of; what is not given, the card says is not given."""

    scores: Sequence[Path] = ()
    """Result files; manifests among them are passed over (`results/efj/*.json`)."""
    titles: Path | None = None
    """The corpus's titles.csv: those selected."""
    rejected: Sequence[Path] = ()
    """Reject lists."""
    config: Path | None = None
    """The results' configuration, for labels and for which tasks are generated."""
    licence: str | None = None
    """Of the weights."""

    def results(self, manifests: Sequence[Path]) -> list[Path]:
        """Return `scores` without the manifests."""
        passed_over = {path.resolve() for path in manifests}
        return [path for path in self.scores if path.resolve() not in passed_over]


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """All that the card says."""

    network: Network
    config: Mapping[str, Any]
    """`config.json`."""
    label: str | None
    """The variant's, as the tables have it, where it is known."""
    licence: str | None
    films: Films | None
    left_out: LeftOut | None
    scores: Sequence[TaskScore]
    versions: Mapping[str, str]
    """Of what exported it: package to version."""


def gather(
    network: Network, sources: CardSources, *, experiment: Experiment | None, scores: Sequence[TaskScore]
) -> CardFacts:
    """Return the facts on a network. Raises `DubaugError` for sources that do not belong to it."""
    return CardFacts(
        network=network,
        config=plain_config(network),
        label=None if experiment is None else experiment.variants[network.name].label,
        licence=licence_of(sources.licence),
        films=None if sources.titles is None or network.untrained else summarise_films(sources.titles, network.titles),
        left_out=summarise_rejects(sources.rejected) if sources.rejected else None,
        scores=scores,
        versions=package_versions(network),
    )


def configuration_of(path: Path, network: Network) -> Experiment:
    """Return the configuration, if it is the one that the network was trained with. Raises `DubaugError` if not."""
    experiment, spec = load(path), network.spec
    known = spec.variant in experiment.variants
    if not known or pretraining_digest(experiment, spec.variant, spec.seed) != network.manifest.experiment:
        raise DubaugError(
            f"{path} is another configuration than the one that {spec.variant} was trained with: give that one, or "
            "leave --config out (the card then has the tasks' bare names)"
        )
    return experiment


def licence_of(text: str | None, flag: str = "--license") -> str | None:
    """Return a licence as Hugging Face has it, in lower case. Raises `DubaugError` for other text."""
    if text is None or re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", text.lower()):
        return None if text is None else text.lower()
    raise DubaugError(
        f"{flag} {text!r}: give an identifier as Hugging Face has them, such as apache-2.0, cc-by-nc-4.0 or other"
    )


def package_versions(network: Network) -> dict[str, str]:
    """Return the versions of what makes and exports the network, dubaug's with its commit where it has one."""
    names = ("torch", "torchaudio", *network.packages, "safetensors")
    packages = {package: importlib.metadata.version(package) for package in names}
    return {"dubaug": code_version(), **packages, "Python": platform.python_version()}


def versions_of(facts: CardFacts) -> str:
    """Return `dubaug 0.1.0, torch ...`."""
    return ", ".join(f"{package} {version}" for package, version in facts.versions.items())
