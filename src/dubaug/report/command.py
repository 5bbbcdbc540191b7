"""`dubaug tables`, `dubaug figure-b1`, `dubaug figure-c2`, `dubaug figure-mels`."""

import argparse
from pathlib import Path

from dubaug.errors import DubaugError

FORMS = ("csv", "md", "tex")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the stage's commands."""
    tables = subparsers.add_parser(
        "tables",
        help="the paper's tables from results",
        description="Write tables of the paper as table<NAME>.csv (tidy), .md and .tex.",
    )
    tables.add_argument("--config", type=Path, required=True, help="the resolved configuration, results/config.yaml")
    tables.add_argument("--tables", nargs="+", required=True, metavar="NAME", help="1 2 a1 a2 a3 b4 b5 d6")
    tables.add_argument("--results", nargs="*", type=Path, default=[], help="final result files (hear.json, ...)")
    tables.add_argument("--subsets", type=Path, help="counts by language, for table b4 (results/corpus/subsets.csv)")
    tables.add_argument("--paper", type=Path, required=True, help="folder of the paper's published numbers")
    tables.add_argument("--paper-scale", type=Path, help="workflow/config/paper.yaml, for the footer of smaller runs")
    tables.add_argument("--out-dir", type=Path, required=True)
    tables.set_defaults(run=run_tables)
    figure = subparsers.add_parser(
        "figure-c2",
        help="Figure C2: HEAR scores over pretraining epochs",
        description="Draw Figure C2 as c2.pdf and c2.png, with its data as c2.csv.",
    )
    figure.add_argument("--config", type=Path, required=True, help="the resolved configuration, results/config.yaml")
    figure.add_argument("--results", nargs="+", type=Path, required=True, help="hear.json of all variants and epochs")
    figure.add_argument("--out-dir", type=Path, required=True)
    figure.set_defaults(run=run_figure_c2)
    figure = subparsers.add_parser(
        "figure-b1",
        help="Figure B1: genres, years and durations of the selected titles",
        description="Draw Figure B1 as b1.pdf and b1.png, with its data as b1.csv.",
    )
    figure.add_argument("--titles", type=Path, required=True, help="the titles selected (results/corpus/titles.csv)")
    figure.add_argument("--out-dir", type=Path, required=True)
    figure.set_defaults(run=run_figure_b1)
    figure = subparsers.add_parser(
        "figure-mels",
        help="example clips: stills and the log-mel of each track",
        description="Draw clips with speech, of titles drawn at random, as mels.pdf and mels.png; which they are, as "
        "mels.csv.",
    )
    figure.add_argument("--index", type=Path, required=True, help="the clip index (results/corpus/clips.json)")
    figure.add_argument("--clips", type=int, default=3, help="how many, each of another title (default 3)")
    figure.add_argument("--seed", type=int, default=0, help="another seed draws other titles (default 0)")
    figure.add_argument("--out-dir", type=Path, required=True)
    figure.set_defaults(run=run_figure_mels)


def run_tables(options: argparse.Namespace) -> None:
    """Build and write each table in its three forms."""
    import yaml

    from dubaug.config import load
    from dubaug.files import write_text
    from dubaug.report.footer import scale_footer
    from dubaug.report.render import to_csv, to_latex, to_markdown
    from dubaug.report.scores import load_scores
    from dubaug.report.tables import Sources, build

    experiment = load(options.config)
    paper = yaml.safe_load(options.paper_scale.read_text(encoding="utf-8")) if options.paper_scale else None
    sources = Sources(
        experiment=experiment,
        scores=load_scores(options.results),
        subsets=options.subsets,
        paper_dir=options.paper,
        footer=scale_footer(experiment, paper) if paper else (),
    )
    for name in options.tables:
        table = build(name, sources)
        for form, render in zip(FORMS, (to_csv, to_markdown, to_latex), strict=True):
            write_text(options.out_dir / f"table{name}.{form}", render(table))


def run_figure_c2(options: argparse.Namespace) -> None:
    """Draw the figure, and write the numbers in it beside it."""
    from dubaug.config import load
    from dubaug.report.figure_c2 import draw, to_csv
    from dubaug.report.scores import load_scores

    experiment, scores = load(options.config), load_scores(options.results)
    draw(experiment, scores, [options.out_dir / "c2.pdf", options.out_dir / "c2.png"])
    to_csv(scores, options.out_dir / "c2.csv")


def run_figure_b1(options: argparse.Namespace) -> None:
    """Draw the figure, and write the numbers in it beside it."""
    from dubaug.corpus.titles import read_titles
    from dubaug.report.figure_b1 import draw, survey, to_csv

    corpus = survey(read_titles(options.titles))
    draw(corpus, [options.out_dir / "b1.pdf", options.out_dir / "b1.png"])
    to_csv(corpus, options.out_dir / "b1.csv")


def run_figure_mels(options: argparse.Namespace) -> None:
    """Choose the clips and draw them; write which they are beside the figure."""
    from dubaug.report.figure_mels import choose, draw_clips, to_csv
    from dubaug.shards.index import ClipIndex

    if options.clips < 1:
        raise DubaugError(f"--clips {options.clips}: at least one clip can be drawn")
    index = ClipIndex.load(options.index)
    choices = choose(index, clips=options.clips, seed=options.seed)
    draw_clips(index, choices, [options.out_dir / "mels.pdf", options.out_dir / "mels.png"])
    to_csv(index, choices, options.out_dir / "mels.csv")
