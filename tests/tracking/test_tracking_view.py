"""The list of runs as a person meets it: scores as columns, curves as charts, an address that shows them."""

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from dubaug.tracking.records import Record, collect
from dubaug.tracking.sync import sync
from dubaug.tracking.view import KEY, LONGEST, TAG, addresses, view_of


def _state(tag: str) -> dict[str, Any]:
    scheme, _, packed = json.loads(tag)["state"].partition(";")
    assert scheme == "deflate"
    state: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed)))
    return state


def _training(scores: list[str]) -> Record:
    return Record(key="k", name="efj seed 0", parent=None, tags={}, scores=tuple(scores))


def test_the_view_has_each_tasks_score_and_the_curves_of_loss_and_scores(results: Path) -> None:
    state = _state(view_of(collect(results)))
    assert state["selectedColumns"] == ["metrics.`esc50/top1_acc`", "metrics.`fsd50k/top1_acc`"]
    shown = re.compile(state["chartsSearchFilter"])
    assert [chart["metricKey"] for chart in state["compareRunCharts"]] == ["loss", "esc50/top1_acc", "fsd50k/top1_acc"]
    names = ["loss", "esc50/top1_acc", "fsd50k/top1_acc", "esc50/low", "epoch", "system/cpu_utilization_percentage"]
    assert [bool(shown.search(name)) for name in names] == [True, True, True, False, False, False]


def test_a_view_of_many_tasks_is_no_longer_than_a_tag() -> None:
    tag = view_of([_training([f"task{number}/top1_acc" for number in range(500)])])
    assert LONGEST * 0.6 < len(tag) <= LONGEST
    assert "metrics.`task0/top1_acc`" in _state(tag)["selectedColumns"]


def test_the_store_keeps_the_view_and_the_sync_knows_where_it_is(results: Path, uri: str) -> None:
    from mlflow.tracking import MlflowClient

    first, again = (sync(collect(results), uri=uri, experiment="films", state_dir=results / "m") for _ in range(2))
    found = MlflowClient(tracking_uri=uri).get_experiment_by_name("films")
    assert found is not None
    assert found.tags[TAG] == view_of(collect(results))
    assert {first.experiment_id, again.experiment_id} == {str(found.experiment_id)}


@pytest.mark.parametrize(
    ("uri", "served", "names"),
    [
        ("sqlite:///mlflow.db", "http://127.0.0.1:5000", {"every run", "their curves", "served by"}),
        ("https://server:8080", "https://server:8080", {"every run", "their curves"}),
    ],
)
def test_the_address_shows_the_runs(uri: str, served: str, names: set[str]) -> None:
    pages = addresses(uri, "7")
    assert set(pages) == names
    runs = f"{served}/#/experiments/7/runs?workflowType=machine_learning&viewStateShareKey={KEY}"
    assert pages["every run"] == runs
    assert pages["their curves"] == f"{runs}&compareRunsMode=CHART"
