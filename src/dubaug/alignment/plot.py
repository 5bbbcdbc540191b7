"""Offsets, drifts and similarity of all dubs, by language."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from dubaug.alignment.judge import Finding
from dubaug.corpus.languages import name_of
from dubaug.files import atomic_path

_LOOKS = {"keep": ("o", "#0072B2"), "correct": ("^", "#E69F00"), "reject": ("X", "#D55E00")}
"""Marker and colour of each verdict."""
_LINEAR = {"Offset (s)": 0.01, "Drift (%)": 0.001}
"""Up to this the axis is linear, beyond it logarithmic, on both sides of 0."""


def draw(findings: Sequence[Finding], paths: Sequence[Path]) -> None:
    """Draw one panel a quantity, one column a language, one point a dub; dubs without an offset stand in the third."""
    languages = sorted({finding.language for finding in findings})
    figure, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
    for axis, (label, values) in zip(axes, _quantities(findings).items(), strict=True):
        for verdict, (marker, colour) in _LOOKS.items():
            chosen = [i for i, finding in enumerate(findings) if finding.verdict == verdict and values[i] is not None]
            if chosen:
                # Side by side, so that equal dubs are seen to be several.
                columns = [languages.index(findings[i].language) for i in chosen]
                x = np.array(columns) + 0.25 * np.sin(2.4 * np.arange(len(chosen)))
                y = [values[i] for i in chosen]
                axis.scatter(x, y, s=14, marker=marker, c=colour, alpha=0.7, label=verdict)
        axis.set_xticks(range(len(languages)), [name_of(language) for language in languages])
        axis.set_xlim(-0.6, max(len(languages) - 0.4, 0.6))
        axis.set_ylabel(label)
        if label in _LINEAR:
            axis.set_yscale("symlog", linthresh=_LINEAR[label])
        else:
            axis.set_ylim(0, 1)
        axis.grid(color="#E3E3E3", linewidth=0.5)
        axis.set_axisbelow(True)
    handles, labels = axes[2].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    for path in paths:
        with atomic_path(path) as temporary:
            metadata = {"CreationDate": None} if path.suffix == ".pdf" else {}
            figure.savefig(temporary, dpi=200, metadata=metadata)
    plt.close(figure)


def _quantities(findings: Sequence[Finding]) -> dict[str, list[float | None]]:
    measured = [finding.measurement for finding in findings]
    return {
        "Offset (s)": [one.offset_s for one in measured],
        "Drift (%)": [None if one.drift is None else 100 * one.drift for one in measured],
        "Similarity": [one.similarity for one in measured],
    }
