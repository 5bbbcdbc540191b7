"""Run the Triton kernels in Triton's interpreter and print, as JSON, how far they are from PyTorch's in float64.

A program of its own: the interpreter is chosen by a variable of the environment when Triton is imported.
"""

import json
import os
import sys
from typing import Any

os.environ["TRITON_INTERPRET"] = "1"

import torch
import torch.nn.functional as F

from dubaug.encoders.fast import depthwise_gpu
from dubaug.encoders.fast.depthwise_gpu import depthwise_conv3d


def errors(case: dict[str, Any]) -> dict[str, float]:
    """Return the largest errors of the result and both gradients."""
    generator = torch.Generator().manual_seed(0)
    dtype, kernel, stride = getattr(torch, case["dtype"]), case["kernel"], case["stride"]
    input = torch.randn(case["size"], generator=generator).to(dtype).requires_grad_()
    weight = torch.randn(input.shape[1], 1, *kernel, generator=generator).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        output = depthwise_conv3d(input, weight, stride)
    gradient = torch.randn(output.shape, generator=generator).to(dtype)
    output.backward(gradient)
    input_64 = input.detach().double().requires_grad_()
    weight_64 = as_interpreted(weight.detach(), dtype).double().requires_grad_()
    output_64 = F.conv3d(input_64, weight_64, None, stride, [size // 2 for size in kernel], 1, input.shape[1])
    output_64.backward(gradient.double())
    assert output.dtype == input.grad.dtype == dtype
    assert weight.grad.dtype == torch.float32
    return {
        "output": distance(output, output_64),
        "input": distance(input.grad, input_64.grad),
        "weight": distance(weight.grad, weight_64.grad),
    }


def as_interpreted(weight: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return the weights in another type as the interpreter makes them: it cuts to bfloat16 where a GPU rounds."""
    if dtype == torch.bfloat16:
        return (weight.view(torch.int32) & -(1 << 16)).view(torch.float32)
    return weight.to(dtype)


def distance(got: torch.Tensor, wanted: torch.Tensor) -> float:
    """Return the largest error: in float32 over the largest value, in shorter types, which round, over its own."""
    assert got.shape == wanted.shape
    scale = wanted.abs().max()
    if got.dtype != torch.float32:
        scale = wanted.abs() + 1e-3 * scale
    return ((got.double() - wanted).abs() / scale).max().item()


def compiled() -> bool:
    """Return whether a compiled function's result and gradients are those of the function itself, to the bit."""

    def function(input: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return depthwise_conv3d(torch.relu(input), weight, (1, 2, 2)).square()

    results = []
    for run in (function, torch.compile(function, backend="aot_eager", fullgraph=True)):
        generator = torch.Generator().manual_seed(1)
        input, weight = (
            torch.randn(size, generator=generator).requires_grad_() for size in [(1, 2, 2, 4, 3), (2, 1, 1, 3, 1)]
        )
        output = run(input, weight)
        output.sum().backward()
        results.append((output.detach(), input.grad, weight.grad))
    return all(torch.equal(plain, other) for plain, other in zip(*results, strict=True))


def opcheck() -> None:
    """Raise if an operator's schema, its shapes for the compiler or its gradient are not as registered."""
    input, weight = torch.randn(1, 1, 2, 4, 3), torch.randn(1, 1, 1, 3, 1)
    gradient, stride = torch.randn(1, 1, 2, 2, 2), [1, 2, 2]
    operators, checks = torch.ops.dubaug, ("test_schema", "test_faketensor")
    torch.library.opcheck(
        operators.depthwise_conv3d, (input.clone().requires_grad_(), weight.clone().requires_grad_(), stride)
    )
    torch.library.opcheck(
        operators.depthwise_conv3d_input_gradient, (gradient, weight, [1, 1, 2, 4, 3], stride), test_utils=checks
    )
    torch.library.opcheck(
        operators.depthwise_conv3d_weight_gradient, (gradient, input, [1, 3, 1], stride), test_utils=checks
    )


if __name__ == "__main__":
    assert not depthwise_gpu.is_supported(torch.randn(1, 2, 2, 4, 3), torch.randn(2, 1, 3, 3, 3), (1, 1, 1))
    measured = [errors(case) for case in json.load(sys.stdin)]
    opcheck()
    print(json.dumps({"errors": measured, "compiled": compiled()}))
