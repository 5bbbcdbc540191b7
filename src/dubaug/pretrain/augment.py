"""Random views made on the device, a batch at a time, every clip by its own parameters (paper §3.2).

Shape suffixes: B batch, C channel, T time, H and W source size, Y and X crop size, F mel bin.
"""

from collections.abc import Sequence

import torch

from dubaug.pretrain.randaugment import rand_augment
from dubaug.pretrain.views import AudioView, VideoView


def video_views(frames_BTHWC: torch.Tensor, views: Sequence[VideoView], *, crop: int, magnitude: int) -> torch.Tensor:
    """Return float `(B, C, T, crop, crop)` in 0..1: each uint8 clip rescaled, cropped, and RandAugmented.

    Clips of different sizes lie in the top left corner of `frames_BTHWC`; what is beyond their own size is not read.
    """
    video_BCTYX = rescale_and_crop(frames_BTHWC, views, crop=crop)
    for layer in range(len(views[0].operations)):
        operations = [view.operations[layer] for view in views]
        video_BCTYX = rand_augment(video_BCTYX, operations, [view.signs[layer] for view in views], magnitude=magnitude)
    return video_BCTYX


def rescale_and_crop(frames_BTHWC: torch.Tensor, views: Sequence[VideoView], *, crop: int) -> torch.Tensor:
    """Return float `(B, C, T, crop, crop)` in 0..1: bilinear, antialiased where it shrinks, only the crop computed.

    Resampling is separable and linear, so each clip's rows and columns are one small matrix each; the whole batch is
    two batched matrix products. Equal to `interpolate(mode="bilinear", antialias=True)` followed by the crop.
    """
    _, _, height, width, _ = frames_BTHWC.shape
    device = frames_BTHWC.device
    rows_BYH = _resampling(
        [(view.source_height, view.height, view.top) for view in views], taps=height, outputs=crop, device=device
    )
    columns_BXW = _resampling(
        [(view.source_width, view.width, view.left) for view in views], taps=width, outputs=crop, device=device
    )
    pixels_BCTHW = frames_BTHWC.permute(0, 4, 1, 2, 3).to(rows_BYH.dtype, memory_format=torch.contiguous_format)
    scaled_BCTYW = rows_BYH[:, None, None] @ pixels_BCTHW
    return (scaled_BCTYW @ columns_BXW.transpose(1, 2)[:, None, None]).mul_(1.0 / 255.0).clamp_(0.0, 1.0)


def _resampling(axes: Sequence[tuple[int, int, int]], *, taps: int, outputs: int, device: torch.device) -> torch.Tensor:
    """Return `(B, outputs, taps)` weights; each axis is (source size, scaled size, first output in that scale).

    Output i has its centre at (first + i + 0.5) * source / scaled and averages the source with a triangle as wide as
    one source pixel, or one output pixel where that is wider, over the pixels that exist.
    """
    source_B, scaled_B, first_B = torch.tensor(axes, dtype=torch.float32, device=device).unbind(1)
    step_B = source_B / scaled_B
    centre_BO = (first_B[:, None] + torch.arange(outputs, device=device) + 0.5) * step_B[:, None]
    tap_T = torch.arange(taps, device=device)
    distance_BOT = (tap_T + 0.5 - centre_BO[:, :, None]).abs() / step_B.clamp_min(1.0)[:, None, None]
    weights_BOT = (1.0 - distance_BOT).clamp_min_(0.0)
    weights_BOT *= tap_T < source_B[:, None, None]
    return weights_BOT / weights_BOT.sum(dim=2, keepdim=True)


def audio_views(mels_BCTF: torch.Tensor, views: Sequence[AudioView]) -> torch.Tensor:
    """Return float32 log-mels with each clip's stretch of time and band of frequencies masked in both channels.

    Masked cells take the clip's own mean over everything, so that a mask is neither silence nor a level of its own.
    """
    mels_BCTF = mels_BCTF.float()
    _, _, frames, bins = mels_BCTF.shape
    limits = torch.tensor(
        [(v.time_start, v.time_width, v.frequency_start, v.frequency_width) for v in views], device=mels_BCTF.device
    )
    time_start_B, time_width_B, band_start_B, band_width_B = limits[:, :, None].unbind(1)
    past_BT = torch.arange(frames, device=mels_BCTF.device) - time_start_B
    past_BF = torch.arange(bins, device=mels_BCTF.device) - band_start_B
    time_BT = (past_BT >= 0) & (past_BT < time_width_B)
    band_BF = (past_BF >= 0) & (past_BF < band_width_B)
    masked_B1TF = (time_BT[:, :, None] | band_BF[:, None, :])[:, None]
    mean_B111 = mels_BCTF.mean(dim=(1, 2, 3), keepdim=True)
    return torch.where(masked_B1TF, mean_B111, mels_BCTF)
