"""What tables are made from in tests, and their tidy form as rows."""

import csv
import io
from pathlib import Path

from dubaug.config import Experiment
from dubaug.tables.render import Table, to_csv
from dubaug.tables.scores import load_scores
from dubaug.tables.sources import Sources

PAPER = Path(__file__).parents[2] / "workflow/resources/paper"


def sources_of(
    experiment: Experiment, paths: list[Path], subsets: Path | None = None, footer: tuple[str, ...] = ()
) -> Sources:
    return Sources(experiment=experiment, scores=load_scores(paths), subsets=subsets, paper_dir=PAPER, footer=footer)


def rows_of(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(table))))


def published() -> list[dict[str, str]]:
    """The paper's scores."""
    return list(csv.DictReader((PAPER / "results.csv").open(encoding="utf-8")))
