"""What each job's time depends on: how much of which unit, and the settings that a unit's cost depends on.

A rate that was measured with other settings says nothing, so settings are compared as they stand, key by key. What no
entry names is work of its own kind ("jobs"), whose time is taken from equal jobs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dubaug.config import Experiment
from dubaug.plan.amounts import Amount, Amounts
from dubaug.plan.jobs import PlannedJob
from dubaug.suites.registry import SUITES


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one job has to do."""

    unit: str
    amount: Amount | None
    """In that unit; None if nobody knows."""
    settings: Mapping[str, Any]
    """Plain values: what the cost of one unit depends on, beside the machine."""


def work_of(job: PlannedJob, experiment: Experiment, amounts: Amounts) -> Work:
    """Return a job's work. `experiment` is without the tasks whose data are not there."""
    corpus, share = amounts.corpus, 1 / experiment.clips.batches
    films = {"films": "generated" if experiment.generates_films else "own"}
    if job.rule == "catalogue":
        return Work(unit="film hours", amount=corpus.found_hours, settings=films)
    if job.rule == "align":
        dubs = share * len(experiment.corpus.secondary)
        return Work(unit="dubs", amount=_times(corpus.titles, dubs), settings=films | _alignment(experiment))
    if job.rule == "shards":
        tracks = {"tracks": len(experiment.corpus.tracks)}
        return Work(unit="film hours", amount=_times(corpus.hours, share), settings=films | _clips(experiment) | tracks)
    if job.rule == "separate":
        settings = films | _separation(experiment) | {"mel": asdict(experiment.mel)}
        return Work(unit="film hours", amount=_times(corpus.hours, share), settings=settings)
    if job.rule == "pretrain":
        return _pretraining(experiment, job.variant, corpus.clips)
    return _other_work(job, experiment, amounts)


def _other_work(job: PlannedJob, experiment: Experiment, amounts: Amounts) -> Work:
    """Return the work of jobs that know no films."""
    demo, one = experiment.demo, _counted(1)
    if job.rule == "demo_films" and demo is not None:
        return Work(unit="film hours", amount=amounts.corpus.found_hours, settings={"scene_s": demo.films.scene_s})
    if job.rule == "demo_tasks" and demo is not None:
        folders = sorted(path.removeprefix(demo.directory) for path in job.outputs)
        made = {"items_per_class": demo.items_per_class, "folders": folders}
        return Work(unit="collections", amount=one, settings=made)
    if job.rule == "separate_task":
        task = job.wildcards["task"]
        return Work(unit="data sets", amount=one, settings=_data(experiment, [task]) | _separation(experiment))
    if job.rule == "features":
        suite = job.wildcards["suite"]
        settings = _data(experiment, experiment.suites[suite]) | _clips(experiment)
        if all(experiment.generates(task) for task in experiment.suites[suite]):
            return Work(unit="suites", amount=one, settings=settings)  # its size follows from the configuration
        return Work(unit="windows", amount=amounts.windows.get(suite), settings=settings)
    if job.probed is not None:
        return _probing(job, job.probed, experiment)
    if job.rule == "random_weights":
        return Work(unit="runs", amount=one, settings={"encoders": asdict(experiment.encoders)})
    if job.rule in ("comparisons", "claims"):
        tasks = [task for suite in experiment.suites.values() for task in suite]
        settings = _data(experiment, tasks) | {"variants": len(experiment.variants)}
        return Work(unit="jobs", amount=one, settings=settings)
    if job.rule in OF_TITLES:
        return Work(unit="titles", amount=amounts.corpus.found_titles, settings={})
    return Work(unit="jobs", amount=_counted(1 if job.command else 0), settings={})


OF_TITLES = ("select", "alignment", "alignment_figure", "clip_index", "separated_index", "figure_b1")
"""Rules that read tables of titles: seconds."""


def checkpoints_probed(job: PlannedJob, experiment: Experiment) -> int:
    """Return how many checkpoints a probing job goes through: all kept ones of a swept suite, else the last."""
    return len(experiment.checkpoints_of(job.variant)) if job.probed and SUITES[job.probed].swept else 1


def _pretraining(experiment: Experiment, name: str, clips: Amount | None) -> Work:
    variant, pretraining = experiment.variants[name], experiment.pretraining
    kept = ("precision", "clips_per_gpu", "gpus", "micro_batches", "recompute", "compile", "sync_batchnorm")
    settings = {
        "device": experiment.device,
        "encoders": asdict(experiment.encoders),
        "sound": {"mel": asdict(experiment.mel), "rate_hz": experiment.window_of(name).sample_rate_hz},
        "picture": _picture(experiment) if variant.video else None,
        "sounds": 2 if variant.secondary else 1,
        "augmentation": asdict(experiment.augmentation),
        "pretraining": {key: getattr(pretraining, key) for key in kept},
    }
    return Work(unit="clips shown", amount=_times(clips, experiment.epochs_of(name)), settings=settings)


def _probing(job: PlannedJob, suite: str, experiment: Experiment) -> Work:
    variant = experiment.variants[job.variant]
    settings = _data(experiment, experiment.suites[suite]) | {
        "device": experiment.device,
        "encoders": asdict(experiment.encoders),
        "probe": asdict(experiment.probe[suite]),
        "embed_batch": experiment.embed_batch,
        "sound": {"mel": asdict(experiment.mel), "rate_hz": experiment.window_of(job.variant).sample_rate_hz},
        "untrained": variant.untrained,
    }
    return Work(unit="checkpoints", amount=_counted(checkpoints_probed(job, experiment)), settings=settings)


def _counted(value: float) -> Amount:
    return Amount(value=value, source="the configuration")


def _times(amount: Amount | None, factor: float) -> Amount | None:
    return None if amount is None else Amount(value=amount.value * factor, source=amount.source)


def _picture(experiment: Experiment) -> dict[str, Any]:
    return {key: getattr(experiment.clips, key) for key in ("frames", "frame_height", "jpeg_quality")}


def _clips(experiment: Experiment) -> dict[str, Any]:
    """Return the form of the clips, without the number of jobs that they are dealt to."""
    clips = {key: value for key, value in asdict(experiment.clips).items() if key != "batches"}
    return {"clips": clips, "mel": asdict(experiment.mel)}


def _alignment(experiment: Experiment) -> dict[str, Any]:
    """Return what is measured of dubs; the other keys judge it."""
    return {key: getattr(experiment.alignment, key) for key in ("search_s", "rates", "windows", "window_s")}


def _separation(experiment: Experiment) -> dict[str, Any]:
    separation = asdict(experiment.separation)
    del separation["repository"]
    return {"separation": separation, "device": experiment.device}


def _data(experiment: Experiment, tasks: Sequence[str]) -> dict[str, Any]:
    """Return the identity of data sets: real ones by name, generated ones with their size."""
    made = any(experiment.generates(task) for task in tasks)
    size = experiment.demo.items_per_class if made and experiment.demo else None
    return {"tasks": list(tasks), "generated_items_per_class": size}
