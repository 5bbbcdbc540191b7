"""Pretraining beside what a good researcher would write in an afternoon (`make bench-pretrain`).

The peer (`stock_pretrain.py`): stock pytorchvideo models in eager mode, torchvision's augmentation in the loader's
worker processes; in float32 with TF32 as PyTorch ships it, and on a GPU under bfloat16 autocast too. The same clips
(made up, `pretrain_corpus.py`), sizes, loss and optimizer; variant efj. Contenders take turns in one process.

- step_vs_stock_cpu, step_vs_stock_fp32, step_vs_stock_bf16: `ratio`, `ours` and `peer` are end to end, shards to
  updated weights, once what was read ahead before the clock started is used up; `step_alone` is the same for one batch
  that lies on the device (ours augments it there in each step, the peer's is augmented already); `peak_gib` on a GPU.
  On a CPU with one thread, as the demo's rule trains (another variant has the other core), and with all cores in
  step_vs_stock_cpu_all_cores.
- data_wait_share: how much of our end-to-end time is spent waiting for the next batch.
- pretrain_roofline: FLOPs and bytes of a step, block by block, against this device's measured ceilings.
- pretrain_forms (on a GPU): our step alone with one choice undone at a time, and what each convolution's forms take.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import torchvision
from pretrain_corpus import make_corpus, orders
from record import record
from roofline import roofline
from scales import experiment_at
from stock_pretrain import StockTrainer, stock_batches

from dubaug.config import Experiment
from dubaug.encoders.fast.convolutions import QuickConv3d
from dubaug.encoders.fast.tuning import wait_for
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.data import Batch, ClipSource
from dubaug.pretrain.learner import Learner
from dubaug.pretrain.loader import loaded
from dubaug.pretrain.processes import Processes
from dubaug.progress import log_line
from dubaug.shards.index import ClipIndex

VARIANT = "efj"


class Contender(Protocol):
    """Something that trains."""

    name: str

    def batches(self, clips: Sequence[Sequence[Clip]]) -> Iterator[Any]:
        """Yield batches on the device, read ahead."""

    def step(self, batch: Any) -> None:
        """Learn from one."""


class Ours:
    """The trainer's own step and loader."""

    name = "ours"

    def __init__(self, experiment: Experiment, index: Path, device: torch.device, workers: int) -> None:
        self.source = ClipSource(experiment, VARIANT, 0, index, None)
        self.device, self.workers = device, workers
        self.learner = Learner(experiment, VARIANT, 0, Processes(rank=0, count=1, device=device))
        self.learner.join()

    def batches(self, clips: Sequence[Sequence[Clip]]) -> Iterator[Batch]:
        """Read by threads."""
        return loaded(self.source, clips, epoch=0, first_step=0, workers=self.workers, device=self.device)

    def step(self, batch: Batch) -> None:
        """Augment on the device, and learn."""
        assert self.learner.step(batch, number=0, learning_rate=1e-4).finite


class Stock:
    """The peer."""

    def __init__(self, experiment: Experiment, index: Path, device: torch.device, workers: int, *, half: bool) -> None:
        self.name = "stock bf16" if half else "stock fp32"
        self.experiment, self.device, self.workers = experiment, device, workers
        self.shards = {shard.title_id: shard.path for shard in ClipIndex.load(index).shards}
        self.secondary = experiment.variants[VARIANT].secondary
        self.trainer = StockTrainer(experiment, device, half=half)

    def batches(self, clips: Sequence[Sequence[Clip]]) -> Iterator[tuple[torch.Tensor, ...]]:
        """Read, decoded and augmented by worker processes."""
        titles = list(self.shards)
        flat = [
            (titles.index(clip.title_id), clip.row, self.secondary[number % len(self.secondary)])
            for number, batch in enumerate(clips)
            for clip in batch
        ]
        return stock_batches(
            self.experiment, list(self.shards.values()), flat, device=self.device, workers=self.workers
        )

    def step(self, batch: tuple[torch.Tensor, ...]) -> None:
        """Learn from a batch that was augmented before."""
        self.trainer.step(*batch)


def timed(work: Iterable[object], device: torch.device) -> float:
    """Return the seconds that going through `work` takes."""
    wait_for(device)
    start_s = time.perf_counter()
    for _ in work:
        pass
    wait_for(device)
    return time.perf_counter() - start_s


def step_alone(contenders: Sequence[Contender], clips: list[list[Clip]], turns: int, steps: int) -> np.ndarray:
    """Return seconds a step `(contenders, turns)` on a batch that lies on the device."""
    batches = [next(contender.batches(clips[:1])) for contender in contenders]
    device = _device(batches[0])
    seconds = np.zeros((len(contenders), turns + 1))
    for turn in range(turns + 1):
        for row, (contender, batch) in enumerate(zip(contenders, batches, strict=True)):
            seconds[row, turn] = timed((contender.step(batch) for _ in range(steps)), device) / steps
        log_line(f"step alone: {_shown(contenders, seconds[:, turn])}{'' if turn else ' (not counted)'}")
    return seconds[:, 1:]


def end_to_end(
    contenders: Sequence[Contender], clips: list[list[Clip]], turns: int, ahead: int, device: torch.device
) -> tuple[np.ndarray, np.ndarray]:
    """Return seconds a step with loading `(contenders, turns)`, and how much of them was waiting for data.

    The clock starts after `ahead` batches: at the start more is read ahead than the steps would leave time for.
    """
    seconds, waiting = np.zeros((2, len(contenders), turns))
    for turn in range(turns):
        for row, contender in enumerate(contenders):
            batches = contender.batches(clips)
            for batch in islice(batches, ahead):
                contender.step(batch)
            waits: list[float] = []
            seconds[row, turn] = timed(_steps(contender, batches, waits), device) / len(waits)
            waiting[row, turn] = np.mean(waits)
        log_line(f"end to end: {_shown(contenders, seconds[:, turn])}")
    return seconds, waiting / seconds


def _steps(contender: Contender, batches: Iterator[Any], waits: list[float]) -> Iterator[None]:
    while True:
        start_s = time.perf_counter()
        found = list(islice(batches, 1))
        if not found:
            return
        waits.append(time.perf_counter() - start_s)
        contender.step(found[0])
        yield


def _device(batch: Any) -> torch.device:
    device: torch.device = batch.mels["primary"].device if isinstance(batch, Batch) else batch[0].device
    return device


def _shown(contenders: Sequence[Contender], seconds: np.ndarray) -> str:
    return ", ".join(f"{c.name} {1e3 * took_s:.1f} ms" for c, took_s in zip(contenders, seconds, strict=True))


def bench_forms(experiment: Experiment, index: Path, device: torch.device, clips: list[list[Clip]]) -> dict[str, Any]:
    """Measure our step alone with one choice undone at a time; the convolutions' forms come with it."""
    told: dict[str, Any] = {}
    choices: list[str] = []
    variants = {
        "all": experiment,
        "not compiled": _with(experiment, compile=False),
        "not compiled, stock convolutions": _with(experiment, compile=False),
        "compiled, stock convolutions": _with(experiment, compile=True),
        "audio channels first": experiment,
        "recompute": _with(experiment, recompute=True),
        "2 micro-batches": _with(experiment, micro_batches=2),
    }
    family: Any = type(experiment.encoders.audio)
    for name, changed in variants.items():
        family.channels_last_on = ("cpu",) if name == "audio channels first" else ("cpu", "cuda")
        contender = Ours(changed, index, device, 0)
        batch = next(contender.batches(clips[:1]))
        torch.cuda.reset_peak_memory_stats(device)
        found = contender.learner.prepare(batch)
        if name == "all":
            choices = [str(choice) for choice in found]
        if "stock convolutions" in name:
            for layer in contender.learner.model.modules():
                if isinstance(layer, QuickConv3d):
                    layer.form = "stock"
        first_s = timed((contender.step(batch) for _ in range(3)), device)
        step_s = min(timed((contender.step(batch) for _ in range(5)), device) / 5 for _ in range(3))
        peak_gib = torch.cuda.max_memory_allocated(device) / 2**30
        told[name] = {"step_ms": 1e3 * step_s, "first_steps_s": first_s, "peak_gib": peak_gib}
        log_line(f"forms, {name}: {told[name]}")
        del contender, batch
        torch.cuda.empty_cache()
    return record(
        "pretrain_forms", ratio=None, ours=told["all"]["step_ms"], peer=None, unit="ms a step", forms=told,
        convolutions=choices,
    )  # fmt: skip


def _with(experiment: Experiment, **keys: Any) -> Experiment:
    return replace(experiment, pretraining=replace(experiment.pretraining, **keys))


def main() -> None:
    """Run everything; print the results last, one JSON object a line."""
    on_gpu, cores = torch.cuda.is_available(), len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", choices=["demo", "paper"], default="paper" if on_gpu else "demo")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10 if on_gpu else 4, help="a turn, step alone")
    parser.add_argument(
        "--workers", type=int, default=min(12, cores), help="of the loaders: their processes, our threads"
    )
    parser.add_argument("--no-compile", action="store_true")
    options = parser.parse_args()
    device = torch.device("cuda", 0) if on_gpu else torch.device("cpu")
    experiment = _with(experiment_at(options.scale), gpus=1)
    if options.no_compile:
        experiment = _with(experiment, compile=False)
    clips_per_title, results = experiment.pretraining.clips_per_gpu, []
    with tempfile.TemporaryDirectory(prefix="bench-pretrain-") as name:
        index = make_corpus(Path(name), experiment, clips_per_title=clips_per_title)
        ahead = 3 * options.workers
        clips = orders(experiment, clips_per_title, ahead + max(12, ahead))
        if on_gpu:
            names = ("step_vs_stock_fp32", "step_vs_stock_bf16")
            results += bench_contenders(names, experiment, index, device, clips, ahead, options)
            results.append(_waiting(results[0]))
        else:
            for threads, cpu_name in ((1, "step_vs_stock_cpu"), (cores, "step_vs_stock_cpu_all_cores")):
                torch.set_num_threads(threads)
                results += bench_contenders((cpu_name,), experiment, index, device, clips, ahead, options)
            results.append(_waiting(results[0]))
        results.append(roofline(experiment, Ours(_with(experiment, compile=False), index, device, 0), clips[0], record))
        if on_gpu:
            results.append(bench_forms(experiment, index, device, clips))
    for result in results:
        print(json.dumps(result))


def bench_contenders(
    names: Sequence[str],
    experiment: Experiment,
    index: Path,
    device: torch.device,
    clips: list[list[Clip]],
    ahead: int,
    options: argparse.Namespace,
) -> list[dict[str, Any]]:
    """Measure us and the peers in turn; keep and return the ratios."""
    on_gpu = device.type == "cuda"
    contenders: list[Contender] = [Ours(experiment, index, device, options.workers)]
    contenders += [Stock(experiment, index, device, options.workers, half=name.endswith("bf16")) for name in names]
    peaks_gib = [_prepared(contender, clips, device) for contender in contenders]
    alone_s = step_alone(contenders, clips, options.turns, options.steps)
    with_loading_s, waiting = end_to_end(contenders, clips, options.turns, ahead, device)
    results = []
    size = experiment.pretraining.clips_per_gpu
    sizes = {
        "clips": size,
        "video": [experiment.clips.frames, experiment.encoders.video.crop, experiment.encoders.video.crop],
        "device": torch.cuda.get_device_name(device) if on_gpu else "cpu",
        "threads": torch.get_num_threads(),
        "workers": options.workers,
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }
    for row, name in enumerate(names, 1):
        results.append(
            record(
                name,
                ratio=float(np.median(with_loading_s[row] / with_loading_s[0])),
                ours=size / float(np.median(with_loading_s[0])),
                peer=size / float(np.median(with_loading_s[row])),
                unit="clips/s end to end",
                step_alone={
                    "ratio": float(np.median(alone_s[row] / alone_s[0])),
                    "ours_ms": 1e3 * float(np.median(alone_s[0])),
                    "peer_ms": 1e3 * float(np.median(alone_s[row])),
                },
                data_wait_share={"ours": float(np.median(waiting[0])), "peer": float(np.median(waiting[row]))},
                peak_gib={"ours": peaks_gib[0], "peer": peaks_gib[row]} if on_gpu else None,
                **sizes,
            )
        )
    return results


def _waiting(result: dict[str, Any]) -> dict[str, Any]:
    """Keep and return our share of waiting in a result as one of its own."""
    about = {key: result[key] for key in ("clips", "video", "device", "threads", "workers", "versions")}
    return record(
        "data_wait_share",
        ratio=None,
        ours=result["data_wait_share"]["ours"],
        peer=result["data_wait_share"]["peer"],
        unit="share of a step spent waiting for data",
        **about,
    )


def _prepared(contender: Contender, clips: list[list[Clip]], device: torch.device) -> float:
    """Warm the contender up and return the memory that it adds at its peak (GPU), in GiB."""
    batch = next(contender.batches(clips[:1]))
    if isinstance(contender, Ours):
        for choice in contender.learner.prepare(batch):
            log_line(str(choice))
    if device.type != "cuda":
        contender.step(batch)
        return 0.0
    torch.cuda.empty_cache()
    for _ in range(3):
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        contender.step(batch)
    return (torch.cuda.max_memory_allocated(device) - before) / 2**30


if __name__ == "__main__":
    main()
