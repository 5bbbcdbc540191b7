"""A plan as text for the terminal, Markdown, CSV or plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from dubaug.config import Experiment
from dubaug.markdown import escape, table_lines
from dubaug.plan.amounts import Amounts
from dubaug.plan.disk import Space
from dubaug.plan.estimate import Row, Total
from dubaug.tabular import csv_text

HOURS_MIN = 10.0
"""Plans of fewer core-hours are shown in minutes."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that is told."""

    experiment: Experiment
    amounts: Amounts
    rows: Sequence[Row]
    total: Total
    spaces: Sequence[Space]
    cores: int | None
    """Of the machine that runs all of it; None on a cluster."""
    machines: Mapping[str, str]
    """Of which machine the rates of a file are."""
    remarks: Sequence[str]


def to_text(plan: Plan) -> str:
    """Return the plan for a terminal."""
    cells = _table(plan)
    lines = [*_head(plan), "", *_aligned(cells), "", *_words(plan), "", *_disk_lines(plan.spaces), "", *_sources(plan)]
    return "\n".join(lines) + "\n"


def to_markdown(plan: Plan) -> str:
    """Return the plan as a page."""
    head, *cells = _table(plan)
    table = table_lines(head, "lrrrlrrrl", [list(map(escape, row)) for row in cells])
    spaces = [list(map(escape, _disk_cells(space))) for space in plan.spaces]
    disk = table_lines(("folder", "what", "size", "basis"), "llrl", spaces)
    told, words, sources = (map(escape, lines) for lines in (_head(plan), _words(plan), _sources(plan, bullet="- ")))
    parts = [told, [""], table, [""], words, [""], disk, [""], sources]
    return "\n".join(line for part in parts for line in part) + "\n"


def to_csv(plan: Plan) -> str:
    """Return a row a rule, with all figures in full."""
    return csv_text([field.name for field in fields(Row)], map(asdict, plan.rows))


def to_mapping(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain values."""
    corpus = {name: amount for name, amount in asdict(plan.amounts.corpus).items() if amount is not None}
    return {
        "scale": plan.experiment.scale,
        "films": corpus,
        "rules": [asdict(row) for row in plan.rows],
        "total": asdict(plan.total),
        "disk": [asdict(space) for space in plan.spaces],
        "remarks": list(plan.remarks),
    }


def _head(plan: Plan) -> list[str]:
    corpus = plan.amounts.corpus
    lines = [f"scale: {plan.experiment.scale}; {plan.total.jobs} jobs, as Snakemake counts them"]
    if corpus.titles is None or corpus.hours is None or corpus.clips is None:
        known = "not known" if corpus.titles is None else f"{corpus.titles.value:,.0f} ({corpus.titles.source})"
        lines.append(f"films: {known}; how long they are is said by --film-hours, beside --titles")
    else:
        lines.append(
            f"films: {corpus.titles.value:,.0f} titles, {corpus.hours.value:,.4g} h, {corpus.clips.value:,.0f} clips "
            f"({corpus.clips.source})"
        )
    return [*lines, *plan.remarks]


def _table(plan: Plan) -> list[tuple[str, ...]]:
    """Return the head, a line a rule, and the sum."""
    unit, factor = ("h", 1.0) if plan.total.core_hours >= HOURS_MIN else ("min", 60.0)
    head = ("rule", "jobs", "cores", "GPUs", "work", f"core {unit}", f"GPU {unit}", f"wall {unit}", "basis")
    return [head, *(_cells(row, factor) for row in plan.rows), _sum_cells(plan.total, factor)]


def _cells(row: Row, factor: float) -> tuple[str, ...]:
    basis = row.basis
    if row.unknown_jobs and row.unknown_jobs < row.jobs:
        basis = f"unknown for {row.unknown_jobs}"
    if row.note:
        basis = f"{basis} ({row.note})"
    at_least = "≥ " if row.basis == "bound" else ""
    amount = "?" if row.amount is None else f"{row.amount:,.4g}" if row.amount < 1000 else f"{row.amount:,.0f}"
    work = f"{amount} {row.unit}" if row.basis != "-" else ""
    values = (row.core_hours, row.gpu_hours if row.gpus else 0.0, row.wall_hours)
    times = [_hours(value, factor, at_least) for value in values]
    return (row.rule, str(row.jobs), str(row.threads), str(row.gpus), work, *times, basis)


def _sum_cells(total: Total, factor: float) -> tuple[str, ...]:
    at_least = "≥ " if total.unknown or total.bounds else ""
    times = [_hours(value, factor, at_least) for value in (total.core_hours, total.gpu_hours, total.wall_hours)]
    return ("sum", str(total.jobs), "", "", "", *times, "")


def _hours(hours: float | None, factor: float, at_least: str) -> str:
    """Return hours times a factor: three digits, no more than two behind the point."""
    if hours is None:
        return "?"
    value = hours * factor
    if not value:
        return "0"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{at_least}{value:,.{digits}f}" if value >= 0.01 else f"{at_least}<0.01"


def _words(plan: Plan) -> list[str]:
    total = plan.total
    at_least = "at least " if total.unknown or total.bounds else ""
    lines = [f"one after another: {at_least}{_time(total.wall_hours)} by the clock"]
    lines.append(
        f"longest chain, however many machines: {at_least}{_time(total.chain_hours)}: {' > '.join(total.chain)}"
    )
    if plan.cores:
        shortest = max(total.chain_hours, total.core_hours / plan.cores)
        lines.append(f"on this machine's {plan.cores} cores: {_time(shortest)} or more")
    if total.unknown:
        names = ", ".join(f"{rule} ({count})" for rule, count in total.unknown.items())
        lines.append(f"left out of the sums, for no rate or amount is known: {names}")
    if total.bounds:
        lines.append(f"bounds, not measured, so that it takes longer: {', '.join(total.bounds)}")
    return lines


def _time(hours: float) -> str:
    if hours < 1 / 60:
        return f"{3600 * hours:.0f} s"
    if hours < 1:
        return f"{60 * hours:.0f} min"
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.1f} days"


def _size(size_bytes: float | None) -> str:
    if size_bytes is None:
        return "?"
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.3g} {unit}"
    return f"{size_bytes / 1e3:.3g} kB"


def _disk_cells(space: Space) -> tuple[str, ...]:
    at_least = "≥ " if space.basis == "bound" else ""
    return (space.folder, space.what, at_least + _size(space.size_bytes), space.basis)


def _disk_lines(spaces: Sequence[Space]) -> list[str]:
    known = sum(space.size_bytes or 0.0 for space in spaces)
    lacking = [space.what for space in spaces if space.size_bytes is None]
    cells = [("folder", "what", "size", "basis"), *map(_disk_cells, spaces)]
    least = bool(lacking) or any(space.basis == "bound" for space in spaces)
    cells.append(("sum", "", ("≥ " if least else "") + _size(known), ""))
    notes = ["not in it: the films and data sets themselves, predictions, tables, MLflow's store"]
    if lacking:
        notes.append(f"left out of the sum, for nobody knows: {', '.join(lacking)}")
    return [*_aligned(cells, left=(0, 1, 3)), *notes]


def _sources(plan: Plan, bullet: str = "  ") -> list[str]:
    lines = ["where the rates are from:", *(f"{bullet}{file}: {machine}" for file, machine in plan.machines.items())]
    lines += [f"{bullet}{row.rule}: {row.source}" for row in plan.rows if row.source]
    lines += [f"{bullet}{space.what}: {space.source}" for space in plan.spaces if space.source]
    return lines


def _aligned(cells: Sequence[Sequence[str]], left: Sequence[int] = (0, 4, 8)) -> list[str]:
    """Return lines with columns that lie below each other: text to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
