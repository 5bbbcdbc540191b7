"""Text and tables as GitHub's Markdown has them."""

import re
from collections.abc import Iterable, Sequence

RULES = {"l": ":--", "c": ":-:", "r": "--:", "-": "---"}
"""What stands below the head of a column that is aligned left, centre, right, or not said how."""


def escape(text: str) -> str:
    """Return plain text as Markdown that shows it as it stands: no marks, no HTML, no mathematics, on one line."""
    marked = re.sub(r"[\\*~`$\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", " ".join(text.split()))
    return re.sub(r"&(?=#?\w+;)", "&amp;", marked).replace("<", "&lt;")


def table_lines(head: Sequence[str], sides: str, rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table's lines; `sides` has a letter of `RULES` for each column.

    Cells are Markdown, but that every `|` in them is escaped. Raises `ValueError` where a row has more or fewer cells
    than the head: GitHub would then show no table, or lose a cell.
    """
    lines = [head, [RULES[side] for side in sides], *rows]
    if any(len(line) != len(head) for line in lines):
        raise ValueError(f"a table of {len(head)} columns has rows of {sorted({len(line) for line in lines})}")
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
