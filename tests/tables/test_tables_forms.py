"""The forms of a table: HTML that parses, LaTeX that compiles and fits, Markdown that holds its cells."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from table_factory import sources_of

from dubaug.config import Experiment
from dubaug.files import read_json, write_json
from dubaug.tables.fragment import to_html
from dubaug.tables.latex import escape, to_latex
from dubaug.tables.render import Cell, Span, Table, to_csv, to_markdown
from dubaug.tables.tables import BUILDERS, build
from dubaug.tables.versus import build_beside_paper
from needs import lacking

ODD = "[*] & % _ # ~ ^ < > \" ' | $ { } \\ é ł ß ± – § ′ † 日 Ω ħ"
SMALL = Table(
    name="X",
    caption=f"A caption: {ODD}",
    header=("", "Task", "A & B", "<b>"),
    rows=(
        (
            Cell(text="Group", head=True, rows=2),
            Cell(text="x_y", head=True),
            Cell(text=".5", mark="best", spreads=(("f", ".1"), ("s", ".2"))),
            Cell(text=".1", mark="lowest"),
        ),
        (Cell(text=""), Cell(text="a|b", head=True), Cell(text="–", note="a"), Cell(text=".3", spreads=(("", ".1"),))),
        (Cell(text="Other", head=True), Cell(text=ODD, head=True), Cell(text="1"), Cell(text="2")),
    ),
    spans=(Span(label="", columns=2), Span(label="Both", columns=2)),
    rules=(2,),
    gaps=(1,),
    alignment="llcr",
    tidy_header=("task",),
    tidy=(("x",),),
    notes=(("", "On all."), ("a", "no <data>.")),
    footer=("What differs: a_b.",),
)
VOID = {"br", "hr", "img", "meta", "link", "input"}


class Balanced(HTMLParser):
    """Fails where a tag is closed that is not the last one opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name == "style" or name.startswith("on") for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def every_table(demo_experiment: Experiment, results: Any, tmp_path: Path) -> list[Table]:
    """All tables in both forms, from results with several seeds, gaps, and two variants without results."""
    for variant, mean in (("av", 0.527), ("sep", 0.4), ("es", 0.62), ("fr", 0.55), ("a", 0.123)):
        path = results.add(variant, "hear", {"esc50": mean, "crema_d": mean / 2, "libricount": 1 - mean}, std=0.0123)
        result = read_json(path)
        for entry in result["tasks"].values():
            of_seed = {key: entry[key] for key in ("mean", "std", "folds", "hyperparameters", "git_commit")}
            entry |= {"std_seeds": 0.0456, "seeds": [{**of_seed, "seed": seed} for seed in range(3)]}
        write_json(path, result)
    for variant in ("av", "es", "rp", "sep"):
        tasks = ("fluent_speech_commands", "fluent_speech_commands_nospeech", "tut18")
        results.add(variant, "hares", dict.fromkeys(tasks, 0.25))
    results.add("es", "visual", {"vggsound": 0.4, "hmdb51": 0.3, "ucf101": 0.2})
    subsets = tmp_path / "subsets.csv"
    subsets.write_text("languages,titles,video_hours\nen+fr,1767,3100.0\nen+es,30,0.0315\nen+ja,40,9\nen+de,1,1\n")
    footer = ("Other than in the paper (its value in brackets): clips.frame_height 56 (180); mel.n_mels 48 (96).",)
    sources = sources_of(demo_experiment, results.paths, subsets, footer)
    return [make(name, sources) for name in BUILDERS for make in (build, build_beside_paper)]


def test_fragments_are_well_formed_and_their_rows_are_full(every_table: list[Table]) -> None:
    assert len({table.identifier for table in every_table}) == 16
    for table in [*every_table, SMALL]:
        html = to_html(table)
        parser = Balanced()
        parser.feed(html)
        assert parser.open == []
        figure = ElementTree.fromstring(html)
        assert (figure.tag, figure.get("class"), figure.get("id")) == ("figure", "table", table.identifier)
        assert figure.findtext("table/caption/b") == f"{table.title}."
        assert len(figure.findall("table/tbody")) == len(table.rules) + 1
        _check_grid(figure, len(table.header))
        assert [note.get("class") for note in figure.findall("p")] == ["note"] * len(table.notes) + ["note run"] * len(
            table.footer
        )


def _check_grid(figure: ElementTree.Element, columns: int) -> None:
    """Every row of every body has as many columns, those counted that cells from above reach into."""
    for body in [figure.find("table/thead"), *figure.findall("table/tbody")]:
        assert body is not None
        reaching: list[int] = []
        for row in body:
            width = sum(int(cell.get("colspan", "1")) for cell in row)
            assert width + len(reaching) == columns
            own = [int(cell.get("rowspan", "1")) for cell in row]
            reaching = [left - 1 for left in (*reaching, *own) if left > 1]
        assert reaching == [], "no cell reaches over a rule"


def test_the_html_names_heads_marks_and_reasons() -> None:
    figure = ElementTree.fromstring(to_html(SMALL))
    first, second = figure.findall("table/tbody/tr")[:2]
    assert [(cell.tag, cell.get("scope"), cell.get("rowspan")) for cell in first[:2]] == [
        ("th", "rowgroup", "2"),
        ("th", "row", None),
    ]
    best, lowest = first[2], first[3]
    assert best.get("class") == "centre best"
    assert best.findtext("strong") == ".5"
    assert ["".join(spread.itertext()) for spread in best.findall("span")] == ["±f.1", "±s.2"]
    assert lowest.get("class") == "right lowest"
    abbreviation = lowest.find("abbr")
    assert abbreviation is not None
    assert (abbreviation.text, abbreviation.get("title")) == (".1", "lowest")
    assert second.get("class") == "apart"
    assert second[1].get("class") == "centre none"
    assert "".join(second[1].itertext()) == "–a"
    assert [cell.get("scope") for cell in figure.findall("table/thead/tr/th")] == ["colgroup", "col", "col", "col"]
    assert figure.findall("table/thead/tr")[1][3].text == "<b>"
    assert ["".join(note.itertext()) for note in figure.findall("p")] == [
        "On all.",
        "a no <data>.",
        "What differs: a_b.",
    ]
    caption = figure.find("table/caption")
    assert caption is not None
    assert ODD in "".join(caption.itertext())


def test_markdown_holds_odd_labels_in_their_cells() -> None:
    lines = to_markdown(SMALL).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert table[0] == "|  | Task | Both<br>A & B | Both<br>&lt;b> |"
    assert table[1] == "| :-- | :-- | :-: | --: |"
    assert table[2] == "| Group | x_y | **.5 ±<sub>f</sub>.1 ±<sub>s</sub>.2** | *.1* |"
    assert table[3] == "|  | a\\|b | –<sup>a</sup> | .3±.1 |"
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {5}
    assert "<sub>a: no &lt;data>.</sub><br>" in lines


def test_latex_has_no_character_that_t1_has_not() -> None:
    assert escape("a_b & 50% ~ é") == "a\\_b \\& 50\\% \\textasciitilde{} é"
    assert escape("日Ωħḥ") == "{[}U+65E5]{[}U+03A9]{[}U+0127]h"
    assert escape("a\a\n\x85b") == "a{[}U+0007]  b"
    assert escape("[1em]*") == "{[}1em]{*}", "no argument of the line's end before it"
    assert escape("±–§′†−") == "$\\pm$--\\S{}$'$\\textdagger{}$-$"


def test_a_run_that_has_nothing_of_the_papers_has_all_tables(demo_experiment: Experiment, tmp_path: Path) -> None:
    subsets = tmp_path / "subsets.csv"
    subsets.write_text("languages,titles,video_hours\n")
    experiment = replace(
        demo_experiment,
        variants={"de": replace(demo_experiment.variants["es"], label="+DE")},
        suites={**demo_experiment.suites, "visual": ()},
    )
    sources = sources_of(experiment, [], subsets)
    for name in BUILDERS:
        for table in (build(name, sources), build_beside_paper(name, sources)):
            figure = ElementTree.fromstring(to_html(table))
            _check_grid(figure, len(table.header))
            assert to_csv(table).splitlines()[0] == ",".join(table.tidy_header)
            assert to_markdown(table)
            assert to_latex(table).count("\\midrule") == 1 + len(table.rules)
            assert all(0 < rule < len(table.rows) for rule in table.rules)
    empty = {note for _, note in build("a1", sources).notes}
    assert empty == {"VGGSound is in none of the configuration's `suites`."}


DOCUMENT = r"""\documentclass[twocolumn]{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern,booktabs,graphicx,xcolor}
\usepackage[margin=1in]{geometry}
\begin{document}
%s
\end{document}
"""


def test_every_table_compiles_and_fits_its_column(every_table: list[Table], tmp_path: Path) -> None:
    if not shutil.which("pdflatex"):
        lacking("latex", "pdflatex is missing: apt-get install texlive-latex-recommended lmodern")
    tables = [*every_table, SMALL]
    for i, table in enumerate(tables):
        (tmp_path / f"{i}.tex").write_text(to_latex(table), encoding="utf-8")
    inputs = "".join(f"\\typeout{{TABLE {i}}}\\input{{{i}.tex}}\\clearpage\n" for i in range(len(tables)))
    (tmp_path / "all.tex").write_text(DOCUMENT % inputs, encoding="utf-8")
    run = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "all.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )
    assert run.returncode == 0, run.stdout[-3000:]
    log = (tmp_path / "all.log").read_text(encoding="latin-1")
    assert f"({len(tables)} pages" in log.replace("\n", " "), "a page each"
    too_wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert not [points for points in too_wide if points > 3], log
    assert "Float too large" not in log
    assert "Missing character" not in log


def test_a_table_with_many_variants_is_scaled_to_its_page(tmp_path: Path) -> None:
    """The same without the scaling is too wide: the log would say so."""
    if not shutil.which("pdflatex"):
        lacking("latex", "pdflatex is missing: apt-get install texlive-latex-recommended lmodern")
    wide = Table(
        name="W",
        caption="c",
        header=tuple(f"variant {i}" for i in range(30)),
        alignment="l" + "r" * 29,
        rows=(tuple(Cell(text=".500") for _ in range(30)),),
        tidy_header=("x",),
        tidy=((1,),),
        wide=True,
    )
    latex = to_latex(wide)
    unscaled = re.sub(r"\\resizebox\{.*?\}\{!\}\{\\usebox0\}", r"\\usebox0", latex)
    assert unscaled != latex
    overfull = []
    for name, text in (("scaled", latex), ("unscaled", unscaled)):
        (tmp_path / f"{name}.tex").write_text(DOCUMENT % text, encoding="utf-8")
        subprocess.run(
            ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", f"{name}.tex"],
            cwd=tmp_path,
            capture_output=True,
            timeout=120,
            check=True,
        )
        overfull.append("Overfull \\hbox" in (tmp_path / f"{name}.log").read_text(encoding="latin-1"))
    assert overfull == [False, True]
