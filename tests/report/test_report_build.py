import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from report_factory import HOSTILE, Page

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json
from dubaug.report.build import SECTIONS

MakePage = Callable[..., str]


@pytest.fixture(params=["everything", "nothing"])
def page(request: pytest.FixtureRequest, results: dict[str, Any], make_page: MakePage, tmp_path: Path) -> str:
    """Return the page of a whole results folder, and of one in which nothing but the configuration is."""
    if request.param == "everything":
        return make_page(**results)
    gone = tmp_path / "gone"
    nothing = {name: [gone / "a.b"] if isinstance(value, list) else gone / "a.b" for name, value in results.items()}
    return make_page(**nothing | {"out_dir": tmp_path})


def test_it_is_well_formed(page: str) -> None:
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    read = Page(page)
    assert read.faults == []
    assert len(read.all("h1")) == len(read.all("main")) == len(read.all("nav")) == len(read.all("title")) == 1
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in read.all("meta")


def test_headings_are_in_order_and_say_something(page: str) -> None:
    headings = Page(page).headings
    levels = [level for level, _ in headings]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [text for level, text in headings if level == 2] == list(SECTIONS.values())
    assert all(text.strip() for _, text in headings)


def test_ids_are_unique_and_all_links_resolve(page: str) -> None:
    read = Page(page)
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [link["href"] for link in read.all("a")]
    assert set(SECTIONS) <= {target.removeprefix("#") for target in targets}
    labels = [attributes["aria-labelledby"] for _, attributes in read.elements if "aria-labelledby" in attributes]
    assert {target.removeprefix("#") for target in targets} | set(labels) <= set(ids)


def test_nothing_is_loaded_and_nothing_runs(page: str) -> None:
    read = Page(page)
    for tag, attributes in read.elements:
        assert tag not in {"script", "iframe", "object", "embed", "form", "base"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"srcset", "action", "formaction", "background", "ping", "style", "xlink:href"}
            if name in {"src", "href"}:
                assert value.startswith(("data:", "#")), value[:80]
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert len(styles) == 1
    assert "@import" not in styles[0]
    assert "url(" not in styles[0]


def test_pictures_and_drawings_have_words_and_tables_have_heads(page: str) -> None:
    read = Page(page)
    assert all(image["alt"].strip() and int(image["width"]) and int(image["height"]) for image in read.all("img"))
    for drawing in read.all("svg"):
        assert (drawing.get("role") == "img" and drawing["aria-label"]) or drawing.get("aria-hidden") == "true"
    assert all(head.get("scope") in {"col", "row", "colgroup", "rowgroup"} for head in read.all("th"))
    regions = [attributes for _, attributes in read.elements if attributes.get("role") == "region"]
    assert all(region["aria-label"] and region["tabindex"] == "0" for region in regions)
    assert len({region["aria-label"] for region in regions}) == len(regions)


def test_what_others_named_stays_text(results: dict[str, Any], make_page: MakePage) -> None:
    page = make_page(**results)
    assert "<script" not in page
    assert Page(page).text.count(HOSTILE) >= 4, "a claim, a slip, a title, a figure's words"


def test_the_same_results_make_the_same_bytes(results: dict[str, Any], make_page: MakePage) -> None:
    assert make_page(**results) == make_page(**results)


def test_claims_come_first_with_counts_above_them(results: dict[str, Any], make_page: MakePage) -> None:
    text = Page(make_page(**results)).text
    assert (
        "Of 2 claims of the paper, by the evidence of this run 0 hold, 0 fail, 1 undecided, and 1 without data." in text
    )
    counts = "✓ holds 0 1 2 ✗ fails 0 1 0 ? undecided 1 0 0 – no data 1 0 0"
    assert counts in text, "by the evidence, the means, the paper"
    assert "1. Dubs help. ? undecided ✓ holds ✓ holds" in text
    assert text.index("Dubs help.") < text.index("Table 1 Table 1. Scores") < text.index("Figure C2")
    assert "This is a demo run." in text
    assert "8 of 8 tasks" in text
    assert "0 of 8 settled" in text
    assert "+EFJ above AV on ESC-50 +0.012 −0.010 to +0.030 0.400 undecided" in text


def test_every_part_has_its_numbers(results: dict[str, Any], make_page: MakePage) -> None:
    text = Page(make_page(**results)).text
    for words in [
        "2 titles, generated; 90 clips of 3 s",
        "Trained on 2 titles and 90 clips",
        "4.5 min in all; 90.0 s to 3.0 min a title",
        "cut short get the film again 2 7",
        "early or late by a constant time moved to its place 0 1",
        "none is more than 12.3 ms from its place",
        "+EFJ and +ES beside AV",
        "align 2 40.0 s 30.0 s 33.0 s 2.00 GiB 0 MiB 5 MiB 99 %",
        "pretrain 1 0.4 s 0.4 s not known not known not known not known 1 %",
        "+EFJ 0 2 2 90 41.6 s cpu 3.500",
        "commit c0ffeec0ffeec0ffeec0ffeec0ffeec0ffee (1 file)",
        "settings that scores depend on are other than in the paper",
        "pretraining.epochs 8 10",
        "Kokoro-82M",
        "figures/c2.png",
    ]:
        assert words in text, words
    assert "Said once elsewhere" not in text


def test_each_missing_part_has_a_sentence(make_page: MakePage, tmp_path: Path) -> None:
    text = Page(make_page(out_dir=tmp_path)).text
    for words in [
        "No claim was judged", "There are no claims here", "There are no tables here", "There are no figures here",
        "The list of titles is not there", "The alignment is not there", "The list of rejected titles is not there",
        "There are no comparisons here", "There are no trainings here", "No runtimes are there",
        "No result file is there",
    ]:  # fmt: skip
        assert words in text, words


def test_films_of_ones_own_are_not_called_generated(
    make_experiment: Callable[..., Experiment], make_page: MakePage, results: dict[str, Any]
) -> None:
    mine = make_experiment(corpus={"catalogue": "films/catalogue.csv"})
    assert (mine.generates_films, any(map(mine.generates, mine.tasks))) == (False, True)
    text = Page(make_page(mine, **results)).text
    assert "The films are yours, data sets are generated. All tasks are miniatures" in text
    assert "This is a demo run." not in text
    assert "The films’ licences are yours to state" in text


def test_the_summary_leads_with_the_comparisons_that_the_run_has(results: dict[str, Any], make_page: MakePage) -> None:
    def summary() -> str:
        return Page(make_page(**results)).text.partition("What was run")[0]

    lead = (
        "+EFJ scores better than AV on 1 of 1 task (1 settled); +ES scores better than AV on 0 of 1 task (0 settled)."
    )
    effects = "+0.100 (+0.020 to +0.180) 0.000 (no interval)"
    assert summary().index(lead) < summary().index("Of 2 claims")
    content = read_json(results["claims"])
    for one in content["claims"]:
        one["run"] |= {"verdict": "no data", "by_means": "no data"}
    write_json(results["claims"], content)
    text = summary()
    assert text.index(lead) < text.index("None of the paper’s 2 claims can be judged here")
    assert "without data" not in text
    assert effects in text
    results["comparisons"].unlink()
    assert "No dub-augmented variant was compared with a baseline" in summary()


@pytest.mark.parametrize("hear", [["esc50", "mine"], ["mine"]])
@pytest.mark.parametrize("corpus", [{}, {"catalogue": "films/catalogue.csv"}])
def test_a_mixed_run_is_no_demo_run(
    hear: list[str], corpus: dict[str, str], make_experiment: Callable[..., Experiment], make_page: MakePage,
    results: dict[str, Any],
) -> None:  # fmt: skip
    tasks = {"mine": {"label": "Mine", "suite": "hear", "path": "/data/mine"}}
    mixed = make_experiment(corpus=corpus, tasks=tasks, suites={"hear": hear, "hares": [], "visual": []})
    text = Page(make_page(mixed, **results)).text
    assert "demo run" not in text.lower()
    assert ("generated; 90 clips" in text) == (not corpus)
    assert ("miniature" in text) == ("esc50" in hear)
    assert "of ESC-50; the other data sets are not" in text or "ESC-50 is a miniature" in text or hear == ["mine"]
    assert ("Kokoro-82M" in text) == (not corpus or "esc50" in hear)
    assert "have licences of their own" in text


def test_what_the_demo_makes_smaller_is_listed(make_page: MakePage, tmp_path: Path) -> None:
    text = Page(make_page(out_dir=tmp_path)).text
    for setting in [
        "pretraining.epochs 8 10",
        "pretraining.checkpoints 2, 4, 8 2, 4, 6, 8, 10",
        "pretraining.compile no yes",
        "separation.segment_s 6.0 none",
    ]:
        assert setting in text
    assert "pretraining.loader_workers 0" not in text, "no result depends on it"


def test_at_the_papers_scale_nothing_is_smaller(
    paper_experiment: Experiment, make_page: MakePage, tmp_path: Path
) -> None:
    assert not paper_experiment.generates_films
    assert not any(map(paper_experiment.generates, paper_experiment.tasks))
    text = Page(make_page(paper_experiment, out_dir=tmp_path)).text
    assert "No setting of size or recipe is other than in the paper" in text
    assert "Kokoro" not in text


def test_a_part_that_is_not_what_it_should_be_is_an_error(results: dict[str, Any], make_page: MakePage) -> None:
    results["comparisons"].write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DubaugError, match=r"comparisons\.csv is no list of comparisons, it has no column 'suite'"):
        make_page(**results)
