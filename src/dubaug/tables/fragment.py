"""A table as a piece of HTML, to be put into a page. It names classes and no styles: those are the page's."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from dubaug.tables.render import Cell, Table

SIDES = {"l": "left", "c": "centre", "r": "right"}


def to_html(table: Table) -> str:
    """Return `<figure class="table">` with the table, its caption, and its notes below.

    Classes: `left`, `centre`, `right` and `best`, `lowest`, `highest`, `none` (no value) of cells; `spread` of
    deviations; `apart` of rows that have some room above; `note` of the lines below, with `run` where they say what the
    run does otherwise than the paper. The worst is an `abbr` with a title, so that it differs by more than its colour.
    """
    legend = f" Best in bold, {table.worst} in gray and underlined with dots." if table.marked else ""
    lines = [
        f'<figure class="table" id="{escape(table.identifier)}">',
        "<table>",
        f"<caption><b>{escape(table.title)}.</b> {escape(table.caption)}{legend}</caption>",
        *_head(table),
        *_bodies(table),
        "</table>",
        *(f'<p class="note">{_note(letter, text)}</p>' for letter, text in table.notes),
        *(f'<p class="note run">{escape(line)}</p>' for line in table.footer),
        "</figure>",
    ]
    return "\n".join(lines) + "\n"


def _note(letter: str, text: str) -> str:
    return f"<sup>{escape(letter)}</sup> {escape(text)}" if letter else escape(text)


def _head(table: Table) -> Iterator[str]:
    """Yield the head: the headings over several columns, if there are any, and each column's own."""
    for span in table.spans:
        if span.label:
            yield f'<colgroup span="{span.columns}" class="spanned"></colgroup>'
        else:
            yield f'<colgroup span="{span.columns}"></colgroup>'
    yield "<thead>"
    if table.spans:
        cells = [
            f'<th scope="colgroup" colspan="{span.columns}">{escape(span.label)}</th>'
            if span.label
            else f'<td colspan="{span.columns}"></td>'
            for span in table.spans
        ]
        yield f"<tr>{''.join(cells)}</tr>"
    names = [
        f'<th scope="col" class="{SIDES[side]}">{escape(name)}</th>' if name else "<td></td>"
        for name, side in zip(table.header, table.sides, strict=True)
    ]
    yield f"<tr>{''.join(names)}</tr>"
    yield "</thead>"


def _bodies(table: Table) -> Iterator[str]:
    """Yield a `tbody` for each group of rows between rules."""
    starts = [0, *table.rules, len(table.rows)]
    covered: set[tuple[int, int]] = set()
    for first, end in pairwise(starts):
        yield "<tbody>"
        for i in range(first, end):
            apart = ' class="apart"' if i in table.gaps else ""
            yield f"<tr{apart}>{''.join(_row(i, table.rows[i], table.sides, covered))}</tr>"
        yield "</tbody>"


def _row(i: int, row: Sequence[Cell], columns: str, covered: set[tuple[int, int]]) -> Iterator[str]:
    """Yield the row's cells but those that a cell above stands for; note in `covered` what these stand for."""
    for column, (cell, side) in enumerate(zip(row, columns, strict=True)):
        if (i, column) not in covered:
            covered |= {(i + below, column) for below in range(1, cell.rows)}
            yield _cell(cell, side)


def _cell(cell: Cell, side: str) -> str:
    classes = " ".join(filter(None, (SIDES[side], cell.mark, "none" if cell.note else None)))
    span = f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    if cell.head:
        scope = "rowgroup" if cell.rows > 1 else "row"
        return f'<th scope="{scope}" class="{classes}"{span}>{_content(cell)}</th>'
    return f'<td class="{classes}"{span}>{_content(cell)}</td>'


def _content(cell: Cell) -> str:
    text = escape(cell.text)
    if cell.mark:
        text = f"<strong>{text}</strong>" if cell.mark == "best" else f'<abbr title="{cell.mark}">{text}</abbr>'
    for over, size in cell.spreads:
        over = f"<sub>{escape(over)}</sub>" if over else ""
        text += f' <span class="spread">±{over}{escape(size)}</span>'
    return text + (f"<sup>{escape(cell.note)}</sup>" if cell.note else "")
