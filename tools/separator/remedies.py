"""What simple changes to the separator's output would gain and cost, on the mixtures that it is judged on."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from evaluate import SORTS, background_gain, held_out, log_mel_error, remover_of, si_sdr, speech_lowered_by

FFT, HOP = 2048, 512


def main() -> None:
    """Print a table for films' scenes and one for commands: medians, in dB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="folder of the model")
    parser.add_argument("--name", default="demo")
    parser.add_argument("--items", type=int, default=24, help="mixtures of each sort")
    options = parser.parse_args()
    remover = remover_of(options.folder, options.name, "vocals")
    for sort in SORTS:
        rows: dict[str, list[tuple[float, ...]]] = {}
        for index in range(options.items):
            stems_NCS = held_out(sort, index, seconds=6.0)
            background_CS, mixture_CS = stems_NCS[0], stems_NCS.sum(axis=0)
            before = si_sdr(mixture_CS, background_CS)
            for name, made_CS in variants(mixture_CS, remover.remove(mixture_CS, key="remedies")):
                gain = si_sdr(made_CS, background_CS) - before
                judged = speech_lowered_by(made_CS, stems_NCS), background_gain(made_CS, stems_NCS)
                rows.setdefault(name, []).append((gain, *judged, log_mel_error(made_CS, background_CS)))
        print(f"{sort:36} SI-SDR gain  speech lowered  background gain  log-mel error")
        for name, values in rows.items():
            print(f"{name:36} " + "  ".join(f"{value:12.2f}" for value in np.median(values, axis=0)))


def variants(mixture_CS: np.ndarray, estimate_CS: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the estimate with some of the mixture in it, and the mixture under masks made of the estimate."""
    yield "as it is", estimate_CS
    for share in (0.1, 0.2, 0.3):
        yield f"{share:g} of the mixture", estimate_CS + np.float32(share) * (mixture_CS - estimate_CS)
    mixed_CFT, kept_CFT = _spectrum(mixture_CS), _spectrum(estimate_CS)
    speech_CFT = mixed_CFT - kept_CFT
    masks = {
        f"|estimate| / |mixture|, {floor:g} to 1": (kept_CFT.abs() / (mixed_CFT.abs() + 1e-9)).clamp(floor, 1.0)
        for floor in (0.1, 0.2)
    }
    masks["ratio of magnitudes"] = kept_CFT.abs() / (kept_CFT.abs() + speech_CFT.abs() + 1e-9)
    powers_CFT = kept_CFT.abs().square(), speech_CFT.abs().square()
    masks["ratio of powers (Wiener)"] = powers_CFT[0] / (powers_CFT[0] + powers_CFT[1] + 1e-12)
    for name, mask_CFT in masks.items():
        window = torch.hann_window(FFT)
        yield name, torch.istft(mixed_CFT * mask_CFT, FFT, HOP, window=window, length=mixture_CS.shape[1]).numpy()


def _spectrum(sound_CS: np.ndarray) -> torch.Tensor:
    return torch.stft(torch.from_numpy(sound_CS), FFT, HOP, window=torch.hann_window(FFT), return_complex=True)


if __name__ == "__main__":
    main()
