"""What all figures share: fonts and colours, and files that are equal byte for byte where the data are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from dubaug.files import atomic_path

# Okabe and Ito's palette, told apart by colour-blind readers.
COLOURS = ("#000000", "#0072B2", "#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#8C6D1F", "#7F7F7F")
TEXT_WIDTH_IN = 6.8
"""The text width of a two-column paper."""
NOTE: dict[str, Any] = {"fontsize": 6, "color": "#555555"}
STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,  # embedded TrueType: journals refuse Type 3
}


def save(figure: Figure, paths: Sequence[Path], *, dpi: int = 300) -> None:
    """Write `figure` to each of `paths` atomically (the suffix chooses the format), and close it."""
    try:
        for path in paths:
            with atomic_path(path) as temporary:
                # no date in the file: equal data, equal bytes
                metadata = {"CreationDate": None} if path.suffix == ".pdf" else {}
                figure.savefig(temporary, dpi=dpi, metadata=metadata)
    finally:
        plt.close(figure)
