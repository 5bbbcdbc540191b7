"""What all figures share: fonts, each variant's look, and files that are equal byte for byte where the data are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from dubaug.config import Variant
from dubaug.files import atomic_path, write_text

# Okabe and Ito's palette, told apart by colour-blind readers: for what is no variant.
COLOURS = ("#000000", "#0072B2", "#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#8C6D1F", "#7F7F7F")
TEXT_WIDTH_IN = 6.8
"""The text width of a two-column paper."""
COLUMN_WIDTH_IN = 3.3
"""The width of one of its columns."""
SMALLEST_PT = 6.0
"""No text of a figure is smaller at the size at which it is made."""
NOTE: dict[str, Any] = {"fontsize": SMALLEST_PT, "color": "#555555"}
STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "text.parse_math": False,  # a label with two dollars is no formula
    "pdf.fonttype": 42,  # embedded TrueType: journals refuse Type 3
}

PAPER_LOOKS: Mapping[str, tuple[str, str]] = {
    "av": ("#000000", "o"),
    "sep": ("#DF0000", "s"),
    "a": ("#6E6E6E", "^"),
    "es": ("#CDA947", "D"),
    "fr": ("#00C291", "v"),
    "ja": ("#8000C9", "P"),
    "efj": ("#004C8C", "o"),
    "a_efj": ("#46A6DC", "^"),
}
"""Colour and marker of the paper's variants. FR, JA and SEP have the paper's colours; its ES, (.789, .644, .253), is a
little lighter here, so that deuteranopes tell it from SEP; AV and A are neutral; EFJ and A+EFJ have the markers of AV
and A, filled, and blues."""
FURTHER_COLOURS = ("#7689FF", "#890014", "#14C4C4", "#003B4E", "#0000FF")
"""Of variants that the paper does not have: as far from its colours, and from each other, as could be found."""
FURTHER_MARKERS = ("<", ">", "h", "d", "p", "*")
_DASHES = {"o": (4.0, 1.6), "s": (2.0, 1.3), "^": (6.0, 1.4, 1.2, 1.4)}
_DASH = (4.0, 1.4, 1.2, 1.4, 1.2, 1.4)
"""Of baselines with another marker."""


def looks(variants: Mapping[str, Variant]) -> dict[str, dict[str, Any]]:
    """Return each variant's look, as keywords of a line: the same in every figure and for every length of training.

    Dub-augmented variants are solid with filled markers, the others dashed with hollow ones. A variant of the paper
    has its own colour and marker; so has one that trains like it for another number of epochs (`efj20` looks like
    `efj`, and the two stand in different figures). The others take further ones in the configuration's order.
    """
    taken: dict[str, tuple[str, str]] = {}
    for name, variant in variants.items():
        look = PAPER_LOOKS.get(name) or _look_of_twin(variant, variants)
        mates = [taken[other] for other in taken if (variants[other].epochs is None) == (variant.epochs is None)]
        if look is not None and look not in mates:
            taken[name] = look
    further = [name for name in variants if name not in taken]
    for number, name in enumerate(further):
        taken[name] = (
            FURTHER_COLOURS[number % len(FURTHER_COLOURS)],
            FURTHER_MARKERS[number % len(FURTHER_MARKERS)],
        )
    return {name: _line(*taken[name], dashed=not variant.dub_augmented) for name, variant in variants.items()}


def _line(colour: str, marker: str, *, dashed: bool) -> dict[str, Any]:
    return {
        "color": colour,
        "marker": marker,
        "linestyle": (0, _DASHES.get(marker, _DASH)) if dashed else "-",
        "markerfacecolor": "white" if dashed else colour,
        "markeredgewidth": 0.9 if dashed else 0.5,
    }


def _look_of_twin(variant: Variant, variants: Mapping[str, Variant]) -> tuple[str, str] | None:
    """Return the look of the paper's variant that sees the same data, for one that has a length of its own."""
    if variant.epochs is None:
        return None

    def data(one: Variant) -> tuple[Any, ...]:
        return one.primary, one.secondary, one.video, one.separated, one.untrained

    twins = [name for name, other in variants.items() if name in PAPER_LOOKS and data(other) == data(variant)]
    return PAPER_LOOKS[twins[0]] if twins else None


def save(figure: Figure, paths: Sequence[Path], *, description: str = "", dpi: int = 300) -> None:
    """Write `figure` to each of `paths` atomically, and close it. The suffix chooses the format.

    A path that ends in `.txt` gets `description`, the figure in words, for those who cannot see it.
    """
    try:
        for path in paths:
            if path.suffix == ".txt":
                write_text(path, description + "\n")
                continue
            with atomic_path(path) as temporary:
                # no date in the file: equal data, equal bytes
                metadata = {"CreationDate": None} if path.suffix == ".pdf" else {}
                figure.savefig(temporary, dpi=dpi, metadata=metadata)
    finally:
        plt.close(figure)


def shown(text: str) -> str:
    """Return a text from a configuration or from data as figures take it: one line of characters that can be seen.

    A legend leaves out what begins with `_`: a space before it is seen less. Formulas are off in `STYLE`.
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return f" {line}" if line.startswith("_") else line


def shorten(text: str, letters: int) -> str:
    """Return `text` as `shown`, with at most so many letters, the last an ellipsis if some are left out."""
    text = shown(text)
    return text if len(text) <= letters else text[: max(1, letters - 1)].rstrip() + "…"
