"""`dubaug report`."""

import argparse
from pathlib import Path
from typing import Any


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the stage's command."""
    parser = subparsers.add_parser(
        "report",
        help="one self-contained HTML page of a run: claims, tables, figures, films, runtimes",
        description="Write one HTML file that needs no other and loads nothing: the claims first, then tables, "
        "figures, films, comparisons, training, runtimes, configuration, versions and licences. A part that is not "
        "given or not there has a sentence in its place.",
    )
    parser.add_argument("--config", type=Path, required=True, help="the resolved configuration, results/config.yaml")
    parser.add_argument("--claims", type=Path, help="the paper's claims and their verdicts, claims.json")
    several: dict[str, Any] = {"nargs": "*", "type": Path, "default": []}
    table_help = "HTML fragments, in the page's order: table1.html; table1_vs_paper.html is shown below table1.html"
    parser.add_argument("--tables", **several, metavar="FRAGMENT", help=table_help)
    figure_help = "in the page's order; words for those who do not see them come from the .txt beside each"
    parser.add_argument("--figures", **several, metavar="PNG", help=figure_help)
    parser.add_argument("--titles", type=Path, help="titles selected, titles.csv")
    parser.add_argument("--subsets", type=Path, help="titles found by set of languages, subsets.csv")
    parser.add_argument("--rejected", **several, metavar="LIST", help="rejected.csv, and others")
    parser.add_argument("--alignment", type=Path, help="where each dub lies beside its film, alignment.csv")
    parser.add_argument("--alignment-figure", type=Path, metavar="PNG", help="the same as a figure")
    parser.add_argument("--comparisons", type=Path, help="paired tests between variants, comparisons.csv")
    parser.add_argument("--manifests", **several, help="of the trainings, pretraining.json")
    parser.add_argument("--metrics", **several, help="of the trainings, metrics.jsonl: one each, in the same order")
    parser.add_argument("--results", **several, help="result files, for commits and tasks")
    parser.add_argument("--benchmarks", **several, metavar="FOLDER", help="folders of Snakemake's benchmark files")
    parser.add_argument("--paper-scale", type=Path, help="workflow/config/paper.yaml, to say what is smaller")
    parser.add_argument("--out", type=Path, required=True, help="the page, report.html")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Read what is there, and write the page."""
    from dubaug.config import load
    from dubaug.files import write_text
    from dubaug.progress import log_line
    from dubaug.report.build import ReportSources, build

    experiment = load(options.config)
    given = {
        name: value
        for name, value in vars(options).items()
        if name in ReportSources.__dataclass_fields__ and name not in ("experiment", "configuration", "out_dir")
    }
    page = build(
        ReportSources(
            experiment=experiment,
            configuration=options.config.read_text(encoding="utf-8"),
            out_dir=options.out.parent,
            **given,
        )
    )
    write_text(options.out, page)
    log_line(f"{options.out}: {len(page.encode()) / 2**20:.1f} MiB, one file; open it in any browser")
