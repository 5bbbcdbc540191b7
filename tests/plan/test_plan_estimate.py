"""A plan worked out by hand: two batches of films, a training with a bound, a probe that nobody measured."""

from typing import Any

import pytest
from plan_factory import make_job

from dubaug.plan.amounts import Amount
from dubaug.plan.estimate import JobEstimate, estimates, joined, rows, total
from dubaug.plan.jobs import PlannedJob
from dubaug.plan.rates import Basis, Rate
from dubaug.plan.work import Work

UNITS = {"shards": "film hours", "pretrain": "clips shown", "probe_hear": "checkpoints", "all_tables": "jobs"}
AMOUNTS = {"shards": 10.0, "pretrain": 7200.0, "probe_hear": 3.0, "all_tables": 0.0}
JOBS = [
    make_job("shards", threads=2, outputs=("batch0",)),
    make_job("shards", threads=2, outputs=("batch1",)),
    make_job("pretrain", threads=32, gpus=4, inputs=("batch0", "batch1"), outputs=("av",)),
    make_job("probe_hear", threads=8, gpus=1, inputs=("av",), outputs=("hear",)),
    make_job("all_tables", inputs=("hear",), command=False),
]


def _work(job: PlannedJob) -> Work:
    return Work(unit=UNITS[job.rule], amount=Amount(value=AMOUNTS[job.rule], source=""), settings={})


def _rate(rule: str, a_unit: float, *, basis: Basis = "measured here", amount: float | None = 10.0) -> Rate:
    return Rate(
        rule=rule, quantity="seconds", unit=UNITS[rule], settings={}, a_unit=a_unit, basis=basis, source=f"{rule}.tsv",
        amount=amount,
    )  # fmt: skip


@pytest.fixture
def found() -> list[JobEstimate]:
    # A film hour takes 720 s of a core: 10 h on 2 cores are 3600 s. A clip takes 2 s of a GPU: 7200 on 4 are 3600 s.
    return estimates(JOBS, _work, [_rate("shards", 720.0), _rate("pretrain", 2.0, basis="bound", amount=None)])


def test_hours_are_what_is_reserved_for_as_long_as_it_takes(found: list[JobEstimate]) -> None:
    shards, pretrain, probe, target = rows(found)
    assert (shards.rule, shards.jobs, shards.amount, shards.wall_hours, shards.core_hours) == (
        "shards",
        2,
        20,
        2.0,
        4.0,
    )
    assert shards.basis == "measured here"
    assert shards.gpu_hours == 0.0
    assert (pretrain.wall_hours, pretrain.core_hours, pretrain.gpu_hours) == (1.0, 32.0, 4.0)
    assert pretrain.basis == "bound"
    assert (probe.wall_hours, probe.core_hours, probe.gpu_hours) == (None, None, None)
    assert (probe.basis, probe.unknown_jobs, probe.note) == ("unknown", 1, "never measured with these settings")
    assert (target.basis, target.wall_hours, target.unknown_jobs) == ("-", 0.0, 0)


def test_sums_say_what_they_leave_out(found: list[JobEstimate]) -> None:
    summed = total(found)
    assert (summed.jobs, summed.wall_hours, summed.core_hours, summed.gpu_hours) == (5, 3.0, 36.0, 4.0)
    assert summed.unknown == {"probe_hear": 1}
    assert summed.bounds == ("pretrain",)
    assert summed.chain_hours == 2.0, "a batch, then the training"
    assert summed.chain == ("shards", "pretrain")


def test_an_amount_that_nobody_knows_is_no_zero() -> None:
    def work(job: PlannedJob) -> Work:
        return Work(unit="film hours", amount=None, settings={})

    found = estimates(JOBS[:2], work, [_rate("shards", 720.0)])
    (row,) = rows(found)
    assert (row.amount, row.wall_hours, row.basis, row.unknown_jobs) == (None, None, "unknown", 2)
    assert row.note == "nobody knows how many film hours"
    assert total(found).unknown == {"shards": 2}


@pytest.mark.parametrize(
    ("measured", "note"),
    [(10.0, ""), (4.0, ""), (25.0, ""), (1.0, "10 times the work that was measured"), (100.0, "1/10 of the work")],
)
def test_work_far_from_what_was_measured_is_told(measured: float, note: str) -> None:
    (row,) = rows(estimates(JOBS[:1], _work, [_rate("shards", 720.0, amount=measured)]))
    assert row.note.startswith(note)
    assert bool(row.note) == bool(note)


def test_a_rule_is_as_weak_as_its_weakest_job() -> None:
    def work(job: PlannedJob) -> Work:
        return Work(unit="film hours", amount=Amount(value=1.0, source=""), settings={"of": job.outputs[0]})

    rates: list[Any] = [
        Rate(rule="shards", quantity="seconds", unit="film hours", settings={"of": f"batch{n}"}, a_unit=1.0,
             basis=basis, source=str(n), amount=1.0)
        for n, basis in enumerate(["measured here", "measured elsewhere"])
    ]  # fmt: skip
    (row,) = rows(estimates(JOBS[:2], work, rates))
    assert (row.basis, row.source) == ("measured elsewhere", "0; 1")
    (row,) = rows(estimates(JOBS[:2], work, rates[:1]))
    assert (row.basis, row.unknown_jobs) == ("unknown", 1)
    assert row.wall_hours == pytest.approx(0.5 / 3600), "what is known of it"


def test_places_in_one_file_stand_together() -> None:
    assert joined(["a.json: rates[0]", "a.json: rates[2]", "b.tsv"]) == "a.json: rates[0], rates[2]; b.tsv"
