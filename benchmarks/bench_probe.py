"""The evaluation beside what a careful person would write (`make bench-probe`).

- hear_vs_sequential, hear_small_vs_sequential: HEAR's protocol at the paper's settings on one task the size of ESC-50,
  and of GTZAN music/speech; the same embeddings, splits and grid. `ours` and `peer` are seconds, `ratio` is the peer's
  over ours. The peer (`sequential_probe.py`) trains one probe after another with plain torch, tensors in memory, all
  threads. In the large task the peer trains exactly the probes that we did, for as many epochs (at most 60 of the 500,
  which all cost the same); in the small ones each follows its own patience, and as dropout differs, so does where that
  ends: `steps` are the training steps that each ran, all probes together. A probe that has reached a perfect validation
  score is done for us, and so is the search: this is most of what GTZAN gains, so `by_difficulty` has an easier task,
  and a hard one without such scores.
- embed_vs_forward: windows a second from a shard to embeddings, over the encoders' bare forward passes on batches that
  lie in memory; sound and picture, at the demo's and (`_paper`) the paper's sizes. On a CPU with one thread, as the
  rules run it (reading has threads of its own), and at the demo's size with all cores too (`_all_cores`), where reading
  takes from the encoder what it needs.
- probe_peak_gib: memory of the probes of the two largest tasks (one epoch a probe; more take no more).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import sequential_probe
import torch
from pretrain_corpus import pictures
from probe_tasks import DIMENSIONS, TASKS, make_problem
from record import peak_gib, record
from scales import experiment_at

from dubaug.config import Experiment
from dubaug.downstream.features import TaskFeatures
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.embed.embed import Modality, embed
from dubaug.encoders.encoder import Encoder
from dubaug.encoders.fast.tuning import wait_for
from dubaug.encoders.settings import PARTS
from dubaug.files import sha256_of
from dubaug.media.jpeg import encode
from dubaug.pretrain.checkpoint import EncoderSpec, TrainedEncoders
from dubaug.probe import hear, together
from dubaug.probe.jobs import Job, TrainedProbe
from dubaug.progress import log_line
from dubaug.shards.format import ShardReader, ShardWriter
from dubaug.suites.hear import HearProbe

LARGE_EPOCHS = 60
"""At most, in the large task: all epochs cost the same, and 500 would take a quarter of an hour a turn."""
LARGEST = ("fsd50k", "speech_commands_full")


def ours(task: str, protocol: HearProbe, device: torch.device) -> tuple[dict[str, Any], list[tuple[Job, int]]]:
    """Return seconds, score and steps of our evaluation, and which probes ran for how many epochs."""
    problem = make_problem(task)
    steps: list[int] = []
    trained: list[tuple[Job, int]] = []
    step, train = together.StackedJobs.step, together.StackedJobs.train

    def counted(group: together.StackedJobs, batch: int) -> None:
        steps.append(len(group.live))
        step(group, batch)

    def noted(group: together.StackedJobs, *arguments: Any) -> list[TrainedProbe]:
        outcomes = train(group, *arguments)
        trained.extend(zip(group.jobs, (outcome.epochs for outcome in outcomes), strict=True))
        return outcomes

    with patch.object(together.StackedJobs, "step", counted), patch.object(together.StackedJobs, "train", noted):
        start_s = time.perf_counter()
        [result] = hear.evaluate([problem], protocol, device, task)
        took_s = time.perf_counter() - start_s
    scores = [
        problem.scores(fold.probabilities, split.test)[problem.metrics[0]]
        for fold, split in zip(result.folds, problem.splits, strict=True)
    ]
    return {"seconds": took_s, "score": statistics.fmean(scores), "steps": sum(steps)}, trained


def peer(task: str, protocol: HearProbe, device: torch.device, trained: list[tuple[Job, int]] | None) -> dict[str, Any]:
    """Return the same of the sequential evaluation; of `trained`, the probes that we had and for as long, if given."""
    problem = make_problem(task)
    start_s = time.perf_counter()
    if trained is None:
        scores, _, steps = sequential_probe.evaluate(problem, protocol, device)
        return {"seconds": time.perf_counter() - start_s, "score": statistics.fmean(scores), "steps": steps}
    sequential_probe.repeat(problem, protocol, device, trained)
    return {"seconds": time.perf_counter() - start_s}


def side_by_side(
    task: str, protocol: HearProbe, device: torch.device, turns: int, *, same_work: bool
) -> dict[str, dict[str, Any]]:
    """Return the medians of both, measured in turn."""
    runs: dict[str, list[dict[str, Any]]] = {"ours": [], "peer": []}
    for turn in range(turns):
        found, trained = ours(task, protocol, device)
        runs["ours"].append(found)
        log_line(f"{task}, turn {turn + 1}, ours: {found}")
        runs["peer"].append(peer(task, protocol, device, trained if same_work else None))
        log_line(f"{task}, turn {turn + 1}, peer: {runs['peer'][-1]}")
    return {
        name: {key: round(statistics.median(run[key] for run in found), 4) for key in found[0]}
        for name, found in runs.items()
    }


def bench_hear(
    name: str, tasks: tuple[str, ...], protocol: HearProbe, device: torch.device, turns: int, *, same_work: bool
) -> Any:
    """Measure tasks; the first one's ratio is the result's."""
    found = {task: side_by_side(task, protocol, device, turns, same_work=same_work) for task in tasks}
    first = found[tasks[0]]
    return record(
        name,
        ratio=first["peer"]["seconds"] / first["ours"]["seconds"],
        ours=first["ours"]["seconds"],
        peer=first["peer"]["seconds"],
        unit="s a task",
        threads=torch.get_num_threads(),
        device=str(device),
        max_epochs=protocol.max_epochs,
        same_work=same_work,
        by_difficulty={
            task: {**both, "ratio": round(both["peer"]["seconds"] / both["ours"]["seconds"], 3)}
            for task, both in found.items()
        },
    )


def bench_memory(threads: int) -> Any:
    """Measure the probes of the largest tasks, each in a process of its own."""
    found = {}
    for task in LARGEST:
        command = [sys.executable, __file__, "--peak-of", task, "--threads", str(threads)]
        line = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
        found[task] = json.loads(line)
        log_line(f"{task}: {found[task]}")
    worst = max(entry["peak_gib"] for entry in found.values())
    return record("probe_peak_gib", ratio=None, ours=worst, peer=None, unit="GiB", by_task=found)


def peak_of(task: str, protocol: HearProbe, device: torch.device) -> None:
    """Train one epoch of a shallow and a deep probe of a task; print the peak memory."""
    short = replace(protocol, max_epochs=1, validate_every=1, grid_points=2)
    [result] = hear.evaluate([make_problem(task)], short, device, task)
    assert len({setting.point.hidden_layers for setting, _ in result.grid}) == 2
    size = TASKS[task].items * DIMENSIONS * 4 / 2**30
    print(json.dumps({"peak_gib": round(peak_gib(), 3), "embeddings_gib": round(size, 3)}))


def make_encoders(experiment: Experiment) -> TrainedEncoders:
    """Return untrained encoders of a configuration's sizes."""
    clips = experiment.clips
    spec = EncoderSpec(
        variant="av", seed=0, epoch=0, experiment="", encoders=experiment.encoders, mel=experiment.mel,
        sample_rate_hz=clips.sample_rate_hz, duration_s=clips.duration_s, frames=clips.frames,
    )  # fmt: skip
    audio, video = (Encoder(experiment.encoders, part, spec).eval() for part in PARTS)
    return TrainedEncoders(audio=audio, video=video, spec=spec)


def make_features(folder: Path, experiment: Experiment, windows: int) -> TaskFeatures:
    """Write a shard of made-up windows, two an item, with sound and picture."""
    clips, mel, rng = experiment.clips, experiment.mel, np.random.default_rng(0)
    track = str(clips.sample_rate_hz)
    shape = mel.shape(round(clips.duration_s * clips.sample_rate_hz))
    crop = experiment.encoders.video.crop
    path = folder / f"{experiment.scale}.arrow"
    with ShardWriter(path, metadata={}, mel_shapes={track: shape}, with_frames=True) as shard:
        for row in range(windows):
            frames = pictures(rng, clips.frames, crop)[:, :, :crop]
            shard.add(
                item=str(row // 2), index=row % 2, start_s=0.0, frames_jpeg=encode(frames, clips.jpeg_quality),
                mels={track: rng.normal(-7.0, 4.6, shape).astype(np.float32)},
            )  # fmt: skip
    n = windows // 2
    dataset = Dataset(
        items=tuple(Item(id=str(number), audio=Path("a.wav"), video=Path("v.mp4")) for number in range(n)),
        splits=(Split(name="test", train=(0,), valid=(1,), test=(2,)),),
        kind="multiclass", classes=(("a",),), targets=np.zeros(n, dtype=np.int64), metrics=("top1_acc",),
    )  # fmt: skip
    return TaskFeatures(
        task="made-up", dataset=dataset, reader=ShardReader(path), window_items=np.arange(windows) // 2,
        sha256=sha256_of(path),
    )  # fmt: skip


def bench_embedding(name: str, experiment: Experiment, windows: int, device: torch.device, turns: int) -> Any:
    """Measure windows a second of sound and picture, from the shard and of the encoder alone."""
    encoders, batch = make_encoders(experiment), experiment.embed_batch
    with tempfile.TemporaryDirectory(prefix="bench-probe-") as home:
        features = make_features(Path(home), experiment, windows)
        found = {}
        for modality, encoder in (("A", encoders.audio), ("V", encoders.video)):
            assert encoder is not None
            forward = _bare_forward(encoder, _one_batch(features, encoders, modality, batch, device), windows)
            whole = _whole(features, encoders, modality, batch, device)  # type: ignore[arg-type]
            found[modality] = _turns(whole, forward, windows, turns, device)
            log_line(f"{name}, {modality}: {found[modality]}")
    worst = min(found.values(), key=lambda one: one["ratio"])
    return record(
        name, ratio=worst["ratio"], ours=worst["ours"], peer=worst["peer"], unit="windows/s",
        threads=torch.get_num_threads(), device=str(device), batch=batch, by_modality=found,
    )  # fmt: skip


def bench_embeddings(paper: Experiment, device: torch.device, options: argparse.Namespace) -> list[Any]:
    """Measure at the demo's and at the paper's sizes."""
    demo, turns = experiment_at("demo"), options.turns
    results = [bench_embedding("embed_vs_forward_all_cores", demo, 512, device, turns)]
    torch.set_num_threads(1)
    results.append(bench_embedding("embed_vs_forward", demo, 512, device, turns))
    results.append(bench_embedding("embed_vs_forward_paper", paper, 16, device, turns))
    torch.set_num_threads(options.threads)
    return results


def _one_batch(
    features: TaskFeatures, encoders: TrainedEncoders, modality: str, batch: int, device: torch.device
) -> torch.Tensor:
    """Return float32 input for a batch's forward pass, on the device."""
    reader, rows = features.reader, range(min(batch, len(features.window_items)))
    if modality == "A":
        track = str(encoders.spec.sample_rate_hz)
        return torch.from_numpy(np.stack([reader.mel(row, track) for row in rows])).float().to(device)
    frames = torch.from_numpy(np.stack([reader.frames(row) for row in rows]))
    return (frames.permute(0, 4, 1, 2, 3).float() / 255).to(device)


def _bare_forward(encoder: torch.nn.Module, input_BCTX: torch.Tensor, windows: int) -> Callable[[], None]:
    encoder.to(input_BCTX.device)

    def run() -> None:
        with torch.inference_mode():
            for start in range(0, windows, len(input_BCTX)):
                encoder(input_BCTX[: windows - start])

    return run


def _whole(
    features: TaskFeatures, encoders: TrainedEncoders, modality: Modality, batch: int, device: torch.device
) -> Callable[[], None]:
    def run() -> None:
        embed(features, encoders, modality=modality, batch=batch, device=device)

    return run


def _turns(
    whole: Callable[[], None], forward: Callable[[], None], windows: int, turns: int, device: torch.device
) -> dict[str, float]:
    """Return windows a second of both, medians of turns after one that is not counted."""
    seconds = np.zeros((2, turns + 1))
    for turn in range(turns + 1):
        for row, work in enumerate((whole, forward)):
            start_s = time.perf_counter()
            work()
            wait_for(device)
            seconds[row, turn] = time.perf_counter() - start_s
    ours_s, peer_s = np.median(seconds[:, 1:], axis=1)
    return {
        "ours": round(float(windows / ours_s), 2),
        "peer": round(float(windows / peer_s), 2),
        "ratio": round(float(peer_s / ours_s), 4),
    }


def main() -> None:
    """Run everything; print the results last, one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--turns", type=int, default=3, help="of the small tasks and of embedding")
    parser.add_argument("--only", nargs="+", choices=["large", "small", "embedding", "memory"])
    parser.add_argument("--peak-of", choices=LARGEST, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    paper = experiment_at("paper")
    protocol = paper.probe["hear"]
    if options.peak_of:
        return peak_of(options.peak_of, protocol, device)
    wanted = options.only or ["large", "small", "embedding", "memory"]
    results = []
    if "embedding" in wanted:
        results += bench_embeddings(paper, device, options)
    if "memory" in wanted:
        results.append(bench_memory(options.threads))
    if "small" in wanted:
        tasks = ("gtzan", "gtzan_easy", "gtzan_hard")
        results.append(bench_hear("hear_small_vs_sequential", tasks, protocol, device, options.turns, same_work=False))
    if "large" in wanted:
        short = replace(protocol, max_epochs=LARGE_EPOCHS)
        results.append(bench_hear("hear_vs_sequential", ("esc50",), short, device, options.turns, same_work=True))
    for result in results:
        print(json.dumps(result))
    return None


if __name__ == "__main__":
    main()
