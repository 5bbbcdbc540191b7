"""What the workflow would do: its jobs, its messages, its resources. Nothing is run."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dubaug.config import Experiment

Snakemake = Callable[..., subprocess.CompletedProcess[str]]


def _jobs(printed: str) -> dict[str, int]:
    line = next(line for line in printed.splitlines() if re.match(r"\d+ jobs: ", line))
    return {rule: int(count) for rule, count in (part.rsplit(" ", 1) for part in line.split(": ", 1)[1].split(", "))}


def _touch_inputs(clone: Path, experiment: Experiment) -> None:
    """Put an empty catalogue and empty data set folders where the configuration looks for them."""
    for task in experiment.tasks.values():
        (clone / task.path).mkdir(parents=True, exist_ok=True)
    catalogue = clone / experiment.corpus.catalogue
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    catalogue.write_text("title_id,path\n")


def test_the_workflow_is_clean(snakemake: Snakemake) -> None:
    lint = snakemake("--lint")
    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_the_demo_is_some_eighty_jobs(snakemake: Snakemake) -> None:
    run = snakemake("-n")
    assert run.returncode == 0, run.stderr
    jobs = _jobs(run.stdout + run.stderr)
    assert (jobs["pretrain"], jobs["random_weights"]) == (8, 1)
    probes = [jobs[f"probe_{suite}"] for suite in ("hear", "hares", "visual")]
    assert probes == [9, 9, 7], "visual for those that see"
    assert jobs["aggregate"] == sum(probes)
    assert (jobs["comparisons"], jobs["claims"], jobs["report_page"]) == (1, 1, 1)
    assert sum(jobs.values()) <= 84


def test_one_result_asks_for_no_more_than_it_needs(snakemake: Snakemake) -> None:
    jobs = _jobs(snakemake("-n", "results/efj/hear.json").stderr)
    assert jobs == {
        "demo_films": 1, "demo_tasks": 1, "catalogue": 1, "select": 1, "align": 1, "alignment": 1,
        "shards": 1, "clip_index": 1,
        "pretrain": 1, "features": 1, "probe_hear": 1, "aggregate": 1,
    }  # fmt: skip
    assert "separate" in _jobs(snakemake("-n", "results/sep/hear.json").stderr)
    assert set(_jobs(snakemake("-n", "results/tables/tableb4.csv").stderr)) == {
        "demo_films",
        "catalogue",
        "select",
        "table_b4",
    }


def test_dubs_are_aligned_before_clips_are_cut_or_speech_removed(snakemake: Snakemake) -> None:
    aligned = {"demo_films", "catalogue", "select", "align", "alignment"}
    assert set(_jobs(snakemake("-n", "results/corpus/alignment.csv").stderr)) == aligned
    figures = snakemake("-n", "results/corpus/alignment.pdf", "results/corpus/alignment.png")
    assert _jobs(figures.stderr) == {**dict.fromkeys(aligned, 1), "alignment_figure": 1}
    assert set(_jobs(snakemake("-n", "results/shards/batch0.json").stderr)) == {*aligned, "shards"}
    assert set(_jobs(snakemake("-n", "results/separated/batch0.json").stderr)) == {*aligned, "separate"}
    assert _jobs(snakemake("-n", "all_figures").stderr)["alignment_figure"] == 1


@pytest.mark.parametrize(
    "target",
    [
        "results/efj/epoch02/hear.json",
        "results/rp/hares.json",
        "results/rp/visual.json",
        "results/av/visual.json",
        "results/efj/seed0/hear.json",
        "results/efj/seed0/epoch02/hear.json",
        "results/efj/seed0/predictions/vggsound.arrow",
        "results/comparisons.json",
        "results/claims.md",
        "results/report.html",
        "results/tables/tabled6.tex",
        "results/figures/b1.pdf",
        "results/figures/c2.pdf",
        "results/figures/c2_column.png",
        "results/figures/c2.txt",
        "results/corpus/alignment.txt",
        "results/figures/mels.png",
        "results/corpus/rejected.csv",
        "results/efj/seed0/export",
        "results/efj/card",
        "all",
        "all_hear",
    ],
)
def test_every_target_of_the_contract_can_be_asked_for(snakemake: Snakemake, target: str) -> None:
    run = snakemake("-n", target)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "target",
    [
        "results/a/visual.json",
        "results/xx/hear.json",
        "results/efj/seed1/hear.json",
        "results/efj/epoch03/hear.json",
        "results/rp/epoch00/hear.json",
        "results/efj/epoch02/visual.json",
        "results/figures/b2.pdf",
        "results/figures/c2_long.pdf",
    ],
)
def test_what_does_not_exist_is_an_error_and_no_run(snakemake: Snakemake, target: str) -> None:
    run = snakemake("-n", target)
    assert run.returncode != 0
    assert "MissingRuleException" in run.stdout + run.stderr


def test_results_of_the_old_layout_are_one_message_before_any_job(snakemake: Snakemake, clone: Path) -> None:
    for name in ("efj/pretraining.json", "av/hear.json"):
        (clone / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / "results" / name).write_text("{}")
    run = snakemake("-n", "results/rp/hear.json")
    printed = run.stdout + run.stderr
    assert run.returncode != 0
    assert "results/efj/pretraining.json was made by an earlier version" in printed
    assert "mv results results.old" in printed
    assert "Traceback" not in printed
    assert "jobs" not in printed
    assert snakemake("-n", "elsewhere/rp/hear.json", overlay={"results_dir": "elsewhere"}).returncode == 0


def test_a_bad_value_is_one_message_before_any_job(snakemake: Snakemake) -> None:
    run = snakemake("-n", "all_tables", overlay={"pretraining": {"learning_rate": "3e-4"}})
    printed = run.stdout + run.stderr
    assert run.returncode != 0
    assert "config key `pretraining.learning_rate`: got '3e-4'" in printed
    assert "3.0e-4" in printed
    assert "Traceback" not in printed
    assert "jobs" not in printed


def test_corpus_figures_ask_for_no_training(snakemake: Snakemake) -> None:
    assert set(_jobs(snakemake("-n", "results/figures/b1.pdf").stderr)) == {
        "demo_films",
        "catalogue",
        "select",
        "figure_b1",
    }
    jobs = _jobs(snakemake("-n", "results/figures/mels.pdf", "results/figures/mels.csv").stderr)
    assert jobs["figure_mels"] == 1
    corpus = {"demo_films", "catalogue", "select", "align", "alignment", "shards", "clip_index"}
    assert set(jobs) == {*corpus, "figure_mels"}


def test_several_seeds_are_aggregated(snakemake: Snakemake) -> None:
    run = snakemake("-n", "results/efj/hear.json", "results/efj/epoch02/hear.json", overlay={"seeds": [0, 1, 2]})
    assert run.returncode == 0, run.stderr
    jobs = _jobs(run.stderr)
    assert (jobs["pretrain"], jobs["probe_hear"]) == (3, 3)
    assert (jobs["aggregate"], jobs["sweep_point"]) == (1, 1)


@pytest.mark.parametrize("overlay", [{"seeds": [0, 1, 2]}, {"variants": {"rp": {"seeds": [0, 1, 2]}}}])
def test_random_weights_of_several_seeds_are_evaluated_on_every_suite(
    snakemake: Snakemake, overlay: dict[str, Any]
) -> None:
    suites = ("hear", "hares", "visual")
    run = snakemake("-n", *(f"results/rp/{suite}.json" for suite in suites), overlay=overlay)
    assert run.returncode == 0, run.stderr
    jobs = _jobs(run.stderr)
    assert {name: jobs.get(name) for name in ("random_weights", "aggregate", "pretrain")} == {
        "random_weights": 3, "aggregate": 3, "pretrain": None,
    }  # fmt: skip
    assert (jobs["probe_hear"], jobs["probe_hares"], jobs["probe_visual"]) == (3, 3, 3)


def test_seeds_of_one_variant_leave_the_others_where_they_are(snakemake: Snakemake) -> None:
    words = (
        "-n",
        "-p",
        "--workflow-profile",
        "none",
        "--cores",
        "1",
        "results/comparisons.csv",
        "results/tables/tabled6.csv",
    )
    run = snakemake(*words, overlay={"variants": {"rp": {"seeds": [0, 7]}}})
    assert run.returncode == 0, run.stderr
    printed = run.stdout + run.stderr
    (command,) = [line for line in printed.splitlines() if "dubaug tables" in line]
    assert "results/efj/hares.json" in command
    assert "results/rp/hares.json" in command
    assert "/seed7/" not in command
    seeds = re.findall(
        r"dubaug pretrain .*--variant rp --seed (\d+) .*--out results/rp/seed(\d)/pretraining\.json", printed
    )
    assert sorted(seeds) == [("0", "0"), ("7", "7")]
    assert "--out results/efj/seed0/pretraining.json" in printed
    needed = re.search(r"rule comparisons:\n\s+input: (.*)", printed)
    assert needed is not None
    assert "results/rp/seed7/predictions/esc50.arrow" in needed[1]
    assert "results/efj/seed0/predictions/esc50.arrow" in needed[1]


def test_comparisons_need_the_seeds_predictions(snakemake: Snakemake) -> None:
    words = ("-n", "-p", "--workflow-profile", "none", "--cores", "1", "results/comparisons.csv")
    run = snakemake(*words, overlay={"seeds": [0, 1]})
    assert run.returncode == 0, run.stderr
    printed = run.stdout + run.stderr
    (command,) = [line for line in printed.splitlines() if "dubaug compare" in line]
    assert "results/efj/hear.json" in command
    assert "seed0" not in command
    needed = re.search(r"rule comparisons:\n\s+input: (.*)", printed)
    assert needed is not None
    assert "results/efj/seed1/predictions/esc50.arrow" in needed[1]


@pytest.mark.parametrize(
    ("folder", "seeds", "suites", "lists"),
    [
        ("efj/seed0", [0], "hear hares visual", "rejected"),
        ("sep/seed1", [0, 1], "hear hares visual", "rejected rejected_separation"),
        ("a/seed0", [0], "hear hares", "rejected"),
        ("rp/seed0", [0], "hear hares visual", None),
    ],
)
def test_an_export_has_all_scores_of_its_run_and_the_corpus(
    snakemake: Snakemake, folder: str, seeds: list[int], suites: str, lists: str | None
) -> None:
    words = ("-n", "-p", "--workflow-profile", "none", "--cores", "1", f"results/{folder}/export")
    run = snakemake(*words, overlay={"seeds": seeds})
    assert run.returncode == 0, run.stderr
    (command,) = [line for line in (run.stdout + run.stderr).splitlines() if "dubaug export" in line]
    given = " ".join(f"results/{folder}/{suite}.json" for suite in suites.split())
    assert f"--manifest results/{folder}/pretraining.json --scores {given} --" in command
    if lists is None:
        assert "--titles" not in command
        assert "--rejected" not in command
    else:
        rejected = " ".join(f"results/corpus/{name}.csv" for name in lists.split())
        assert f"--titles results/corpus/titles.csv --rejected {rejected} --out" in command


def test_an_export_is_of_one_seed_and_of_no_table(snakemake: Snakemake) -> None:
    run = snakemake("-n", "results/efj/export")
    assert run.returncode != 0
    assert "MissingRuleException" in run.stdout + run.stderr
    assert "export" not in _jobs(snakemake("-n", "all").stderr)


@pytest.mark.parametrize(
    ("variant", "seeds", "suites", "lists"),
    [
        ("efj", [0], "hear hares visual", "rejected"),
        ("sep", [0, 1], "hear hares visual", "rejected rejected_separation"),
        ("a", [0], "hear hares", "rejected"),
        ("rp", [0], "hear hares visual", None),
    ],
)
def test_cards_are_of_all_seeds_of_a_variant_and_of_no_table(
    snakemake: Snakemake, variant: str, seeds: list[int], suites: str, lists: str | None
) -> None:
    words = ("-n", "-p", "--workflow-profile", "none", "--cores", "1", f"results/{variant}/card")
    run = snakemake(*words, overlay={"seeds": seeds})
    assert run.returncode == 0, run.stderr
    (command,) = [line for line in (run.stdout + run.stderr).splitlines() if "dubaug card" in line]
    manifests = " ".join(f"results/{variant}/seed{seed}/pretraining.json" for seed in seeds)
    given = " ".join(f"results/{variant}/{suite}.json" for suite in suites.split())
    assert f"--manifest {manifests} --scores {given} --" in command
    assert ("--catalogue results/corpus/catalogue.csv" in command) == (lists is not None)
    if lists is not None:
        rejected = " ".join(f"results/corpus/{name}.csv" for name in lists.split())
        assert f"--alignment results/corpus/alignment.csv --rejected {rejected} --out-dir" in command
    assert "card" not in _jobs(snakemake("-n", "all").stderr)


@pytest.mark.parametrize(("seeds", "trained"), [([0], 2), ([0, 1], 4)])
def test_what_a_variant_starts_from_is_trained_first(snakemake: Snakemake, seeds: list[int], trained: int) -> None:
    staged = {"secondary": ["es", "fr", "ja"], "start_from": "av"}
    overlay = {"seeds": seeds, "variants": {"staged": staged}}
    words = ("-n", "-p", "--workflow-profile", "none", "--cores", "1", "results/staged/hear.json")
    run = snakemake(*words, overlay=overlay)
    assert run.returncode == 0, run.stderr
    commands = [line for line in (run.stdout + run.stderr).splitlines() if "dubaug pretrain" in line]
    assert len(commands) == trained
    for seed in seeds:
        manifest = f"results/av/seed{seed}/pretraining.json"
        assert sum(f"--variant staged --seed {seed}" in c and f"--start-from {manifest}" in c for c in commands) == 1


def test_a_variant_a_language_and_a_task_are_added_by_configuration_alone(snakemake: Snakemake, clone: Path) -> None:
    (clone / "mine").mkdir()
    overlay = {
        "corpus": {"secondary": ["es", "fr", "ja", "de"]},
        "variants": {
            "de": {"label": "+DE", "secondary": ["de"]},
            "fr": None,
            "av20": {"secondary": ["en"], "epochs": 20, "checkpoints": [5, 20]},
        },
        "tasks": {"mine": {"suite": "hear", "path": "mine"}},
        "suites": {"hear": ["mine"], "hares": [], "visual": []},
        "results_dir": "elsewhere",
    }
    run = snakemake(
        "-n",
        "elsewhere/de/hear.json",
        "elsewhere/av20/epoch05/hear.json",
        "elsewhere/av20/epoch20/hear.json",
        overlay=overlay,
    )
    assert run.returncode == 0, run.stderr
    jobs = _jobs(run.stderr)
    assert jobs["pretrain"] == 2
    assert jobs["probe_hear"] == 2
    assert "demo_tasks" not in jobs
    assert snakemake("-n", "elsewhere/fr/hear.json", overlay=overlay).returncode != 0


def test_appendix_c_is_a_configuration(snakemake: Snakemake) -> None:
    sweep = [
        f"results/{variant}/epoch{epoch:02d}/hear.json" for variant in ("av20", "efj20") for epoch in (5, 10, 15, 20)
    ]
    run = snakemake("-n", "-p", "--configfile", "workflow/config/appendix_c.yaml", "--", *sweep)
    assert run.returncode == 0, run.stderr
    jobs = _jobs(run.stdout + run.stderr)
    assert (jobs["pretrain"], jobs["probe_hear"]) == (2, 2)


def test_appendix_c_has_a_figure_of_its_own(snakemake: Snakemake) -> None:
    given = ("-n", "-p", "--workflow-profile", "none", "--configfile", "workflow/config/appendix_c.yaml", "--")
    for target in ("all_figures", "results/figures/c2_long.pdf"):
        run = snakemake(*given, target)
        assert run.returncode == 0, run.stderr
        printed = run.stdout + run.stderr
        (command,) = [line for line in printed.splitlines() if "dubaug figure-c2 " in line]
        for variant in ("av20", "efj20"):
            assert f" results/{variant}/hear.json" in command
            home = f"results/{variant}/seed0"
            points = " ".join(f"{epoch}={home}/epoch{epoch:02d}/hear.json" for epoch in (5, 10, 15, 20))
            assert f"--out {home}/hear.json --sweep {points} --threads" in printed
        assert "results/figures/c2_long_column.png" in printed


def test_the_slurm_profile_resolves_by_name_with_the_papers_scale(
    snakemake: Snakemake, clone: Path, paper_experiment: Experiment
) -> None:
    _touch_inputs(clone, paper_experiment)
    run = snakemake(
        "--profile", "slurm", "-n", "--workflow-profile", "none", "--cores", "64", "all_tables", "all_figures"
    )
    assert run.returncode == 0, run.stderr
    printed = run.stdout + run.stderr
    trained = re.findall(r"rule pretrain:.*?(?=\n\[|\Z)", printed, re.DOTALL)
    assert len(trained) == 8
    assert all("gpu=4" in block and "gpu_model=a100" in block and "threads: 32" in block for block in trained)
    untrained = re.findall(r"rule random_weights:.*?(?=\n\[|\Z)", printed, re.DOTALL)
    assert len(untrained) == 1
    assert "gpu" not in untrained[0]
    assert len(re.findall(r"rule shards:", printed)) == paper_experiment.clips.batches


def test_data_sets_that_are_missing_stop_no_other(
    snakemake: Snakemake, clone: Path, paper_experiment: Experiment
) -> None:
    """At the paper's scale, with nothing on disk but two data sets; a third appears later."""
    _touch_inputs(clone, paper_experiment)
    shutil.rmtree(clone / "data")
    catalogue = clone / paper_experiment.corpus.catalogue
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text("title_id,path\n")
    there = ["esc50", "tut18"]
    for task in there:
        (clone / paper_experiment.tasks[task].path).mkdir(parents=True)
    words = ("-n", "-p", "--workflow-profile", "none", "--cores", "8", "--config", "scale=paper", "--")
    run = snakemake(*words, "all_tables", "all_figures")
    assert run.returncode == 0, run.stderr
    absent = [task for tasks in paper_experiment.suites.values() for task in tasks if task not in there]
    told = [line for line in run.stderr.splitlines() if "is left out" in line]
    assert told == [
        f"{task} is left out: no data at {paper_experiment.tasks[task].path} (`dubaug data` says where to get it)"
        for task in absent
    ]

    def commands(name: str) -> list[str]:
        return [line for line in (run.stdout + run.stderr).splitlines() if f"dubaug {name} " in line]

    assert sum(" --variant " in line for line in run.stdout.splitlines() + run.stderr.splitlines()) == 9
    suites = [re.findall(r"--suite (\w+)", line)[0] for line in commands("probe")]
    assert {suite: suites.count(suite) for suite in suites} == {"hear": 9, "hares": 9}
    assert (len(commands("figure-c2")), len(commands("tables"))) == (1, 3)
    hear = " ".join(task for task in paper_experiment.suites["hear"] if task != "esc50")
    assert any(f"--missing {hear} --out results/features/hear.json" in line for line in commands("features"))

    (clone / paper_experiment.tasks["ucf101"].path).mkdir(parents=True)
    run = snakemake(*words, "all_tables")
    assert "ucf101 is left out" not in run.stderr
    assert sum("--suite visual" in line for line in commands("probe")) == 7


@pytest.mark.parametrize("suite", ["hear", "visual"])
def test_a_suite_without_any_data_is_an_error_that_names_them(
    snakemake: Snakemake, clone: Path, paper_experiment: Experiment, suite: str
) -> None:
    _touch_inputs(clone, paper_experiment)
    folders = sorted({paper_experiment.tasks[task].path for task in paper_experiment.suites[suite]})
    for folder in folders:
        (clone / folder).rmdir()
    words = ("-n", "--workflow-profile", "none", "--cores", "8", "--config", "scale=paper", "--")
    run = snakemake(*words, f"results/efj/{suite}.json")
    printed = run.stdout + run.stderr
    assert run.returncode != 0
    assert "Missing input files for rule features:" in printed
    assert all(f"    {folder}\n" in printed for folder in folders)
    assert snakemake(*words, "results/efj/hares.json").returncode == 0


def test_rules_call_commands_and_hold_no_logic(repository: Path) -> None:
    for path in (repository / "workflow/rules").glob("*.smk"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*run:\s*$", text, re.MULTILINE), f"{path.name} has a run block"
        assert "lambda" not in text, f"{path.name} has a lambda"
        for block in re.findall(r"^ *rule [^\n]*:\n(.*?)(?=^\S|\Z)", text, re.DOTALL | re.MULTILINE):
            if "shell:" in block:
                assert '"dubaug ' in block or "{params.launcher}" in block
                assert "log:" in block
                assert "conda:" in block


def test_the_profiles_are_files_that_snakemake_reads(repository: Path) -> None:
    slurm = yaml.safe_load((repository / "slurm/profile.yaml").read_text(encoding="utf-8"))
    assert slurm["executor"] == "slurm"
    assert slurm["config"] == ["scale=paper"]
    default = yaml.safe_load((repository / "profiles/default/profile.yaml").read_text(encoding="utf-8"))
    assert "default-resources" not in default, "it would wipe the cluster profile's"
