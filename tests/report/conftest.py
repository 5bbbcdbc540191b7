"""A small results folder as the stages write it, and the page of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from report_factory import COMPARISONS_HEAD, HOSTILE, TABLE, claim

from dubaug.config import Experiment, to_mapping
from dubaug.corpus.rejects import Reject, write_rejects
from dubaug.corpus.titles import Title, write_titles
from dubaug.corpus.tracks import Track
from dubaug.files import write_json, write_text
from dubaug.pretrain.steps import add_step
from dubaug.report.build import ReportSources, build
from dubaug.tracks import TrackName
from result_factory import entry_of, head_of
from step_factory import make_step


@pytest.fixture
def results(tmp_path: Path) -> dict[str, Any]:
    """Write one of everything; return it as `ReportSources` takes it."""
    folder = tmp_path / "results"
    claims = [claim(), claim(id="two", claim=HOSTILE, slip=HOSTILE, verdicts=("no data", "fails", "holds"))]
    slips = [{"where": "Table 2", "slip": HOSTILE, "found": None}]
    judged = {"level": 0.95, "significance": 0.05, "correction": "holm", "meaning": "As tested.", "claims": claims}
    write_json(folder / "claims.json", {**judged, "slips": slips})
    for name in ("table1", "table1_vs_paper"):
        write_text(folder / f"tables/{name}.html", TABLE)
    for name in ("figures/c2", "corpus/alignment"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), "white").save(folder / f"{name}.png")
    write_text(folder / "figures/c2.txt", f"Nine panels.\n{HOSTILE}")
    tracks = (Track(name=TrackName("en"), stream=0),)
    one = Title(title_id="one", path=folder / "one.mkv", minutes=1.5, clips=30, tracks=tracks, year="1972")
    two = replace(one, title_id="two", minutes=3, clips=60, original_language="fr", year="1985.0")
    write_titles(folder / "corpus/titles.csv", [one, two])
    rejects = [
        Reject(title_id=HOSTILE, stage="alignment", reason="es is silent", advice="tag another track", clips=None),
        Reject(title_id="four", stage="shards", reason="cut short", advice="get the film again", clips=3),
        Reject(title_id="five", stage="shards", reason="cut short", advice="get the film again", clips=4),
    ]
    write_rejects(folder / "corpus/rejected.csv", rejects)
    write_text(folder / "corpus/subsets.csv", "languages,titles,video_hours\nen+es,22,0.2296\n")
    write_text(
        folder / "corpus/alignment.csv",
        "title_id,language,status,verdict,offset_s,drift,similarity,agreement,identical,silence,windows\n"
        "one,es,aligned,keep,-0.0123,0,1,1,0,0,8\none,fr,shifted,correct,1.5,0,1,1,0,0,8\n"
        "two,es,aligned,keep,0.001,0,1,1,0,0,8\ntwo,fr,silent,reject,,,0,0,0,1,0\n",
    )
    write_text(
        folder / "comparisons.csv",
        f"{COMPARISONS_HEAD}\nhear,esc50,top1_acc,efj,av,0.5,0.4,0.1,0.02,0.18,0.001,0.01,100,1,1,efj,items,90.5,speaker,\n"
        "hear,esc50,top1_acc,es,av,0.4,0.4,0,,,,,100,1,1,,seeds and items,4,speaker,too few\n",
    )
    checkpoint = {"epoch": 2, "path": "pretrain/epoch02.safetensors", "sha256": "ab" * 32}
    write_json(
        folder / "efj/pretraining.json",
        {"variant": "efj", "seed": 0, "experiment": "x", "epochs": 2, "checkpoints": [checkpoint], "n_clips": 90,
         "n_titles": 2, "seconds": 41.6, "device": "cpu"},
    )  # fmt: skip
    steps = [(0, 1, 6.0), (1, 1, 9.0), (1, 1, 5.0), (2, 2, 4.0), (3, 2, 3.0)]
    for step, epoch, loss in steps:
        add_step(folder / "efj/metrics.jsonl", make_step(step, epoch=epoch, loss=loss))
    head = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    for name, row in {
        "benchmarks/align0": "10\t0:00:10\t512\t1\t1\t1\t0\t2\t99\t8",
        "benchmarks/align1": "30\t0:00:30\t2048\t1\t1\t1\t0\t3\t99\t25",
        "efj/benchmarks/pretrain": "0.4\t0:00:00\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA",
    }.items():
        write_text(folder / f"{name}.tsv", f"{head}{row}\n")
    scores = {name: {**entry_of(0.5), "git_commit": "c0ffee" * 6} for name in ("esc50", "fsd50k")}
    write_json(folder / "efj/hear.json", {**head_of("efj", "hear", 2), "tasks": scores})
    return {
        "out_dir": folder,
        "claims": folder / "claims.json",
        "tables": [folder / "tables/table1.html", folder / "tables/table1_vs_paper.html"],
        "figures": [folder / "figures/c2.png"],
        "titles": folder / "corpus/titles.csv",
        "subsets": folder / "corpus/subsets.csv",
        "rejected": [folder / "corpus/rejected.csv"],
        "alignment": folder / "corpus/alignment.csv",
        "alignment_figure": folder / "corpus/alignment.png",
        "comparisons": folder / "comparisons.csv",
        "manifests": [folder / "efj/pretraining.json"],
        "metrics": [folder / "efj/metrics.jsonl"],
        "results": [folder / "efj/hear.json"],
        "benchmarks": [folder / "benchmarks", folder / "efj/benchmarks", folder / "none"],
    }


@pytest.fixture
def make_page(demo_experiment: Experiment, repository: Path) -> Callable[..., str]:
    """Return a function that builds the page of the demo's configuration, or of another, from some sources."""

    def make(experiment: Experiment = demo_experiment, **sources: Any) -> str:
        text = yaml.safe_dump(to_mapping(experiment), sort_keys=False)
        scale = repository / "workflow/config/paper.yaml"
        return build(ReportSources(experiment=experiment, configuration=text, paper_scale=scale, **sources))

    return make
