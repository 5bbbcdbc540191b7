"""Judge a separator on mixtures that it was not trained on; write the figures next to its weights."""

import argparse
import time
from pathlib import Path

import mixtures
import numpy as np
import torch

from dubaug.config import Mel, Separation
from dubaug.files import write_json
from dubaug.media.mel import log_mel
from dubaug.progress import log_line, track
from dubaug.separation.models import load_model
from dubaug.separation.remove import Remover, make_remover

MEL = Mel(n_fft=1024, hop_length=512, n_mels=96, floor=1e-10)
"""The paper's spectrogram: what the separated sound is used as."""
SORTS = ("film scenes", "commands")


def main() -> None:
    """Judge on films' scenes and on commands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="folder of the model")
    parser.add_argument("--name", default="demo")
    parser.add_argument("--stem", default="vocals")
    parser.add_argument("--items", type=int, default=40, help="mixtures of each sort")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    remover = remover_of(options.folder, options.name, options.stem)
    figures: dict[str, object] = {
        "model": options.name,
        "weights": remover.model.fingerprint(),
        "held_out_seed": mixtures.HELD_OUT_SEED,
        "speed_times_real_time": round(_speed(remover), 1),
        "threads": options.threads,
    }
    for sort in SORTS:
        rows = [
            judge(held_out(sort, index, seconds=options.seconds), remover)
            for index in track(range(options.items), sort, options.items)
        ]
        figures[sort] = {
            key: {
                "median": round(float(np.median([row[key] for row in rows])), 2),
                "quartiles": [
                    round(float(value), 2) for value in np.quantile([row[key] for row in rows], [0.25, 0.75])
                ],
            }
            for key in rows[0]
        }
    write_json(options.folder / f"{options.name}.figures.json", figures)
    log_line(f"wrote {options.folder / options.name}.figures.json")


def remover_of(folder: Path, name: str, stem: str) -> Remover:
    """Return what removes a stem by the model of that name."""
    separation = Separation(
        model=name, repository=str(folder), stem=stem, sample_rate_hz=mixtures.RATE_HZ,
        segment_s=None, overlap=0.25, shifts=0, batch_size=1,
    )  # fmt: skip
    return make_remover(load_model(separation), separation, device="cpu")


def held_out(sort: str, index: int, *, seconds: float) -> np.ndarray:
    """Return background and speech of a mixture that nothing was trained on, `(2, 2, S)`."""
    seed = mixtures.HELD_OUT_SEED
    if sort == "film scenes":
        return mixtures.film_stems(index, seed=seed, seconds=seconds).astype(np.float32)
    return mixtures.task_stems(index, seed=seed, seconds=seconds, kinds=mixtures.HELD_OUT_KINDS).astype(np.float32)


def judge(stems_NCS: np.ndarray, remover: Remover) -> dict[str, float]:
    """Return what became of one mixture's speech and background, all in dB.

    The estimate is split by least squares into the true background, the true speech, and what is neither.
    """
    background, speech = stems_NCS
    estimate = remover.remove(background + speech, key="evaluation")
    return {
        "sdr_of_mixture": ratio_db(background, speech),
        "sdr_of_background": ratio_db(background, estimate - background),
        "si_sdr_improvement": si_sdr(estimate, background) - si_sdr(background + speech, background),
        "speech_lowered_by": speech_lowered_by(estimate, stems_NCS),
        "background_gain": background_gain(estimate, stems_NCS),
        "log_mel_error_of_mixture": log_mel_error(background + speech, background),
        "log_mel_error_of_background": log_mel_error(estimate, background),
    }


def ratio_db(signal: np.ndarray, noise: np.ndarray) -> float:
    """Return the ratio of two signals' energies."""
    return float(10 * np.log10((np.sum(signal**2) + 1e-12) / (np.sum(noise**2) + 1e-12)))


def si_sdr(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Return the scale-invariant signal-to-distortion ratio."""
    scaled = truth * (np.vdot(estimate, truth) / (np.vdot(truth, truth) + 1e-12))
    return ratio_db(scaled, estimate - scaled)


def _parts(estimate: np.ndarray, stems_NCS: np.ndarray) -> np.ndarray:
    factors: np.ndarray = np.linalg.lstsq(stems_NCS.reshape(2, -1).T, estimate.ravel(), rcond=None)[0]
    return factors


def speech_lowered_by(estimate: np.ndarray, stems_NCS: np.ndarray) -> float:
    """Return by how much the speech in the estimate is weaker than in the mixture (at most 60 dB)."""
    return float(-20 * np.log10(max(abs(_parts(estimate, stems_NCS)[1]), 1e-3)))


def background_gain(estimate: np.ndarray, stems_NCS: np.ndarray) -> float:
    """Return by how much the background in the estimate is stronger than in the mixture."""
    return float(20 * np.log10(max(abs(_parts(estimate, stems_NCS)[0]), 1e-3)))


def log_mel_error(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean distance of two log-mel spectrograms in dB, above 80 dB below the truth's loudest."""
    pair = torch.from_numpy(np.stack([estimate, truth]).astype(np.float32))
    mels_NCTF = log_mel(pair, sample_rate_hz=mixtures.RATE_HZ, mel=MEL) * (10 / np.log(10))
    mels_NCTF = mels_NCTF.clamp_min(float(mels_NCTF[1].max()) - 80)
    return float((mels_NCTF[0] - mels_NCTF[1]).abs().mean())


def _speed(remover: Remover) -> float:
    """Return how many seconds of sound a second of the processor's time separates."""
    sound = np.random.default_rng(0).standard_normal((2, 36 * mixtures.RATE_HZ)).astype(np.float32)
    remover.remove(sound, key="warm-up")
    begin = time.process_time()
    remover.remove(sound, key="speed")
    return 36 / (time.process_time() - begin) * torch.get_num_threads()


if __name__ == "__main__":
    main()
