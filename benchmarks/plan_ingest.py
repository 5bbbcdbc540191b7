"""What finding and comparing films takes at the paper's scale, for `dubaug plan`: `dubaug catalogue` and `align`.

    python benchmarks/plan_ingest.py FILM ...        # writes results/plan_paper.json

Each film needs a track in each language, and should be as long as a film of the cinema. What is noted are seconds of
processor time, divided by the films' hours or the dubs: the time by the clock of as many cores as are reserved, if all
of them are busy. How long cutting into clips takes is in results/ingest_peak_rss_gib.json, and bytes a clip are from
docs/shards.md.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from record import RESULTS
from scales import experiment_at

from dubaug.alignment.measure import measure
from dubaug.config import Experiment
from dubaug.corpus.catalogue import Film
from dubaug.corpus.find import find
from dubaug.corpus.titles import Title
from dubaug.files import read_json
from dubaug.hardware import machine
from dubaug.plan.amounts import Amount, Amounts, FilmAmounts
from dubaug.plan.jobs import PlannedJob
from dubaug.plan.rates import Rate, record
from dubaug.plan.work import work_of

Result = TypeVar("Result")
SHARD_BYTES_A_CLIP = 593e3
"""Mean over the first 8 clips of each of five real short films (docs/shards.md)."""


def measured(work: Callable[[], Result]) -> tuple[Result, float]:
    """Return what `work` returns, and its seconds of processor time in this process, all threads together."""
    start_s = time.process_time()
    return work(), time.process_time() - start_s


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
    paths = parser.parse_args().films
    torch.set_num_threads(1)
    experiment = experiment_at("paper")
    names, clip_s = experiment.corpus.tracks, experiment.clips.duration_s
    titles, catalogue_s, align_s = [], 0.0, 0.0
    for path in paths:
        film = Film(title_id=path.stem, path=path)
        found, seconds = measured(partial(find, film, names=names, clip_s=clip_s))
        catalogue_s += seconds
        if not isinstance(found, Title):
            raise SystemExit(str(found))
        _, seconds = measured(partial(measure, found, names, experiment.alignment))
        align_s += seconds
        titles.append(found)
    hours, dubs = sum(title.minutes for title in titles) / 60, len(titles) * len(experiment.corpus.secondary)
    whole = Amount(value=hours, source="")
    amounts = Amounts(corpus=FilmAmounts(found_hours=whole, hours=whole), windows={}, items={})
    cut = read_json(RESULTS / "ingest_peak_rss_gib.json")
    cut_hours = cut["clips"] * experiment.clips.duration_s / 3600
    rates = [
        rate(experiment, "catalogue", catalogue_s, amounts, hours),
        rate(experiment, "align", align_s, amounts, dubs),
        rate(experiment, "shards", cut["cpu_s"], amounts, cut_hours),
    ]
    rates.append(replace(rates[-1], quantity="bytes", unit="clips", a_unit=SHARD_BYTES_A_CLIP, amount=None))
    for one in rates:
        print(f"{one.rule}: {one.a_unit:.4g} {one.quantity} a unit of {one.unit}")
    record(RESULTS / "plan_paper.json", rates, machine=machine())


if __name__ == "__main__":
    main()
