"""Depthwise 3-D convolution on a CUDA device, by the Triton kernels of `depthwise_kernels`.

PyTorch's own kernel for contiguous tensors reads everything again for every tap of the weights' gradient; these read
each tensor once. `depthwise_conv3d` is the function; `is_supported` says where it can stand in for `F.conv3d`. Without
Triton (a Mac, a build of torch for the CPU) this module imports and supports nothing.

It is registered as custom operators, not as `triton_op`s: a compiler has nothing to fuse into these kernels, and an
opaque operator is the same one everywhere: under `torch.compile`, without it, and in Triton's interpreter on a CPU.

Sums are float32, in an order that depends on the sizes alone, with no atomics: the same inputs give the same bits.

Bytes. A kernel must move its two large tensors once, and by design moves no more but the rows that neighbouring blocks
of lanes share, which the L2 cache should serve, and for the weights the partial sums. X3D-M's largest layers in
bfloat16 at a batch of 26, in MB (1e6); last, the least time of an A100's float32 units (9.7e12 multiply-adds a
second) for the taps:

    layer                                   least   forward   of input   of weight   arithmetic
    24 x 16 x 112 x 112, (5, 1, 1)            501       501        501         501      0.06 ms
    54 x 16 x 112 x 112, stride (1, 2, 2)     705       735        735         737      0.20 ms
    54 x 16 x 56 x 56                         282       313        313         314      0.20 ms

At an A100's 1.6 to 2.0 TB/s the first two wait for memory (0.25 and 0.35 ms at the least); the third, and with it all
(3, 3, 3) layers of stride 1, have to wait for arithmetic as well.
"""

import importlib.util
from collections.abc import Sequence
from typing import Any

import torch

DTYPES = (torch.bfloat16, torch.float16, torch.float32)
STRIDES = ((1, 1, 1), (1, 2, 2))
TAPS_MAX = 27
"""Each lane has a sum in a register for each tap."""
_AVAILABLE = importlib.util.find_spec("triton") is not None


def is_supported(input: torch.Tensor, weight: torch.Tensor, stride: Sequence[int]) -> bool:
    """Return whether `depthwise_conv3d` takes these: on a CUDA device, of its types, sizes and strides."""
    return _AVAILABLE and input.device.type == "cuda" and input.device == weight.device and _fit(input, weight, stride)


def depthwise_conv3d(input: torch.Tensor, weight: torch.Tensor, stride: Sequence[int]) -> torch.Tensor:
    """Return `(B, C, T, H', W')` of `(B, C, T, H, W)` and `(C, 1, kt, kh, kw)`, each channel filtered by itself.

    The padding is `(size - 1) // 2`. The result has the input's type, whatever the weights': they are rounded to it in
    the kernel, as autocast does it, but their gradient is of their own type and never rounded to the input's. Autocast
    does not change the input's type. An input that is not contiguous is copied first. Raises `ValueError` for types,
    sizes and strides that there is no kernel for.
    """
    if not _fit(input, weight, stride):
        raise ValueError(
            f"depthwise_conv3d takes an input (B, C, T, H, W) of {DTYPES}, weights (C, 1, kt, kh, kw) of odd sizes and "
            f"at most {TAPS_MAX} taps and strides {STRIDES}: got {input.dtype = }, {input.shape = }, "
            f"{weight.shape = }, {stride = }"
        )
    result: torch.Tensor = _conv(input.contiguous(), weight.contiguous(), list(stride))
    return result


def _fit(input: torch.Tensor, weight: torch.Tensor, stride: Sequence[int]) -> bool:
    return (
        input.dtype in DTYPES
        and input.ndim == weight.ndim == 5
        and weight.shape[:2] == (input.shape[1], 1)
        and all(size % 2 for size in weight.shape[2:])
        and weight.shape[2:].numel() <= TAPS_MAX
        and tuple(stride) in STRIDES
        and input.numel() > 0
    )


def launch_constants(
    plane: Sequence[int], kernel: Sequence[int], stride: Sequence[int], *, of_input: bool = False
) -> dict[str, int]:
    """Return a kernel's constants for an input of `plane` (H, W), and its number of warps.

    `of_input`: lanes are cells of the input (`input_gradient`), not places of the result (`forward`,
    `weight_gradient`). Chosen so that nothing spills on sm_80 and sm_90: at most 128 registers, mostly 40 to 80.
    """
    (height, width), (_, down, right) = plane, stride
    flat = tuple(kernel[1:]) == (1, 1) and (down, right) == (1, 1)
    if flat:  # no neighbours in the plane: one long row, in accesses of 16 bytes
        height, width = 1, height * width
    out_height, out_width = -(-height // down), -(-width // right)
    lane_rows = height if of_input else out_height
    if flat:
        rows, block, warps = 1, 1024, 4
    else:
        # More rows are fewer loads a result, but fewer lanes: 7 only where 4 would leave the last band not full.
        rows = min((4,) if of_input and down == 2 else (4, 7), key=lambda rows: (-(-lane_rows // rows) * rows, rows))
        block, warps = (128, 4) if out_width >= 14 else (64, 2)
    return {
        "HEIGHT": height, "WIDTH": width, "OUT_HEIGHT": out_height, "OUT_WIDTH": out_width,
        "KT": kernel[0], "KH": kernel[1], "KW": kernel[2], "SH": down, "SW": right,
        "ROWS": rows, "BLOCK": block, "num_warps": warps,
    }  # fmt: skip


def _launch(
    size: Sequence[int], kernel: Sequence[int], stride: Sequence[int], *, of_input: bool = False
) -> tuple[tuple[int, int], dict[str, int]]:
    """Return a kernel's grid, programs and channels, and all arguments but tensors for an input of `size`."""
    batch, channels, frames, *plane = size
    chosen = launch_constants(plane, kernel, stride, of_input=of_input)
    rows = chosen["HEIGHT" if of_input else "OUT_HEIGHT"]
    lanes = batch * -(-rows // chosen["ROWS"]) * chosen["OUT_WIDTH"]
    programs = -(-lanes // chosen["BLOCK"])
    return (programs, channels), {"batch": batch, "channels": channels, "frames": frames, **chosen}


def _out_size(size: Sequence[int], stride: Sequence[int]) -> list[int]:
    return [*size[:2], *(-(-length // step) for length, step in zip(size[2:], stride, strict=True))]


@torch.library.custom_op("dubaug::depthwise_conv3d", mutates_args=())
def _conv(input: torch.Tensor, weight: torch.Tensor, stride: Sequence[int]) -> torch.Tensor:
    from dubaug.encoders.fast import depthwise_kernels

    grid, arguments = _launch(input.shape, weight.shape[2:], stride)
    output = input.new_empty(_out_size(input.shape, stride))
    with torch.cuda.device_of(input):
        depthwise_kernels.forward[grid](input, weight, output, **arguments)
    return output


@_conv.register_fake
def _(input: torch.Tensor, weight: torch.Tensor, stride: Sequence[int]) -> torch.Tensor:
    return input.new_empty(_out_size(input.shape, stride))


@torch.library.custom_op("dubaug::depthwise_conv3d_input_gradient", mutates_args=())
def _input_gradient(
    gradient: torch.Tensor, weight: torch.Tensor, size: Sequence[int], stride: Sequence[int]
) -> torch.Tensor:
    from dubaug.encoders.fast import depthwise_kernels

    grid, arguments = _launch(size, weight.shape[2:], stride, of_input=True)
    output = gradient.new_empty(size)
    with torch.cuda.device_of(gradient):
        depthwise_kernels.input_gradient[grid](gradient, weight, output, **arguments)
    return output


@_input_gradient.register_fake
def _(gradient: torch.Tensor, weight: torch.Tensor, size: Sequence[int], stride: Sequence[int]) -> torch.Tensor:
    return gradient.new_empty(size)


@torch.library.custom_op("dubaug::depthwise_conv3d_weight_gradient", mutates_args=())
def _weight_gradient(
    gradient: torch.Tensor, input: torch.Tensor, kernel: Sequence[int], stride: Sequence[int]
) -> torch.Tensor:
    from dubaug.encoders.fast import depthwise_kernels

    grid, arguments = _launch(input.shape, kernel, stride)
    programs, channels = grid
    partial = input.new_empty((channels, programs, *kernel), dtype=torch.float32)
    with torch.cuda.device_of(input):
        depthwise_kernels.weight_gradient[grid](gradient, input, partial, **arguments)
    return partial.sum(1, keepdim=True)


@_weight_gradient.register_fake
def _(gradient: torch.Tensor, input: torch.Tensor, kernel: Sequence[int], stride: Sequence[int]) -> torch.Tensor:
    return input.new_empty((input.shape[1], 1, *kernel), dtype=torch.float32)


def _save(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    input, weight, ctx.stride = inputs
    ctx.save_for_backward(input, weight)


def _backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    input, weight = ctx.saved_tensors
    gradient = gradient.contiguous()
    of_input = of_weight = None
    if ctx.needs_input_grad[0]:
        of_input = _input_gradient(gradient, weight, list(input.shape), ctx.stride)
    if ctx.needs_input_grad[1]:
        of_weight = _weight_gradient(gradient, input, list(weight.shape[2:]), ctx.stride).to(weight.dtype)
    return of_input, of_weight, None


_conv.register_autograd(_backward, setup_context=_save)
