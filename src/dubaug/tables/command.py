"""`dubaug tables`."""

import argparse
from pathlib import Path


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the stage's command."""
    tables = subparsers.add_parser(
        "tables",
        help="the paper's tables from results",
        description="Write tables of the paper as table<NAME>.csv (tidy), .md, .tex and .html (a piece of a page), and "
        "beside the paper's numbers, where it has any, as table<NAME>_vs_paper, in the same forms.",
    )
    tables.add_argument("--config", type=Path, required=True, help="the resolved configuration, results/config.yaml")
    tables.add_argument(
        "--tables", nargs="+", required=True, metavar="NAME", help="1 2 a1 a2 a3 b4 b5 d6, or a suite's"
    )
    tables.add_argument("--results", nargs="*", type=Path, default=[], help="final result files (hear.json, ...)")
    tables.add_argument("--subsets", type=Path, help="counts by language, for table b4 (results/corpus/subsets.csv)")
    tables.add_argument("--titles", type=Path, help="the films (results/corpus/titles.csv), for the footer")
    tables.add_argument("--paper", type=Path, required=True, help="folder of the paper's published numbers")
    tables.add_argument("--paper-scale", type=Path, help="workflow/config/paper.yaml, for the footer")
    tables.add_argument("--out-dir", type=Path, required=True)
    tables.set_defaults(run=run_tables)


def run_tables(options: argparse.Namespace) -> None:
    """Build each table, by itself and beside the paper's numbers, and write it in every form."""
    from dubaug.config import load
    from dubaug.files import write_text
    from dubaug.progress import log_line
    from dubaug.tables.footer import run_footer
    from dubaug.tables.fragment import to_html
    from dubaug.tables.latex import to_latex
    from dubaug.tables.render import to_csv, to_markdown
    from dubaug.tables.scores import load_scores
    from dubaug.tables.sources import Sources
    from dubaug.tables.tables import build
    from dubaug.tables.versus import build_beside_paper

    experiment = load(options.config)
    sources = Sources(
        experiment=experiment,
        scores=load_scores(options.results),
        subsets=options.subsets,
        paper_dir=options.paper,
        footer=run_footer(experiment, options.paper_scale, options.titles) if options.paper_scale else (),
    )
    for task, reason in sources.scores.missing.items():
        log_line(f"{task} has empty cells: {reason}")
    forms = {"csv": to_csv, "md": to_markdown, "tex": to_latex, "html": to_html}
    for name in options.tables:
        beside = build_beside_paper(name, sources)
        for table, suffix in ((build(name, sources), ""), *(((beside, "_vs_paper"),) if beside else ())):
            for form, render in forms.items():
                write_text(options.out_dir / f"table{name}{suffix}.{form}", render(table))
