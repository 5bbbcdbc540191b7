import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from table_factory import published, rows_of, sources_of

from dubaug.cli import main
from dubaug.config import Experiment, save
from dubaug.corpus.titles import Title, write_titles
from dubaug.corpus.tracks import Track
from dubaug.errors import DubaugError
from dubaug.figures.c2 import spread_of
from dubaug.files import read_json, write_json
from dubaug.tables.footer import run_footer
from dubaug.tables.fragment import to_html
from dubaug.tables.latex import to_latex
from dubaug.tables.render import Cell, Table, marks, number, to_csv, to_markdown
from dubaug.tables.scores import load_scores
from dubaug.tables.tables import BUILDERS, build
from dubaug.tables.versus import build_beside_paper
from dubaug.tracks import TrackName

MAIN = ["av", "sep", "a", "es", "fr", "ja", "efj", "a_efj"]


def test_numbers_are_printed_as_in_the_paper() -> None:
    assert [number(value) for value in (0.527, 0.59, 1.0, 0.0, -0.25)] == [".527", ".590", "1.000", ".000", "-.250"]


def test_marks_go_to_every_tie_and_to_nobody_if_all_are_equal() -> None:
    assert marks([0.1, None, 0.3, 0.3, 0.2, 0.1], "higher") == ["lowest", None, "best", "best", None, "lowest"]
    assert marks([0.1, None, 0.3, 0.3, 0.2], "lower") == ["best", None, "highest", "highest", None]
    assert marks([0.5, 0.5, None], "higher") == [None, None, None]


def test_table_1_from_the_published_means_marks_what_the_paper_marks(
    paper_experiment: Experiment, results: Any
) -> None:
    for variant in MAIN:
        for row in published():
            if row["table"] == "1" and row["variant"] == variant:
                results.add(
                    variant,
                    f"{row['task']}",
                    {row["task"]: float(row["mean"])},
                    std=float(row["std"]) if row["std"] else None,
                    metric=row["metric"],
                )
    table = build("1", sources_of(paper_experiment, results.paths))
    assert table.header == ("", "Task", "M", "AV", "SEP", "A", "+ES", "+FR", "+JA", "+EFJ", "A+EFJ")
    assert [row[1].text for row in table.rows] == [
        "ESC-50",
        "FSD50K",
        "TUT18",
        "VocalImitation",
        "VGGSound",
        "CREMA-D",
        "GTZAN Mus/Sp",
        "LibriCount",
    ]
    best = {row[1].text: [table.header[i] for i, cell in enumerate(row) if cell.mark == "best"] for row in table.rows}
    assert best["ESC-50"] == ["+JA"]
    assert best["TUT18"] == ["+ES"]
    assert best["VGGSound"] == ["+ES"]
    lowest = {
        row[1].text: [table.header[i] for i, cell in enumerate(row) if cell.mark == "lowest"] for row in table.rows
    }
    assert lowest["ESC-50"] == ["A"]
    assert lowest["VGGSound"] == ["SEP"]
    assert (table.rows[0][3].text, table.rows[0][3].spreads) == (".527", (("", ".012"),))
    vgg = table.rows[4]
    assert (vgg[5].text, vgg[5].note) == (vgg[10].text, vgg[10].note) == ("–", "a")
    assert table.notes[0] == ("a", "audio-only variants have no picture.")
    assert "mAP for FSD50K and VocalImitation" in table.caption
    assert table.rules == (5,)
    tidy = rows_of(table)
    assert len(tidy) == 8 * len(MAIN)
    assert next(row for row in tidy if (row["task"], row["variant"]) == ("esc50", "av"))["std_folds"] == "0.012"


def test_an_added_task_has_a_row_and_an_added_variant_a_column(make_experiment: Any, results: Any) -> None:
    experiment = make_experiment(
        suites={"hear": ["esc50", "esc10"]},
        tasks={"esc10": {"suite": "hear", "path": "x"}},
        variants={
            "es_ja": {"label": "+EJ", "secondary": ["es", "ja"]},
            "av20": {"secondary": ["en"], "epochs": 20, "checkpoints": [20]},
        },
    )
    results.add("es_ja", "hear", {"esc50": 0.5, "esc10": 0.25})
    table = build("1", sources_of(experiment, results.paths))
    assert table.header[-1] == "+EJ"
    assert not any("av20" in head for head in table.header), "runs of another length are not in the main tables"
    other = next(row for row in table.rows if row[0].text == "Other")
    assert other[1].text == "esc10"
    assert other[-1].text == ".250"


def test_where_lower_is_better_the_lowest_is_best(demo_experiment: Experiment, results: Any) -> None:
    for variant, error in (("av", 0.5), ("es", 0.25), ("efj", 0.75)):
        results.add(variant, "hear", {"esc50": error}, metric="mse")
        results.add(variant, "hares", {"tut18": error})
    table = build("1", sources_of(demo_experiment, results.paths))
    marked = {(row[2], row[4]): row[-2] for row in table.tidy}
    assert {variant: marked["esc50", variant] for variant in ("av", "es", "efj")} == {
        "av": "", "es": "best", "efj": "highest"
    }  # fmt: skip
    assert {variant: marked["tut18", variant] for variant in ("av", "es", "efj")} == {
        "av": "", "es": "lowest", "efj": "best"
    }  # fmt: skip
    assert "Top-1 accuracy, except MSE (lower is better) for ESC-50." in table.caption
    assert "Best in bold, worst in italics." in to_markdown(table)
    assert '<abbr title="highest">.750</abbr>' in to_html(table)
    assert "\\textcolor{gray}{.750}" in to_latex(table)
    scores = load_scores(results.paths)
    assert [scores.best_variant(task, ("av", "es", "efj")) for task in ("esc50", "tut18")] == ["es", "efj"]


def test_intervals_stand_in_the_tidy_form_and_nowhere_else(demo_experiment: Experiment, results: Any) -> None:
    results.add("efj", "hear", {"esc50": 0.5}, std=0.01, interval=(0.25, 0.625))
    results.add("av", "hear", {"esc50": 0.4})
    table = build("1", sources_of(demo_experiment, results.paths))
    rows = {row["variant"]: row for row in rows_of(table) if row["task"] == "esc50"}
    assert [rows["efj"][name] for name in ("std_folds", "low", "high")] == ["0.01", "0.25", "0.625"]
    assert [rows["av"][name] for name in ("low", "high")] == ["", ""]
    assert "0.625" not in to_markdown(table)
    assert ".625" not in to_latex(table)


def test_external_tables_put_our_best_above_the_published(demo_experiment: Experiment, results: Any) -> None:
    results.add("es", "visual", {"vggsound": 0.4})
    results.add("av", "visual", {"vggsound": 0.3})
    results.add("rp", "visual", {"vggsound": 0.9})
    sources = sources_of(demo_experiment, results.paths)
    a1 = build("a1", sources)
    assert [cell.text for cell in a1.rows[0]] == ["Ours (+ES)", ".400", "X3D-M + Acoustic ResNet50"]
    assert a1.rows[1][0].text == "Ours, as published"
    assert a1.rows[3][0].text == "MBT§"
    a2 = build("a2", sources)
    assert a2.rows[0][0].text == "Ours (not evaluated)"
    assert (a2.rows[0][1].text, a2.rows[0][1].note) == ("–", "a")
    assert a2.notes == (("a", "not evaluated: the variant's hares.json was not given."),)
    assert rows_of(a2)[0]["note"] == "not evaluated: the variant's hares.json was not given"
    a3 = build("a3", sources)
    assert len(a3.rows) == 7
    assert a3.header == ("Method", "CREMA-D", "ESC-50", "FSD50K", "Mus/Sp", "Count", "VI", "Arch.")


def test_b4_is_tidy_and_readable(demo_experiment: Experiment, tmp_path: Path) -> None:
    subsets = tmp_path / "subsets.csv"
    text = "languages,titles,video_hours\nen+fr,1767,3100.0\nen+es-419+es@synthetic,3,0.0315\n"
    subsets.write_text(text)
    table = build("b4", sources_of(demo_experiment, [], subsets))
    assert to_csv(table) == text
    assert table.rows[1][0].text == "EN + ES-419 + ES@synthetic"
    assert [cell.text for cell in table.rows[0]] == ["EN + FR", "1767", "3.1k"]
    with pytest.raises(DubaugError, match="--subsets"):
        build("b4", sources_of(demo_experiment, []))


def test_b5_names_all_fifteen_tasks_and_where_the_paper_differs(paper_experiment: Experiment) -> None:
    table = build("b5", sources_of(paper_experiment, []))
    assert len(table.rows) == 15
    types = {row[0].text: row[2].text for row in table.rows}
    assert types["CREMA-D"] == "Multiclass (N=6; the paper says 7)"
    assert types["ESC-50"] == "Multiclass (N=50)"


def test_d6_has_the_untrained_network_first(demo_experiment: Experiment, results: Any) -> None:
    results.add("rp", "hares", {"fluent_speech_commands": 0.3, "fluent_speech_commands_nospeech": 0.2})
    results.add("efj", "hares", {"fluent_speech_commands": 0.4, "fluent_speech_commands_nospeech": 0.1})
    table = build("d6", sources_of(demo_experiment, results.paths))
    assert [row[0].text for row in table.rows] == ["RP", "AV", "+ES", "+FR", "+JA", "+EFJ", "SEP"]
    assert table.rows[0][1].mark == "lowest"
    assert table.rows[0][2].mark == "best"


def test_a_data_set_that_was_not_whole_is_named_below_the_table(demo_experiment: Experiment, results: Any) -> None:
    for variant, count in (("av", 1234), ("es", 1234)):
        path = results.add(variant, "visual", {"vggsound": 0.5, "hmdb51": 0.25})
        result = read_json(path)
        result["tasks"]["vggsound"]["n_absent"] = count
        write_json(path, result)
    sources = sources_of(demo_experiment, results.paths)
    told = "Not whole: VGGSound lacks 1,234 of its listed items."
    assert build("1", sources).notes[-1] == build("a1", sources).notes[-1] == ("", told)
    assert ("", told) not in build("2", sources).notes


def test_d6_has_both_columns_of_every_model_of_the_paper(paper_experiment: Experiment, results: Any) -> None:
    rows = [row for row in published() if row["table"] == "D6"]
    assert len(rows) == 7 * 2
    for variant in {row["variant"] for row in rows}:
        results.add(variant, "hares", {row["task"]: float(row["mean"]) for row in rows if row["variant"] == variant})
    table = build("d6", sources_of(paper_experiment, results.paths))
    assert table.header == ("Model", "+Speech", "–Speech")
    assert {row[0].text: (row[1].text, row[2].text) for row in table.rows} == {
        "RP": (".321", ".270"), "AV": (".379", ".285"), "+ES": (".391", ".297"), "+FR": (".402", ".284"),
        "+JA": (".410", ".302"), "+EFJ": (".373", ".303"), "SEP": (".400", ".299"),
    }  # fmt: skip
    assert [cell.mark for cell in table.rows[0]] == [None, "lowest", "lowest"]
    assert {(row["task"], row["variant"]) for row in rows_of(table)} == {(row["task"], row["variant"]) for row in rows}


def test_d6_of_several_seeds_has_their_deviation(make_experiment: Any, results: Any) -> None:
    path = results.add("rp", "hares", {"fluent_speech_commands": 0.3, "fluent_speech_commands_nospeech": 0.25})
    result = read_json(path)
    result["tasks"]["fluent_speech_commands"]["std_seeds"] = 0.0125
    result["tasks"]["fluent_speech_commands_nospeech"]["std_seeds"] = 0.5
    write_json(path, result)
    table = build("d6", sources_of(make_experiment(seeds=[0, 1, 2]), results.paths))
    assert [(cell.text, cell.spreads) for cell in table.rows[0][1:]] == [
        (".300", (("s", ".013"),)), (".250", (("s", ".500"),)),
    ]  # fmt: skip
    assert table.caption.endswith(" Means are over 3 pretraining seeds, ±s is their standard deviation.")
    assert not build("d6", sources_of(make_experiment(), [])).caption.endswith("deviation.")
    own = make_experiment(variants={"rp": {"label": "RP", "untrained": True, "seeds": [0, 1, 2]}})
    assert "Means are over 1 to 3 pretraining seeds" in build("d6", sources_of(own, [path])).caption
    assert "seeds" not in build("1", sources_of(own, [])).caption


def test_forms_show_the_marks_and_escape_what_they_must() -> None:
    table = Table(
        name="X",
        caption="50% of a_b ± c",
        header=("Task", "A & B"),
        alignment="lr",
        rows=((Cell(text="x_y"), Cell(text=".5±.1", mark="best")), (Cell(text="a|b"), Cell(text=".1", mark="lowest"))),
        tidy_header=("task",),
        tidy=(("x,y",), (None,)),
        footer=("small",),
    )
    markdown, latex = to_markdown(table), to_latex(table)
    assert "| x_y | **.5±.1** |" in markdown
    assert "a\\|b" in markdown
    assert "| *.1* |" in markdown
    assert "\\textbf{.5$\\pm$.1}" in latex
    assert "\\textcolor{gray}{.1}" in latex
    assert "50\\% of a\\_b $\\pm$ c" in latex
    assert "A \\& B" in latex
    assert latex.count("\\begin") == latex.count("\\end") == 3
    assert "small" in markdown
    assert "small" in latex
    assert to_csv(table) == 'task\n"x,y"\n""\n'


def test_the_footer_names_what_the_demo_makes_smaller_and_the_paper_has_none(
    demo_experiment: Experiment, paper_experiment: Experiment, repository: Path
) -> None:
    paper = repository / "workflow/config/paper.yaml"
    assert run_footer(paper_experiment, paper) == ()
    demo = " ".join(run_footer(demo_experiment, paper))
    for key in ("encoders.embedding_dim", "pretraining.epochs", "probe.hares.steps", "mel.n_mels", "probe.hear.hidden"):
        assert key in demo
    assert "encoders.audio.stem_width 16 (64)" in demo or "encoders.audio.stem_width" in demo
    assert "they are not the paper's" in demo


SHOWS = "These numbers show that the workflow runs; they are not the paper's."
MINIATURE = "these scores show that the workflow runs; they do not compare with published ones."
OWN = {"corpus": {"catalogue": "films/catalogue.csv"}}


@pytest.mark.parametrize(
    ("keys", "first"),
    [
        ({}, f"Demo: 24 generated films (14 min) and generated miniatures of the data sets. {SHOWS}"),
        ({"suites": {"hear": ["mine"], "hares": [], "visual": []}},
         f"24 generated films (14 min); no data set is generated. {SHOWS}"),
        ({"suites": {"hear": ["esc50", "mine"], "hares": [], "visual": []}},
         f"24 generated films (14 min) and generated miniatures of ESC-50. {SHOWS}"),
        (OWN, f"2 films, 1.5 h (the paper: 748, about 1,300 h). Generated miniatures of the data sets: {MINIATURE}"),
        ({**OWN, "suites": {"hear": ["esc50", "mine"], "hares": [], "visual": []}},
         f"2 films, 1.5 h (the paper: 748, about 1,300 h). Generated miniatures of ESC-50: {MINIATURE}"),
        ({**OWN, "suites": {"hear": ["mine"], "hares": [], "visual": []}},
         "2 films, 1.5 h (the paper: 748, about 1,300 h)."),
        ({**OWN, "scale": "paper", "suites": {"hear": ["esc50"]}}, "2 films, 1.5 h (the paper: 748, about 1,300 h)."),
    ],
)  # fmt: skip
def test_the_footer_says_what_was_run_whatever_the_scale_is_called(
    keys: dict[str, Any], first: str, make_experiment: Callable[..., Experiment], repository: Path, tmp_path: Path
) -> None:
    tracks = (Track(name=TrackName("en"), stream=0),)
    films = [Title(title_id=name, path=tmp_path / name, minutes=45, clips=900, tracks=tracks) for name in "ab"]
    write_titles(tmp_path / "titles.csv", films)
    own = {"mine": {"label": "Mine", "suite": "hear", "path": "/data/mine"}}
    lines = run_footer(
        make_experiment(**keys, tasks=own), repository / "workflow/config/paper.yaml", tmp_path / "titles.csv"
    )
    assert lines[0] == first
    assert len(lines) == (1 if keys.get("scale") == "paper" else 2)


def test_the_command_writes_every_form_of_each_table(
    demo_experiment: Experiment, repository: Path, results: Any, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    save(demo_experiment, config)
    path = results.add("av", "hear", {"esc50": 0.5})
    paper = repository / "workflow/resources/paper"
    scale = repository / "workflow/config/paper.yaml"
    words = f"tables --config {config} --tables 1 d6 --results {path} --out-dir {tmp_path}/t"
    words += f" --paper {paper} --paper-scale {scale}"
    assert main(words.split()) == 0
    assert {file.name for file in (tmp_path / "t").iterdir()} == {
        f"table{n}{kind}.{form}"
        for n in ("1", "d6")
        for kind in ("", "_vs_paper")
        for form in ("csv", "md", "tex", "html")
    }
    assert "Demo:" in (tmp_path / "t/table1.md").read_text()


def test_the_line_under_the_head_has_as_many_columns_as_the_head(
    demo_experiment: Experiment, results: Any, tmp_path: Path
) -> None:
    """GitHub shows no table at all where they differ."""
    results.add("av", "hear", {"esc50": 0.5})
    subsets = tmp_path / "subsets.csv"
    subsets.write_text("languages,titles,video_hours\nen+fr,1767,3100.0\n")
    for name in BUILDERS:
        markdown = to_markdown(build(name, sources_of(demo_experiment, results.paths, subsets)))
        lines = [line for line in markdown.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) == 1, name


def test_an_empty_table_says_why(make_experiment: Callable[..., Experiment]) -> None:
    own = {"mine": {"label": "Mine", "suite": "hear", "path": "/data/mine"}}
    suites = {"hear": ["mine"], "hares": [], "visual": []}
    variants = {**dict.fromkeys(["es", "fr", "ja", "efj", "a_efj", "a", "sep", "rp"])}
    sources = sources_of(make_experiment(tasks=own, suites=suites, variants=variants), [])
    why = "Nothing of this table is in this run, which evaluates AV on Mine."
    for empty in (build("b5", sources), build("2", sources), build_beside_paper("b5", sources)):
        assert empty is not None
        assert not empty.rows
        assert all(why in form(empty) for form in (to_markdown, to_latex, to_html))


def test_two_final_results_of_one_variant_are_refused(results: Any) -> None:
    path = results.add("av", "hear", {"esc50": 0.5})
    with pytest.raises(DubaugError, match="second final result"):
        load_scores([path, path])


def test_a_task_without_data_has_an_empty_row_and_the_reason(demo_experiment: Experiment, results: Any) -> None:
    path = results.add("av", "hear", {"esc50": 0.5, "libricount": 0.25})
    write_json(path, {**read_json(path), "missing": {"fsd50k": "no data at data/hear/fsd50k"}})
    sources = sources_of(demo_experiment, [path])
    table = build("1", sources)
    row = next(row for row in table.rows if row[1].text == "FSD50K")
    assert {(cell.text, cell.note) for cell in row[3:]} == {("–", "b")}
    reason = "FSD50K: no data at data/hear/fsd50k (`dubaug data` lists every data set)"
    assert table.notes[:3] == (
        ("a", "not evaluated: the variant's hear.json was not given."),
        ("b", f"{reason}."),
        ("c", "not evaluated: the variant's hares.json was not given."),
    )
    assert f"b: {reason}." in to_markdown(table).replace("\\`", "`")
    notes = {(row["task"], row["variant"]): row["note"] for row in rows_of(table)}
    assert notes["fsd50k", "efj"] == reason
    assert notes["esc50", "av"] == ""
    assert notes["vocal_imitation", "av"] == "not evaluated: the variant's hear.json does not have the task"
    assert notes["vggsound", "a"] == "audio-only variants have no picture"
    assert dict(build("a3", sources).notes)["b"] == f"{reason}."


def test_a_file_that_is_no_result_is_refused_by_name(tmp_path: Path) -> None:
    write_json(tmp_path / "hear.json", {"suite": "hear", "tasks": {}})
    with pytest.raises(DubaugError, match=r"hear\.json is no result of this version \(variant: "):
        load_scores([tmp_path / "hear.json"])


def test_deviations_over_folds_and_over_seeds_stand_apart(make_experiment: Any, results: Any) -> None:
    path = results.add("efj", "hear", {"esc50": 0.5, "fsd50k": 0.25}, std=0.01)
    result = read_json(path)
    own = {"hyperparameters": {}, "git_commit": None}
    five, one = ({**own, "mean": 0.5, "std": std, "folds": [0.5] * n} for std, n in ((0.0, 5), (None, 1)))
    result["tasks"]["esc50"] |= {"std_seeds": 0.25, "seeds": [{**five, "seed": seed} for seed in range(3)]}
    result["tasks"]["fsd50k"] |= {
        "std": None, "n_folds": 1, "folds": [0.25], "std_seeds": 0.125, "seeds": [{**one, "seed": s} for s in (0, 1)],
    }  # fmt: skip
    write_json(path, result)
    table = build("1", sources_of(make_experiment(seeds=[0, 1, 2]), [path]))
    assert "±f is the standard deviation over evaluation folds, ±s the one over seeds" in table.caption
    assert ".500 ±<sub>f</sub>.010 ±<sub>s</sub>.250" in to_markdown(table)
    assert ".250 ±<sub>s</sub>.125" in to_markdown(table)
    rows = {row["task"]: row for row in rows_of(table) if row["variant"] == "efj"}
    keys = ("std_folds", "std_seeds", "n_folds", "n_seeds")
    assert [rows["esc50"][key] for key in keys] == ["0.01", "0.25", "5", "3"]
    assert [rows["fsd50k"][key] for key in keys] == ["", "0.125", "1", "2"]
    scores = load_scores([path]).final
    assert [spread_of(scores[task, "efj"]).std for task in ("esc50", "fsd50k")] == [0.01, 0.125], "what a figure shows"


def test_the_papers_own_lists_have_no_field_too_many(repository: Path) -> None:
    for path in sorted((repository / "workflow/resources/paper").glob("*.csv")):
        assert all(None not in row for row in csv.DictReader(path.open(encoding="utf-8"))), path.name
