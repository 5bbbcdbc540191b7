"""Encoder families of a few weights, a file each, as somebody would drop them into the package."""

FRAME_MEAN = '''
"""A linear layer on coarse pictures, averaged over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import nn

from dubaug.encoders.settings import VideoFamily
from dubaug.settings import PositiveInt


@dataclass(frozen=True, kw_only=True)
class FrameMean(VideoFamily):
    """As small as they come."""

    family: Literal["frame_mean"] = "frame_mean"
    side: PositiveInt
    """Pixels."""

    title: ClassVar[str] = "a mean of frames"
    mean: ClassVar[float] = 0.5

    def build(self, *, input_shape: tuple[int, ...], embedding_dim: int, dropout: float) -> nn.Module:
        pixels = input_shape[0] * self.side**2
        pool = nn.Sequential(nn.AdaptiveAvgPool3d((1, self.side, self.side)), nn.Flatten(), nn.Dropout(0.1))
        return nn.Sequential(pool, nn.Linear(pixels, embedding_dim))

    def stages(self, network: nn.Module) -> Sequence[nn.Module]:
        return list(network.children())

    def undecayed(self, network: nn.Module) -> Sequence[nn.Parameter]:
        return [weight for name, weight in network.named_parameters() if name.endswith("bias")]
'''.lstrip()
