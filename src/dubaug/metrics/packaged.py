"""All scores of the package. Suites may bring more: `dubaug.suites.registry.metric` knows all."""

import math
from collections.abc import Mapping
from functools import partial

from dubaug.metrics import classes, values
from dubaug.metrics.metric import Metric

_ranking = partial(Metric, defined=classes.has_both, needs="class that has items with it and items without")
_chroma = partial(classes.right, period=classes.SEMITONES)

PACKAGED: Mapping[str, Metric] = {
    one.name: one
    for one in (
        Metric(name="top1_acc", label="Accuracy", of_items=classes.right, right_or_wrong=True),
        Metric(name="pitch_acc", label="Pitch accuracy", of_items=classes.right, right_or_wrong=True),
        Metric(name="chroma_acc", label="Chroma accuracy", of_items=_chroma, right_or_wrong=True),
        Metric(
            name="mAP",
            label="mAP",
            of_all=classes.mean_average_precision,
            defined=classes.has_positive,
            needs="class that has items with it",
        ),
        _ranking(name="d_prime", label="d′", low=-math.inf, high=math.inf, of_all=classes.d_prime),
        _ranking(name="aucroc", label="AUC", of_all=classes.mean_area_under_roc),
        Metric(name="mse", label="MSE", better="lower", high=math.inf, of_items=values.squared_errors, of_values=True),
        Metric(
            name="spearman",
            label="Rank correlation",
            low=-1.0,
            of_all=values.rank_correlation,
            of_values=True,
            defined=values.varies,
            needs="pair of items with different targets",
        ),
    )
}
"""By the names that data sets and results have."""
