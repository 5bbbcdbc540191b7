"""`dubaug compare`."""

import argparse
from pathlib import Path


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the stage's command."""
    compare = subparsers.add_parser(
        "compare",
        help="paired tests between variants on the same test items",
        description="Compare variants item by item and seed by seed, from the predictions beside their results: the "
        "difference of their scores, its interval and p by one and the same distribution; p-values are corrected "
        "(Holm) over all comparisons made. With one seed the comparison is of these trainings.",
    )
    compare.add_argument("--results", nargs="+", type=Path, required=True, help="result files of the variants")
    which = compare.add_mutually_exclusive_group(required=True)
    which.add_argument("--pairs", nargs="+", type=_pair, metavar="A=B", help="variants to compare: A less B")
    which.add_argument(
        "--config", type=Path, help="instead: each dub-augmented variant of results/config.yaml with its baseline"
    )
    compare.add_argument("--out", type=Path, required=True, help="the comparisons, CSV")
    compare.add_argument("--json", type=Path, help="the same as JSON, with what they were made from")
    compare.set_defaults(run=run_compare)


def run_compare(options: argparse.Namespace) -> None:
    """Compare the pairs that the flags or the configuration ask for."""
    from dubaug.comparisons.compare import compare, default_pairs, to_csv, to_mapping
    from dubaug.config import load
    from dubaug.files import write_json, write_text
    from dubaug.probe.results import read_result

    pairs = options.pairs or default_pairs(load(options.config))
    results = {path: read_result(path) for path in options.results}
    comparisons = compare(results, pairs)
    write_text(options.out, to_csv(comparisons))
    if options.json:
        write_json(options.json, to_mapping(comparisons, results))


def _pair(text: str) -> tuple[str, str]:
    first, _, second = text.partition("=")
    if not first or not second or first == second:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected two variants, for instance efj=av")
    return first, second
