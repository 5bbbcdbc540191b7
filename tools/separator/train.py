"""Train the demo's separator: a small HDemucs, on the demo's true stems. See README.md beside this file."""

import argparse
import math
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mixtures
import torch
from demucs.hdemucs import HDemucs
from torch import nn

from dubaug.progress import duration, log_line
from dubaug.separation.local import save_local_model

ARGUMENTS: Mapping[str, Any] = {
    "sources": list(mixtures.SOURCES),
    "audio_channels": 2,
    "samplerate": mixtures.RATE_HZ,
    "segment": 12,
    # Spectrogram branch only, strides of 8: some thirty times real time on one core.
    "hybrid": False,
    # Magnitudes with the mixture's phase, as before Demucs v3's complex outputs: learnt in minutes.
    "cac": False,
    "wiener_iters": -1,
    "end_iters": -1,
    "channels": 16,
    "growth": 2,
    "depth": 3,
    "kernel_size": 16,
    "stride": 8,
    "norm_starts": 9,
    # The residual branches must matter from the start: there is no time for them to grow.
    "dconv_init": 0.1,
    "dconv_mode": 1,
    "dconv_attn": 9,
    "dconv_lstm": 9,
}
AVERAGING = 0.99
"""Decay of the running average of the weights, which is what is kept."""


def main() -> None:
    """Train, judge, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the model, its JSON and its figures")
    parser.add_argument("--name", default="demo", help="file name of the model")
    parser.add_argument("--minutes", type=float, default=14.0, help="processor time for the optimisation, a thread")
    parser.add_argument("--films", type=int, default=240, help="scenes of films")
    parser.add_argument("--tasks", type=int, default=100, help="files like those of speech data sets")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--segment-s", type=float, default=2.0)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(mixtures.SEED)
    pool = mixtures.make_pool(
        options.films, options.tasks, seed=mixtures.SEED, seconds=6.0, kinds=mixtures.TRAINING_KINDS
    )
    model = HDemucs(**ARGUMENTS)
    averaged, steps = train(model, pool, options)
    about = {
        "made_by": "tools/separator/train.py",
        "trained_on": f"{options.films} film scenes and {options.tasks} commands of dubaug.demo, seed {mixtures.SEED}",
        "steps": steps,
        "batch": options.batch,
        "segment_s": options.segment_s,
        "learning_rate": options.learning_rate,
        "minutes": round(options.minutes, 1),
        "machine": f"{options.threads} thread(s), {platform.machine()}, torch {torch.__version__}",
        "licence": "Apache-2.0, as this repository",
    }
    save_local_model(averaged, ARGUMENTS, options.out_dir, options.name, about=about)
    log_line(f"saved {options.out_dir / options.name}.safetensors")


def train(model: HDemucs, pool: list[Any], options: argparse.Namespace) -> tuple[HDemucs, int]:
    """Return the model with averaged weights, and the number of steps that the time sufficed for."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=1e-3)
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGING)
    )
    start, used_s, step, running = time.process_time(), 0.0, 0, 0.0
    while used_s < 60 * options.minutes:
        part = used_s / (60 * options.minutes)
        for group in optimizer.param_groups:
            warm = min(1.0, (step + 1) / 20)
            group["lr"] = options.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * part))
        stems_BNCS = torch.from_numpy(
            mixtures.draw_batch(
                pool, options.films, step=step, batch=options.batch, seconds=options.segment_s, task_share=0.3
            )
        )
        loss = separation_loss(model(stems_BNCS.sum(dim=1)), stems_BNCS)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(model)
        step += 1
        running += float(loss.detach())
        used_s = (time.process_time() - start) / options.threads
        if step % 25 == 0:
            log_line(f"step {step}, {duration(used_s)} of {duration(60 * options.minutes)}, loss {running / 25:.4f}")
            running = 0.0
    return average.module.eval(), step


def separation_loss(estimate_BNCS: torch.Tensor, stems_BNCS: torch.Tensor) -> torch.Tensor:
    """Return the mean distance of the waveforms, and of their log spectrograms, in which quiet parts count as well."""
    wave = (estimate_BNCS - stems_BNCS).abs().mean()
    return wave + 0.1 * (_log_power(estimate_BNCS) - _log_power(stems_BNCS)).abs().mean()


def _log_power(waves_BNCS: torch.Tensor) -> torch.Tensor:
    """Return the log power spectrograms, floored some 45 dB below a mixture's mean."""
    flat_MS = waves_BNCS.reshape(-1, waves_BNCS.shape[-1])
    window = torch.hann_window(2048)
    spectrum = torch.stft(flat_MS, 2048, 1024, window=window, center=False, normalized=True, return_complex=True)
    return (spectrum.real.square() + spectrum.imag.square() + 1e-5).log()


if __name__ == "__main__":
    main()
