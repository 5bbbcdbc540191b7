"""What finding and comparing films takes at the paper's scale, for `dubaug plan`: catalogue, select, align.

    python benchmarks/plan_ingest.py FILM ...        # writes results/plan_paper.json

Each film needs a track in each language, and should be as long as a film of the cinema. What is noted are seconds of
processor time of the whole command, its start included, divided by the films' hours or the dubs: the time by the clock
of as many cores as are reserved, if all of them are busy. How long cutting into clips takes is in
results/ingest_peak_rss_gib.json, and bytes a clip are from docs/shards.md.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from record import RESULTS, machine
from scales import experiment_at

from dubaug.config import Experiment, save
from dubaug.corpus.titles import read_titles
from dubaug.files import read_json, write_json
from dubaug.plan.amounts import Amount, Amounts, Corpus
from dubaug.plan.jobs import PlannedJob
from dubaug.plan.rates import Rate, record
from dubaug.plan.work import work_of

SHARD_BYTES_A_CLIP = 593e3
"""Mean over the first 8 clips of each of five real short films (docs/shards.md)."""


def processor_s(*words: object) -> float:
    """Return the processor seconds of a `dubaug` command and its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "dubaug.cli", *map(str, words)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rate(experiment: Experiment, rule: str, seconds: float, amounts: Amounts, amount: float) -> Rate:
    """Return a rate with the settings that the plan will compare."""
    job = PlannedJob(
        rule=rule, wildcards={"batch": "0"}, threads=2, gpus=0, inputs=(), outputs=(), benchmark=None, command=True
    )
    work = work_of(job, experiment, amounts)
    values: dict[str, Any] = {"basis": "measured elsewhere", "source": "", "settings": work.settings}
    return Rate(rule=rule, quantity="seconds", unit=work.unit, a_unit=seconds / amount, amount=amount, **values)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path, nargs="+", metavar="FILM")
    films = parser.parse_args().films
    experiment = experiment_at("paper")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = "".join(f"{film.stem},{film.resolve()}\n" for film in films)
        (folder / "films.csv").write_text(f"title_id,path\n{rows}", encoding="utf-8")
        corpus = replace(experiment.corpus, catalogue=str(folder / "films.csv"))
        save(replace(experiment, corpus=corpus), folder / "config.yaml")
        given, found = ("--config", folder / "config.yaml"), folder / "catalogue.csv"
        catalogue_s = processor_s(
            "catalogue", *given, "--catalogue", folder / "films.csv", "--out", found, "--rejected", folder / "r.csv",
            "--jobs", 1,
        )  # fmt: skip
        chosen = folder / "titles.csv"
        select_s = processor_s(
            "select", *given, "--catalogue", found, "--titles", chosen, "--subsets", folder / "s.csv"
        )
        align_s = processor_s(
            "align", *given, "--titles", chosen, "--batch", 0, "--batches", 1, "--out", folder / "a.csv",
            "--rejected", folder / "ra.csv", "--jobs", 1,
        )  # fmt: skip
        titles = read_titles(chosen)
        if len(titles) != len(films):
            raise SystemExit(
                f"{len(films) - len(titles)} of the films cannot be used: {(folder / 'r.csv').read_text()}"
            )
    hours, dubs = sum(title.minutes for title in titles) / 60, len(titles) * len(experiment.corpus.secondary)
    whole = Amount(value=hours, source="")
    amounts = Amounts(
        corpus=Corpus(found_titles=None, found_hours=whole, titles=None, hours=whole, clips=None), windows={}, items={}
    )
    cut = read_json(RESULTS / "ingest_peak_rss_gib.json")
    cut_hours = cut["clips"] * experiment.clips.duration_s / 3600
    rates = [
        rate(experiment, "catalogue", catalogue_s, amounts, hours),
        rate(experiment, "select", select_s, amounts, 1),
        rate(experiment, "align", align_s, amounts, dubs),
        rate(experiment, "shards", cut["cpu_s"], amounts, cut_hours),
    ]
    rates.append(replace(rates[-1], quantity="bytes", unit="clips", a_unit=SHARD_BYTES_A_CLIP, amount=None))
    for one in rates:
        print(f"{one.rule}: {one.a_unit:.4g} {one.quantity} a unit of {one.unit}")
    write_json(RESULTS / "plan_paper.json", {"machine": machine(), "rates": record(rates)})


if __name__ == "__main__":
    main()
