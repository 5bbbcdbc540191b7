"""`dubaug export`."""

import argparse
from pathlib import Path


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the stage's command."""
    parser = subparsers.add_parser(
        "export",
        help="a variant's encoders as a folder to hand on: weights, plain configuration, model card",
        description="Write a folder with a checkpoint's encoders as they are (encoders.safetensors), what is needed to "
        "use them without dubaug (config.json), a model card for Hugging Face (README.md) and SHA256SUMS. The card "
        "says what the given files say, and what is missing.",
    )
    parser.add_argument("--manifest", type=Path, required=True, help="manifest of the run: pretraining.json")
    parser.add_argument("--epoch", type=int, help="a kept epoch (default: the last)")
    parser.add_argument(
        "--scores",
        nargs="+",
        type=Path,
        default=[],
        metavar="RESULT",
        help="result files of this run: results/efj/*.json; other epochs' are left out, another run's refused",
    )
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
    parser.add_argument("--out", type=Path, required=True, help="the folder to write: new, or empty")
    parser.add_argument("--force", action="store_true", help="replace an earlier export at --out; nothing else ever is")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Export, and say what."""
    from dubaug.export.folder import Sources, export
    from dubaug.progress import say

    sources = Sources(
        manifest=options.manifest,
        epoch=options.epoch,
        scores=options.scores,
        titles=options.titles,
        rejected=options.rejected,
        config=options.config,
        licence=options.license,
    )
    spec = export(sources, options.out, force=options.force).spec
    say(f"{spec.variant}, epoch {spec.epoch}, seed {spec.seed} exported to {options.out}: see its README.md")
