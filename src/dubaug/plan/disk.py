"""How much lies on the disk in the end: exact where sizes follow from the configuration, else from measured rates.

Nothing that the workflow makes is deleted while it runs, so that the end is the peak.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dubaug.config import Experiment
from dubaug.downstream.manifest import FeaturesManifest
from dubaug.plan.amounts import Amounts
from dubaug.plan.jobs import PlannedJob
from dubaug.plan.rates import Rate, best
from dubaug.plan.work import Work, checkpoints_probed, work_of
from dubaug.shards.index import ClipIndex

FLOAT32_BYTES, FLOAT16_BYTES = 4, 2
NAMED = 3
"""As many tasks are named; more are counted."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """What lies in one place."""

    what: str
    folder: str
    size_bytes: float | None
    """None: nobody knows."""
    basis: str
    source: str


def spaces(jobs: Sequence[PlannedJob], experiment: Experiment, amounts: Amounts, rates: Iterable[Rate]) -> list[Space]:
    """Return what all these jobs leave on the disk, by folder."""
    rates, rows = list(rates), []
    of = {kind: [job for job in jobs if job.rule == kind] for kind in {job.rule for job in jobs}}
    if "shards" in of:
        rows.append(_by_rate("clips", of["shards"][:1], [_shards_work(of["shards"][0], experiment, amounts)], rates))
    if "separate" in of:
        rows.append(_separated(of["separate"][0], experiment, amounts))
    if "features" in of:
        works = [work_of(job, experiment, amounts) for job in of["features"]]
        rows.append(_by_rate("windows of data sets", of["features"], works, rates))
    if runs := of.get("pretrain", []) + of.get("random_weights", []):
        rows += _checkpoints(runs, experiment)
    if probed := [job for job in jobs if job.probed]:
        rows.append(_embeddings(probed, experiment, amounts))
    return rows


def measured_sizes(
    jobs: Sequence[PlannedJob], experiment: Experiment, amounts: Amounts, *, since_s: float
) -> list[Rate]:
    """Return bytes a unit of the shards and features that were made after `since_s` (seconds since 1970), which
    `experiment` is the configuration of.
    """
    rates = []
    for job in jobs:
        if job.rule not in {"clip_index", "features"}:
            continue
        path = Path(job.outputs[0])
        if not path.is_file() or path.stat().st_mtime < since_s:
            continue
        if job.rule == "features":
            work = work_of(job, experiment, amounts)
            size = _together({task.shard for task in FeaturesManifest.load(path).tasks.values()})
            if work.amount is not None and size:
                rates.append(_size("features", work, size, work.amount.value, path))
        elif shards := [other for other in jobs if other.rule == "shards"]:
            index = ClipIndex.load(path)
            if size := _together([shard.path for shard in index.shards]):
                rates.append(_size("shards", _shards_work(shards[0], experiment, amounts), size, index.n_clips, path))
    return rates


def _together(files: Collection[Path]) -> int:
    """Return the bytes of all these files; 0 if one is missing."""
    return sum(file.stat().st_size for file in files) if all(file.is_file() for file in files) else 0


def _size(rule: str, work: Work, size_bytes: int, amount: float, path: Path) -> Rate:
    return Rate(
        rule=rule,
        quantity="bytes",
        unit=work.unit,
        settings=work.settings,
        a_unit=size_bytes / amount,
        basis="measured here",
        source=str(path),
        amount=amount,
    )


def _shards_work(job: PlannedJob, experiment: Experiment, amounts: Amounts) -> Work:
    """Return all shards as work in clips: as much as a film has, and not as long as it is, is what they hold."""
    return Work(unit="clips", amount=amounts.corpus.clips, settings=work_of(job, experiment, amounts).settings)


def _folder(job: PlannedJob) -> str:
    return str(Path(job.outputs[0]).parent)


def _any_run(job: PlannedJob) -> Path:
    """Return the folder of a training or probing job's run with stars for its variant and seed."""
    return Path(job.outputs[0]).parents[2] / "*" / "seed*"


def _by_rate(what: str, jobs: Sequence[PlannedJob], works: Sequence[Work], rates: Sequence[Rate]) -> Space:
    """Return what these jobs leave in their common folder."""
    size_bytes, first = 0.0, None
    for job, work in zip(jobs, works, strict=True):
        rate = best(rates, job.rule, work, "bytes")
        if rate is None or work.amount is None:
            return Space(what=what, folder=_folder(jobs[0]), size_bytes=None, basis="unknown", source="")
        first = first or rate
        size_bytes += rate.a_unit * work.amount.value
    assert first is not None
    return Space(what=what, folder=_folder(jobs[0]), size_bytes=size_bytes, basis=first.basis, source=first.source)


def _separated(job: PlannedJob, experiment: Experiment, amounts: Amounts) -> Space:
    """Return the log-mels of separated sound: two channels of half floats a clip."""
    samples = round(experiment.clips.duration_s * experiment.separation.sample_rate_hz)
    clip_bytes = math.prod(experiment.mel.shape(samples)) * FLOAT16_BYTES
    clips = amounts.corpus.clips
    return Space(
        what="clips without speech",
        folder=_folder(job),
        size_bytes=None if clips is None else clips.value * clip_bytes,
        basis="unknown" if clips is None else "exact",
        source=f"{clip_bytes} B a clip",
    )


def _checkpoints(jobs: Sequence[PlannedJob], experiment: Experiment) -> list[Space]:
    """Return the runs' kept weights, and the states that they continue from."""
    from dubaug.pretrain.state import STATES_KEPT

    weights = states = 0.0
    for job in jobs:
        encoders_bytes, state_bytes = run_bytes(experiment, job.variant)
        weights += encoders_bytes * len(experiment.checkpoints_of(job.variant))
        states += 0 if experiment.variants[job.variant].untrained else STATES_KEPT * state_bytes
    folder = str(_any_run(jobs[0]))
    source = "the encoders' weights"
    return [
        Space(what=f"checkpoints of {len(jobs)} runs", folder=folder, size_bytes=weights, basis="exact", source=source),
        Space(what="their last states", folder=folder, size_bytes=states, basis="exact", source="weights and moments"),
    ]


def run_bytes(experiment: Experiment, variant: str) -> tuple[int, int]:
    """Return the bytes of a checkpoint (encoders) and of a state (model and AdamW's two moments), without headers."""
    import torch

    from dubaug.pretrain.heads import ContrastiveModel, views_of

    chosen = experiment.variants[variant]
    with torch.device("meta"):
        model = ContrastiveModel(
            experiment.encoders, views=views_of(chosen), window=experiment.window_of(variant), seed=0
        )
    tensors = model.state_dict()
    encoders = sum(
        tensor.numel() * tensor.element_size() for name, tensor in tensors.items() if name.split(".")[0] in _ENCODERS
    )
    parameters = sum(parameter.numel() for parameter in model.parameters())
    state = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    return encoders, state + 2 * parameters * FLOAT32_BYTES


_ENCODERS = ("audio", "video")


def _embeddings(jobs: Sequence[PlannedJob], experiment: Experiment, amounts: Amounts) -> Space:
    """Return the embeddings that the probes keep: a vector a recording, encoder and checkpoint."""
    size, unknown = 0.0, set[str]()
    for job in jobs:
        tasks = {name: experiment.tasks[name] for name in experiment.suites[str(job.probed)]}
        kept = {(task.path, task.separated, encoder): name for name, task in tasks.items() for encoder in task.modality}
        for name in kept.values():
            items = amounts.items.get(name)
            if items is None:
                unknown.add(name)
            else:
                vectors = items.value * checkpoints_probed(job, experiment)
                size += vectors * experiment.encoders.embedding_dim * FLOAT32_BYTES
    folder = str(_any_run(jobs[0]) / "probe")
    source = "recordings times the embedding's width"
    if unknown:
        names = ", ".join(sorted(unknown)) if len(unknown) <= NAMED else f"{len(unknown)} tasks"
        source += f"; without {names}, whose recordings nobody has counted"
    return Space(
        what="embeddings",
        folder=folder,
        size_bytes=size or None,
        basis="exact" if not unknown else "bound" if size else "unknown",
        source=source,
    )
