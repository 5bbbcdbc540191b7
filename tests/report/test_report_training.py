from pathlib import Path
from typing import Any

import pytest

from dubaug.errors import DubaugError
from dubaug.report.training import read_trainings


def test_losses_are_means_by_epoch_and_a_step_done_again_counts_once(results: dict[str, Any]) -> None:
    (training,) = read_trainings(results["manifests"], results["metrics"])
    assert training.losses == (5.5, 3.5), "step 1 was 9, then 5"
    assert (training.manifest.variant, training.untrained) == ("efj", False)


def test_a_run_without_a_record_and_one_that_is_not_there(results: dict[str, Any], tmp_path: Path) -> None:
    paths = [tmp_path / "none.json", *results["manifests"]]
    (training,) = read_trainings(paths, [tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    assert training.losses == ()
    assert read_trainings(paths, [])[0].losses == ()


def test_records_go_with_manifests(results: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DubaugError, match="2 --metrics for 1 --manifests"):
        read_trainings(results["manifests"], [tmp_path / "a", tmp_path / "b"])
