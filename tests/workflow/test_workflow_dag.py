"""What the workflow would do: its jobs, its messages, its resources. Nothing is run."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dry_runs import COMMANDS, DryRun, Forks

from dubaug.config import Experiment
from dubaug.layout import FOLDERS
from workflow_copy import copy_workflow

Dry = Callable[..., DryRun]
CATALOGUED = {"demo_films", "catalogue", "select"}
ALIGNED = {*CATALOGUED, "align", "alignment"}
CUT = {*ALIGNED, "shards", "clip_index"}


def _touch_inputs(clone: Path, experiment: Experiment) -> None:
    """Put an empty catalogue and empty data set folders where the configuration looks for them."""
    for task in experiment.tasks.values():
        (clone / task.path).mkdir(parents=True, exist_ok=True)
    catalogue = clone / experiment.corpus.catalogue
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    catalogue.write_text("title_id,path\n")


def test_the_workflow_is_clean(snakemake: Callable[..., "subprocess.CompletedProcess[str]"]) -> None:
    lint = snakemake("--lint")
    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_the_demo_is_some_eighty_jobs_and_the_report_is_made_last(dry_run: Dry) -> None:
    jobs = dry_run().jobs
    assert (jobs["pretrain"], jobs["random_weights"]) == (8, 1)
    probes = [jobs[f"probe_{suite}"] for suite in ("hear", "hares", "visual")]
    assert probes == [9, 9, 7], "visual for those that see"
    assert jobs["aggregate"] == sum(probes)
    assert (jobs["comparisons"], jobs["claims"], jobs["report_page"]) == (1, 1, 1)
    assert sum(jobs.values()) <= 84
    assert not {"export", "card"} & set(jobs)
    targets = {"all", "all_tables", "all_figures"}
    drawn = dry_run("all_tables", "all_figures").jobs
    assert drawn["alignment_figure"] == 1
    assert set(jobs) - targets == {*drawn, "report_page"} - targets


@pytest.mark.parametrize(
    ("targets", "rules"),
    [
        ("results/efj/hear.json", {*CUT, "demo_tasks", "pretrain", "features", "probe_hear", "aggregate"}),
        ("results/tables/tableb4.csv", {*CATALOGUED, "table_b4"}),
        ("results/figures/b1.pdf", {*CATALOGUED, "figure_b1"}),
        ("results/figures/mels.pdf results/figures/mels.csv", {*CUT, "figure_mels"}),
        ("results/corpus/alignment.pdf results/corpus/alignment.png", {*ALIGNED, "alignment_figure"}),
        ("results/separated/batch0.json", {*ALIGNED, "separate"}),
    ],
)
def test_a_target_asks_for_no_more_than_it_needs(dry_run: Dry, targets: str, rules: set[str]) -> None:
    assert dry_run(*targets.split()).jobs == dict.fromkeys(rules, 1)


def test_every_target_of_the_contract_can_be_asked_for(dry_run: Dry) -> None:
    results = (
        "efj/epoch02/hear.json", "rp/hares.json", "rp/visual.json", "av/visual.json", "sep/hear.json",
        "efj/seed0/hear.json", "efj/seed0/epoch02/hear.json", "efj/seed0/predictions/vggsound.arrow",
        "comparisons.json", "claims.md", "report.html", "tables/tabled6.tex", "figures/b1.pdf", "figures/c2.pdf",
        "figures/c2_column.png", "figures/c2.txt", "corpus/alignment.txt", "figures/mels.png", "corpus/rejected.csv",
        "efj/seed0/export", "efj/card",
    )  # fmt: skip
    jobs = dry_run(*(f"results/{name}" for name in results), "all", "all_hear", "all_report").jobs
    assert {"export", "card", "sweep_point", "separate", "all", "all_hear", "all_report"} <= set(jobs)


@pytest.mark.parametrize(
    "target",
    [
        "a/visual.json",
        "xx/hear.json",
        "efj/seed1/hear.json",
        "efj/epoch03/hear.json",
        "rp/epoch00/hear.json",
        "efj/epoch02/visual.json",
        "figures/c2_long.pdf",
        "efj/export",
    ],
)
def test_what_does_not_exist_is_an_error_and_no_run(dry_run: Dry, target: str) -> None:
    run = dry_run(f"results/{target}")
    assert run.code != 0
    assert "MissingRuleException" in run.printed


def test_results_of_the_old_layout_are_one_message_before_any_job(dry_run: Dry, clone: Path) -> None:
    for name in ("efj/pretraining.json", "av/hear.json"):
        (clone / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / "results" / name).write_text("{}")
    told = "results/efj/pretraining.json was made by an earlier version"
    assert dry_run("results/rp/hear.json").is_refused(told, "mv results results.old")
    assert dry_run("elsewhere/rp/hear.json", overlay={"results_dir": "elsewhere"}).code == 0


def test_a_clone_in_braces_is_one_message_before_any_job(forks: Forks, repository: Path, tmp_path: Path) -> None:
    folder = copy_workflow(repository, tmp_path / "my {clone}")
    run = forks.run(["-n", "results/tables/tableb5.md"], folder)
    assert run.is_refused("my {clone}: what stands in braces is a wildcard to Snakemake: rename the folder")


def test_a_bad_value_is_one_message_before_any_job(dry_run: Dry) -> None:
    run = dry_run("all_tables", overlay={"pretraining": {"learning_rate": "3e-4"}})
    assert run.is_refused("config key `pretraining.learning_rate`: got '3e-4'", "3.0e-4")


def test_films_separators_and_lists_that_are_not_there_are_told_before_any_job(
    dry_run: Dry, clone: Path, paper_experiment: Experiment
) -> None:
    _touch_inputs(clone, paper_experiment)
    catalogue = clone / paper_experiment.corpus.catalogue
    catalogue.unlink()
    overlay: dict[str, Any] = {"scale": "paper", "variants": {"sep": None}}
    told = "config key `corpus.catalogue`: there is no catalogue of films (docs/own-films.md) at "
    assert dry_run("all_tables", overlay=overlay).is_refused(f"{told}{catalogue}")
    (clone / "data/demo").mkdir()
    demo = {"corpus": {"catalogue": "data/demo/nowhere.csv"}}
    assert dry_run("all_tables", overlay=demo).is_refused(f"{told}{clone}/data/demo/nowhere.csv")
    assert dry_run("results/rp/hear.json", overlay=overlay).code == 0, "it sees no film"
    overlay |= {"tasks": {"vggsound": {"absent_files": "gone.txt"}}}
    told = f"config key `tasks.vggsound.absent_files`: there is no list of absent files at {clone}/gone.txt"
    assert dry_run("results/rp/visual.json", overlay=overlay).is_refused(told)
    overlay |= {"separation": {"repository": "nowhere"}}
    told = f"config key `separation.repository`: there is no folder of Demucs models at {clone}/nowhere"
    assert dry_run("results/rp/hares.json", overlay=overlay).is_refused(told)


def test_without_any_data_nothing_is_begun(dry_run: Dry, clone: Path, paper_experiment: Experiment) -> None:
    _touch_inputs(clone, paper_experiment)
    shutil.rmtree(clone / "data/hear")
    overlay = {"scale": "paper", "suites": {"hares": [], "visual": []}}
    told = "no task has its data: `dubaug data` says where to put them"
    assert dry_run("all_tables", overlay=overlay).is_refused(told)


def test_configuration_files_are_read_strictly_before_snakemake_reads_them(dry_run: Dry, clone: Path) -> None:
    (clone / "config.yaml").write_text("corpus: {primary: en}\ncorpus: {secondary: [es]}\n")
    assert dry_run().is_refused("config.yaml is no YAML: the key `corpus` stands on line 1 already", "(line 2,")
    (clone / "config.yaml").write_bytes("corpus: {primary: caf\xe9}\n".encode("latin1"))
    assert dry_run().is_refused("config.yaml is not UTF-8")
    (clone / "config.yaml").unlink()
    assert dry_run().is_refused(f"there is no configuration file {clone}/config.yaml: copy one there", "--directory")
    (clone / "mine.yaml").write_text("seeds: [0]\nseeds: [1]\n")
    assert dry_run("--configfile", "mine.yaml").is_refused("mine.yaml is no YAML: the key `seeds` stands on line 1")


def test_no_variant_can_be_called_as_a_folder_of_the_workflow(repository: Path) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (repository / "workflow/rules").glob("*.smk"))
    assert set(re.findall(r'RESULTS / f?"(\w+)[/"]', text)) == FOLDERS


def test_several_seeds_are_aggregated(dry_run: Dry) -> None:
    seeds = {"seeds": [0, 1, 2]}
    jobs = dry_run("results/efj/hear.json", "results/efj/epoch02/hear.json", overlay=seeds).jobs
    assert (jobs["pretrain"], jobs["probe_hear"]) == (3, 3)
    assert (jobs["aggregate"], jobs["sweep_point"]) == (1, 1)


@pytest.mark.parametrize("overlay", [{"seeds": [0, 1, 2]}, {"variants": {"rp": {"seeds": [0, 1, 2]}}}])
def test_random_weights_of_several_seeds_are_evaluated_on_every_suite(dry_run: Dry, overlay: dict[str, Any]) -> None:
    jobs = dry_run(*(f"results/rp/{suite}.json" for suite in ("hear", "hares", "visual")), overlay=overlay).jobs
    assert (jobs["random_weights"], jobs["aggregate"], jobs.get("pretrain")) == (3, 3, None)
    assert (jobs["probe_hear"], jobs["probe_hares"], jobs["probe_visual"]) == (3, 3, 3)


def test_seeds_of_one_variant_leave_the_others_where_they_are(dry_run: Dry) -> None:
    targets = ("results/comparisons.csv", "results/tables/tabled6.csv")
    run = dry_run(*COMMANDS, *targets, overlay={"variants": {"rp": {"seeds": [0, 7]}}})
    (tables,), (compare,) = run.commands("tables"), run.commands("compare")
    for command in (tables, compare):
        assert {"results/efj/hares.json", "results/rp/hares.json"} <= set(command.split())
        assert "/seed" not in command
    trained = {re.sub(r".*--variant (\w+) --seed (\d+) .*--out (\S+).*", r"\1 \2 \3", line)
               for line in run.commands("pretrain")}  # fmt: skip
    assert trained >= {f"rp {seed} results/rp/seed{seed}/pretraining.json" for seed in (0, 7)}
    assert {name for name in trained if not name.startswith("rp")} == {
        f"{name} 0 results/{name}/seed0/pretraining.json" for name in {line.split()[0] for line in trained} - {"rp"}
    }
    needed = re.search(r"rule comparisons:\n\s+input: (.*)", run.printed)
    assert needed is not None
    assert {f"results/{run}/predictions/esc50.arrow" for run in ("rp/seed7", "efj/seed0")} <= set(needed[1].split(", "))


@pytest.mark.parametrize(
    ("variant", "seeds", "suites", "lists"),
    [
        ("efj", [0], "hear hares visual", "rejected"),
        ("sep", [0, 1], "hear hares visual", "rejected rejected_separation"),
        ("a", [0], "hear hares", "rejected"),
        ("rp", [0], "hear hares visual", None),
    ],
)
def test_an_export_is_of_a_run_and_cards_of_all_seeds_with_all_scores_and_the_corpus(
    dry_run: Dry, variant: str, seeds: list[int], suites: str, lists: str | None
) -> None:
    home, run = f"results/{variant}", f"results/{variant}/seed{seeds[-1]}"
    planned = dry_run(*COMMANDS, f"{run}/export", f"{home}/card", overlay={"seeds": seeds})
    (export,), (card,) = planned.commands("export"), planned.commands("card")
    manifests = " ".join(f"{home}/seed{seed}/pretraining.json" for seed in seeds)
    scores = {folder: " ".join(f"{folder}/{suite}.json" for suite in suites.split()) for folder in (home, run)}
    assert f"--manifest {run}/pretraining.json --scores {scores[run]} --" in export
    assert f"--manifest {manifests} --scores {scores[home]} --" in card
    if lists is None:
        assert not re.search("--(titles|rejected|catalogue)", export + card)
    else:
        rejected = " ".join(f"results/corpus/{name}.csv" for name in lists.split())
        assert f"--titles results/corpus/titles.csv --rejected {rejected} --out" in export
        assert "--catalogue results/corpus/catalogue.csv" in card
        assert f"--alignment results/corpus/alignment.csv --rejected {rejected} --out-dir" in card


@pytest.mark.parametrize("seeds", [[0], [0, 1]])
def test_what_a_variant_starts_from_is_trained_first(dry_run: Dry, seeds: list[int]) -> None:
    staged = {"secondary": ["es", "fr", "ja"], "start_from": "av"}
    overlay = {"seeds": seeds, "variants": {"staged": staged}}
    commands = dry_run(*COMMANDS, "results/staged/hear.json", overlay=overlay).commands("pretrain")
    assert len(commands) == 2 * len(seeds)
    for seed in seeds:
        manifest = f"results/av/seed{seed}/pretraining.json"
        assert sum(f"--variant staged --seed {seed}" in c and f"--start-from {manifest}" in c for c in commands) == 1


@pytest.mark.parametrize("seeds", [[0], [0, 1]])
def test_the_report_names_every_run(dry_run: Dry, seeds: list[int]) -> None:
    (report,) = dry_run(*COMMANDS, "results/report.html", overlay={"seeds": seeds}).commands("report")
    for seed in seeds:
        names = ("pretraining.json", "pretrain/metrics.jsonl", "benchmarks")
        assert {f"results/efj/seed{seed}/{name}" for name in names} <= set(report.split())
    assert report.count("/metrics.jsonl") == report.count("/pretraining.json") == 9 * len(seeds)
    assert "results/efj/hear.json" in report.split()


def test_a_variant_a_language_and_a_task_are_added_by_configuration_alone(dry_run: Dry, clone: Path) -> None:
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
    results = ("de/hear.json", "av20/epoch05/hear.json", "av20/epoch20/hear.json")
    jobs = dry_run(*(f"elsewhere/{name}" for name in results), overlay=overlay).jobs
    assert (jobs["pretrain"], jobs["probe_hear"]) == (2, 2)
    assert "demo_tasks" not in jobs
    assert dry_run("elsewhere/fr/hear.json", overlay=overlay).code != 0


def test_appendix_c_is_a_configuration_with_a_figure_of_its_own(dry_run: Dry) -> None:
    epochs = (5, 10, 15, 20)
    sweep = [f"results/{name}/epoch{epoch:02d}/hear.json" for name in ("av20", "efj20") for epoch in epochs]
    given = (*COMMANDS, "--configfile", "workflow/config/appendix_c.yaml", "--")
    run = dry_run(*given, *sweep)
    assert (len(run.commands("pretrain")), len(run.commands("probe"))) == (2, 2)
    for target in ("all_figures", "results/figures/c2_long.pdf"):
        run = dry_run(*given, target)
        (command,) = run.commands("figure-c2")
        for variant in ("av20", "efj20"):
            assert f" results/{variant}/hear.json" in command
            home = f"results/{variant}/seed0"
            points = " ".join(f"{epoch}={home}/epoch{epoch:02d}/hear.json" for epoch in epochs)
            assert f"--out {home}/hear.json --sweep {points} --threads" in run.printed
        assert "results/figures/c2_long_column.png" in run.printed


def test_the_slurm_profile_resolves_by_name_with_the_papers_scale(
    dry_run: Dry, clone: Path, paper_experiment: Experiment
) -> None:
    """With its partitions' names, which a site uncomments; no rule is left behind, Appendix C's neither."""
    _touch_inputs(clone, paper_experiment)
    profile = clone / "slurm/profile.yaml"
    profile.write_text(profile.read_text().replace("# slurm_partition:", "slurm_partition:"))
    given = ("--profile", "slurm", "--workflow-profile", "none", "--cores", "64")
    targets = ("all_tables", "all_figures", "all_hear")
    run = dry_run(*given, "--configfile", "workflow/config/appendix_c.yaml", "--", *targets)
    assert run.code == 0, run.printed
    trained = re.findall(r"rule pretrain:.*?(?=\n\[|\Z)", run.printed, re.DOTALL)
    assert len(trained) == 8 + 2
    assert all("gpu=4" in block and "gpu_model=a100" in block and "threads: 32" in block for block in trained)
    untrained = re.findall(r"rule random_weights:.*?(?=\n\[|\Z)", run.printed, re.DOTALL)
    assert len(untrained) == 1
    assert "gpu" not in untrained[0]
    assert len(re.findall(r"rule shards:", run.printed)) == paper_experiment.clips.batches

    partitions: dict[str, set[str]] = {"gpu": set(), "cpu": set()}
    for rule, resources in re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", run.printed, re.MULTILINE):
        found = re.search(r"slurm_partition=(\w+)", resources)
        assert found is not None, rule
        assert found[1] == ("gpu" if re.search(r"\bgpu=[1-9]", resources) else "cpu"), rule
        partitions[found[1]].add(rule)
    probes = {"probe_hear", "probe_hares", "probe_visual"}
    assert partitions["gpu"] == {"pretrain", "separate", "separate_task", *probes}
    assert {"shards", "features", "align", "catalogue", "result_tables"} <= partitions["cpu"]


def test_data_sets_that_are_missing_stop_no_other(dry_run: Dry, clone: Path, paper_experiment: Experiment) -> None:
    """At the paper's scale, with nothing on disk but two data sets; a third appears later."""
    _touch_inputs(clone, paper_experiment)
    shutil.rmtree(clone / "data")
    catalogue = clone / paper_experiment.corpus.catalogue
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text("title_id,path\n")
    there = ["esc50", "tut18"]
    for task in there:
        (clone / paper_experiment.tasks[task].path).mkdir(parents=True)
    words = (*COMMANDS, "--config", "scale=paper", "--")
    run = dry_run(*words, "all_tables", "all_figures")
    absent = [task for tasks in paper_experiment.suites.values() for task in tasks if task not in there]
    assert [line for line in run.lines if "is left out" in line] == [
        f"{task} is left out: no data at {paper_experiment.tasks[task].path} (`dubaug data` says where to get it)"
        for task in absent
    ]
    assert sum(" --variant " in line for line in run.lines) == 9
    launched = [line for line in run.lines if "torchrun --standalone --local-addr=localhost --nproc-per-node=4" in line]
    assert len(launched) == 8, "the rest is untrained; a node needs no name"
    suites = [re.findall(r"--suite (\w+)", line)[0] for line in run.commands("probe")]
    assert {suite: suites.count(suite) for suite in suites} == {"hear": 9, "hares": 9}
    assert (len(run.commands("figure-c2")), len(run.commands("tables"))) == (1, 3)
    hear = " ".join(task for task in paper_experiment.suites["hear"] if task != "esc50")
    assert any(f"--missing {hear} --out results/features/hear.json" in line for line in run.commands("features"))

    (clone / paper_experiment.tasks["ucf101"].path).mkdir(parents=True)
    run = dry_run(*words, "all_tables")
    assert "ucf101 is left out" not in run.printed
    assert sum("--suite visual" in line for line in run.commands("probe")) == 7


@pytest.mark.parametrize("suite", ["hear", "visual"])
def test_a_suite_without_any_data_is_an_error_that_names_them(
    dry_run: Dry, clone: Path, paper_experiment: Experiment, suite: str
) -> None:
    _touch_inputs(clone, paper_experiment)
    folders = sorted({paper_experiment.tasks[task].path for task in paper_experiment.suites[suite]})
    for folder in folders:
        (clone / folder).rmdir()
    words = ("--workflow-profile", "none", "--cores", "8", "--config", "scale=paper", "--")
    run = dry_run(*words, f"results/efj/{suite}.json")
    assert run.code != 0
    assert "Missing input files for rule features:" in run.printed
    assert all(f"    {folder}\n" in run.printed for folder in folders)


def test_rules_call_commands_and_hold_no_logic(repository: Path) -> None:
    for path in (repository / "workflow/rules").glob("*.smk"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*run:\s*$", text, re.MULTILINE), f"{path.name} has a run block"
        assert "lambda" not in text, f"{path.name} has a lambda"
        assert 'f"dubaug ' not in text, f"{path.name} has a command of words that nobody has quoted"
        for block in re.findall(r"^ *rule [^\n]*:\n(.*?)(?=^\S|\Z)", text, re.DOTALL | re.MULTILINE):
            if "shell:" in block:
                assert '"dubaug ' in block or "{params.launcher:q}" in block
                assert "log:" in block
                assert "conda:" in block
                values = re.findall(r"(?<!{){([^{}]+)}", block.partition("shell:")[2])
                assert all(value.endswith(":q") or value == "threads" for value in values), f"unquoted in {path.name}"
