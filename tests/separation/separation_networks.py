"""Networks with Demucs's interface whose output is known."""

import torch
from torch import nn

RATE_HZ = 8000


class Scaling(nn.Module):
    """Each stem is the mixture by a factor: what comes out is known exactly."""

    audio_channels = 2
    samplerate = RATE_HZ
    segment = 1.0

    def __init__(self, **factors: float) -> None:
        super().__init__()
        self.sources = list(factors)
        self.factors = nn.Parameter(torch.tensor([float(factor) for factor in factors.values()]))

    def forward(self, mix_BCS: torch.Tensor) -> torch.Tensor:
        return self.factors[None, :, None, None] * mix_BCS[:, None]


class Smoothing(Scaling):
    """A stem that needs its surroundings: the mixture's moving average over 41 samples, and the rest."""

    def forward(self, mix_BCS: torch.Tensor) -> torch.Tensor:
        batch, channels, samples = mix_BCS.shape
        smooth = nn.functional.avg_pool1d(mix_BCS.reshape(-1, 1, samples), 41, 1, 20, count_include_pad=False)
        smooth_BCS = smooth.reshape(batch, channels, samples)
        return torch.stack([smooth_BCS, mix_BCS - smooth_BCS], dim=1)


class MidSide(Scaling):
    """What both channels share is the background, what they have with opposite signs is speech."""

    def __init__(self) -> None:
        super().__init__(other=1.0, vocals=1.0)

    def forward(self, mix_BCS: torch.Tensor) -> torch.Tensor:
        middle_BCS = mix_BCS.mean(dim=1, keepdim=True).expand_as(mix_BCS)
        return torch.stack([middle_BCS, mix_BCS - middle_BCS], dim=1)
