"""The log-mel spectrogram of a clip (paper §3.2).

Shape suffixes: B batch, C channel, S sample, T time frame, F mel bin.
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from dubaug.errors import DubaugError

if TYPE_CHECKING:
    import torch

    from dubaug.config import Mel


def log_mel(waveform_CS: "torch.Tensor", *, sample_rate_hz: int, mel: "Mel") -> "torch.Tensor":
    """Return the natural log of the power mel spectrogram, float32 `(..., C, T, F)`, of `(..., C, S)` samples.

    Equal to torchaudio's `MelSpectrogram(power=2, center=False, norm=None, mel_scale="htk")` with a periodic Hann
    window, clamped at `mel.floor` before the logarithm. Without padding, 3 s at 48 kHz give the paper's 280 frames
    (n_fft 1024, hop 512), 3 s at 44.1 kHz give 257. Raises `DubaugError` if there is less than one window of sound.
    """
    import torch

    if waveform_CS.shape[-1] < mel.n_fft:
        raise DubaugError(f"a mel window takes {mel.n_fft} samples, the sound has {waveform_CS.shape[-1]}")
    window, filters_KF = _window(mel.n_fft), _filters(sample_rate_hz, mel.n_fft, mel.n_mels)
    window, filters_KF = window.to(waveform_CS.device), filters_KF.to(waveform_CS.device)
    flat_NS = waveform_CS.reshape(-1, waveform_CS.shape[-1]).float()
    spectrum_NKT = torch.stft(
        flat_NS, mel.n_fft, mel.hop_length, window=window, center=False, return_complex=True, onesided=True
    )
    power_NTK = (spectrum_NKT.real.square() + spectrum_NKT.imag.square()).transpose(1, 2)
    mel_NTF = (power_NTK @ filters_KF).clamp_min(mel.floor).log()
    return mel_NTF.reshape(*waveform_CS.shape[:-1], *mel_NTF.shape[1:])


def mixed_down(mel_BCTF: "torch.Tensor", channels: Literal[1, 2]) -> "torch.Tensor":
    """Return log-mels `(B, channels, T, F)` of stereo ones, as sound is kept.

    One channel has the mean of both channels' powers: nothing cancels out, and where both channels are equal (mono
    files, HEAR) it is either of them. It is not the log-mel of the samples' mean, which has half of that for sounds
    that differ in phase, and which cannot be told from spectrograms.
    """
    if channels == 2:
        return mel_BCTF
    left_BTF, right_BTF = mel_BCTF.unbind(1)
    return (left_BTF.logaddexp(right_BTF) - math.log(2)).unsqueeze(1)


@lru_cache(maxsize=8)
def _window(n_fft: int) -> "torch.Tensor":
    import torch

    return torch.hann_window(n_fft)


@lru_cache(maxsize=8)
def _filters(sample_rate_hz: int, n_fft: int, n_mels: int) -> "torch.Tensor":
    """Return the triangular HTK filters `(n_fft // 2 + 1, n_mels)` from 0 Hz to half the sample rate."""
    from torchaudio.functional import melscale_fbanks

    filters_FM: torch.Tensor = melscale_fbanks(
        n_fft // 2 + 1, 0.0, sample_rate_hz / 2, n_mels, sample_rate_hz, norm=None, mel_scale="htk"
    )
    return filters_FM
