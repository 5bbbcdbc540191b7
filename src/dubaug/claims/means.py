"""Scores as a reader of a table sees them: the paper's own and a run's, and what they say of a comparison."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from dubaug.claims.comparison import Contrast, Judge, ScoreName, value_of
from dubaug.claims.logic import Truth
from dubaug.probe.results import Result, TaskResult
from dubaug.tables.published import read_published_scores

PRINTED_DECIMALS = 3
ROUNDING = 1e-9
Board = Mapping[ScoreName, float]


def published_board(folder: Path, table: str | None = None) -> Board:
    """Return the paper's scores (results.csv); where tables differ, those of `table`, else those printed first."""
    scores = read_published_scores(folder)
    first = [one for one in scores if one.table.lower() == (table or "").lower()]
    board: dict[ScoreName, float] = {}
    for one in (*first, *scores):
        board.setdefault(ScoreName(one.task, one.variant), one.mean)
    return board


def own_board(results: Mapping[Path, Result]) -> Board:
    """Return a run's scores from its result files: of every epoch probed, and of the last one without an epoch."""
    board: dict[ScoreName, float] = {}
    for _, cells, entry in entries(results):
        board.update(dict.fromkeys(cells, entry.mean))
    return board


def entries(results: Mapping[Path, Result]) -> Iterable[tuple[Path, list[ScoreName], TaskResult]]:
    """Yield each result file with the cells that each of its tasks' entries fills, and the entry."""
    for path, result in results.items():
        for task, entry in result.tasks.items():
            cell = ScoreName(task, result.variant, result.epoch)
            yield path, ([cell] if result.in_sweep else [cell, ScoreName(task, result.variant)]), entry


def by_means(board: Board) -> Judge:
    """Return the judge that compares scores as they are printed; unknown where one is missing."""

    def printed(cell: ScoreName) -> float | None:
        return round(board[cell], PRINTED_DECIMALS) if cell in board else None

    def judge(comparison: Contrast) -> Truth:
        value = value_of(comparison, printed)
        return None if value is None else value > comparison.margin + ROUNDING

    return judge
