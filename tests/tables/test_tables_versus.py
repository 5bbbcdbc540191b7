"""Our numbers beside the paper's: differences, places, and whether the order agrees."""

import math
from pathlib import Path
from typing import Any

import pytest
from table_factory import published, rows_of, sources_of

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json
from dubaug.tables.order import OrderAgreement, coefficient, compare_order, mean_order
from dubaug.tables.render import signed, to_markdown
from dubaug.tables.versus import build_beside_paper
from dubaug.tables.versus_others import percent, place


def test_tau_b_by_hand() -> None:
    assert compare_order([1, 2, 3], [10, 20, 30]) == OrderAgreement(tau=1.0, n=3)
    assert compare_order([1, 2, 3], [3, 2, 1]).tau == -1
    # one tie on the left: 5 pairs agree, none differs; 5 / sqrt((6 - 1) * 6)
    assert compare_order([1, 2, 2, 3], [1, 3, 2, 4]).tau == pytest.approx(5 / math.sqrt(30))
    # a tie on each side, and the pair that is left differs: -1 / sqrt((3 - 1) * (3 - 1))
    assert compare_order([1, 1, 2], [2, 1, 1]).tau == pytest.approx(-0.5)


def test_what_is_lacking_or_tied_has_no_order() -> None:
    assert compare_order([1, None, 3, 4], [1, 2, None, 4]).n == 2
    assert compare_order([1, None, 3, 4], [1, 2, None, 4]).tau is None
    assert compare_order([0.5, 0.5, 0.5], [1, 2, 3]).why == "no order: all are equal"
    assert compare_order([0.1 + 0.2, 0.3, 0.3], [1, 2, 3]).tau is None, "a difference in the last bit is a tie"
    assert mean_order(
        [OrderAgreement(tau=1.0, n=3), OrderAgreement(tau=None, n=2, why="few"), OrderAgreement(tau=-0.5, n=8)]
    ) == (0.25, 2)
    assert mean_order([OrderAgreement(tau=None, n=0, why="few")]) == (None, 0)


def test_differences_and_correlations_are_signed() -> None:
    assert [signed(value) for value in (0.012, -0.012, 0.0004, -0.0004, 1.5)] == [
        "+.012",
        "−.012",
        ".000",
        ".000",
        "+1.500",
    ]
    assert [coefficient(value) for value in (0.625, -0.144, 1.0, -1.0, 0.0, -0.001)] == [
        ".62",
        "−.14",
        "1.00",
        "−1.00",
        ".00",
        ".00",
    ]
    assert [percent(*pair) for pair in ((22, 1356), (0.23, 2400), (1767, 1767), (0, 5), (12, 100))] == [
        "1.6",
        "0.0096",
        "100",
        "0.0",
        "12",
    ]


def test_a_place_counts_who_is_higher() -> None:
    assert place(0.5, [0.7, 0.5, 0.3]) == 2
    assert place(0.9, [0.7]) == 1


def test_table_1_has_three_lines_a_task(demo_experiment: Experiment, results: Any) -> None:
    # the paper: av .527, sep .570, es .580
    for variant, mean in (("av", 0.6), ("sep", 0.57), ("es", 0.5)):
        results.add(variant, "hear", {"esc50": mean}, std=0.01)
    table = build_beside_paper("1", sources_of(demo_experiment, results.paths, footer=("demo",)))
    assert table.header == ("", "Task", "", "AV", "SEP", "A", "+ES", "+FR", "+JA", "+EFJ", "A+EFJ", "τ-b")
    ours, paper, difference = table.rows[:3]
    assert [row[2].text for row in (ours, paper, difference)] == ["ours", "paper", "diff."]
    assert [(cell.text, cell.mark) for cell in ours[3:5]] == [(".600", "best"), (".570", None)]
    assert [(cell.text, cell.mark) for cell in paper[5:10]] == [
        (".220", "lowest"), (".580", None), (".575", None), (".590", "best"), (".587", None),
    ]  # fmt: skip
    assert [difference[i].text for i in (3, 4, 6)] == ["+.073", ".000", "−.080"]
    assert (difference[5].text, difference[5].note) == ("–", ours[5].note)
    assert ours[-1].text == "−1.00 (3)", "ours av > sep > es, the paper's the other way round"
    fsd50k = table.rows[3]
    assert (fsd50k[-1].text, dict(table.notes)[fsd50k[-1].note]) == (
        "–",
        "no order: fewer than three have both numbers.",
    )
    assert table.notes[0] == ("", "Mean τ-b over 1 task: −1.00.")
    assert table.footer == ("demo",)
    row = next(row for row in rows_of(table) if (row["task"], row["variant"]) == ("esc50", "es"))
    assert float(row["difference"]) == pytest.approx(-0.08)
    assert [row[key] for key in ("ours", "paper", "std_folds", "paper_std")] == ["0.5", "0.58", "0.01", "0.019"]
    assert [row[key] for key in ("tau_b", "n_variants", "mean_tau_b", "n_tasks", "note")] == [
        "-1.0",
        "3",
        "-1.0",
        "1",
        "",
    ]


@pytest.mark.parametrize("name", ["1", "2", "d6"])
def test_the_papers_own_numbers_differ_by_nothing_and_have_the_same_order(
    paper_experiment: Experiment, results: Any, name: str
) -> None:
    rows = [row for row in published() if row["table"].lower() == name]
    for row in rows:
        suite = paper_experiment.tasks[row["task"]].suite
        path = results.folder / row["variant"] / f"{suite}-{row['task']}.json"
        results.add(row["variant"], f"{suite}-{row['task']}", {row["task"]: float(row["mean"])}, metric=row["metric"])
        write_json(path, {**read_json(path), "suite": suite})
    table = build_beside_paper(name, sources_of(paper_experiment, results.paths))
    tidy = [row for row in rows_of(table) if not row["note"]]
    assert len(tidy) == len(rows)
    assert {float(row["difference"]) for row in tidy} == {0.0}
    assert {round(float(row["tau_b"]), 12) for row in tidy} == {1.0}
    assert (
        "",
        f"Mean τ-b over {len({row['task'] for row in rows})} {'columns' if name == 'd6' else 'tasks'}: 1.00.",
    ) in table.notes
    assert not any(text.startswith(("Left out", "In the paper's")) for _, text in table.notes)


def test_what_one_of_the_two_lacks_is_named(make_experiment: Any, results: Any) -> None:
    experiment = make_experiment(
        suites={"hear": ["esc50", "esc10"]},
        tasks={"esc10": {"suite": "hear", "path": "x"}},
        variants={"es_ja": {"label": "+EJ", "secondary": ["es", "ja"]}},
    )
    results.add("es_ja", "hear", {"esc50": 0.5, "esc10": 0.25})
    table = build_beside_paper("1", sources_of(experiment, results.paths))
    assert "+EJ" not in table.header
    assert "esc10" not in {row[1].text for row in table.rows}
    notes = [text for letter, text in table.notes if not letter]
    assert notes[0] == "No task has a τ-b."
    assert "Left out, for the paper has no such row or column: +EJ; esc10." in notes
    absent = "FSD50K, VocalImitation, CREMA-D, GTZAN Mus/Sp, LibriCount"
    assert f"In the paper's table and not in this run: {absent}." in notes


def test_other_metrics_are_not_subtracted(demo_experiment: Experiment, results: Any) -> None:
    results.add("av", "hear", {"fsd50k": 0.5}, metric="d_prime")
    table = build_beside_paper("1", sources_of(demo_experiment, results.paths))
    row = next(row for row in rows_of(table) if (row["task"], row["variant"]) == ("fsd50k", "av"))
    assert (row["ours"], row["paper"], row["difference"]) == ("0.5", "0.296", "")
    assert row["note"] == "FSD50K: measured by d′ here, by mAP in the paper"


def test_audio_only_variants_have_one_reason_in_all_three_lines(demo_experiment: Experiment, results: Any) -> None:
    results.add("av", "visual", {"vggsound": 0.5})
    table = build_beside_paper("1", sources_of(demo_experiment, results.paths))
    first = next(i for i, row in enumerate(table.rows) if row[1].text == "VGGSound")
    letters = {row[5].note for row in table.rows[first : first + 3]}
    assert [dict(table.notes)[letter] for letter in letters] == ["audio-only variants have no picture."]


def test_d6_has_ours_paper_and_difference_by_test_set(demo_experiment: Experiment, results: Any) -> None:
    for variant, both in (("rp", (0.3, 0.2)), ("av", (0.4, 0.2)), ("es", (0.5, 0.2))):
        results.add(
            variant,
            "hares",
            dict(zip(("fluent_speech_commands", "fluent_speech_commands_nospeech"), both, strict=True)),
        )
    table = build_beside_paper("d6", sources_of(demo_experiment, results.paths))
    assert table.header == ("Model", *("Ours", "Paper", "Diff.") * 2)
    assert [cell.text for cell in table.rows[0]] == ["RP", ".300", ".321", "−.021", ".200", ".270", "−.070"]
    last = table.rows[-1]
    assert (last[0].text, last[3].text, last[6].text) == ("Order (τ-b)", "1.00 (3)", "–")
    assert dict(table.notes)[last[6].note] == "no order: all are equal."


def test_external_tables_give_difference_and_both_places(demo_experiment: Experiment, results: Any) -> None:
    results.add("es", "visual", {"vggsound": 0.6})
    results.add("efj", "hear", {"libricount": 0.6595})
    sources = sources_of(demo_experiment, results.paths)
    (row,) = build_beside_paper("a1", sources).rows
    assert [cell.text for cell in row] == ["VGGSound", "+ES", ".600", ".323", "+.277", "4", "6", "6"]
    a3 = build_beside_paper("a3", sources)
    shown = {row[0].text: [cell.text for cell in row[1:]] for row in a3.rows}
    assert shown["LibriCount"] == ["+EFJ", ".659", ".706", "−.046", "4", "1", "6"]
    assert shown["ESC-50"] == ["–", "–", ".590", "–", "–", "5", "6"]
    note = next(row["note"] for row in rows_of(a3) if row["task"] == "esc50")
    assert note == "not evaluated: the variant's hear.json was not given"


def test_b4_gives_percent_and_the_order_of_the_sets(demo_experiment: Experiment, tmp_path: Path) -> None:
    subsets = tmp_path / "subsets.csv"
    # the paper: en+fr 1767, en+es 1356, en+ja 1020, en+es+fr+ja 748; the order of languages does not matter
    subsets.write_text(
        "languages,titles,video_hours\nen+fr,1767,31\nen+es,200,24\nen+ja,300,9\nen+ja+es+fr,100,1\nen+de,5,5\n"
    )
    table = build_beside_paper("b4", sources_of(demo_experiment, [], subsets))
    assert [cell.text for cell in table.rows[0]] == ["EN + FR", "1767", "1767", "100", "31.00", "3.1k", "1.0"]
    assert [row[0].text for row in table.rows] == ["EN + FR", "EN + ES", "EN + JA", "EN + JA + ES + FR", "Order (τ-b)"]
    # titles: of six pairs one (es, ja) is the other way round: (5 - 1) / 6; hours: all agree
    assert (table.rows[-1][3].text, table.rows[-1][6].text) == (".67 (4)", "1.00 (4)")
    told = [text for _, text in table.notes]
    assert told[0] == "Left out, for the paper has no such row: EN + DE."
    assert told[1].startswith("In the paper's table and not in this run: EN + ES + FR, EN + FR + JA, EN + ES + JA.")
    with pytest.raises(DubaugError, match="--subsets"):
        build_beside_paper("b4", sources_of(demo_experiment, []))


def test_b5_counts_classes(paper_experiment: Experiment) -> None:
    table = build_beside_paper("b5", sources_of(paper_experiment, []))
    shown = {row[0].text: [cell.text for cell in row[2:]] for row in table.rows}
    assert len(shown) == 15
    assert shown["CREMA-D"] == ["6", "7", "−1"]
    assert shown["LibriCount"] == ["11", "10", "+1"]
    assert shown["ESC-50"] == ["50", "50", "0"]
    assert shown["Vocal Imitation"] == ["302", "302 (multilabel)", "0"]
    assert shown["FlSpComm"] == ["6/14/4", "–", "–"]
    assert dict(table.notes)["a"] == "the paper gives no count."


def test_a_table_that_the_paper_lacks_has_no_second_form(demo_experiment: Experiment) -> None:
    assert build_beside_paper("lvu", sources_of(demo_experiment, [])) is None


def test_the_markdown_is_titled_beside_the_paper(demo_experiment: Experiment, results: Any) -> None:
    results.add("av", "hear", {"esc50": 0.5})
    markdown = to_markdown(build_beside_paper("1", sources_of(demo_experiment, results.paths)))
    assert markdown.startswith("**Table 1 beside the paper.** ")
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1
