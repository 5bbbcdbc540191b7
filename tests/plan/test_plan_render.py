import csv
import io
from dataclasses import replace

import pytest

from dubaug.config import Experiment
from dubaug.plan.amounts import Amount, Amounts, FilmAmounts
from dubaug.plan.disk import Space
from dubaug.plan.estimate import Row, Total
from dubaug.plan.render import Plan, to_csv, to_mapping, to_markdown, to_text

ROW = Row(
    rule="pretrain", jobs=8, threads=32, gpus=4, unit="clips shown", amount=124_800_000, core_hours=1_600.0,
    gpu_hours=200.0, wall_hours=50.0, basis="bound", unknown_jobs=0, source="bounds.json: rates[0]", note="",
)  # fmt: skip


@pytest.fixture
def plan(demo_experiment: Experiment) -> Plan:
    unknown = replace(
        ROW, rule="probe_hares", gpus=1, core_hours=None, gpu_hours=None, wall_hours=None, basis="unknown",
        unknown_jobs=8, source="", note="never measured with these settings", amount=None, unit="checkpoints",
    )  # fmt: skip
    total = Total(
        jobs=16, core_hours=1600.0, gpu_hours=200.0, wall_hours=50.0, chain_hours=6.25, chain=("shards", "pretrain"),
        unknown={"probe_hares": 8}, bounds=("pretrain",),
    )  # fmt: skip
    count = Amount(value=748, source="the paper, Table B4")
    corpus = FilmAmounts(found_titles=count, found_hours=count, titles=count, hours=count, clips=count)
    spaces = [
        Space(what="clips", folder="results/shards", size_bytes=0.92e12, basis="measured elsewhere", source="a file"),
        Space(what="windows", folder="results/features", size_bytes=None, basis="unknown", source=""),
    ]
    return Plan(
        experiment=demo_experiment, amounts=Amounts(corpus=corpus, windows={}, items={}), rows=[ROW, unknown],
        total=total, spaces=spaces, cores=None, machines={"bounds.json": "A100"}, remarks=["no catalogue"],
    )  # fmt: skip


def test_a_person_reads_what_is_a_bound_and_what_nobody_knows(plan: Plan) -> None:
    text = to_text(plan)
    lines = {line.split()[0]: line for line in text.splitlines() if line}
    assert lines["pretrain"].split() == [
        "pretrain", "8", "32", "4", "124,800,000", "clips", "shown", "≥", "1,600", "≥", "200", "≥", "50.0", "bound"
    ]  # fmt: skip
    assert "?  unknown (never measured with these settings)" in lines["probe_hares"]
    assert "? checkpoints" in lines["probe_hares"]
    assert "one after another: at least 50.0 h" in text
    assert "longest chain, however many machines: at least 6.2 h: shards > pretrain" in text
    assert "left out of the sums, for no rate or amount is known: probe_hares (8)" in text
    assert "bounds, not measured, so that it takes longer: pretrain" in text
    assert lines["results/features"].split() == ["results/features", "windows", "?", "unknown"]
    assert "920 GB" in text
    assert "  pretrain: bounds.json: rates[0]" in text
    assert "  bounds.json: A100" in text
    assert "no catalogue" in text
    assert "this machine's" not in text
    known = replace(
        plan, cores=2, total=replace(plan.total, unknown={}, bounds=()), rows=[replace(ROW, basis="measured here")]
    )
    assert "≥" not in to_text(known).split("folder")[0]
    assert "on this machine's 2 cores: 33.3 days or more" in to_text(known)


def test_the_page_is_a_markdown_table_of_equal_columns(plan: Plan) -> None:
    tables = [line for line in to_markdown(plan).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in tables[:5]} == {10}
    assert {line.count("|") for line in tables[5:]} == {5}


def test_files_for_programs_hold_full_figures(plan: Plan) -> None:
    first, second = csv.DictReader(io.StringIO(to_csv(plan)))
    assert (first["rule"], float(first["gpu_hours"]), first["basis"]) == ("pretrain", 200.0, "bound")
    assert (second["gpu_hours"], second["unknown_jobs"]) == ("", "8"), "unknown is empty, not 0"
    mapping = to_mapping(plan)
    assert mapping["rules"][0]["amount"] == 124_800_000
    assert mapping["total"]["unknown"] == {"probe_hares": 8}
    assert mapping["films"]["titles"] == {"value": 748, "source": "the paper, Table B4"}
    assert mapping["disk"][1]["size_bytes"] is None


def test_short_plans_are_told_in_minutes(plan: Plan) -> None:
    row = replace(ROW, core_hours=0.5, gpu_hours=0.0001, wall_hours=0.25, basis="measured here")
    text = to_text(replace(plan, rows=[row], total=replace(plan.total, core_hours=0.5)))
    (line,) = [line for line in text.splitlines() if line.startswith("pretrain ")]
    assert "core min" in text
    assert line.split()[7:10] == ["30.0", "<0.01", "15.0"]
