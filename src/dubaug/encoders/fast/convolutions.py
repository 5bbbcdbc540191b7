"""Three-dimensional convolutions in faster forms: the same parameters under the same names, the same results.

Which form of a layer is fastest depends on the device; `stock` is PyTorch's own. What is measured stands in
benchmarks/NOTES.md. Shape suffixes: B batch, C channel, T time, H height, W width.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.function import once_differentiable

from dubaug.encoders.fast.depthwise_gpu import depthwise_conv3d, is_supported


class QuickConv3d(nn.Conv3d):
    """A convolution that has several forms, methods of `(B, C, T, H, W)` to `(B, C', T', H', W')`."""

    forms: ClassVar[tuple[str, ...]] = ("stock",)
    """All forms, the one taken by default first."""
    form: str
    thin: ClassVar[bool] = False
    """Whether its weight has dimensions of 1, whatever its size: then there are two ways to write one layout down."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return `(B, C', T', H', W')` of `(B, C, T, H, W)`."""
        form: Callable[[torch.Tensor], torch.Tensor] = getattr(self, self.form)
        return form(input)

    def stock(self, input: torch.Tensor) -> torch.Tensor:
        """PyTorch's convolution."""
        return super().forward(input)


def use_fast_convolutions(net: nn.Module, *, flat: bool = False) -> None:
    """Give the convolutions of `net` their faster forms. `flat`: what passes through it has a height of 1."""
    for layer in net.modules():
        if type(layer) is not nn.Conv3d or layer.padding_mode != "zeros" or isinstance(layer.padding, str):
            continue
        kind = _kind_of(layer, flat)
        if kind is not None:
            layer.__class__ = kind
            layer.form = kind.forms[0]  # type: ignore[assignment]


def _kind_of(layer: nn.Conv3d, flat: bool) -> type[QuickConv3d] | None:
    ones, zeros = (1, 1, 1), (0, 0, 0)
    if layer.kernel_size == ones and layer.padding == zeros and layer.groups == 1:
        return PointwiseConv3d
    if (
        layer.groups == layer.in_channels == layer.out_channels > 1
        and layer.bias is None
        and tuple(layer.dilation) == ones
        and layer.padding == tuple((size - 1) // 2 for size in layer.kernel_size)
        and all(size % 2 for size in layer.kernel_size)
    ):
        return DepthwiseConv3d
    if flat and (layer.kernel_size[1], layer.stride[1], layer.padding[1]) == (1, 1, 0):
        return FlatConv3d
    return None


class PointwiseConv3d(QuickConv3d):
    """A 1 x 1 x 1 convolution as a matrix product, in either layout of memory."""

    forms = ("product", "stock")
    thin = True

    def product(self, input: torch.Tensor) -> torch.Tensor:
        """One product over all places with channels last, one a clip where they come first."""
        channels_last = input.is_contiguous(memory_format=torch.channels_last_3d)  # the result keeps the layout
        if any(step > 1 for step in self.stride):
            input = input[:, :, :: self.stride[0], :: self.stride[1], :: self.stride[2]]
        weight = self.weight.flatten(1)
        if channels_last:
            return F.linear(input.permute(0, 2, 3, 4, 1), weight, self.bias).permute(0, 4, 1, 2, 3)
        result: torch.Tensor = torch.matmul(weight, input.flatten(2)).unflatten(2, input.shape[2:])
        if self.bias is not None:
            result = result + self.bias.reshape(1, -1, 1, 1, 1)
        return result


class FlatConv3d(QuickConv3d):
    """A convolution over time and width of what has a height of 1, in two dimensions."""

    forms = ("plane", "stock")

    def plane(self, input: torch.Tensor) -> torch.Tensor:
        """As a convolution of `(B, C, T, W)`."""
        assert input.shape[3] == 1
        (time, _, width), padding, dilation = self.stride, self.padding, self.dilation
        return F.conv2d(
            input.squeeze(3),
            self.weight.squeeze(3),
            self.bias,
            stride=(time, width),
            padding=(int(padding[0]), int(padding[2])),
            dilation=(dilation[0], dilation[2]),
            groups=self.groups,
        ).unsqueeze(3)


class DepthwiseConv3d(QuickConv3d):
    """A depthwise convolution whose backward on the CPU takes a third of the time of PyTorch's own."""

    forms = ("turned", "stock", "triton")
    thin = True

    def turned(self, input: torch.Tensor) -> torch.Tensor:
        """On the CPU in float32 with a backward of our own; elsewhere PyTorch's."""
        if input.device.type != "cpu" or input.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
            return self.stock(input)
        result: torch.Tensor = _Depthwise.apply(input, self.weight, self.stride, self.padding)
        return result

    def triton(self, input: torch.Tensor) -> torch.Tensor:
        """On a GPU by kernels of our own. Raises `RuntimeError` where there are none."""
        if torch.is_autocast_enabled(input.device.type):
            input = input.to(torch.get_autocast_dtype(input.device.type))
        if not is_supported(input, self.weight, self.stride):
            raise RuntimeError(f"no Triton kernel for {input.dtype} on {input.device.type} and stride {self.stride}")
        return depthwise_conv3d(input, self.weight, self.stride)


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
