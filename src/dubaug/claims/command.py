"""`dubaug claims`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dubaug.config import Experiment


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the stage's command."""
    parser = subparsers.add_parser(
        "claims",
        help="the paper's claims, judged by its numbers and by a run's results",
        description="Judge what the paper states (claims.yaml in the paper's folder) twice: by the means, as a reader "
        "of the tables would, and by the evidence of paired tests on the test items.",
    )
    parser.add_argument("--config", type=Path, required=True, help="the resolved configuration, results/config.yaml")
    parser.add_argument(
        "--results",
        nargs="*",
        type=Path,
        default=[],
        help="result files of all variants; those of the sweeps that they name are read, too",
    )
    parser.add_argument("--paper", type=Path, required=True, help="folder of the paper's numbers and claims")
    parser.add_argument("--titles", type=Path, help="the films (results/corpus/titles.csv), to say how many they are")
    parser.add_argument("--paper-scale", type=Path, help="workflow/config/paper.yaml, to say what is other here")
    parser.add_argument("--out", type=Path, required=True, help="the verdicts, JSON")
    parser.add_argument("--markdown", type=Path, required=True, help="the same for people")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Judge all claims, write them, and say how many hold."""
    from collections import Counter

    from dubaug.claims.claims import read_claims, read_slips
    from dubaug.claims.evidence import comparisons_of, load_samples
    from dubaug.claims.file import Claims, Slip, write_claims
    from dubaug.claims.means import own_board, published_board
    from dubaug.claims.numbers import Names
    from dubaug.claims.render import meaning, to_markdown
    from dubaug.claims.verdicts import judge, slip_found
    from dubaug.config import load
    from dubaug.files import write_text
    from dubaug.probe.results import read_result, with_sweeps
    from dubaug.progress import log_line
    from dubaug.tables.footer import run_footer

    experiment = load(options.config)
    names = Names(
        tasks={name: task.label for name, task in experiment.tasks.items()},
        variants={name: variant.label for name, variant in experiment.variants.items()},
    )
    results = {path: read_result(path) for path in with_sweeps(options.results)}
    claims = read_claims(options.paper, _epochs(experiment))
    published = {table: published_board(options.paper, table) for table in {claim.table for claim in claims}}
    own = own_board(results)
    cells = {cell for claim in claims for one in comparisons_of(claim.predicate) for cell in one.cells}
    samples = load_samples(results, cells)
    generated = [task for task in experiment.tasks if experiment.generates(task)]
    judged = tuple(judge(claim, published[claim.table], own, samples, names, generated=generated) for claim in claims)
    slips = tuple(
        Slip(where=slip["where"], slip=slip["slip"], found=slip_found(slip.get("check"), options.paper))
        for slip in read_slips(options.paper)
    )
    written = Claims(meaning=meaning(judged), claims=judged, slips=slips)
    footer = run_footer(experiment, options.paper_scale, options.titles) if options.paper_scale else ()
    write_claims(options.out, written)
    write_text(options.markdown, to_markdown(written, footer))
    counts = Counter(one.run.verdict for one in judged)
    log_line(f"{len(judged)} claims by the evidence: " + ", ".join(f"{count} {word}" for word, count in counts.items()))


def _epochs(experiment: "Experiment") -> tuple[int, ...]:
    """Return the checkpoints that all of the main variants keep."""
    from dubaug.tables.layout import main_variants

    kept = [set(experiment.checkpoints_of(name)) for group in main_variants(experiment) for name in group]
    return tuple(sorted(set.intersection(*kept))) if kept else ()
