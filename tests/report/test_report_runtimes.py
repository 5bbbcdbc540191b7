from pathlib import Path
from typing import Any

import pytest

from dubaug.errors import DubaugError
from dubaug.report.runtimes import JobTime, by_rule, read_jobs


def test_jobs_are_named_after_their_rules(results: dict[str, Any]) -> None:
    jobs = read_jobs(results["benchmarks"])
    assert [(job.rule, job.wall_s, job.peak_mib) for job in jobs] == [
        ("align", 10, 512), ("align", 30, 2048), ("pretrain", 0.4, None),
    ]  # fmt: skip


def test_rules_have_sums_maxima_and_shares_slow_ones_first() -> None:
    def job(rule: str, wall_s: float, cpu_s: float | None, peak_mib: float | None) -> JobTime:
        return JobTime(rule=rule, wall_s=wall_s, cpu_s=cpu_s, peak_mib=peak_mib, read_mib=1, written_mib=None)

    quick, slow = job("a", 10, 5, 100), [job("b", 20, None, None), job("b", 10, 8, 300)]
    first, second = by_rule([quick, *slow])
    assert (first.rule, first.jobs, first.wall_s, first.longest_s) == ("b", 2, 30, 20)
    assert (first.cpu_s, first.peak_mib, first.read_mib, first.written_mib) == (8, 300, 2, None)
    assert (second.rule, second.share) == ("a", pytest.approx(0.25))
    assert by_rule([]) == []


def test_another_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("a\tb\n1\t2\n", encoding="utf-8")
    with pytest.raises(DubaugError, match=r"x\.tsv is no benchmark file of Snakemake"):
        read_jobs([tmp_path])


@pytest.mark.parametrize(
    ("name", "rule"),
    [("shards12", "shards"), ("table_b4", "table_b4"), ("figure_c2", "figure_c2"), ("probe_hear", "probe_hear")],
)
def test_a_batchs_number_is_not_the_rules(tmp_path: Path, name: str, rule: str) -> None:
    (tmp_path / f"{name}.tsv").write_text("s\n1.5\n", encoding="utf-8")
    assert [job.rule for job in read_jobs([tmp_path])] == [rule]
