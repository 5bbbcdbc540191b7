from pathlib import Path
from typing import Any

from report_factory import COMPARISONS_HEAD

from dubaug.config import Experiment
from dubaug.report.differences import baselines_of, of_these_trainings, read_differences


def test_comparisons_come_by_task_with_labels(results: dict[str, Any], demo_experiment: Experiment) -> None:
    (task,) = read_differences(results["comparisons"], demo_experiment)
    efj, es = task.rows
    assert (task.task, task.metric) == ("ESC-50", "top1_acc")
    assert (efj.variant_a, efj.variant_b, efj.settled, efj.low, efj.grouped_by) == (
        "+EFJ",
        "AV",
        True,
        0.02,
        "speaker",
    )
    assert (es.difference, es.low, es.p_holm, es.settled, es.note) == (0, None, None, False, "too few")
    assert of_these_trainings([task]), "one of the two is of one seed"
    assert baselines_of([task]) == {"AV": ["+EFJ", "+ES"]}


def test_tasks_stand_in_the_configurations_order_unknown_ones_last(tmp_path: Path, demo_experiment: Experiment) -> None:
    path = tmp_path / "comparisons.csv"
    rest = "top1_acc,efj,av,0.5,0.4,0.1,0.02,0.18,0.05,0.05,100,1,1,efj,items,90.5,speaker,"
    tasks = ["mine", "ucf101", "esc50"]
    path.write_text("\n".join([COMPARISONS_HEAD, *[f"hear,{task},{rest}" for task in tasks]]) + "\n", encoding="utf-8")
    found = read_differences(path, demo_experiment)
    assert [task.task for task in found] == ["ESC-50", "UCF101", "mine"]
    assert not found[0].rows[0].settled, "0.05 is not below 0.05"
