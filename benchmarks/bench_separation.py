"""Speech removal: how many seconds of sound a second separates, by batch size, and how much memory a film needs.

- Each row of the table: the configured separator (by default the demo's) on one long sound, on files of 3 s and on
  files of 1 s, with batches of that size. On a CPU the processor's time counts, on a GPU the clock's.
- separate_vs_apply_model: the long sound, against `demucs.apply.apply_model` on the whole of it in memory.
- separate_peak_rss_gib: resident memory of a two-hour film in segments and batches of the paper's size, without a
  network; the peer is a film of half an hour.

    python benchmarks/bench_separation.py [--config resolved.yaml] [--batch-sizes 1 2 4 8] [--seconds 60]
"""

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from demucs.apply import apply_model
from record import peak_gib, record
from scales import REPOSITORY, experiment_at

from dubaug.config import Experiment, Separation, load
from dubaug.hardware import choose_device
from dubaug.separation.models import StemModel, load_model, wrap
from dubaug.separation.remove import Remover, Sound, make_remover

FILE_S = (3.0, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, help="a resolved configuration; without one, the demo's")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=60.0, help="of sound in each measurement")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch on a CPU")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    experiment = load(options.config) if options.config else experiment_at("demo")
    device = choose_device(experiment.device)
    separation, model = experiment.separation, _model(experiment)
    sounds = {"film": _sounds(options.seconds, options.seconds, model)}
    sounds |= {f"files of {file_s:g} s": _sounds(options.seconds, file_s, model) for file_s in FILE_S}
    print(f"times real time, {separation.model} on {device}, {options.threads} thread(s)", file=sys.stderr)
    print("batch  " + "  ".join(sounds), file=sys.stderr)
    rates: dict[int, dict[str, float]] = {}
    for batch_size in options.batch_sizes:
        remover = make_remover(model, replace(separation, batch_size=batch_size), device=device)
        rates[batch_size] = {name: _rate(lambda s=s, r=remover: _separate(r, s), options) for name, s in sounds.items()}
        print(f"{batch_size:5}  " + "  ".join(f"{rate:.1f}" for rate in rates[batch_size].values()), file=sys.stderr)
    best = max(rates, key=lambda batch_size: rates[batch_size]["film"])
    remover = make_remover(model, replace(separation, batch_size=best), device=device)
    ours = theirs = 0.0
    for _ in range(2):  # in turns, since other work on the machine comes and goes
        ours = max(ours, _rate(lambda: _separate(remover, sounds["film"]), options))
        theirs = max(theirs, _rate(lambda: _apply_model(model, separation, sounds["film"][0], device), options))
    rounded = {size: {name: round(rate, 1) for name, rate in row.items()} for size, row in rates.items()}
    film = record(
        "separate_vs_apply_model", ratio=ours / theirs, ours=ours, peer=theirs, unit="times real time",
        batch_size=best, by_batch_size=rounded, device=device, threads=options.threads,
    )  # fmt: skip
    short, long = _peak_gib(1800.0), _peak_gib(7200.0)
    memory = record("separate_peak_rss_gib", ratio=long / short, ours=long, peer=short, unit="GiB")
    print(json.dumps(film))
    print(json.dumps(memory))


def _model(experiment: Experiment) -> StemModel:
    repository = experiment.separation.repository
    folder = None if repository is None else str(REPOSITORY / repository)
    return load_model(replace(experiment.separation, repository=folder))


def _sounds(seconds: float, each_s: float, model: StemModel) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    shape = 2, round(each_s * model.sample_rate_hz)
    return [rng.standard_normal(shape).astype(np.float32) for _ in range(round(seconds / each_s))]


def _separate(remover: Remover, sounds: list[np.ndarray]) -> float:
    """Separate all; return their length."""
    given = [Sound(key=str(number), pieces=[sound_CS]) for number, sound_CS in enumerate(sounds)]
    made = sum(piece_CS.shape[1] for _, pieces in remover.remove_all(given) for piece_CS in pieces)
    return made / remover.model.sample_rate_hz


def _apply_model(model: StemModel, separation: Separation, sound_CS: np.ndarray, device: str) -> float:
    """Separate in Demucs's own way, whole in memory; return the length."""
    segment_s = separation.segment_s or model.segment_s
    stems_BNCS = apply_model(
        model.network, torch.from_numpy(sound_CS)[None], shifts=separation.shifts, overlap=separation.overlap,
        segment=segment_s, device=device,
    )  # fmt: skip
    return stems_BNCS.shape[-1] / model.sample_rate_hz


def _rate(work: Callable[[], float], options: argparse.Namespace) -> float:
    """Return the better of two runs, after one that does not count."""
    on_gpu = torch.cuda.is_available()
    clock = time.perf_counter if on_gpu else time.process_time
    rates = []
    for _ in range(3):
        begin = clock()
        seconds = work()
        if on_gpu:
            torch.cuda.synchronize()
        rates.append(seconds / (clock() - begin) * (1 if on_gpu else options.threads))
    return max(rates[1:])


class _Nothing(torch.nn.Module):
    """A network that takes no time: the mixture is the background."""

    audio_channels, samplerate, segment = 2, 44100, 44.0
    sources = ("other", "vocals")

    def forward(self, mix_BCS: torch.Tensor) -> torch.Tensor:
        return torch.stack([mix_BCS, torch.zeros_like(mix_BCS)], dim=1)


def _film(seconds: float) -> Iterator[np.ndarray]:
    for _ in range(round(seconds / 3)):
        yield np.full((2, 3 * _Nothing.samplerate), 0.1, dtype=np.float32)


def _memory(seconds: float, result: "multiprocessing.Queue[float]") -> None:
    remover = make_remover(wrap(_Nothing()), experiment_at("paper").separation, device="cpu")
    for _, pieces in remover.remove_all([Sound(key="film", pieces=_film(seconds))]):
        for piece_CS in pieces:
            assert piece_CS.shape[0] == 2
    result.put(peak_gib())


def _peak_gib(seconds: float) -> float:
    """Return the peak resident memory of separating a film of that length, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    result: multiprocessing.Queue[float] = context.Queue()
    process = context.Process(target=_memory, args=(seconds, result))
    process.start()
    peak = result.get()
    process.join()
    return peak


if __name__ == "__main__":
    main()
