from pathlib import Path
from typing import Any

import pytest
from plan_factory import make_job, write_benchmark

from dubaug.errors import DubaugError
from dubaug.plan.amounts import Amount
from dubaug.plan.jobs import PlannedJob
from dubaug.plan.rates import Rate, best, finished, pooled, record, recorded
from dubaug.plan.work import Work
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.steps import add_step
from step_factory import make_step

NOW_S = 1_800_000_000.0


def _work(amount: float, **settings: Any) -> Work:
    return Work(unit="film hours", amount=Amount(value=amount, source="here"), settings=settings)


def _rate(seconds: float, **values: Any) -> Rate:
    defaults: dict[str, Any] = {
        "rule": "shards", "quantity": "seconds", "unit": "film hours", "settings": {"height": 56},
        "basis": "measured elsewhere", "source": "a file", "amount": 1.0,
    }  # fmt: skip
    return Rate(a_unit=seconds, **{**defaults, **values})


def test_jobs_of_one_kind_give_one_rate_of_all_their_core_seconds_over_all_their_work(tmp_path: Path) -> None:
    jobs = [
        make_job("shards", threads=2, benchmark=write_benchmark(tmp_path / f"shards{n}.tsv", seconds, now_s=NOW_S))
        for n, seconds in enumerate([30.0, 60.0])
    ]
    amounts = {jobs[0].benchmark: 1.0, jobs[1].benchmark: 5.0}
    measured = finished(jobs, lambda job: _work(amounts[job.benchmark], height=56), since_s=NOW_S - 10)
    (rate,) = pooled(measured)
    assert rate.a_unit == pytest.approx(2 * (30 + 60) / 6)
    assert rate.amount == 3.0
    assert rate.source == f"{jobs[0].benchmark} and 1 more"
    assert rate.basis == "measured here"


def test_gpus_are_counted_where_there_are_any(tmp_path: Path) -> None:
    benchmark = write_benchmark(tmp_path / "separate.tsv", 50.0, now_s=NOW_S)
    job = make_job("separate", threads=8, gpus=1, benchmark=benchmark)
    (rate,) = pooled(finished([job], lambda _: _work(10.0), since_s=0))
    assert rate.a_unit == 5.0


def test_what_was_measured_before_the_configuration_came_does_not_count(tmp_path: Path) -> None:
    benchmark = write_benchmark(tmp_path / "shards.tsv", 30.0, age_s=60, now_s=NOW_S)
    job = make_job("shards", benchmark=benchmark)
    assert finished([job], lambda _: _work(1.0), since_s=NOW_S - 59) == []
    assert len(finished([job], lambda _: _work(1.0), since_s=NOW_S - 61)) == 1


def test_a_training_that_was_continued_counts_all_its_tries(tmp_path: Path) -> None:
    manifest = tmp_path / "efj/pretraining.json"
    benchmark = write_benchmark(tmp_path / "efj/benchmarks/pretrain.tsv", 20.0, now_s=NOW_S)
    sizes = {"epochs": 1, "checkpoints": (), "n_clips": 1, "n_titles": 1, "seconds": 300.0, "device": "cpu"}
    Manifest(variant="efj", seed=0, experiment="x", **sizes).save(manifest)
    job = make_job("pretrain", outputs=(str(manifest),), benchmark=benchmark)
    (measured,) = finished([job], lambda _: _work(1.0), since_s=0)
    assert measured.wall_s == 300.0


def test_a_training_under_way_counts_by_the_median_of_its_speeds(tmp_path: Path) -> None:
    job = make_job(
        "pretrain", gpus=4, outputs=(str(tmp_path / "efj/pretraining.json"),), benchmark=str(tmp_path / "none.tsv")
    )
    metrics = tmp_path / "efj/pretrain/metrics.jsonl"
    metrics.parent.mkdir(parents=True)
    for step, speed in enumerate([10.0, 800.0, 1000.0]):
        add_step(metrics, make_step(step, clips_per_s=speed))
    work = Work(unit="clips shown", amount=Amount(value=1_600_000, source=""), settings={})
    (rate,) = pooled(finished([job], lambda _: work, since_s=0))
    assert rate.a_unit == pytest.approx(4 / 800), "seconds of a GPU"
    assert rate.source.startswith(str(metrics))


def test_a_file_that_is_no_benchmark_is_named(tmp_path: Path) -> None:
    path = tmp_path / "shards.tsv"
    path.write_text("", encoding="utf-8")
    with pytest.raises(DubaugError, match=r"shards\.tsv is no benchmark file"):
        finished([make_job("shards", benchmark=str(path))], lambda _: _work(1.0), since_s=0)


def test_a_rate_of_other_settings_says_nothing() -> None:
    rates = [_rate(9.0)]
    assert best(rates, "shards", _work(1.0, height=56)) is rates[0]
    assert best(rates, "shards", _work(1.0, height=180)) is None
    assert best(rates, "shards", _work(1.0)) is None, "a setting that the rate names and the work lacks"
    assert best(rates, "separate", _work(1.0, height=56)) is None
    assert best(rates, "shards", _work(1.0, height=56), "bytes") is None
    assert best([_rate(9.0, settings={})], "shards", _work(1.0, height=180)) is not None
    assert best([_rate(9.0, unit="clips")], "shards", _work(1.0, height=56)) is None


def test_lists_and_tuples_are_equal_settings() -> None:
    assert best([_rate(1.0, settings={"rates": [1.0, 0.96]})], "shards", _work(1.0, rates=(1.0, 0.96))) is not None


def test_the_nearest_basis_wins() -> None:
    order = ["given", "measured here", "measured elsewhere", "bound"]
    rates = [_rate(float(number), basis=basis) for number, basis in reversed(list(enumerate(order)))]
    for basis in order:
        found = best(rates, "shards", _work(1.0, height=56))
        assert found is not None
        assert found.basis == basis
        rates.remove(found)


def test_recorded_rates_come_back_as_measured_elsewhere(tmp_path: Path) -> None:
    rates = [_rate(3.5, basis="measured here"), _rate(0.1, basis="bound", rule="pretrain", amount=None)]
    path = tmp_path / "rates.json"
    record(path, rates, machine="a machine")
    machine, (first, second) = recorded(path)
    assert (first.a_unit, first.basis, first.settings) == (3.5, "measured elsewhere", {"height": 56})
    assert (second.rule, second.basis) == ("pretrain", "bound")
    assert first.source == f"{path}: rates[0]"
    assert machine == "a machine"


@pytest.mark.parametrize("text", ["{}", "[1]", "no JSON", '{"machine": "m", "rates": [{"rule": "shards"}]}'])
def test_a_file_without_rates_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rates.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DubaugError, match=r"rates\.json holds no rates"):
        recorded(path)


def test_jobs_without_an_amount_or_a_benchmark_are_left_out(tmp_path: Path) -> None:
    benchmark = write_benchmark(tmp_path / "features.tsv", 30.0, now_s=NOW_S)
    unknown = Work(unit="windows", amount=None, settings={})
    jobs: list[PlannedJob] = [make_job("features", benchmark=benchmark), make_job("all_tables")]
    assert finished(jobs, lambda _: unknown, since_s=0) == []
