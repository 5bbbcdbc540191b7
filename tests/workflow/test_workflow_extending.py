"""docs/extending.md does what it says: its blocks are taken from the page and used."""

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dry_runs import DryRun

from dubaug.cli import main
from dubaug.config import Experiment, resolve_files, save
from dubaug.downstream.survey import survey
from dubaug.errors import EXIT_OK, ConfigError, DubaugError
from dubaug.files import read_json, write_json
from dubaug.tracking.records import collect
from result_factory import entry_of, head_of

Dry = Callable[..., DryRun]
Snakemake = Callable[..., subprocess.CompletedProcess[str]]

BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONFIGURATIONS = ("german.yaml", "french.yaml", "synthetic.yaml", "variants.yaml", "beehive.yaml")


@pytest.fixture(scope="module")
def blocks(repository: Path) -> dict[str, str]:
    """The page's blocks by the name of the file that they are, or are part of."""
    text = (repository / "docs/extending.md").read_text(encoding="utf-8")
    found = BLOCK.findall(text)
    assert len(found) == text.count("\n```") // 2, "every block of the page has a name, and is tested"
    return {name: content for _, name, content in found}


@pytest.fixture
def experiment(repository: Path, blocks: dict[str, str], tmp_path: Path) -> Callable[[str], Experiment]:
    """Return a function that resolves config.yaml with a block on top."""

    def make(name: str) -> Experiment:
        (tmp_path / name).write_text(blocks[name], encoding="utf-8")
        return resolve_files([repository / "config.yaml", tmp_path / name], repository / "workflow")

    return make


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tables_and_figure(experiment: Experiment, repository: Path, folder: Path) -> tuple[list[dict[str, str]], ...]:
    """Write Table 1 and Figure C2 from made-up scores of all variants; return the rows behind both."""
    save(experiment, folder / "config.yaml")
    finals, sweep = [], []
    for number, name in enumerate(experiment.variants):
        entry = entry_of(0.5 + number / 100)
        for suite, tasks in experiment.suites.items():
            head = {**head_of(name, suite, experiment.checkpoints_of(name)[-1]), "tasks": dict.fromkeys(tasks, entry)}
            finals.append(folder / f"{name}/{suite}.json")
            write_json(finals[-1], head)
            if suite == "hear":
                sweep.append(folder / f"{name}/epoch02/hear.json")
                write_json(sweep[-1], {**head, "epoch": 2, "in_sweep": True})
    common = ["--config", str(folder / "config.yaml"), "--out-dir", str(folder), "--results"]
    paper = ["--paper", str(repository / "workflow/resources/paper"), "--tables", "1"]
    assert main(["tables", *paper, *common, *map(str, finals)]) == EXIT_OK
    assert main(["figure-c2", *common, *map(str, sweep)]) == EXIT_OK
    return rows_of(folder / "table1.csv"), rows_of(folder / "c2.csv")


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_of_the_page_is_one(experiment: Callable[[str], Experiment], name: str) -> None:
    made = experiment(name)
    assert made.variants
    assert made.suites["hear"]


def test_a_language_adds_its_variants_jobs(dry_run: Dry, clone: Path, blocks: dict[str, str]) -> None:
    overlay = yaml.safe_load(blocks["german.yaml"])
    (clone / "films").mkdir()
    (clone / "films/catalogue.csv").write_text("title_id,path\n", encoding="utf-8")
    jobs = dry_run("all_tables", "all_figures", overlay=overlay).jobs
    assert jobs["pretrain"] == 8 + 2
    assert "demo_films" not in jobs
    only = dry_run("results_german/de/hear.json", "results_german/tables/tableb4.md", overlay=overlay)
    assert only.jobs["pretrain"] == 1


def test_the_demos_films_have_no_german_and_say_so(
    repository: Path, experiment: Callable[[str], Experiment], tmp_path: Path
) -> None:
    from dubaug.corpus.subsets import select
    from dubaug.corpus.titles import Title
    from dubaug.corpus.tracks import Track
    from dubaug.demo.titles import plan_titles
    from dubaug.tracks import TrackName

    german, demo = experiment("german.yaml"), resolve_files([repository / "config.yaml"], repository / "workflow")
    assert demo.demo is not None
    titles = [
        Title(
            title_id=title.title_id, path=tmp_path, minutes=1.0, clips=1,
            tracks=tuple(Track(name=TrackName(language), stream=n) for n, language in enumerate(title.languages)),
        )
        for title in plan_titles(demo.demo.films, demo.demo.seed)
    ]  # fmt: skip
    assert select(titles, demo.corpus.tracks)
    with pytest.raises(DubaugError, match="no title has all of en, es, fr, ja, de"):
        select(titles, german.corpus.tracks)


def test_human_and_synthetic_dubs_are_two_variants(experiment: Callable[[str], Experiment]) -> None:
    made = experiment("synthetic.yaml")
    assert made.corpus.tracks == ("en", "es", "es@synthetic")
    assert {name: variant.secondary for name, variant in made.variants.items() if variant.dub_augmented} == {
        "es": ("es",),
        "es_machine": ("es@synthetic",),
    }


def test_another_primary_language_works_on_the_demos_films(
    dry_run: Dry, blocks: dict[str, str], experiment: Callable[[str], Experiment]
) -> None:
    made = experiment("french.yaml")
    assert {variant.primary for variant in made.variants.values()} == {"fr"}
    assert [name for name, its in made.variants.items() if its.dub_augmented] == ["es", "ja", "efj", "a_efj", "en"]
    jobs = dry_run("all_tables", overlay=yaml.safe_load(blocks["french.yaml"])).jobs
    assert (jobs["pretrain"], jobs["demo_films"]) == (8, 1)


def test_variants_are_made_as_the_page_says(
    dry_run: Dry, blocks: dict[str, str], experiment: Callable[[str], Experiment], repository: Path, tmp_path: Path
) -> None:
    overlay = yaml.safe_load(blocks["variants.yaml"])
    assert dry_run("results/staged/hear.json", overlay=overlay).jobs["pretrain"] == 2, "av is trained first"
    others = ("results/en_fr/hear.json", "results/av20/epoch05/hear.json", "results/rp/hear.json")
    jobs = dry_run(*others, overlay=overlay).jobs
    assert (jobs["pretrain"], jobs["random_weights"]) == (2, 3)
    assert dry_run("results/ja/hear.json", overlay=overlay).code != 0
    made = experiment("variants.yaml")
    table, figure = tables_and_figure(made, repository, tmp_path / "out")
    labels = {row["label"] for row in table}
    assert {"EN+FR", "staged"} <= labels
    assert not {"AV-20", "+JA"} & labels
    assert {"en_fr", "staged"} <= {row["variant"] for row in figure}


def test_a_hear_task_is_its_folder(
    dry_run: Dry, clone: Path, blocks: dict[str, str], experiment: Callable[[str], Experiment],
    repository: Path, tmp_path: Path,
) -> None:  # fmt: skip
    overlay: dict[str, Any] = yaml.safe_load(blocks["beehive.yaml"])
    made = experiment("beehive.yaml")
    assert made.suites["hear"] == ("esc50", "beehive")
    table, figure = tables_and_figure(made, repository, tmp_path / "out")
    assert {row["group"] for row in table if row["task"] == "beehive"} == {"Other"}
    assert "beehive" in {row["task"] for row in figure}
    (clone / "beehive").mkdir()
    overlay["tasks"]["beehive"]["path"] = "beehive"
    assert "beehive is left out" not in "".join(dry_run("results/efj/hear.json", overlay=overlay).lines)
    without = dry_run("results/efj/hear.json", overlay=yaml.safe_load(blocks["beehive.yaml"]))
    assert "beehive is left out" in without.printed


# A task of another form


@pytest.fixture
def extended(repository: Path, clone: Path, blocks: dict[str, str]) -> Path:
    """A copy of the package with the page's loader and its line."""
    shutil.copytree(repository / "src", clone / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    (clone / "src/dubaug/downstream/urbansound8k.py").write_text(
        blocks["src/dubaug/downstream/urbansound8k.py"], encoding="utf-8"
    )
    layouts = clone / "src/dubaug/suites/layouts.py"
    before, closing, after = layouts.read_text(encoding="utf-8").rpartition('\n}\n"""By the `layout`')
    assert before, "PACKAGED ends as it did"
    layouts.write_text(f"{before}\n{blocks['src/dubaug/suites/layouts.py'].rstrip()}{closing}{after}", encoding="utf-8")
    return clone


def write_urbansound8k(folder: Path) -> None:
    """Write three folds of two recordings as UrbanSound8K has them."""
    lines = ["slice_file_name,fsID,start,end,salience,fold,classID,class"]
    for fold in (1, 2, 3):
        for number, label in enumerate(("dog_bark", "siren")):
            file = folder / f"audio/fold{fold}/{fold}{number}-0-0.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            lines.append(f"{file.name},{fold}{number},0.0,4.0,1,{fold},{number},{label}")
    (folder / "metadata").mkdir()
    (folder / "metadata/UrbanSound8K.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_task_of_another_form_is_a_function_and_a_line(extended: Path, blocks: dict[str, str]) -> None:
    write_urbansound8k(extended / "UrbanSound8K")
    code = """
from pathlib import Path
import dubaug.downstream
from dubaug.downstream import load_dataset
assert Path(dubaug.downstream.__file__).is_relative_to(Path.cwd()), dubaug.downstream.__file__
data = load_dataset("urbansound8k", Path("UrbanSound8K"))
print(data.n_items, data.classes, data.targets.tolist(), data.items[0].id)
print([(split.name, split.train, split.test) for split in data.splits])
"""
    environment = {**os.environ, "PYTHONPATH": str(extended / "src"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=extended, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "6 (('dog_bark', 'siren'),) [0, 1, 0, 1, 0, 1] audio/fold1/10-0-0.wav",
        "[('fold1', (2, 3, 4, 5), (0, 1)), ('fold2', (0, 1, 4, 5), (2, 3)), ('fold3', (0, 1, 2, 3), (4, 5))]",
    ]
    overlay = yaml.safe_load(blocks["urbansound8k.yaml"])
    overlay["tasks"]["urbansound8k"]["path"] = "UrbanSound8K"
    (extended / "mine.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", "--configfile", "mine.yaml", "--", "results/efj/hares.json"],
        cwd=extended, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    planned = DryRun(run.returncode, run.stdout + run.stderr)
    assert planned.jobs["probe_hares"] == 1
    assert "urbansound8k is left out" not in planned.printed


def test_without_the_line_the_layout_is_refused_by_name(experiment: Callable[[str], Experiment]) -> None:
    with pytest.raises(ConfigError, match=r"`tasks\.urbansound8k\.layout`: got 'urbansound8k', expected"):
        experiment("urbansound8k.yaml")


# A suite


PIECES = {
    "fast": [(f"allegro{n}", 150 + 5 * n) for n in range(6)],
    "slow": [(f"adagio{n}", 60 + 5 * n) for n in range(6)],
}
"""Pieces by composer, each with its tempo; the last two of each test."""


def write_music(folder: Path) -> None:
    """Write two excerpts of each piece, tones as high as it is fast, and their list."""
    import numpy as np
    import soundfile

    folder.mkdir(parents=True)
    lines = ["file,piece,composer,tempo,part"]
    for composer, pieces in PIECES.items():
        for number, (piece, tempo) in enumerate(pieces):
            for excerpt in (1, 2):
                file = f"{piece}-{excerpt}.wav"
                times_s = np.arange(16000) / 16000
                soundfile.write(folder / file, 0.3 * np.sin(2 * np.pi * 10 * (tempo + excerpt) * times_s), 16000)
                lines.append(f"{file},{piece},{composer},{tempo / 100},{'test' if number > 3 else 'train'}")
    (folder / "music.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.slow
def test_a_suite_is_a_file_and_configuration(
    snakemake: Snakemake, clone: Path, blocks: dict[str, str], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dubaug.config import load
    from dubaug.suites import registry
    from tiny_corpus import TINY, write_tiny_corpus

    monkeypatch.setattr(registry, "_named", {})
    monkeypatch.chdir(clone)
    (clone / "music.py").write_text(blocks["music.py"], encoding="utf-8")
    write_music(clone / "data/music")
    mine = yaml.safe_load(blocks["music.yaml"])
    mine["suites"] |= {"hear": [], "hares": [], "visual": []}
    unused = ("sep", "a", "es", "fr", "ja", "a_efj", "rp")
    overlay = {**TINY, **mine, "variants": dict.fromkeys(unused)}
    (clone / "mine.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    made = resolve_files([clone / "config.yaml", clone / "mine.yaml"], clone / "workflow")
    write_tiny_corpus(clone / "results/corpus", made, made.corpus.tracks)

    # the DAG: clips that are there, two networks, features, probes of all checkpoints, tables, figure, comparisons
    rules = ["pretrain", "features", "probe_music", "aggregate", "result_tables", "comparisons", "figure_c2"]
    targets = ["results/tables/tablemusic.csv", "results/comparisons.csv", "results/figures/c2.csv"]
    run = snakemake("--cores", "2", "--configfile", "mine.yaml", "--allowed-rules", *rules, "--", *targets)
    assert run.returncode == 0, run.stdout + run.stderr
    results = {name: read_json(clone / f"results/{name}/music.json") for name in ("av", "efj")}
    for result in results.values():
        tempo, composer = result["tasks"]["tempo"], result["tasks"]["composer"]
        assert (tempo["metric"], composer["metric"]) == ("mse", "top1_acc")
        assert (tempo["n_test"], composer["n_test"]) == (8, 4), "excerpts, and pieces"
        assert tempo["interval"]["low"] is None or tempo["interval"]["low"] >= 0

    # the table: the lowest error is the best
    rows = {(row["task"], row["variant"]): row for row in rows_of(clone / "results/tables/tablemusic.csv")}
    errors = {name: result["tasks"]["tempo"]["mean"] for name, result in results.items()}
    best, worst = sorted(errors, key=errors.__getitem__)
    assert (rows["tempo", best]["mark"], rows["tempo", worst]["mark"]) == ("best", "highest")
    text = (clone / "results/tables/tablemusic.md").read_text(encoding="utf-8")
    assert "MSE (lower is better) for Tempo" in text
    assert "Best in bold, worst in italics." in text
    assert not (clone / "results/tables/tablemusic_vs_paper.md").exists()
    assert {row["task"] for row in rows_of(clone / "results/tables/table1.csv")} == set()

    # the comparison knows which way is better, and the figure has both checkpoints of each task
    compared = {row["task"]: row for row in rows_of(clone / "results/comparisons.csv")}
    assert compared["tempo"]["better"] == best
    assert set(compared) == {"tempo", "composer"}
    sweep = {(row["task"], row["variant"], row["epoch"]) for row in rows_of(clone / "results/figures/c2.csv")}
    assert sweep == {(task, name, epoch) for task in compared for name in results for epoch in ("1", "2")}

    # the page, the survey, the records for MLflow and the plan
    config, page = "results/config.yaml", clone / "report.html"
    words = ["--tables", "results/tables/tablemusic.html", "--comparisons", "results/comparisons.csv"]
    assert main(["report", "--config", config, "--out", str(page), *words]) == EXIT_OK
    shown = page.read_text(encoding="utf-8")
    assert "Table MUSIC" in shown
    assert "<strong>Tempo</strong> MSE (lower is better)" in shown
    assert "the dubs scored better" in shown
    experiment = load(Path(config))
    assert {task.task: (task.suite, task.state) for task in survey(experiment)} == {
        "tempo": ("music", "found"), "composer": ("music", "found"),
    }  # fmt: skip
    assert {record.tags.get("suite") for record in collect(clone / "results")} >= {"music"}
    plan = snakemake("-n", "--configfile", "mine.yaml", "--", "results/efj/music.json")
    assert plan.returncode == 0, plan.stderr


# An encoder


@pytest.mark.slow
def test_an_encoder_is_a_file_and_a_line(
    snakemake: Snakemake, clone: Path, blocks: dict[str, str], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's network for sound and a toy for pictures are trained, probed, exported and loaded."""
    import torch

    import dubaug.encoders
    from dubaug.corpus.rejects import write_rejects
    from dubaug.corpus.titles import Title, write_titles
    from dubaug.hear_api import get_scene_embeddings, load_model
    from tiny_corpus import TINY, TITLES, write_tiny_corpus
    from toy_families import FRAME_MEAN

    shutil.copytree(repository / "src", clone / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    families = clone / "src/dubaug/encoders"
    (families / "mel_cnn.py").write_text(blocks["src/dubaug/encoders/mel_cnn.py"], encoding="utf-8")
    (families / "frame_mean.py").write_text(FRAME_MEAN, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(clone / "src"))
    monkeypatch.setattr(dubaug.encoders, "__path__", [*dubaug.encoders.__path__, str(families)])
    monkeypatch.chdir(clone)
    sound = yaml.safe_load(blocks["mel_cnn.yaml"])["encoders"]["audio"]
    encoders = {**TINY["encoders"], "video": {"family": "frame_mean", "crop": 20, "side": 4}, "audio": sound}
    mine = {
        "encoders": encoders,
        "demo": {"items_per_class": 2},
        "suites": {"hear": [], "hares": [], "visual": ["vggsound"]},
        "probe": {"visual": {"epochs": 2}},
        "variants": dict.fromkeys(("av", "sep", "a", "es", "fr", "ja", "a_efj", "rp")),
    }
    (clone / "mine.yaml").write_text(yaml.safe_dump({**TINY, **mine}), encoding="utf-8")
    made = resolve_files([clone / "config.yaml", clone / "mine.yaml"], clone / "workflow")
    write_tiny_corpus(clone / "results/corpus", made, made.corpus.tracks)
    titles = [Title(title_id=name, path=clone, minutes=1.0, clips=count, tracks=()) for name, count in TITLES.items()]
    write_titles(clone / "results/corpus/titles.csv", titles)
    write_rejects(clone / "results/corpus/rejected.csv", [])

    rules = ["demo_tasks", "pretrain", "features", "probe_visual", "aggregate", "export"]
    targets = ["results/efj/visual.json", "results/efj/seed0/export"]
    run = snakemake("--cores", "2", "--configfile", "mine.yaml", "--allowed-rules", *rules, "--", *targets)
    assert run.returncode == 0, run.stdout + run.stderr
    probed = read_json(clone / "results/efj/visual.json")["tasks"]["vggsound"]
    assert probed["n_test"] > 0
    config = read_json(clone / "results/efj/seed0/export/config.json")
    assert [config[part]["family"] for part in ("audio", "video")] == ["mel_cnn", "frame_mean"]
    model = load_model(str(clone / "results/efj/seed0/export"))
    assert model.audio.net[0].in_channels == 1
    assert get_scene_embeddings(torch.rand(2, 8000) - 0.5, model).shape == (2, 16)
