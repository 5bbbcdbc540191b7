"""What a job's time depends on, and what not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plan_factory import make_job

from dubaug.config import Experiment
from dubaug.plan.amounts import Amounts, count
from dubaug.plan.rates import recorded
from dubaug.plan.work import Work, work_of

JOBS = {
    "align": make_job("align", wildcards={"batch": "0"}),
    "shards": make_job("shards", wildcards={"batch": "0"}),
    "separate": make_job("separate", wildcards={"batch": "0"}),
    "pretrain": make_job("pretrain", wildcards={"run": "efj/seed1"}),
    "probe_hear": make_job("probe_hear", wildcards={"run": "efj/seed0"}),
    "features": make_job("features", wildcards={"suite": "visual"}),
}


@pytest.fixture
def amounts(demo_experiment: Experiment, repository: Path) -> Amounts:
    return count(demo_experiment, [], repository / "workflow/resources/paper")


def _value(work: Work) -> float:
    assert work.amount is not None
    return work.amount.value


def test_amounts_of_one_job(demo_experiment: Experiment, amounts: Amounts) -> None:
    halves = replace(demo_experiment, clips=replace(demo_experiment.clips, batches=2))
    assert amounts.corpus.hours is not None
    assert _value(work_of(JOBS["shards"], halves, amounts)) == amounts.corpus.hours.value / 2
    assert _value(work_of(JOBS["align"], halves, amounts)) == 16 * 3 / 2
    assert _value(work_of(JOBS["pretrain"], halves, amounts)) == 8 * 208
    assert _value(work_of(JOBS["probe_hear"], halves, amounts)) == 3
    assert _value(work_of(make_job("probe_hares", wildcards={"run": "efj/seed0"}), halves, amounts)) == 1
    assert _value(work_of(make_job("select"), halves, amounts)) == 24
    assert _value(work_of(make_job("all_tables", command=False), halves, amounts)) == 0


@pytest.mark.parametrize(
    ("keys", "changed"),
    [
        ({"clips": {"batches": 4}}, set()),
        ({"pretraining": {"epochs": 9, "checkpoints": [3, 9], "learning_rate": 0.01}}, set()),
        ({"alignment": {"similarity_min": 0.3}}, set()),
        ({"results_dir": "elsewhere"}, set()),
        ({"clips": {"frame_height": 60}}, {"shards", "pretrain", "features"}),
        ({"mel": {"hop_length": 2048}}, {"shards", "separate", "pretrain", "features", "probe_hear"}),
        ({"encoders": {"embedding_dim": 128}}, {"pretrain", "probe_hear"}),
        ({"device": "cuda"}, {"separate", "pretrain", "probe_hear"}),
        ({"alignment": {"windows": 4}}, {"align"}),
        ({"demo": {"items_per_class": 9}}, {"features", "probe_hear"}),
        ({"corpus": {"catalogue": "films/catalogue.csv"}}, {"align", "shards", "separate"}),
    ],
)
def test_a_rate_holds_while_what_it_depends_on_stays(
    make_experiment: Callable[..., Experiment], demo_experiment: Experiment, amounts: Amounts,
    keys: dict[str, Any], changed: set[str],
) -> None:  # fmt: skip
    other = make_experiment(**keys)
    differ = {
        name
        for name, job in JOBS.items()
        if work_of(job, other, amounts).settings != work_of(job, demo_experiment, amounts).settings
    }
    assert differ == changed


def test_the_demos_rates_are_of_todays_demo(demo_experiment: Experiment, amounts: Amounts, repository: Path) -> None:
    """If this fails, a setting has changed: record the rates anew (docs/planning.md)."""
    _, rates = recorded(repository / "benchmarks/results/plan_demo.json")
    lacking = {
        name
        for name, job in JOBS.items()
        if not any(rate.fits(job.rule, work_of(job, demo_experiment, amounts), "seconds") for rate in rates)
    }
    assert lacking == set()
