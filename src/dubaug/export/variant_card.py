"""The model card of a variant: all its seeds are one card. The sections are those of an export's card."""

from collections.abc import Sequence
from dataclasses import dataclass

from dubaug.export import sections
from dubaug.export.card import front_matter, what_it_is
from dubaug.export.facts import CardFacts, versions_of
from dubaug.export.network import Network
from dubaug.export.sections import citation, duration, kind_of, markdown_table
from dubaug.export.training import training_section
from dubaug.words import plural


@dataclass(frozen=True, kw_only=True)
class VariantFacts:
    """All that the card says. `common` is of what all networks share, its scores are over all of them."""

    common: CardFacts
    networks: Sequence[Network]
    """By seed."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the networks, in rising order."""
        return tuple(network.spec.seed for network in self.networks)


def variant_card(facts: VariantFacts, *, data_card: str | None) -> str:
    """Return the card; `data_card` is the name of the file that says more of the data, if there is one."""
    common = facts.common
    network = common.network
    seeds = facts.seeds if len(facts.seeds) > 1 else ()
    more = f"More of the corpus is in [{data_card}]({data_card}).\n" if data_card else ""
    parts = [
        front_matter(common, again="make the card again with --license"),
        f"# {_headline(facts)}\n",
        what_it_is(common),
        *sections.warnings(network, common.scores),
        "## Use\n",
        sections.inputs(common.config),
        "`dubaug export` makes a folder of one network's weights, with the code that loads them; dubaug itself loads "
        "them by `dubaug.pretrain.checkpoint.load_encoders`.\n",
        "## Training data\n",
        sections.data(network, common.films, common.left_out),
        more,
        "## Training\n",
        training_section(network),
        "## Scores\n",
        sections.scores(network, common.scores, seeds=seeds),
        "## Intended use and limits\n",
        sections.limits(network),
        "## Networks and versions\n",
        _networks(facts),
        "## Citation\n",
        citation("these weights"),
    ]
    return "\n".join(part for part in parts if part)


def _headline(facts: VariantFacts) -> str:
    network = facts.common.network
    seeds = f"seed{'s' if len(facts.seeds) > 1 else ''} {', '.join(map(str, facts.seeds))}"
    if network.untrained:
        return f"{network.name}: {kind_of(network)} with random weights, {seeds}"
    return f"{network.name}: {kind_of(network)}, {plural(network.spec.epoch, 'epoch')}, {seeds}"


def _networks(facts: VariantFacts) -> str:
    """Return each seed's weights by their hash, and the versions of what wrote the card."""
    rows = [
        [
            str(network.spec.seed),
            f"`{network.checkpoint.path.name}`",
            f"`{network.checkpoint.sha256}`",
            f"`{network.spec.experiment}`",
            "none" if network.untrained else duration(network.manifest.seconds),
        ]
        for network in facts.networks
    ]
    table = markdown_table(["Seed", "Weights", "SHA-256", "Configuration", "Training"], rows, numbers_from=4)
    return f"{table}\nWritten with {versions_of(facts.common)}; the versions used in training are not recorded.\n"
