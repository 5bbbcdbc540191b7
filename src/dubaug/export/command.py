"""`dubaug export` and `dubaug card`."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from dubaug.export.facts import CardSources

Sources = TypeVar("Sources", bound="CardSources")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the stage's commands."""
    _register_export(subparsers)
    _register_card(subparsers)


def _register_export(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "export",
        help="a variant's encoders as a folder to hand on: weights, plain configuration, model card",
        description="Write a folder with a checkpoint's encoders as they are (encoders.safetensors), what is needed to "
        "use them without dubaug (config.json), a model card for Hugging Face (README.md) and SHA256SUMS. The card "
        "says what the given files say, and what is missing.",
    )
    parser.add_argument("--manifest", type=Path, required=True, help="manifest of the run: pretraining.json")
    parser.add_argument("--epoch", type=int, help="a kept epoch (default: the last)")
    _add_sources(
        parser, "result files of this run: results/efj/seed0/*.json; other epochs' are left out, another run's refused"
    )
    parser.add_argument("--out", type=Path, required=True, help="the folder to write: new, or empty")
    parser.add_argument("--force", action="store_true", help="replace an earlier export at --out; nothing else ever is")
    parser.set_defaults(run=run)


def _register_card(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "card",
        help="a variant's model card and data card, all its seeds in one",
        description="Write MODEL_CARD.md and, for a trained variant, DATA_CARD.md. They say what the given files say, "
        "and what is missing; what only the owner of the films knows, the data card asks for.",
    )
    parser.add_argument(
        "--manifest",
        dest="manifests",
        nargs="+",
        type=Path,
        required=True,
        metavar="MANIFEST",
        help="manifests of the variant's runs, one a seed",
    )
    _add_sources(parser, "result files of the variant, which join all its seeds: results/efj/*.json")
    parser.add_argument("--catalogue", type=Path, help="the corpus's catalogue.csv: all films that can be read")
    parser.add_argument("--subsets", type=Path, help="the corpus's subsets.csv: titles by language (Table B4)")
    parser.add_argument(
        "--alignment", nargs="+", type=Path, default=[], metavar="TABLE", help="the corpus's alignment.csv"
    )
    parser.add_argument("--data-license", help="of the films, as Hugging Face writes it (default: asked for)")
    parser.add_argument("--out-dir", type=Path, required=True, help="the folder to write the cards into")
    parser.add_argument("--force", action="store_true", help="replace cards that are there, with what was filled in")
    parser.set_defaults(run=run_card)


def _add_sources(parser: argparse.ArgumentParser, scores: str) -> None:
    """Add the files that both commands take."""
    parser.add_argument("--scores", nargs="+", type=Path, default=[], metavar="RESULT", help=scores)
    parser.add_argument("--titles", type=Path, help="the corpus's titles.csv: years, genres, original languages")
    parser.add_argument(
        "--rejected",
        nargs="+",
        type=Path,
        default=[],
        metavar="LIST",
        help="the corpus's rejected.csv: what was unusable",
    )
    parser.add_argument(
        "--config", type=Path, help="results/config.yaml: names as in the tables, and which tasks are generated"
    )
    parser.add_argument("--license", help="of the weights, as Hugging Face writes it: apache-2.0 (default: left open)")


def run(options: argparse.Namespace) -> None:
    """Export, and say what."""
    from dubaug.export.folder import ExportSources, export
    from dubaug.progress import log_line

    spec = export(_given(ExportSources, options), options.out, force=options.force).spec
    log_line(f"{spec.variant}, epoch {spec.epoch}, seed {spec.seed} exported to {options.out}: see its README.md")


def run_card(options: argparse.Namespace) -> None:
    """Write the cards, and say where."""
    from dubaug.export.variant import VariantSources, write_cards
    from dubaug.progress import log_line

    for path in write_cards(_given(VariantSources, options), options.out_dir, force=options.force):
        log_line(f"wrote {path}")


def _given(sources: type[Sources], options: argparse.Namespace) -> Sources:
    """Return the sources, whose fields are called as the options are."""
    return sources(**{field.name: getattr(options, field.name) for field in fields(sources)})
