"""RandAugment on a batch of clips: one operation a clip, the same for all its frames (paper §3.2).

The operations, their magnitudes (31 bins) and their arithmetic on float images are torchvision's `v2.RandAugment`;
clips with the same operation are done together. Shape suffixes: N clips of one operation, C channel, T time, Y, X size.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F

from dubaug.pretrain.views import OPERATIONS

BINS = 31
GEOMETRIC = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
GRAY = (0.2989, 0.587, 0.114)


def rand_augment(
    video_BCTYX: torch.Tensor, operations: Sequence[int], signs: Sequence[int], *, magnitude: int
) -> torch.Tensor:
    """Return the clips, values 0..1, each after its operation (an index into `OPERATIONS`) at `magnitude` of 30.

    `signs` (+1 or -1) is the direction of the operations that have one.
    """
    level = magnitude / (BINS - 1)
    names = [OPERATIONS[operation] for operation in operations]
    result_BCTYX = video_BCTYX.clone()
    for name in sorted(set(names) - {"identity"} - set(GEOMETRIC)):
        chosen = [clip for clip, other in enumerate(names) if other == name]
        sign_N = torch.tensor([float(signs[clip]) for clip in chosen], device=video_BCTYX.device)
        result_BCTYX[chosen] = _COLOUR[name](video_BCTYX[chosen], level * sign_N[:, None, None, None, None])
    moved = [clip for clip, name in enumerate(names) if name in GEOMETRIC]
    if moved:
        matrices = [_inverse_matrix(names[clip], level * signs[clip], video_BCTYX.shape[-2:]) for clip in moved]
        result_BCTYX[moved] = _affine(video_BCTYX[moved], torch.tensor(matrices, device=video_BCTYX.device))
    return result_BCTYX


def _inverse_matrix(name: str, level: float, size: Sequence[int]) -> list[list[float]]:
    """Return 2 x 3: from a place in the result to its place in the source, in pixels from the picture's centre."""
    height, width = size
    shear, share = 0.3 * level, 150.0 / 331.0
    if name == "shear_x":  # about the top left corner
        return [[1.0, shear, shear * height / 2], [0.0, 1.0, 0.0]]
    if name == "shear_y":
        return [[1.0, 0.0, 0.0], [shear, 1.0, shear * width / 2]]
    if name == "translate_x":
        return [[1.0, 0.0, -float(int(share * width * level))], [0.0, 1.0, 0.0]]
    if name == "translate_y":
        return [[1.0, 0.0, 0.0], [0.0, 1.0, -float(int(share * height * level))]]
    angle = torch.deg2rad(torch.tensor(30.0 * level, dtype=torch.float64))
    cosine, sine = float(angle.cos()), float(angle.sin())
    return [[cosine, -sine, 0.0], [sine, cosine, 0.0]]


def _affine(video_NCTYX: torch.Tensor, matrices_N23: torch.Tensor) -> torch.Tensor:
    """Return the clips moved by their matrices: nearest pixel, black where there is none."""
    clips, channels, frames, height, width = video_NCTYX.shape
    device = video_NCTYX.device
    y = torch.arange(height, device=device) - (height - 1) / 2
    x = torch.arange(width, device=device) - (width - 1) / 2
    places_YX3 = torch.stack(
        [x.expand(height, width), y[:, None].expand(height, width), torch.ones(height, width, device=device)], -1
    )
    source_NYX2 = torch.einsum("yxk,njk->nyxj", places_YX3, matrices_N23)
    grid_NYX2 = source_NYX2 / torch.tensor([width / 2, height / 2], device=device)
    flat = video_NCTYX.reshape(clips, channels * frames, height, width)
    moved = F.grid_sample(flat, grid_NYX2.to(flat.dtype), mode="nearest", padding_mode="zeros", align_corners=False)
    return moved.view_as(video_NCTYX)


def _gray(video_NCTYX: torch.Tensor) -> torch.Tensor:
    weights_C = torch.tensor(GRAY, dtype=video_NCTYX.dtype, device=video_NCTYX.device)
    return torch.einsum("nctyx,c->ntyx", video_NCTYX, weights_C)[:, None]


def _blend(video: torch.Tensor, other: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Return `video` moved from (level > 0) or towards (level < 0) `other`; the factor is 1 + 0.9 level."""
    factor = 1.0 + 0.9 * level
    return (factor * video + (1.0 - factor) * other).clamp_(0.0, 1.0)


def _sharpness(video: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Blend with a smoothed picture, whose outermost pixels are the picture's own."""
    height, width = video.shape[-2:]
    if height <= 2 or width <= 2:
        return video
    kernel = torch.ones(3, 3, dtype=video.dtype, device=video.device)
    kernel[1, 1] = 5.0
    flat = video.reshape(-1, 1, height, width)
    smooth = flat.clone()
    smooth[..., 1:-1, 1:-1] = F.conv2d(flat, (kernel / kernel.sum())[None, None])
    return _blend(video, smooth.view_as(video), level)


def _posterize(video: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Keep 8 bits at level 0, 4 at level 1."""
    bits = 8 - torch.round(level.abs() * 4)
    levels = 2.0**bits
    return (video * levels).floor().clamp_min(0).minimum(levels - 1) / levels


def _autocontrast(video: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Stretch each frame's channels to 0..1; a channel of one value stays."""
    low, high = video.amin(dim=(-2, -1), keepdim=True), video.amax(dim=(-2, -1), keepdim=True)
    flat = low == high
    return ((video - low.masked_fill(flat, 0.0)) / (high - low).masked_fill(flat, 1.0)).clamp_(0.0, 1.0)


def _equalize(video: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Spread each frame's channels evenly over 256 values, by PIL's integer scheme."""
    values = (video * (256 - 1e-3)).to(torch.uint8).long().flatten(-2)
    counts = torch.zeros((*values.shape[:-1], 256), dtype=torch.long, device=video.device)
    counts.scatter_add_(-1, values, torch.ones_like(values))
    below = counts.cumsum(-1)
    brightest = counts.gather(-1, below.argmax(-1, keepdim=True))
    step = (values.shape[-1] - brightest) // 255
    table = ((below + step // 2) // step.clamp_min(1)).clamp_(0, 255)
    table = torch.cat([torch.zeros_like(table[..., :1]), table[..., :-1]], dim=-1)
    spread = torch.where(step > 0, table.gather(-1, values), values)
    return (spread.to(video.dtype) / 255.0).view_as(video)


_COLOUR: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "brightness": lambda video, level: _blend(video, torch.zeros_like(video), level),
    "color": lambda video, level: _blend(video, _gray(video), level),
    "contrast": lambda video, level: _blend(video, _gray(video).mean(dim=(-2, -1), keepdim=True), level),
    "sharpness": _sharpness,
    "posterize": _posterize,
    "solarize": lambda video, level: torch.where(video >= 1.0 - level.abs(), 1.0 - video, video),
    "autocontrast": _autocontrast,
    "equalize": _equalize,
}
