"""Scores of regressions: `outputs` and `truth` are real values, (items, outputs)."""

from collections.abc import Sequence

import numpy as np


def squared_errors(outputs: np.ndarray, truth: np.ndarray, heads: Sequence[int] = ()) -> np.ndarray:
    """Return each item's squared error (items,), the mean over its outputs, in double precision."""
    errors: np.ndarray = np.square(np.subtract(outputs, truth, dtype=np.float64)).mean(axis=1)
    return errors


def rank_correlation(outputs: np.ndarray, truth: np.ndarray, heads: Sequence[int] = ()) -> float:
    """Return Spearman's rank correlation, the mean over outputs; not a number if one side is all equal."""
    from scipy.stats import rankdata  # half a second

    ranks = [rankdata(side, axis=0) for side in (outputs, truth)]
    one, other = (side - side.mean(axis=0) for side in ranks)
    with np.errstate(invalid="ignore"):
        return float(((one * other).sum(axis=0) / np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))).mean())


def varies(truth: np.ndarray) -> bool:
    """Return whether each output has items with different targets."""
    return bool((truth != truth[:1]).any(axis=0).all()) if len(truth) else False
