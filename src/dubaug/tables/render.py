"""A table as data, its tidy CSV, and Markdown; LaTeX is in `latex`, HTML in `fragment`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from dubaug.markdown import escape, table_lines

Mark = Literal["best", "lowest", "highest"] | None
"""The worst is the lowest, or of a metric where lower is better the highest."""

TIE_DECIMALS = 9
"""Scores that agree to so many decimals tie: the same mean over folds may differ in its last bits."""
DASH = "–"
"""What a cell without a value shows; its `note` is the letter of the reason."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one cell shows; `mark` is drawn in the form's own way (bold, gray)."""

    text: str
    mark: Mark = None
    spreads: tuple[tuple[str, str], ...] = ()
    """Deviations behind the number: over what (`f` folds, `s` seeds; nothing where only folds occur), and how much."""
    note: str = ""
    """Letter of the note below the table that says why there is no value."""
    head: bool = False
    """Whether the cell names its row (or its `rows`)."""
    rows: int = 1
    """How many rows the cell stands for; those that it covers below are empty cells."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A heading over several columns."""

    label: str
    columns: int


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of the paper. `rows` are what is shown; a rule is drawn before the rows numbered in `rules`.

    `tidy` is the same content for programs: one observation a row, full precision.
    """

    name: str
    caption: str
    header: tuple[str, ...]
    alignment: str
    """Of the columns, as LaTeX names it."""
    rows: tuple[tuple[Cell, ...], ...]
    tidy_header: tuple[str, ...]
    tidy: tuple[tuple[str | float | int | None, ...], ...]
    beside_paper: bool = False
    """Whether this is the form with our numbers and the paper's side by side."""
    spans: tuple[Span, ...] = ()
    rules: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()
    """Rows before which there is some room, but no rule."""
    wide: bool = False
    """Whether it needs both columns of a two-column page."""
    notes: tuple[tuple[str, str], ...] = ()
    """Letter and text of the notes that cells point to; the letter is empty for notes on the whole table."""
    footer: tuple[str, ...] = ()
    """What the run does otherwise than the paper; the same under all tables of a run."""

    @property
    def title(self) -> str:
        """`Table 1`, `Table 1 beside the paper`."""
        return f"Table {self.name}{' beside the paper' if self.beside_paper else ''}"

    @property
    def identifier(self) -> str:
        """`table-1`, `table-1-vs-paper`: its name in links."""
        return f"table-{self.name.lower()}{'-vs-paper' if self.beside_paper else ''}"

    @property
    def sides(self) -> str:
        """The side that each column is aligned to: l, c or r."""
        return re.sub(r"p\{[^}]*\}", "l", self.alignment)

    @property
    def marked(self) -> bool:
        """Whether any cell is marked as best or worst."""
        return any(cell.mark for row in self.rows for cell in row)

    @property
    def worst(self) -> str:
        """What the legend calls those that are marked as worst: `lowest`, unless lower is better somewhere."""
        return "worst" if any(cell.mark == "highest" for row in self.rows for cell in row) else "lowest"


def number(value: float) -> str:
    """Return a score as the paper prints it: three decimals, no leading zero."""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def signed(value: float) -> str:
    """Return a difference: `+.012`, `−.012`, `.000` for what rounds to nothing."""
    text = number(abs(value))
    return text if float(text) == 0 else f"{'+' if value > 0 else '−'}{text}"


def marks(values: Sequence[float | None], better: Literal["higher", "lower"]) -> list[Mark]:
    """Return the mark of each value: the best and the worst (all that tie); none if all are equal."""
    rounded = [None if value is None else round(value, TIE_DECIMALS) for value in values]
    present = [value for value in rounded if value is not None]
    if len(set(present)) < 2:
        return [None] * len(values)
    low, high = min(present), max(present)
    found: Mapping[float, Mark] = (
        {low: "lowest", high: "best"} if better == "higher" else {low: "best", high: "highest"}
    )
    return [None if value is None else found.get(value) for value in rounded]


def to_csv(table: Table) -> str:
    """Return the tidy form as CSV: full precision, whole numbers whole, an empty field where there is no value."""
    frame = pd.DataFrame(table.tidy, columns=list(table.tidy_header))
    columns = zip(table.tidy_header, zip(*table.tidy, strict=True), strict=False)
    whole = [name for name, values in columns if all(value is None or isinstance(value, int) for value in values)]
    text: str = frame.astype(dict.fromkeys(whole, "Int64")).to_csv(index=False, lineterminator="\n")
    return text


def to_markdown(table: Table) -> str:
    """Return a GitHub table: best bold, worst in italics (GitHub shows no gray)."""
    legend = f" Best in bold, {table.worst} in italics." if table.marked else ""
    lines = [f"**{escape(table.title)}.** {escape(table.caption)}{legend}", ""]
    groups = [span.label for span in table.spans for _ in range(span.columns)] or [""] * len(table.header)
    heads = zip(groups, table.header, strict=True)
    header = [f"{escape(group)}<br>{escape(name)}" if group else escape(name) for group, name in heads]
    lines += table_lines(header, table.sides, ([_markdown_cell(cell) for cell in row] for row in table.rows))
    below = [*(f"{letter}: {text}" if letter else text for letter, text in table.notes), *table.footer]
    return "\n".join([*lines, *([""] if below else []), *(f"<sub>{escape(line)}</sub><br>" for line in below)]) + "\n"


def _markdown_cell(cell: Cell) -> str:
    text = escape(cell.text)
    for over, size in cell.spreads:
        text += f" ±<sub>{over}</sub>{size}" if over else f"±{size}"
    if cell.mark:
        text = f"**{text}**" if cell.mark == "best" else f"*{text}*"
    return text + (f"<sup>{cell.note}</sup>" if cell.note else "")
