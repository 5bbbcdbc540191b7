"""What training lowers, as a number: some HEAR tasks choose their probe by it. Its gradient is in `stack`."""

from collections.abc import Sequence

import numpy as np

from dubaug.downstream.model import Kind


def mean_loss(outputs: np.ndarray, truth: np.ndarray, *, kind: Kind, heads: Sequence[int]) -> float:
    """Return the loss of outputs (items, outputs).

    Cross entropy by item, summed over heads; binary by item and class; the squared error of values. Of probabilities,
    which say nothing nearer to 1 than their precision does: beyond that the loss stays as it is.
    """
    if kind == "regression":
        return float(np.square(np.subtract(outputs, truth, dtype=np.float64)).mean())
    limits, multilabel = np.finfo(outputs.dtype), kind == "multilabel"
    wrong = np.maximum(1 - outputs, limits.epsneg) if multilabel else np.ones_like(outputs)
    of_truth = np.where(truth > 0, np.maximum(outputs, limits.tiny), wrong)
    return float(-np.log(of_truth, dtype=np.float64).sum() / (truth.size if multilabel else len(truth)))
