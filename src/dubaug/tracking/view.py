"""How MLflow's pages show the runs: a view of the experiment, kept as MLflow keeps those that people save, as a tag.

What a view holds is not documented: `ExperimentPageUIState`, `RunsChartsLineCardConfig`, `savedViewEnvelope` and
`textCompressDeflate` in the source of MLflow's pages (3.17).
"""

import base64
import json
import re
import shlex
import zlib
from collections.abc import Iterable
from typing import Any

from dubaug.tracking.records import Record

KEY = "dubaug"
TAG = f"mlflow.sharedViewState.{KEY}"
LONGEST = 5000
"""Some MLflow servers take no longer tag."""
SERVED_AT = "http://127.0.0.1:5000"
"""Where `mlflow ui` serves a store that is a file or a database."""


def view_of(records: Iterable[Record]) -> str:
    """Return the tag: the trainings with each task's score as a column; as charts, the loss and these scores.

    Of more tasks than a tag can name, the first ones.
    """
    scores = list(dict.fromkeys(name for record in records for name in record.scores))
    while len(tag := _tag(scores)) > LONGEST:
        scores = scores[: len(scores) * LONGEST // len(tag)]
    return tag


def _tag(scores: list[str]) -> str:
    columns, shown = [f"metrics.`{name}`" for name in scores], ["loss", *scores]
    state = {
        "searchFilter": "tags.stage != 'probe' and tags.stage != 'sweep'",
        "selectedColumns": columns,
        "columnOrder": columns,
        "columnWidths": {column: 32 + 7 * len(name) for column, name in zip(columns, scores, strict=True)},
        "runsHiddenMode": "SHOW_ALL",
        "chartsSearchFilter": f"^({'|'.join(map(re.escape, shown))})$",
        "compareRunSections": [{"uuid": KEY, "name": "Loss and scores, by step or epoch", "display": True}],
        "compareRunCharts": list(map(_chart, shown)),
        "isAccordionReordered": True,  # sections that MLflow adds come below
    }
    packed = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    # the times only sort the list of views
    view = {"name": "dubaug: scores and curves", "createdAt": 0, "updatedAt": 0, "state": f"deflate;{packed}"}
    return json.dumps(view)


def _chart(metric: str) -> dict[str, Any]:
    """Return a chart of one metric, a line a run."""
    return {
        "uuid": metric,
        "type": "LINE",
        "metricSectionId": KEY,
        "metricKey": metric,
        "selectedMetricKeys": [metric],
        "runsCountToCompare": 100,
        "deleted": False,
        "isGenerated": False,
        "lineSmoothness": 0,
        "xAxisKey": "step",
        "selectedXAxisMetricKey": "",
        "xAxisScaleType": "linear",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "scaleType": "linear",
        "range": {},
        "ignoreOutliers": False,
        "useGlobalXaxisKey": True,
        "useGlobalLineSmoothing": True,
    }


def addresses(uri: str, experiment_id: str) -> dict[str, str]:
    """Return where a browser finds the runs with their scores, the curves of all, and what serves these pages."""
    served = uri if uri.startswith("http") else SERVED_AT
    runs = f"{served}/#/experiments/{experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={KEY}"
    pages = {"every run": runs, "their curves": f"{runs}&compareRunsMode=CHART"}
    return pages if served == uri else {**pages, "served by": f"mlflow ui --backend-store-uri {shlex.quote(uri)}"}
