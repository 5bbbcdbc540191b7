"""What `dubaug data` finds, and says."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from downstream_files import touch, write

from dubaug.cli import main
from dubaug.config import Experiment, save
from dubaug.downstream import load_dataset
from dubaug.downstream.listing import to_csv, to_mapping, to_page, to_text
from dubaug.downstream.published import published_data, published_for
from dubaug.downstream.survey import TaskData, count_splits, survey


@pytest.fixture
def esc50(hear_folder) -> Callable[..., Path]:
    """Return a function that writes ESC-50's folder with `per_class` files of each class in each of five folds."""

    def make(per_class: int = 8, classes: int = 50) -> Path:
        names = [f"c{number:02d}" for number in range(classes)]
        splits = {
            f"fold{fold:02d}": {f"{fold}-{name}-{n}.wav": [name] for name in names for n in range(per_class)}
            for fold in range(5)
        }
        vocabulary = "idx,label\n" + "".join(f"{number},{name}\n" for number, name in enumerate(names))
        return hear_folder(splits, vocabulary=vocabulary, name="esc50-v2.0.0-full")

    return make


@pytest.fixture
def look(make_experiment) -> Callable[[Path], TaskData]:
    """Return a function that surveys ESC-50 in a folder."""

    def at(folder: Path) -> TaskData:
        experiment = make_experiment(
            tasks={"esc50": {"suite": "hear", "label": "ESC-50", "path": str(folder)}},
            suites={"hear": ["esc50"], "hares": [], "visual": []},
        )
        (found,) = survey(experiment)
        return found

    return at


def test_a_whole_data_set_is_found_with_the_published_counts(esc50, look) -> None:
    found = look(esc50())
    assert (found.state, found.note, found.clips, found.labels) == ("found", "", 2000, (50,))
    assert dict(found.splits) == {f"fold{fold:02d}": 400 for fold in range(5)}
    assert found.published is not None
    assert (found.published.clips, found.published.splits) == (found.clips, found.splits)


def test_fewer_clips_are_incomplete_and_more_are_told(esc50, look, tmp_path: Path) -> None:
    folder = esc50()
    labels = json.loads((folder / "fold03.json").read_text())
    (folder / "fold03.json").write_text(json.dumps(dict(list(labels.items())[:-1])))
    found = look(folder)
    assert found.state == "incomplete"
    assert found.note == "clips: 1999 here, 2000 published; fold03: 399 here, 400 published"
    (folder / "fold03.json").write_text(json.dumps({**labels, "more.wav": ["c00"]}))
    touch(folder / "48000/fold03/more.wav")
    found = look(folder)
    assert (found.state, found.clips) == ("found", 2001)
    assert "fold03: 401 here, 400 published" in found.note


def test_what_a_run_would_refuse_is_incomplete_with_the_same_words(esc50, look) -> None:
    folder = esc50(per_class=1)
    (folder / "48000/fold01/1-c07-0.wav").unlink()
    found = look(folder)
    assert (found.state, found.clips, found.labels) == ("incomplete", None, ())
    assert "fold01.json names 1-c07-0.wav" in found.note
    labels = json.loads((folder / "fold01.json").read_text())
    del labels["1-c07-0.wav"]
    (folder / "fold01.json").write_text(json.dumps(labels))
    found = look(folder)
    assert (found.state, found.clips) == ("incomplete", 249)
    assert "'fold01' has no test item of 'c07'" in found.note


def test_nothing_there_is_missing(look, tmp_path: Path) -> None:
    found = look(tmp_path / "nowhere")
    assert (found.state, found.note, found.clips) == ("missing", "", None)
    text = to_text([found])
    assert f"{tmp_path}/nowhere" in text
    assert "https://hearbenchmark.com/hear-tasks.html" in text
    assert "1 tasks: 0 found, 0 incomplete, 1 missing" in text


def test_vggsound_counts_what_is_gone(make_experiment, tmp_path: Path) -> None:
    write(tmp_path / "vggsound.csv", "aaa,1,x,train\nbbb,2,x,test\nccc,3,x,train\n")
    touch(tmp_path / "aaa_000001.mp4", tmp_path / "bbb_000002.mp4")
    tasks = {name: {"suite": "visual", "layout": "vggsound", "path": str(tmp_path)} for name in ("vggsound", "own")}
    suites = {"hear": [], "hares": [], "visual": list(tasks)}
    (known, own) = survey(make_experiment(tasks=tasks, suites=suites))
    assert known.state == own.state == "incomplete"
    assert known.note.startswith("split 'test' (train): 1 listed items are not on disk: ccc_000003. Get them, or")
    assert own.published is None
    assert to_mapping(own)["url"] is None
    write(tmp_path / "absent.txt", "ccc_000003\n")
    tasks = {name: {**task, "absent_files": str(tmp_path / "absent.txt")} for name, task in tasks.items()}
    (known, own) = survey(make_experiment(tasks=tasks, suites=suites))
    assert own.state == "found"
    assert own.note == f"1 listed clips are not on disk, as {tmp_path}/absent.txt says"
    assert (own.clips, own.splits) == (2, {"train": 1, "test": 1})
    assert known.state == "incomplete"
    assert known.note.startswith("clips: 3 here, 199176 published; train: 2 here, 183730 published; test: 1 here,")


def test_voxforge_without_its_list_is_found_with_a_note(make_experiment, tmp_path: Path) -> None:
    for number in range(60):
        language = ("de", "en", "es", "fr", "it", "ru")[number % 6]
        touch(tmp_path / f"{language}/Trunk/Audio/Main/16kHz_16bit/s{number}-20140214-abc/wav/a.wav")
    task = {"suite": "hares", "layout": "voxforge", "path": str(tmp_path), "absent_classes": True}
    experiment = make_experiment(tasks={"own": task}, suites={"hear": [], "hares": ["own"], "visual": []})
    (found,) = survey(experiment)
    assert (found.state, found.clips) == ("found", 60)
    assert found.note.startswith("no voxforge_urls.txt: whether archives are missing cannot be told")
    folders = sorted(path.parents[1].relative_to(tmp_path) for path in tmp_path.rglob("*.wav"))
    write(tmp_path / "voxforge_urls.txt", "".join(f"{folder}.tgz\n" for folder in folders))
    assert survey(experiment)[0].note == ""


def test_the_command_lists_what_is_absent(make_experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "vggsound.csv", "bbb,1,x,train\naaa,2,x,test\nccc,3,x,train\nddd,4,x,test\n")
    touch(tmp_path / "ccc_000003.mp4", tmp_path / "ddd_000004.mp4")
    task = {"suite": "visual", "layout": "vggsound", "path": str(tmp_path)}
    config = tmp_path / "config.yaml"
    save(make_experiment(tasks={"own": task}, suites={"hear": [], "hares": [], "visual": ["own"]}), config)
    assert run("--config", config, "--absent", "own") == 0
    assert capsys.readouterr().out == "aaa_000002\nbbb_000001\n"
    assert run("--config", config, "--absent", "other") == 1
    assert "no task 'other'; there are" in capsys.readouterr().err


def test_miniatures_say_what_they_are(make_experiment, esc50, tmp_path: Path) -> None:
    folder = esc50(per_class=1)
    experiment = make_experiment(
        demo={"directory": str(tmp_path)},
        tasks={"esc50": {"path": str(folder)}, "fsd50k": {"path": str(tmp_path / "fsd50k")}},
        suites={"hear": ["esc50", "fsd50k"], "hares": [], "visual": []},
    )
    found, missing = survey(experiment)
    assert (found.state, found.clips) == ("found", 250)
    assert "miniature" in found.note
    assert (missing.state, missing.note) == ("missing", "the workflow generates it when it is needed")
    assert "take " not in to_text([missing])


def test_parts_are_counted_by_kind_of_split(five_folds: Path, tmp_path: Path) -> None:
    assert count_splits(load_dataset("hear", five_folds)) == {f"fold{fold:02d}": 2 for fold in range(5)}
    lists = tmp_path / "ucf/ucfTrainTestlist"
    write(lists / "classInd.txt", "1 Yo\n")
    for split in (1, 2, 3):
        write(lists / f"trainlist0{split}.txt", "".join(f"Yo/{n}.avi 1\n" for n in (1, 2, 3) if n != split))
        write(lists / f"testlist0{split}.txt", f"Yo/{split}.avi\n")
    touch(*(tmp_path / f"ucf/UCF-101/Yo/{n}.avi" for n in (1, 2, 3)))
    counted = count_splits(load_dataset("ucf101", tmp_path / "ucf"))
    assert counted == {f"split{s} {part}": n for s in (1, 2, 3) for part, n in (("train", 2), ("test", 1))}


def test_published_numbers_agree_with_each_other_and_with_table_b5(
    paper_experiment: Experiment, repository: Path
) -> None:
    configured = {task for tasks in paper_experiment.suites.values() for task in tasks}
    assert configured == {task for data in published_data() for task in data.tasks}
    with (repository / "workflow/resources/paper/tasks_b5.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            known = published_for(row["task"])
            assert known is not None
            assert "/".join(map(str, known.labels)) == row["classes"], row["task"]
    for data in published_data():
        assert set(data.sources) == {
            what for what in ("clips", "splits", "labels", "licence") if getattr(data, what) not in (None, {}, ())
        }, data.name
        assert set(data.unchecked) <= set(data.sources), data.name
        if data.clips is not None and data.splits:
            splits = {part: n for part, n in data.splits.items() if " " not in part or part.startswith("split1")}
            assert sum(splits.values()) == data.clips, data.name


def test_the_page_is_the_data(paper_experiment: Experiment, repository: Path) -> None:
    """If this fails: the page's own head says how it is made again."""
    prose = (repository / "src/dubaug/downstream/data_page.md").read_text(encoding="utf-8")
    page = (repository / "docs/data.md").read_text(encoding="utf-8")
    assert page == to_page(paper_experiment, prose)
    assert "{{" not in page
    assert page.count("(not checked)") == sum(len(data.unchecked) for data in published_data()) > 0
    for data in published_data():
        assert f"| {data.name} | <{data.url}> |" in page


# The command


def run(*words: str | Path) -> int:
    return main(["data", *map(str, words)])


def test_the_command_lists_every_task(
    esc50, make_experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = {"esc50": {"suite": "hear", "path": str(esc50())}, "tut18": {"path": str(tmp_path / "tut18")}}
    experiment = make_experiment(tasks=tasks, suites={"hear": ["esc50"], "hares": ["tut18"], "visual": []}, demo=None)
    config = tmp_path / "config.yaml"
    save(experiment, config)
    assert run("--config", config) == 0
    assert "2 tasks: 1 found, 0 incomplete, 1 missing" in capsys.readouterr().out
    assert run("--config", config, "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert [(value["task"], value["state"], value["clips"]) for value in values] == [
        ("esc50", "found", 2000),
        ("tut18", "missing", None),
    ]
    assert values[1]["splits_published"] == {"train": 6122, "test": 2518}
    assert run("--config", config, "--csv", "--strict") == 1
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert printed.out == to_csv(survey(experiment))
    assert (rows[0]["labels"], rows[1]["splits_published"]) == ("50", "train=6122|test=2518")
    assert "1 of 2 tasks lack data: tut18" in printed.err


def test_the_command_resolves_files_as_a_run_would(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "mine.yaml", "tasks: {esc50: {path: elsewhere}}\nsuites: {hares: []}\n")
    files = [repository / "config.yaml", tmp_path / "mine.yaml"]
    words = ["--workflow", repository / "workflow", "--config", *files, "--scale", "paper", "--json"]
    assert run(*words) == 0
    values = {value["task"]: value["path"] for value in json.loads(capsys.readouterr().out)}
    assert values["esc50"] == "elsewhere"
    assert values["fsd50k"] == "data/hear/tasks/fsd50k-v1.0-full"
    assert "tut18" not in values
    assert run("--config", *files) == 1
    assert "need --workflow" in capsys.readouterr().err
    assert run("--workflow", repository / "workflow", "--config", tmp_path / "none.yaml") == 1
    assert "no configuration file" in capsys.readouterr().err
