"""Acoustic ResNet (paper §3.3), from pytorchvideo: for sound, in stereo."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from dubaug.encoders.settings import AudioFamily, Stock
from dubaug.settings import between

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True, kw_only=True)
class AcousticResNet(AudioFamily):
    """Acoustic ResNet; 34,025,984 weights for the paper."""

    family: Literal["acoustic_resnet"] = "acoustic_resnet"
    depth: Literal[50, 101, 152]
    """Layers."""
    stem_width: Annotated[int, between(1, 1024)]
    """Channels; 64 is the standard."""

    # What pytorchvideo's own examples use; the paper lists no normalisation. BatchNorm would absorb it but for the
    # convolutions' zero padding: around a log-mel that hovers about -8, zeros are a loud frame, and the borders drown
    # what is inside.
    mean: ClassVar[float] = -7.03
    std: ClassVar[float] = 4.66
    # The network takes a spectrogram down by 8 in time and 24 in frequency; its head pools over 4 x 2 of that.
    frames_min: ClassVar[int] = 25
    bins_min: ClassVar[int] = 25
    channels_last_on: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    input_axes: ClassVar[tuple[str, ...]] = ("channel", "time", "(always 1)", "mel bin")

    @property
    def title(self) -> str:  # type: ignore[override]
        """Its name with an article."""
        return f"an Acoustic ResNet-{self.depth}"

    @property
    def label(self) -> str:
        """Its name as the paper has it."""
        return f"Acoustic ResNet{self.depth}"

    def build(self, *, input_shape: tuple[int, ...], embedding_dim: int, dropout: float) -> "nn.Module":
        """Return pytorchvideo's network, its convolutions in two dimensions: what it sees has a height of 1."""
        from dubaug.encoders.fast.pytorchvideo_models import quick

        return quick(self.stock(input_shape=input_shape, embedding_dim=embedding_dim, dropout=dropout), flat=True)

    def network_input(self, normalised: "torch.Tensor") -> "torch.Tensor":
        """Return `(B, C, T, 1, F)` of `(B, C, T, F)`."""
        return normalised.unsqueeze(3)

    def stages(self, network: "nn.Module") -> "Sequence[nn.Module]":
        """Return stem, stages and head."""
        return network.blocks  # type: ignore[return-value]

    def stock(self, *, input_shape: tuple[int, ...], embedding_dim: int, dropout: float) -> Stock:
        """Return `create_acoustic_resnet` and its arguments."""
        arguments = {
            "input_channel": input_shape[0],
            "model_depth": self.depth,
            "model_num_class": embedding_dim,
            "dropout_rate": dropout,
            "stem_dim_out": self.stem_width,
        }
        function = "pytorchvideo.models.resnet.create_acoustic_resnet"
        return Stock(package="pytorchvideo", function=function, arguments=arguments)
