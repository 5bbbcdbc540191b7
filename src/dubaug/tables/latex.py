"""A table as a LaTeX float with booktabs' rules."""

import unicodedata
from collections.abc import Iterator, Sequence

from dubaug.tables.render import Cell, Span, Table


def to_latex(table: Table) -> str:
    r"""Return a float, `table` or (where it needs both columns of a page) `table*`, no wider than its text.

    A tabular that would be wider, for instance with many variants, is scaled down. Packages needed: booktabs, graphicx,
    xcolor, and fontenc with T1. Letters that T1 has none of lose their accents, or become `[U+65E5]`.
    """
    float_name = "table*" if table.wide else "table"
    legend = f" Best in bold, {table.worst} in gray." if table.marked else ""
    own = f"The paper's Table {table.name}, and ours. " if table.beside_paper else ""
    below = [*(_note(*note) for note in table.notes), *(f"\\tiny {escape(line)}" for line in table.footer)]
    lines = [
        "% needs \\usepackage{booktabs,graphicx,xcolor} and \\usepackage[T1]{fontenc}",
        f"\\begin{{{float_name}}}[t]",
        "\\centering\\small\\setlength{\\tabcolsep}{4pt}",
        f"\\caption{{{escape(own + table.caption + legend)}}}",
        "\\vspace{0.5ex}",
        f"\\label{{tab:{table.identifier.removeprefix('table-')}}}",
        "\\sbox0{%",
        *_tabular(table),
        "}%",
        "\\ifdim\\wd0>\\linewidth\\resizebox{\\linewidth}{!}{\\usebox0}\\else\\usebox0\\fi",
    ]
    if below:
        lines += ["", "\\vspace{1ex}", "\\begin{minipage}{\\linewidth}\\scriptsize\\raggedright"]
        lines += [f"{line}\\par" for line in below] + ["\\end{minipage}"]
    return "\n".join([*lines, f"\\end{{{float_name}}}"]) + "\n"


def _note(letter: str, text: str) -> str:
    return (f"\\textsuperscript{{{escape(letter)}}}~" if letter else "") + escape(text)


def _tabular(table: Table) -> Iterator[str]:
    stacked = table.wide and any(len(cell.spreads) > 1 for row in table.rows for cell in row)
    yield f"\\begin{{tabular}}{{{table.alignment}}}"
    yield "\\toprule"
    if table.spans:
        heads = [
            f"\\multicolumn{{{span.columns}}}{{c}}{{{escape(span.label)}}}"
            if span.label
            else " & " * (span.columns - 1)
            for span in table.spans
        ]
        yield " & ".join(heads) + " \\\\"
        yield " ".join(_midrules(table.spans))
    yield " & ".join(map(escape, table.header)) + " \\\\"
    yield "\\midrule"
    for i, row in enumerate(table.rows):
        if i in table.rules:
            yield "\\midrule"
        if i in table.gaps or (stacked and i and i not in table.rules):
            yield "\\addlinespace"
        yield " & ".join(_cell(cell, stacked=stacked) for cell in row) + " \\\\"
    yield "\\bottomrule"
    yield "\\end{tabular}%"


def _midrules(spans: Sequence[Span]) -> Iterator[str]:
    """Yield the rule below each heading over several columns."""
    column = 1
    for span in spans:
        if span.label:
            yield f"\\cmidrule(lr){{{column}-{column + span.columns - 1}}}"
        column += span.columns


def _cell(cell: Cell, *, stacked: bool) -> str:
    """Return the cell; where `stacked`, its deviations stand below the number, for two beside it would be too wide."""
    text = _marked(escape(cell.text), cell)
    spreads = [_spread(over, size) for over, size in cell.spreads]
    small = f"{{\\scriptsize{{}}{_marked('~'.join(spreads), cell)}}}" if spreads else ""
    if stacked and spreads:
        lines = [text, *(f"{{\\scriptsize{{}}{_marked(spread, cell)}}}" for spread in spreads)]
        return f"\\begin{{tabular}}[t]{{@{{}}c@{{}}}}{_BREAK.join(lines)}\\end{{tabular}}"
    return text + small + (f"\\textsuperscript{{{escape(cell.note)}}}" if cell.note else "")


def _spread(over: str, size: str) -> str:
    below = f"_{{\\mathrm{{{escape(over)}}}}}" if over else ""
    return f"$\\pm{below}${escape(size)}"


def _marked(text: str, cell: Cell) -> str:
    if cell.mark is None:
        return text
    return f"\\textbf{{{text}}}" if cell.mark == "best" else f"\\textcolor{{gray}}{{{text}}}"


_BREAK = "\\\\[-2pt]"
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
    "`": "\\textasciigrave{}",
    '"': "\\textquotedbl{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    # after the end of a row or a rule these would be read as its arguments
    "[": "{[}",
    "*": "{*}",
    "±": "$\\pm$",
    "−": "$-$",
    "–": "--",
    "—": "---",
    "×": "$\\times$",
    "·": "$\\cdot$",
    "§": "\\S{}",
    "†": "\\textdagger{}",
    "′": "$'$",
    "→": "$\\to$",
    "τ": "$\\tau$",
    "’": "'",
}
_NOT_IN_T1 = "ĦħĸĿŀŉŦŧſ"


def escape(text: str) -> str:
    """Return the text as LaTeX, in characters that pdflatex can set with fonts encoded in T1."""
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character in _TEX:
        return _TEX[character]
    if " " <= character <= "~" or ("¡" <= character <= "ž" and character not in _NOT_IN_T1):
        return character
    if character.isspace():
        return " "
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return escape(plain) if plain.isprintable() and plain else escape(f"[U+{ord(character):04X}]")
