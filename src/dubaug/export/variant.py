"""The cards of a variant, all its seeds in one, from the files of its runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dubaug.corpus.subsets import read_subsets
from dubaug.corpus.titles import read_titles
from dubaug.errors import DubaugError
from dubaug.export.card import variant_card
from dubaug.export.corpus import summarise_alignment, summarise_losses
from dubaug.export.data_card import DataFacts, data_card
from dubaug.export.facts import CardFacts, CardSources, gather, licence_of
from dubaug.export.network import read_networks
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
    data_license: str | None = None
    """Of the films."""


def write_cards(sources: VariantSources, out_dir: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write MODEL_CARD.md, and for a trained variant DATA_CARD.md, into `out_dir`; return their paths.

    Raises `DubaugError` if `out_dir` is a file, if a card is there and `force` is not given (cards are there to be
    edited), and for sources that do not belong together.
    """
    if out_dir.exists() and not out_dir.is_dir():
        raise DubaugError(f"--out-dir {out_dir} is a file: give the name of a folder")
    standing = [path for path in (out_dir / MODEL_CARD, out_dir / DATA_CARD) if path.exists()]
    if standing and not force:
        raise DubaugError(f"{standing[0]} is there already: give --force to replace it, with what was filled in")
    facts = gather(read_networks(sources.manifests), sources)
    trained = not facts.network.untrained
    cards = {out_dir / MODEL_CARD: variant_card(facts, data_card=DATA_CARD if trained else None)}
    if trained:
        cards[out_dir / DATA_CARD] = data_card(_data_facts(sources, facts))
    for path, text in cards.items():
        write_text(path, text)
    return tuple(cards)


def _data_facts(sources: VariantSources, model: CardFacts) -> DataFacts:
    return DataFacts(
        network=model.network,
        licence=licence_of(sources.data_license, "--data-license"),
        films=model.films,
        found=None if sources.catalogue is None else read_titles(sources.catalogue),
        subsets=None if sources.subsets is None else read_subsets(sources.subsets),
        dubs=summarise_alignment(sources.alignment) if sources.alignment else None,
        losses=summarise_losses(sources.rejected) if sources.rejected else None,
        versions=model.versions,
    )
