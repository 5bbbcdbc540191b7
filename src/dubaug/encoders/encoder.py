"""An encoder of any family, as training, embedding and exports know it.

Shape suffixes: B batch, D embedding.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from dubaug.encoders.fast.convolutions import QuickConv3d
from dubaug.encoders.recompute import passed_through
from dubaug.encoders.settings import AudioFamily, Family, Part
from dubaug.media.mel import mixed_down
from dubaug.seeding import item_seed

if TYPE_CHECKING:
    from dubaug.config import Encoders
    from dubaug.media.settings import Window


class Encoder(nn.Module):
    """Clips to `(B, D)`: pictures `(B, 3, T, H, W)` in 0..1, or stereo log-mels `(B, 2, T, F)`.

    The family's network is `net`, with the family's names of weights. Sound comes in stereo whatever the family takes.
    """

    recompute = False
    """Whether its stages are passed again in the backward pass instead of kept (`passed_through`)."""

    def __init__(self, encoders: "Encoders", part: Part, window: "Window") -> None:
        super().__init__()
        self.family: Family = getattr(encoders, part)
        self.clip_shape = self.family.clip_shape(window)
        """Of one of a batch."""
        self.net = self.family.build(**build_arguments(encoders, part, window))

    @property
    def stages(self) -> list[nn.Module]:
        """The network's parts one after the other, the last a small head."""
        return list(self.family.stages(self.net))

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Return embeddings `(B, D)`."""
        if isinstance(self.family, AudioFamily):
            clips = mixed_down(clips, self.family.channels)
        input = self.family.network_input((clips - self.family.mean) / self.family.std)
        if input.dim() in _CHANNELS_LAST:
            input = input.contiguous(memory_format=self._memory_format(input))
        return passed_through(self.stages, input, recompute=self.recompute)

    def lay_out_weights(self) -> None:
        """Have the weights in the layout that is computed in; for training, which else would turn them at each step."""
        for weight in self.parameters():
            if weight.dim() in _CHANNELS_LAST:
                weight.data = weight.data.to(memory_format=self._memory_format(weight))
        for layer in self.modules():
            if isinstance(layer, QuickConv3d) and layer.thin:  # their gradients come in this layout
                layer.weight.data = layer.weight.data.clone(memory_format=torch.contiguous_format)

    def _memory_format(self, tensor: torch.Tensor) -> torch.memory_format:
        last = tensor.device.type in self.family.channels_last_on
        return _CHANNELS_LAST[tensor.dim()] if last else torch.contiguous_format


_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}
"""By the number of dimensions."""


def build_arguments(encoders: "Encoders", part: Part, window: "Window") -> dict[str, Any]:
    """Return what a family's `build` and `stock` are called with."""
    family: Family = getattr(encoders, part)
    return {
        "input_shape": family.input_shape(window),
        "embedding_dim": encoders.embedding_dim,
        "dropout": encoders.dropout,
    }


def seed_weights(seed: int, part: str) -> None:
    """Set torch's generator for the initial weights of `part`: they do not depend on what was built before it."""
    torch.manual_seed(item_seed(seed, "weights", part))
