"""A table as data, and its three forms: tidy CSV, Markdown, LaTeX (booktabs)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Mark = Literal["best", "lowest"] | None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one cell shows; `mark` is drawn in the form's own way (bold, gray)."""

    text: str
    mark: Mark = None


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
    rows: tuple[tuple[Cell, ...], ...]
    tidy_header: tuple[str, ...]
    tidy: tuple[tuple[str | float | int | None, ...], ...]
    spans: tuple[Span, ...] = ()
    rules: tuple[int, ...] = ()
    alignment: str = ""
    footer: tuple[str, ...] = ()


def number(value: float) -> str:
    """Return a score as the paper prints it: three decimals, no leading zero."""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def marks(values: Sequence[float | None]) -> list[Mark]:
    """Return the mark of each value: the highest best, the lowest lowest (all that tie); none if all are equal."""
    present = [value for value in values if value is not None]
    if len(set(present)) < 2:
        return [None] * len(values)
    found: Mapping[float, Mark] = {min(present): "lowest", max(present): "best"}
    return [None if value is None else found.get(value) for value in values]


def to_frame(table: Table) -> pd.DataFrame:
    """Return the tidy form: one observation a row, full precision; whole numbers stay whole beside missing ones."""
    frame = pd.DataFrame(table.tidy, columns=list(table.tidy_header))
    counts = [name for name in frame if all(isinstance(row, int) for row in _column(table, str(name)))]
    return frame.astype(dict.fromkeys(counts, "Int64"))


def _column(table: Table, name: str) -> list[str | float | int]:
    """Return a tidy column's values, without the missing ones."""
    i = table.tidy_header.index(name)
    return [row[i] for row in table.tidy if row[i] is not None]  # type: ignore[misc]


def to_csv(table: Table) -> str:
    """Return the tidy form as CSV; an empty field where there is no value."""
    text: str = to_frame(table).to_csv(index=False, lineterminator="\n")
    return text


def to_markdown(table: Table) -> str:
    """Return a GitHub table: best bold, lowest gray (where the reader's viewer allows a style)."""
    lines = [f"**Table {table.name}.** {table.caption}", ""]
    if table.spans:
        groups = [span.label for span in table.spans for _ in range(span.columns)]
        header = [f"{group}<br>{name}" if group else name for group, name in zip(groups, table.header, strict=True)]
    else:
        header = list(table.header)
    lines.append("| " + " | ".join(header) + " |")
    sides = re.sub(r"p\{[^}]*\}", "l", _alignment(table))
    lines.append("|" + "|".join(":--" if side == "l" else "--:" for side in sides) + "|")
    lines += ["| " + " | ".join(_markdown_cell(cell) for cell in row) + " |" for row in table.rows]
    if table.footer:
        lines += ["", *[f"<sub>{line}</sub><br>" for line in table.footer]]
    return "\n".join(lines) + "\n"


def _markdown_cell(cell: Cell) -> str:
    text = cell.text.replace("|", "\\|")
    return {"best": f"**{text}**", "lowest": f'<span style="color:gray">{text}</span>', None: text}[cell.mark]


def to_latex(table: Table) -> str:
    """Return a `table` float; it needs the packages booktabs and xcolor."""
    lines = [
        "% needs \\usepackage{booktabs,xcolor}",
        "\\begin{table}[t]",
        "\\centering",
        f"\\caption{{{_tex(table.caption)}}}",
        f"\\label{{tab:{table.name.lower()}}}",
        f"\\begin{{tabular}}{{{_alignment(table)}}}",
        "\\toprule",
    ]
    if table.spans:
        heads = [
            f"\\multicolumn{{{span.columns}}}{{c}}{{{_tex(span.label)}}}" if span.label else " & " * (span.columns - 1)
            for span in table.spans
        ]
        lines.append(" & ".join(heads) + " \\\\")
        lines.append(" ".join(_midrules(table.spans)))
    lines += [" & ".join(map(_tex, table.header)) + " \\\\", "\\midrule"]
    for i, row in enumerate(table.rows):
        if i in table.rules:
            lines.append("\\midrule")
        lines.append(" & ".join(map(_latex_cell, row)) + " \\\\")
    lines += ["\\bottomrule", "\\end{tabular}"]
    if table.footer:
        lines += ["", "\\vspace{1ex}", "\\begin{minipage}{\\linewidth}\\scriptsize\\raggedright"]
        lines += [f"{_tex(line)}\\par" for line in table.footer] + ["\\end{minipage}"]
    return "\n".join([*lines, "\\end{table}"]) + "\n"


def _midrules(spans: Sequence[Span]) -> list[str]:
    rules, column = [], 1
    for span in spans:
        if span.label:
            rules.append(f"\\cmidrule(lr){{{column}-{column + span.columns - 1}}}")
        column += span.columns
    return rules


def _latex_cell(cell: Cell) -> str:
    text = _tex(cell.text)
    return {"best": f"\\textbf{{{text}}}", "lowest": f"\\textcolor{{gray}}{{{text}}}", None: text}[cell.mark]


_TEX = {
    "\\": "\\textbackslash{}",
    "&": "\\&",
    "%": "\\%",
    "$": "\\$",
    "#": "\\#",
    "_": "\\_",
    "{": "\\{",
    "}": "\\}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "±": "$\\pm$",
    "–": "--",
    "—": "---",
    "×": "$\\times$",
    "§": "\\S{}",
    "′": "$'$",
    "→": "$\\to$",
}


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in text)


def _alignment(table: Table) -> str:
    return table.alignment or "l" + "r" * (len(table.header) - 1)
