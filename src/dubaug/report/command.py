"""`dubaug compare`, `dubaug tables`, `dubaug figure-b1`, `dubaug figure-c2`, `dubaug figure-mels`."""

import argparse
from pathlib import Path

from dubaug.errors import DubaugError


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the stage's commands."""
    compare = subparsers.add_parser(
        "compare",
        help="paired tests between variants on the same test items",
        description="Compare variants item by item, from the predictions beside their results: McNemar's exact test "
        "for accuracy, a paired bootstrap for other metrics and for several seeds; p-values are corrected (Holm) over "
        "all comparisons made.",
    )
    compare.add_argument("--results", nargs="+", type=Path, required=True, help="result files of the variants")
    which = compare.add_mutually_exclusive_group(required=True)
    which.add_argument("--pairs", nargs="+", type=_pair, metavar="A=B", help="variants to compare: A less B")
    which.add_argument(
        "--config", type=Path, help="instead: each dub-augmented variant of results/config.yaml with its baseline"
    )
    compare.add_argument("--resamples", type=int, default=10000, help="of the bootstrap (default 10000)")
    compare.add_argument("--out", type=Path, required=True, help="the comparisons, CSV")
    compare.add_argument("--json", type=Path, help="the same as JSON, with what they were made from")
    compare.set_defaults(run=run_compare)
    tables = subparsers.add_parser(
        "tables",
        help="the paper's tables from results",
        description="Write tables of the paper as table<NAME>.csv (tidy), .md, .tex and .html (a piece of a page), and "
        "beside the paper's numbers as table<NAME>_vs_paper, in the same forms.",
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
        description="Draw Figure C2 as c2.pdf and c2.png, at a column's width as c2_column.pdf and c2_column.png, with "
        "its data as c2.csv and in words as c2.txt; variants with epochs of their own likewise as c2_long.",
    )
    figure.add_argument("--config", type=Path, required=True, help="the resolved configuration, results/config.yaml")
    figure.add_argument("--results", nargs="+", type=Path, required=True, help="hear.json of all variants and epochs")
    figure.add_argument("--out-dir", type=Path, required=True)
    figure.set_defaults(run=run_figure_c2)
    figure = subparsers.add_parser(
        "figure-b1",
        help="Figure B1: genres, years and durations of the selected titles",
        description="Draw Figure B1 as b1.pdf and b1.png, with its data as b1.csv and in words as b1.txt.",
    )
    figure.add_argument("--titles", type=Path, required=True, help="the titles selected (results/corpus/titles.csv)")
    figure.add_argument("--out-dir", type=Path, required=True)
    figure.set_defaults(run=run_figure_b1)
    figure = subparsers.add_parser(
        "figure-mels",
        help="example clips: stills and the log-mel of each track",
        description="Draw clips with speech, of titles drawn at random, as mels.pdf and mels.png; which they are, as "
        "mels.csv; the figure in words, as mels.txt.",
    )
    figure.add_argument("--index", type=Path, required=True, help="the clip index (results/corpus/clips.json)")
    figure.add_argument("--clips", type=int, default=3, help="how many, each of another title (default 3)")
    figure.add_argument("--seed", type=int, default=0, help="another seed draws other titles (default 0)")
    figure.add_argument("--out-dir", type=Path, required=True)
    figure.set_defaults(run=run_figure_mels)


def run_compare(options: argparse.Namespace) -> None:
    """Compare the pairs that the flags or the configuration ask for."""
    from dubaug.config import load
    from dubaug.files import write_json, write_text
    from dubaug.probe.results import read_result
    from dubaug.progress import say
    from dubaug.report.compare import compare, default_pairs, to_csv, to_mapping

    if options.resamples < 1:
        raise DubaugError(f"--resamples {options.resamples}: at least one is needed")
    pairs = options.pairs or default_pairs(load(options.config))
    results = {path: read_result(path) for path in options.results}
    comparisons = compare(results, pairs, resamples=options.resamples)
    by_bootstrap = any(comparison.test == "bootstrap" for comparison in comparisons)
    if by_bootstrap and len(comparisons) / (options.resamples + 1) > 0.05:
        say(f"{len(comparisons)} comparisons: more --resamples, or no corrected p of a bootstrap can be below 0.05")
    write_text(options.out, to_csv(comparisons))
    if options.json:
        write_json(options.json, to_mapping(comparisons, results, resamples=options.resamples))


def _pair(text: str) -> tuple[str, str]:
    first, _, second = text.partition("=")
    if not first or not second or first == second:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected two variants, for instance efj=av")
    return first, second


def run_tables(options: argparse.Namespace) -> None:
    """Build each table, by itself and beside the paper's numbers, and write it in every form."""
    import yaml

    from dubaug.config import load
    from dubaug.files import write_text
    from dubaug.progress import say
    from dubaug.report.footer import scale_footer
    from dubaug.report.fragment import to_html
    from dubaug.report.latex import to_latex
    from dubaug.report.render import to_csv, to_markdown
    from dubaug.report.scores import load_scores
    from dubaug.report.sources import Sources
    from dubaug.report.tables import build
    from dubaug.report.versus import build_beside_paper

    experiment = load(options.config)
    paper = yaml.safe_load(options.paper_scale.read_text(encoding="utf-8")) if options.paper_scale else None
    sources = Sources(
        experiment=experiment,
        scores=load_scores(options.results),
        subsets=options.subsets,
        paper_dir=options.paper,
        footer=scale_footer(experiment, paper) if paper else (),
    )
    for task, reason in sources.scores.missing.items():
        say(f"{task} has empty cells: {reason}")
    forms = {"csv": to_csv, "md": to_markdown, "tex": to_latex, "html": to_html}
    for name in options.tables:
        for table, suffix in ((build(name, sources), ""), (build_beside_paper(name, sources), "_vs_paper")):
            for form, render in forms.items():
                write_text(options.out_dir / f"table{name}{suffix}.{form}", render(table))


def run_figure_c2(options: argparse.Namespace) -> None:
    """Draw the figure of the main runs, and of those with a length of their own, each at two widths with its data."""
    from dubaug.config import load
    from dubaug.progress import say
    from dubaug.report.figure_c2 import ACROSS_TEXT, IN_COLUMN, draw, select, to_csv
    from dubaug.report.figure_names import sweep_figures
    from dubaug.report.scores import load_scores

    experiment, scores = load(options.config), load_scores(options.results)
    figures = sweep_figures(experiment)
    if not figures:
        raise DubaugError(f"{options.config}: figure C2 needs variants that are trained")
    sweeps = {name: select(experiment, scores, variants) for name, variants in figures.items()}
    for name, sweep in sweeps.items():
        for task, reason in sweep.reasons.items():
            say(f"{name}: {task} has an empty panel: {reason}")
        draw(sweep, [options.out_dir / f"{name}.{form}" for form in ("pdf", "png", "txt")], ACROSS_TEXT)
        draw(sweep, [options.out_dir / f"{name}_column.{form}" for form in ("pdf", "png")], IN_COLUMN)
        to_csv(sweep, options.out_dir / f"{name}.csv")


def run_figure_b1(options: argparse.Namespace) -> None:
    """Draw the figure, and write the numbers in it beside it."""
    from dubaug.corpus.titles import read_titles
    from dubaug.report.figure_b1 import draw, survey, to_csv

    corpus = survey(read_titles(options.titles))
    draw(corpus, [options.out_dir / f"b1.{form}" for form in ("pdf", "png", "txt")])
    to_csv(corpus, options.out_dir / "b1.csv")


def run_figure_mels(options: argparse.Namespace) -> None:
    """Choose the clips and draw them; write which they are beside the figure."""
    from dubaug.report.figure_mels import choose, draw_clips, to_csv
    from dubaug.shards.index import ClipIndex

    if options.clips < 1:
        raise DubaugError(f"--clips {options.clips}: at least one clip can be drawn")
    index = ClipIndex.load(options.index)
    choices = choose(index, clips=options.clips, seed=options.seed)
    draw_clips(index, choices, [options.out_dir / f"mels.{form}" for form in ("pdf", "png", "txt")])
    to_csv(index, choices, options.out_dir / "mels.csv")
