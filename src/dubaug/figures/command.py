"""`dubaug figure-b1`, `dubaug figure-c2`, `dubaug figure-mels`."""

import argparse
from pathlib import Path

from dubaug.errors import DubaugError


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the stage's commands."""
    figure = subparsers.add_parser(
        "figure-c2",
        help="Figure C2: scores over pretraining epochs (HEAR's, and of other swept suites)",
        description="Draw Figure C2 as c2.pdf and c2.png, at a column's width as c2_column.pdf and c2_column.png, with "
        "its data as c2.csv and in words as c2.txt; variants with epochs of their own likewise as c2_long.",
    )
    figure.add_argument("--config", type=Path, required=True, help="the resolved configuration, results/config.yaml")
    figure.add_argument(
        "--results", nargs="+", type=Path, required=True, help="hear.json of all variants, which name their sweeps"
    )
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


def run_figure_c2(options: argparse.Namespace) -> None:
    """Draw the figure of the main runs, and of those with a length of their own, each at two widths with its data."""
    from dubaug.config import load
    from dubaug.figures.c2 import ACROSS_TEXT, IN_COLUMN, draw, select, to_csv
    from dubaug.figures.names import sweep_figures
    from dubaug.probe.results import with_sweeps
    from dubaug.progress import log_line
    from dubaug.tables.scores import load_scores

    experiment, scores = load(options.config), load_scores(with_sweeps(options.results))
    figures = sweep_figures(experiment)
    if not figures:
        raise DubaugError(f"{options.config}: figure C2 needs variants that are trained")
    sweeps = {name: select(experiment, scores, variants) for name, variants in figures.items()}
    for name, sweep in sweeps.items():
        for task, reason in sweep.reasons.items():
            log_line(f"{name}: {task} has an empty panel: {reason}")
        draw(sweep, [options.out_dir / f"{name}.{form}" for form in ("pdf", "png", "txt")], ACROSS_TEXT)
        draw(sweep, [options.out_dir / f"{name}_column.{form}" for form in ("pdf", "png")], IN_COLUMN)
        to_csv(sweep, options.out_dir / f"{name}.csv")


def run_figure_b1(options: argparse.Namespace) -> None:
    """Draw the figure, and write the numbers in it beside it."""
    from dubaug.corpus.titles import read_titles
    from dubaug.figures.b1 import draw, survey, to_csv

    corpus = survey(read_titles(options.titles))
    draw(corpus, [options.out_dir / f"b1.{form}" for form in ("pdf", "png", "txt")])
    to_csv(corpus, options.out_dir / "b1.csv")


def run_figure_mels(options: argparse.Namespace) -> None:
    """Choose the clips and draw them; write which they are beside the figure."""
    from dubaug.figures.mels import choose, draw_clips, to_csv
    from dubaug.shards.index import ClipIndex

    if options.clips < 1:
        raise DubaugError(f"--clips {options.clips}: at least one clip can be drawn")
    index = ClipIndex.load(options.index)
    choices = choose(index, clips=options.clips, seed=options.seed)
    draw_clips(index, choices, [options.out_dir / f"mels.{form}" for form in ("pdf", "png", "txt")])
    to_csv(index, choices, options.out_dir / "mels.csv")
