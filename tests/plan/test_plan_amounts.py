from collections.abc import Callable
from pathlib import Path

import pytest
from plan_factory import make_job

from dubaug.config import Experiment
from dubaug.corpus.titles import Title, write_titles
from dubaug.corpus.tracks import Track
from dubaug.downstream.manifest import FeaturesManifest, TaskEntry
from dubaug.files import write_json
from dubaug.plan.amounts import Amounts, count
from dubaug.tracks import TrackName


@pytest.fixture
def paper(repository: Path) -> Path:
    return repository / "workflow/resources/paper"


def _values(amounts: Amounts) -> list[float | None]:
    corpus = amounts.corpus
    fields = (corpus.found_titles, corpus.found_hours, corpus.titles, corpus.hours, corpus.clips)
    return [None if field is None else round(field.value, 4) for field in fields]


def test_the_generated_films_are_counted_before_they_are_made(demo_experiment: Experiment, paper: Path) -> None:
    found_titles, found_hours, titles, hours, clips = _values(count(demo_experiment, [], paper))
    assert (found_titles, titles, clips) == (24, 16, 208), "what runs of the demo count in their corpus (docs/demo.md)"
    assert found_hours == pytest.approx(24 * 6 * 6 / 3600, rel=0.05)
    assert hours == pytest.approx(208 * 3 / 3600, rel=0.05)


def test_without_films_the_papers_corpus_stands_for_them(paper_experiment: Experiment, paper: Path) -> None:
    amounts = count(paper_experiment, [], paper)
    assert _values(amounts) == [748, 1300, 748, 1300, 1_560_000]
    assert amounts.corpus.clips is not None
    assert amounts.corpus.clips.source == "the paper, Table B4"
    assert amounts.items["fsd50k"].value == 51185
    assert "hmdb51" not in amounts.items, "nobody publishes a count"


def test_a_catalogue_that_nobody_has_read_yet_is_counted(
    make_experiment: Callable[..., Experiment], paper: Path, tmp_path: Path
) -> None:
    path = tmp_path / "catalogue.csv"
    path.write_text("title_id,path\n" + "".join(f"t{number},t{number}.mkv\n" for number in range(10)))
    amounts = count(make_experiment(corpus={"catalogue": str(path)}), [], paper)
    assert _values(amounts) == [10, None, 10, None, None], "and are not the paper's 748"


def test_other_languages_have_no_published_corpus(make_experiment: Callable[..., Experiment], paper: Path) -> None:
    others = dict.fromkeys(["es", "fr", "ja", "efj", "a_efj"])
    experiment = make_experiment(scale="paper", corpus={"secondary": ["de"]}, variants=others)
    assert _values(count(experiment, [], paper)) == [None] * 5
    given = count(experiment, [], paper, titles=10, film_hours=5.0)
    assert _values(given) == [10, 5, 10, 5, 6000]
    assert _values(count(experiment, [], paper, titles=10)) == [10, None, 10, None, None]


def test_what_was_counted_wins_over_what_is_planned(demo_experiment: Experiment, paper: Path, tmp_path: Path) -> None:
    def title(number: int, languages: str) -> Title:
        tracks = tuple(Track(name=TrackName(name), stream=stream) for stream, name in enumerate(languages.split("+")))
        return Title(title_id=f"t{number}", path=tmp_path / f"{number}.mkv", minutes=30.0, clips=600, tracks=tracks)

    write_titles(tmp_path / "catalogue.csv", [title(0, "en"), title(1, "en+es+fr+ja"), title(2, "en+es+fr+ja")])
    write_titles(tmp_path / "titles.csv", [title(1, "en+es+fr+ja"), title(2, "en+es+fr+ja")])
    jobs = [
        make_job("catalogue", outputs=(str(tmp_path / "catalogue.csv"),)),
        make_job("select", outputs=(str(tmp_path / "titles.csv"),)),
        make_job("clip_index", outputs=(str(tmp_path / "clips.json"),)),
        make_job("features", outputs=(str(tmp_path / "hares.json"),), wildcards={"suite": "hares"}),
    ]
    amounts = count(demo_experiment, jobs, paper)
    assert _values(amounts) == [3, 1.5, 2, 1.0, 1200]
    assert amounts.windows == {}
    shard = {"title_id": "t1", "path": "t1.arrow", "clips": 590, "sha256": "0"}
    write_json(tmp_path / "clips.json", {"shards": [shard], "tracks": ["en"], "sample_rate_hz": 48000})

    def task(name: str, items: int, windows: int) -> TaskEntry:
        paths = {"record": tmp_path / f"{name}.json", "shard": tmp_path / f"{name}.arrow"}
        return TaskEntry(experiment="", sha256="", items=items, windows=windows, missing=0, **paths)

    same = task("fluent", 128, 130)
    tasks = {"fluent_speech_commands": same, "tut18": task("tut", 60, 180), "twice": same}
    FeaturesManifest(suite="hares", tasks=tasks, missing={}).save(tmp_path / "hares.json")
    amounts = count(demo_experiment, jobs, paper)
    assert _values(amounts)[-1] == 590, "some clips were rejected while they were cut"
    assert amounts.windows["hares"].value == 130 + 180, "a data set of two tasks is decoded once"
    assert amounts.items["tut18"].value == 60
