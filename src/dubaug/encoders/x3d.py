"""X3D (paper §3.3: X3D-M), from pytorchvideo: for pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from dubaug.encoders.settings import Stock, VideoFamily
from dubaug.settings import between

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True)
class X3D(VideoFamily):
    """X3D; the factors are pytorchvideo's (paper: 2.0 and 2.2, 5,072,850 weights)."""

    family: Literal["x3d"] = "x3d"
    crop: Annotated[int, between(32, 2048)]  # it takes a picture down by 32 pixels to one
    """Height and width of what it sees, in pixels."""
    width_factor: Annotated[float, between(0.1, 16)]
    depth_factor: Annotated[float, between(0.1, 16)]
    stem_width: Annotated[int, between(1, 1024)]
    """Channels."""
    head_width: Annotated[int, between(1, 65_536)]
    """Channels."""

    title: ClassVar[str] = "an X3D"
    mean: ClassVar[float] = 0.45
    std: ClassVar[float] = 0.225
    channels_last_on: ClassVar[tuple[str, ...]] = ("cpu",)  # CUDA's depthwise kernels, all, want the width innermost

    @property
    def label(self) -> str:
        """Its name as the paper has it."""
        return "X3D-M"

    def build(self, *, input_shape: tuple[int, ...], embedding_dim: int, dropout: float) -> "nn.Module":
        """Return pytorchvideo's network with quicker convolutions."""
        from dubaug.encoders.fast.pytorchvideo_models import quick

        return quick(self.stock(input_shape=input_shape, embedding_dim=embedding_dim, dropout=dropout))

    def stages(self, network: "nn.Module") -> "Sequence[nn.Module]":
        """Return stem, stages and head."""
        return network.blocks  # type: ignore[return-value]

    def stock(self, *, input_shape: tuple[int, ...], embedding_dim: int, dropout: float) -> Stock:
        """Return `create_x3d` and its arguments."""
        _, frames, crop, _ = input_shape
        arguments = {
            "input_clip_length": frames,
            "input_crop_size": crop,
            "model_num_class": embedding_dim,
            "dropout_rate": dropout,
            "width_factor": self.width_factor,
            "depth_factor": self.depth_factor,
            "stem_dim_in": self.stem_width,
            "head_dim_out": self.head_width,
            "head_activation": None,
        }
        return Stock(package="pytorchvideo", function="pytorchvideo.models.x3d.create_x3d", arguments=arguments)
