"""The road walked for real, on a corpus of a few seconds: films are made, a network is trained, probed and tabled."""

import csv
import html
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dry_runs import DryRun

from workflow_copy import copy_workflow

Dry = Callable[..., DryRun]
Snakemake = Callable[..., subprocess.CompletedProcess[str]]

UNFRIENDLY = """my "own"; $(touch run) `touch run` & it's ü #1 100%25"""
"""What folders may be called: nothing of it is run, or taken for anything but a name."""
RESULTS, DATA = f"results {UNFRIENDLY}", f"data {UNFRIENDLY}"
TINY: dict[str, Any] = {
    "results_dir": RESULTS,
    "corpus": {"catalogue": f"{DATA}/films/catalogue.csv"},
    "tasks": {
        "esc50": {"path": f"{DATA}/hear/tasks/esc50-v2.0.0-full"},
        "gtzan_music_speech": {"path": f"{DATA}/hear/tasks/tfds_gtzan_music_speech-1.0.0-full"},
        "fluent_speech_commands": {"path": f"{DATA}/fluent_speech_commands_dataset"},
        "fluent_speech_commands_nospeech": {"path": f"{DATA}/fluent_speech_commands_dataset"},
        "vggsound": {"path": f"{DATA}/vggsound"},
    },
    "demo": {"directory": DATA, "films": {"titles": 5, "scenes_per_title": 2, "scene_s": 3.0}, "items_per_class": 4},
    "clips": {"frames": 4, "frame_height": 40},
    "mel": {"n_fft": 2048, "hop_length": 4096, "n_mels": 48},
    "encoders": {
        "embedding_dim": 32,
        "video": {"crop": 32, "width_factor": 0.5, "depth_factor": 0.5, "stem_width": 8, "head_width": 32},
        "audio": {"stem_width": 4},
    },
    "augmentation": {"height_min": 36, "height_max": 40},
    "pretraining": {"epochs": 2, "checkpoints": [1, 2], "clips_per_gpu": 4, "clips_per_title": 2},
    "variants": {"fr": None, "ja": None, "es": None, "a": None, "a_efj": None},
    "suites": {
        "hear": ["esc50"],
        "hares": ["fluent_speech_commands", "fluent_speech_commands_nospeech"],
        "visual": ["vggsound"],
    },
    "probe": {
        "hear": {"hidden": 16, "max_epochs": 6},
        "hares": {"steps": 20, "warmup_steps": 2},
        "visual": {"epochs": 3},
    },
}


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """Return a folder with the workflow in it, which nobody would call so for want of better names."""
    return copy_workflow(repository, tmp_path / f"{UNFRIENDLY} [a]")


def _without_times(result: dict[str, Any]) -> dict[str, Any]:
    for score in result["tasks"].values():
        del score["seconds"]
    return result


@pytest.mark.slow
@pytest.mark.timeout(1800)  # several runs in one
def test_from_nothing_to_every_table_and_again(snakemake: Snakemake, dry_run: Dry, clone: Path) -> None:
    run = snakemake("--cores", "2", "all", overlay=TINY, timeout_s=1500)
    assert run.returncode == 0, run.stdout + run.stderr
    results = clone / RESULTS

    for table in ("1", "2", "a1", "a2", "a3", "b4", "b5", "d6"):
        for form in ("csv", "md", "tex", "html"):
            assert (results / f"tables/table{table}.{form}").stat().st_size > 0
            assert (results / f"tables/table{table}_vs_paper.{form}").stat().st_size > 0
    for figure in ("b1", "c2", "mels"):
        assert (results / f"figures/{figure}.pdf").read_bytes().startswith(b"%PDF")
        assert (results / f"figures/{figure}.csv").stat().st_size > 0
        assert (results / f"figures/{figure}.txt").stat().st_size > 0

    dubs = list(csv.DictReader((results / "corpus/alignment.csv").open(encoding="utf-8")))
    assert {row["language"] for row in dubs} == {"es", "fr", "ja"}
    assert {row["status"] for row in dubs} == {"aligned"}
    assert (results / "corpus/alignment.pdf").read_bytes().startswith(b"%PDF")

    # B4 against the catalogue, counted here by hand
    found = list(csv.DictReader((results / "corpus/catalogue.csv").open(encoding="utf-8")))
    languages = [set(row["languages"].split("+")) for row in found]
    table_b4 = list(csv.DictReader((results / "tables/tableb4.csv").open(encoding="utf-8")))
    assert {row["languages"] for row in table_b4} == {
        "en+es",
        "en+fr",
        "en+ja",
        "en+es+fr",
        "en+es+ja",
        "en+fr+ja",
        "en+es+fr+ja",
    }
    for row in table_b4:
        assert int(row["titles"]) == sum(set(row["languages"].split("+")) <= have for have in languages)

    # every variant has what it can have, with the checkpoint that it came from
    for variant in ("av", "sep", "efj", "rp"):
        manifest = json.loads((results / variant / "seed0/pretraining.json").read_text())
        hear = json.loads((results / variant / "hear.json").read_text())
        (network,) = hear["seeds"]
        assert (network["seed"], network["checkpoint_sha256"]) == (0, manifest["checkpoints"][-1]["sha256"])
        assert hear["epoch"] == (0 if variant == "rp" else 2)
        assert hear["tasks"]["esc50"]["n_folds"] == 5
        assert (results / variant / "visual.json").is_file()
        hares = json.loads((results / variant / "hares.json").read_text())
        assert set(hares["tasks"]) == {"fluent_speech_commands", "fluent_speech_commands_nospeech"}
    sweep = json.loads((results / "efj/epoch01/hear.json").read_text())
    assert sweep["epoch"] == 1
    final, last = (
        json.loads((results / f"efj/seed0/{name}").read_text()) for name in ("hear.json", "epoch02/hear.json")
    )
    assert _without_times(final)["tasks"] == _without_times(last)["tasks"]
    assert [point["path"] for point in final["sweep"]] == ["epoch01/hear.json", "epoch02/hear.json"]

    # scores have intervals and predictions, from which variants are compared
    entry = json.loads((results / "efj/hear.json").read_text())["tasks"]["esc50"]
    assert entry["interval"]["low"] <= entry["mean"] <= entry["interval"]["high"]
    assert (results / "efj" / entry["seeds"][0]["predictions"]["path"]).is_file()
    compared = list(csv.DictReader((results / "comparisons.csv").open(encoding="utf-8")))
    assert {(row["task"], row["variant_a"], row["variant_b"]) for row in compared} == {
        (task, "efj", "av") for tasks in TINY["suites"].values() for task in tasks
    }

    # the paper's claims are judged by what there is: here those on sep beside av and rp, against the scores themselves
    judged = {one["id"]: one for one in json.loads((results / "claims.json").read_text())["claims"]}
    scores = {
        variant: json.loads((results / variant / "hares.json").read_text())["tasks"] for variant in ("sep", "rp", "av")
    }
    above = [
        round(scores["sep"][task]["mean"], 3) > round(scores["rp"][task]["mean"], 3) for task in TINY["suites"]["hares"]
    ]
    assert judged["sep_above_rp"]["run"]["by_means"] == ("holds" if all(above) else "fails")
    assert len(judged["sep_above_rp"]["run"]["comparisons"]) == 2
    assert judged["some_dub_above_av"]["run"]["verdict"] == "no data"
    assert judged["some_dub_above_av"]["paper"]["by_means"] == "holds"
    assert (results / "claims.md").read_text().count("\n| ") == len(judged) + 2

    # one page shows all of it, and needs no other file
    page = (results / "report.html").read_text(encoding="utf-8")
    assert all(caption in page for caption in ("Table 1.", "Table D6 beside the paper."))
    assert all(html.escape(one["claim"]) in page for one in judged.values())
    assert page.count("data:image/png;base64,") >= 3
    assert all(f">{rule}<" in page for rule in ("pretrain", "shards", "claims")), "runtimes by rule"

    # MLflow has all of it
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{clone}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("dubaug").experiment_id])
    names = {entry.info.run_name for entry in runs}
    assert {"av seed 0", "efj seed 0", "rp seed 0", "tables and figures"} <= names
    assert {"efj seed 0 hear", "efj seed 0 hear epoch 1", "rp seed 0 hares"} <= names
    assert not any("all seeds" in name for name in names), "one seed is no mean"
    efj = next(entry for entry in runs if entry.info.run_name == "efj seed 0")
    assert client.get_metric_history(efj.info.run_id, "loss")

    assert list((clone / "mlruns").rglob("artifacts/tables/table1.csv")), "artifacts lie where the store does"

    # nothing is left to do, and it says so
    again = dry_run("all", f"{RESULTS}/efj/epoch01/hear.json", f"{RESULTS}/efj/seed0/epoch02/hear.json", overlay=TINY)
    assert "Nothing to be done" in "".join(again.lines)

    # encoders are handed on with their scores, and so are the cards of a variant
    wanted = [f"{RESULTS}/{name}" for name in ("sep/seed0/export", "rp/seed0/export", "efj/card", "rp/card")]
    handed = snakemake("--cores", "2", *wanted, overlay=TINY)
    assert handed.returncode == 0, handed.stdout + handed.stderr
    for variant in ("sep", "rp"):
        manifest = json.loads((results / variant / "seed0/pretraining.json").read_text())
        config = json.loads((results / variant / "seed0/export/config.json").read_text())
        assert config["weights"]["sha256"] == manifest["checkpoints"][-1]["sha256"]
        hear = json.loads((results / variant / "hear.json").read_text())["tasks"]["esc50"]
        card = (results / variant / "seed0/export/README.md").read_text(encoding="utf-8")
        low, high = (hear["interval"][bound] for bound in ("low", "high"))
        score = f"{hear['mean']:.3f} ± {hear['std']:.3f} | {low:.3f} .. {high:.3f}"
        assert f"| ESC-50 † | hear | Accuracy | {score} | 5 |" in card

    hear = json.loads((results / "efj/hear.json").read_text())["tasks"]["esc50"]
    model = (results / "efj/card/MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"| ESC-50 † | hear | Accuracy | {hear['mean']:.3f} ± {hear['std']:.3f} |" in model
    data = (results / "efj/card/DATA_CARD.md").read_text(encoding="utf-8")
    assert f"{len(found)} titles could be read" in data
    assert "| English + Spanish + French + Japanese |" in data
    assert "| aligned | used as it is |" in data
    assert [path.name for path in (results / "rp/card").glob("*.md")] == ["MODEL_CARD.md"]

    _a_second_seed_trains_one_network(dry_run)
    first = {path: path.stat().st_mtime_ns for path in (results / "rp/seed0").rglob("*") if path.is_file()}

    # random networks of several seeds beside trained ones of one
    changed = {**TINY, "variants": {**TINY["variants"], "rp": {"seeds": [0, 1]}}}
    drawn = snakemake(
        "--cores", "2", f"{RESULTS}/rp/hares.json", f"{RESULTS}/rp/visual.json", overlay=changed, timeout_s=600
    )
    assert drawn.returncode == 0, drawn.stdout + drawn.stderr
    assert "pretrain efj" not in drawn.stdout + drawn.stderr
    assert all(path.stat().st_mtime_ns == changed_ns for path, changed_ns in first.items())
    for suite in ("hares", "visual"):
        joined = json.loads((results / f"rp/{suite}.json").read_text())
        alone = [json.loads((results / f"rp/seed{seed}/{suite}.json").read_text()) for seed in (0, 1)]
        assert alone[0]["checkpoint_sha256"] != alone[1]["checkpoint_sha256"]
        for task, entry in joined["tasks"].items():
            assert [one["mean"] for one in entry["seeds"]] == [one["tasks"][task]["mean"] for one in alone]
            assert entry["interval"]["over"] == ["seeds", "items"]

    # another learning rate trains and probes again, but makes no films, shards or features anew
    changed = {**TINY, "pretraining": {**TINY["pretraining"], "learning_rate": 2.0e-3}}
    dry = dry_run(f"{RESULTS}/efj/hear.json", overlay=changed).printed
    assert "pretrain efj" in dry
    assert "shards" not in dry
    assert "features hear" not in dry

    # an added task runs itself and no training
    more = {**TINY, "suites": {**TINY["suites"], "hear": ["esc50", "gtzan_music_speech"]}}
    dry = dry_run(f"{RESULTS}/efj/hear.json", overlay=more).printed
    assert "probe_hear efj" in dry
    assert "pretrain efj" not in dry

    _a_broken_recording_costs_no_results(snakemake, dry_run, clone)
    _fewer_epochs_and_moved_films_train_nothing(snakemake, dry_run, clone)
    assert not [path for path in clone.parent.rglob("run") if path.is_file()], "a name was executed"


def _a_second_seed_trains_one_network(dry_run: Dry) -> None:
    """From `seeds: [0]` to `[0, 1]`: one training a variant more, and what the first seed made stays as it is."""
    dry = dry_run(f"{RESULTS}/efj/hear.json", f"{RESULTS}/rp/hear.json", overlay={**TINY, "seeds": [0, 1]})
    planned = [line.split(":")[0].removeprefix("would run ") for line in dry.lines if "would run" in line]
    assert sorted(planned) == sorted(
        [
            *("pretrain efj/seed1", "random_weights rp/seed1", "probe_hear efj/seed1", "probe_hear rp/seed1"),
            *("aggregate efj hear", "aggregate rp hear"),
        ]
    )


def _a_broken_recording_costs_no_results(snakemake: Snakemake, dry_run: Dry, clone: Path) -> None:
    """What was made from the whole data set stands, and what failed stays due."""
    home, target = clone / RESULTS, f"{RESULTS}/efj/hear.json"
    standing = [home / "features/hear.json", *home.glob("efj/**/hear.json"), *home.glob("efj/**/esc50.arrow")]
    before = {path: path.read_bytes() for path in standing}
    task = clone / DATA / "hear/tasks/esc50-v2.0.0-full"
    sound = next(task.rglob("*.wav"))
    whole, times = sound.read_bytes(), sound.stat()
    sound.write_bytes(b"no sound")
    (task / ".snakemake_timestamp").touch()
    broken = snakemake("--cores", "2", target, overlay=TINY)
    assert broken.returncode != 0
    assert "1 of" in broken.stderr
    assert "cannot be read" in broken.stderr
    assert {path: path.read_bytes() for path in standing} == before
    sound.write_bytes(whole)
    os.utime(sound, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert {"features", "probe_hear", "aggregate"} <= set(dry_run(target, overlay=TINY).jobs)


def _fewer_epochs_and_moved_films_train_nothing(snakemake: Snakemake, dry_run: Dry, clone: Path) -> None:
    """The jobs that Snakemake takes for due find that what they would make is there; more epochs are said to cost."""
    run, target = clone / RESULTS / "efj/seed0", f"{RESULTS}/efj/hear.json"
    made = [*(run / "pretrain/checkpoints").iterdir(), *(clone / RESULTS / "shards").glob("*.arrow")]
    before = {path: path.stat().st_mtime_ns for path in made}
    fewer: dict[str, Any] = {**TINY, "pretraining": {**TINY["pretraining"], "checkpoints": [2]}}
    moved = {**fewer, "corpus": {"catalogue": f"{DATA}/moved/catalogue.csv"}}
    for overlay in (fewer, moved):
        if overlay is moved:
            shutil.move(clone / DATA / "films", clone / DATA / "moved")
        again = snakemake("--cores", "2", target, overlay=overlay, timeout_s=900)
        assert again.returncode == 0, again.stdout + again.stderr
        assert "would train anew" not in again.stderr
        assert {path: path.stat().st_mtime_ns for path in made} == before
        assert [one["epoch"] for one in json.loads((run / "pretraining.json").read_text())["checkpoints"]] == [2]
        assert [point["epoch"] for point in json.loads((clone / target).read_text())["sweep"]] == [2]
    (run / "pretrain/checkpoints/epoch01.safetensors").unlink()
    more = {**moved, "pretraining": TINY["pretraining"]}
    dry = dry_run(target, overlay=more).printed
    assert "efj/seed0 would train anew" in dry
    assert "for epoch 1, the weights of which were not kept" in dry
