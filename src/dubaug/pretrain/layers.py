"""Layers of pytorchvideo's networks in faster forms: the same parameters under the same names, the same results.

Shape suffixes: B batch, C channel, T time, H height, W width.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.function import once_differentiable


def quicken(net: nn.Module) -> None:
    """Put faster forms in the places of the layers of `net` that have one; they take over the layers' parameters."""
    for parent in list(net.modules()):
        for name, layer in list(parent.named_children()):
            if _is_depthwise(layer):
                setattr(parent, name, _depthwise_of(layer))


def _is_depthwise(layer: nn.Module) -> bool:
    """Return whether the layer filters each channel by itself and keeps the size but for its stride."""
    return (
        type(layer) is nn.Conv3d
        and layer.groups == layer.in_channels == layer.out_channels
        and layer.groups > 1
        and layer.bias is None
        and tuple(layer.dilation) == (1, 1, 1)
        and layer.padding_mode == "zeros"
        and layer.padding == tuple((size - 1) // 2 for size in layer.kernel_size)
        and all(size % 2 for size in layer.kernel_size)
    )


class DepthwiseConv3d(nn.Conv3d):
    """A depthwise convolution whose backward on the CPU takes a third of the time of PyTorch's own."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return `(B, C, T', H', W')` of `(B, C, T, H, W)`."""
        if input.device.type != "cpu" or input.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
            return super().forward(input)
        result: torch.Tensor = _Depthwise.apply(input, self.weight, self.stride, self.padding)
        return result


def _depthwise_of(layer: nn.Module) -> DepthwiseConv3d:
    assert isinstance(layer, nn.Conv3d)
    with torch.device("meta"):
        quick = DepthwiseConv3d(
            layer.in_channels,
            layer.out_channels,
            kernel_size=layer.kernel_size,  # type: ignore[arg-type]
            stride=layer.stride,  # type: ignore[arg-type]
            padding=layer.padding,  # type: ignore[arg-type]
            groups=layer.groups,
            bias=False,
        )
    quick.weight = layer.weight
    return quick


class _Depthwise(torch.autograd.Function):
    """Depthwise convolution on the CPU.

    The gradient of the input is a depthwise convolution too, with the kernel turned round: oneDNN's forward does that
    up to twenty times as fast as its backward. The weights' gradient is oneDNN's.
    """

    @staticmethod
    def forward(
        ctx: Any, input: torch.Tensor, weight: torch.Tensor, stride: tuple[int, ...], padding: tuple[int, ...]
    ) -> torch.Tensor:
        ctx.save_for_backward(input, weight)
        ctx.stride, ctx.padding = stride, padding
        return F.conv3d(input, weight, None, stride, padding, 1, len(weight))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (gradient,) = gradients
        input, weight = ctx.saved_tensors
        of_input = of_weight = None
        if ctx.needs_input_grad[0]:
            spread = gradient
            if any(step > 1 for step in ctx.stride):  # what a stride left out has no gradient
                spread = torch.zeros_like(input)
                spread[:, :, :: ctx.stride[0], :: ctx.stride[1], :: ctx.stride[2]] = gradient
            of_input = F.conv3d(spread, weight.flip(2, 3, 4), None, 1, ctx.padding, 1, len(weight))
        if ctx.needs_input_grad[1]:
            _, of_weight, _ = torch.ops.aten.convolution_backward(
                gradient, input, weight, None, ctx.stride, ctx.padding, (1, 1, 1), False, (0, 0, 0), len(weight),
                [False, True, False],
            )  # fmt: skip
        return of_input, of_weight, None, None
