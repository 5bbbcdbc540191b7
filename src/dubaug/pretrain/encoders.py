"""The two backbones (paper §3.3): X3D-M for video and the Acoustic ResNet for sound, both from pytorchvideo.

Shape suffixes: B batch, C channel, T time, H height, W width, F mel bin, D embedding.
"""

import warnings
from typing import Any, ClassVar

import torch
from torch import nn

from dubaug.config import MEL_BINS_MIN, MEL_FRAMES_MIN, VIDEO_CROP_MIN, Encoders, Mel
from dubaug.errors import ConfigError
from dubaug.pretrain.layers import DepthwiseConv3d, PointwiseConv3d, quicken
from dubaug.pretrain.recompute import passed_through
from dubaug.seeding import item_seed

with warnings.catch_warnings():  # of torch.jit.script being deprecated: nothing that a user could change
    warnings.simplefilter("ignore", FutureWarning)
    from pytorchvideo.models.resnet import create_acoustic_resnet
    from pytorchvideo.models.x3d import create_x3d

LOGMEL_MEAN, LOGMEL_STD = -7.03, 4.66
PIXEL_MEAN, PIXEL_STD = 0.45, 0.225
"""What pytorchvideo's own examples subtract and divide by; the paper lists no normalisation.

BatchNorm would absorb it but for the convolutions' zero padding: around a log-mel that hovers about -8, zeros are a
loud frame, and the borders drown what is inside.
"""


class Encoder(nn.Module):
    """A backbone of pytorchvideo as `net`, with its parameter names."""

    net: nn.Module
    recompute = False
    """Whether its blocks are passed again in the backward pass instead of kept (`passed_through`)."""
    channels_last_on: ClassVar[tuple[str, ...]]
    """The types of devices on which its fast kernels want the channels innermost in memory."""

    def lay_out_weights(self) -> None:
        """Have the weights in the layout that is computed in; for training, which else would turn them at each step."""
        device_type = next(self.parameters()).device.type
        self.to(memory_format=self._memory_format(device_type))
        for layer in self.modules():
            # With a dimension of 1 there are two ways to write the same layout down; their gradients come in this one.
            if isinstance(layer, PointwiseConv3d | DepthwiseConv3d):
                layer.weight.data = layer.weight.data.clone(memory_format=torch.contiguous_format)

    def _memory_format(self, device_type: str) -> torch.memory_format:
        return torch.channels_last_3d if device_type in self.channels_last_on else torch.contiguous_format

    @property
    def blocks(self) -> nn.ModuleList:
        """The network's stem, stages and head."""
        blocks = self.net.blocks
        assert isinstance(blocks, nn.ModuleList)
        return blocks

    def embedded(self, input_BCTHW: torch.Tensor) -> torch.Tensor:
        """Return `(B, D)` of the network's input."""
        layout = self._memory_format(input_BCTHW.device.type)
        return passed_through(self.blocks, input_BCTHW.contiguous(memory_format=layout), recompute=self.recompute)


class AudioEncoder(Encoder):
    """Acoustic ResNet: mel `(B, 2, T, F)` to `(B, D)`."""

    channels_last_on = ("cpu", "cuda")

    def __init__(self, encoders: Encoders) -> None:
        super().__init__()
        self.net = create_acoustic_resnet(**audio_arguments(encoders))
        _keep_scale(self.net)
        quicken(self.net, flat=True)

    def forward(self, mel_BCTF: torch.Tensor) -> torch.Tensor:
        """Return embeddings `(B, D)` of log-mels `(B, 2, T, F)`."""
        normalised_BCTF = (mel_BCTF - LOGMEL_MEAN) / LOGMEL_STD
        return self.embedded(normalised_BCTF.unsqueeze(3))


class VideoEncoder(Encoder):
    """X3D: video `(B, 3, T, H, W)` in 0..1 to `(B, D)`."""

    channels_last_on = ("cpu",)  # CUDA's depthwise kernels, PyTorch's and ours, want the width innermost

    def __init__(self, encoders: Encoders, *, frames: int) -> None:
        super().__init__()
        crop = encoders.video.crop
        if crop < VIDEO_CROP_MIN:
            raise ConfigError(f"config key `encoders.video.crop`: got {crop}, X3D needs {VIDEO_CROP_MIN} or more")
        self.net = create_x3d(**video_arguments(encoders, frames=frames))
        _keep_scale(self.net)
        quicken(self.net)

    def forward(self, video_BCTHW: torch.Tensor) -> torch.Tensor:
        """Return embeddings `(B, D)` of clips `(B, 3, T, H, W)`, values 0..1."""
        return self.embedded((video_BCTHW - PIXEL_MEAN) / PIXEL_STD)


def audio_arguments(encoders: Encoders) -> dict[str, Any]:
    """Return what pytorchvideo's `create_acoustic_resnet` is called with: plain values."""
    return {
        "input_channel": 2,
        "model_depth": encoders.audio.depth,
        "model_num_class": encoders.embedding_dim,
        "dropout_rate": encoders.dropout,
        "stem_dim_out": encoders.audio.stem_width,
    }


def video_arguments(encoders: Encoders, *, frames: int) -> dict[str, Any]:
    """Return what pytorchvideo's `create_x3d` is called with: plain values."""
    video = encoders.video
    return {
        "input_clip_length": frames,
        "input_crop_size": video.crop,
        "model_num_class": encoders.embedding_dim,
        "dropout_rate": encoders.dropout,
        "width_factor": video.width_factor,
        "depth_factor": video.depth_factor,
        "stem_dim_in": video.stem_width,
        "head_dim_out": video.head_width,
        "head_activation": None,
    }


def build_audio_encoder(encoders: Encoders) -> AudioEncoder:
    """Return an untrained audio encoder: `forward(mel_BCTF) -> (B, embedding_dim)`; 34,025,984 weights for the paper.

    Its weights come from torch's global generator; see `seed_weights`.
    """
    return AudioEncoder(encoders)


def build_video_encoder(encoders: Encoders, *, frames: int) -> VideoEncoder:
    """Return an untrained video encoder: `forward(video_BCTHW) -> (B, embedding_dim)`; 5,072,850 weights for the paper.

    Raises `ConfigError` if the crop is too small for X3D.
    """
    return VideoEncoder(encoders, frames=frames)


def seed_weights(seed: int, part: str) -> None:
    """Set torch's generator for the initial weights of `part`: they do not depend on what was built before it."""
    torch.manual_seed(item_seed(seed, "weights", part))


def check_mel_size(mel: Mel, frames: int) -> None:
    """Raise `ConfigError` if spectrograms of `frames` frames are too small for the Acoustic ResNet."""
    if frames < MEL_FRAMES_MIN or mel.n_mels < MEL_BINS_MIN:
        raise ConfigError(
            f"config key `mel`: {frames} frames x {mel.n_mels} bins, the Acoustic ResNet needs "
            f"{MEL_FRAMES_MIN} x {MEL_BINS_MIN} or more; lower `mel.hop_length` or raise `mel.n_mels`"
        )


def _keep_scale(net: nn.Module) -> None:
    """Draw the last linear layer so that embeddings have the scale of the features that it is given.

    pytorchvideo draws it for logits (standard deviation 0.01), which leaves narrow networks with embeddings near 0:
    slow to train, and a handicap for untrained ones under probes that do not normalise. For 2048 features it is 0.022.
    """
    (weight,) = (parameter for name, parameter in net.named_parameters() if name.endswith(".proj.weight"))
    nn.init.normal_(weight, std=weight.shape[1] ** -0.5)
