"""The Triton kernels of depthwise convolutions: what they compute, in the interpreter and on a GPU; that they compile.

`depthwise_gpu` and `depthwise_kernels` together: neither does anything without the other.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch._subclasses.fake_tensor import FakeTensorMode

from dubaug.encoders.fast.depthwise_gpu import depthwise_conv3d, is_supported, launch_constants
from needs import lacking

ONE, TWO = (1, 1, 1), (1, 2, 2)
CUBE, TIME = (3, 3, 3), (5, 1, 1)
LAYERS = [  # channels, height and width, kernel, stride: X3D-M's
    (24, 112, TIME, ONE), (54, 112, CUBE, TWO), (54, 56, CUBE, ONE), (108, 56, CUBE, TWO), (108, 28, CUBE, ONE),
    (216, 28, CUBE, TWO), (216, 14, CUBE, ONE), (432, 14, CUBE, TWO), (432, 7, CUBE, ONE),
]  # fmt: skip
COMPILED = [(0, 80), (1, 90), (8, 80), (5, 90)]  # numbers of layers, each for an A100 or an H100
KERNELS = ("forward", "input_gradient", "weight_gradient")
ROUNDING = {"float32": 1e-5, "bfloat16": 1.01 * 2**-7, "float16": 1.01 * 2**-11}  # the interpreter cuts to bfloat16
NAMES = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}


def _case(size: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...], dtype: str) -> dict[str, Any]:
    return {"size": size, "kernel": kernel, "stride": stride, "dtype": dtype}


CASES = [
    *(_case((1, 2, 3, 7, 7), kernel, stride, "float32") for kernel in [CUBE, TIME] for stride in [ONE, TWO]),
    *(_case((3, 1, 2, 6, 5), kernel, stride, "float32") for kernel in [CUBE, TIME, (1, 3, 5)] for stride in [ONE, TWO]),
    _case((1, 3, 6, 4, 3), TIME, ONE, "float32"),
    _case((1, 1, 1, 1, 1), TIME, ONE, "float32"),
    _case((1, 1, 1, 1, 1), CUBE, TWO, "float32"),
    _case((2, 1, 2, 30, 28), (1, 3, 3), ONE, "float32"),  # several blocks of lanes, the last not full
    _case((1, 1, 2, 7, 14), CUBE, ONE, "bfloat16"),
    _case((1, 1, 2, 9, 8), CUBE, TWO, "bfloat16"),
    _case((1, 2, 6, 4, 8), TIME, ONE, "bfloat16"),
    _case((1, 1, 2, 5, 4), CUBE, TWO, "float16"),
]


def _triton() -> Any:
    try:
        import triton
    except ImportError:
        lacking("triton", "Triton is not installed: there are no kernels")
    return triton


@pytest.fixture(scope="module")
def interpreted() -> dict[str, Any]:
    _triton()
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("depthwise_interpreted.py"))],
        input=json.dumps(CASES),
        capture_output=True,
        text=True,
    )
    if "only 0-dimensional arrays can be converted" in done.stderr:
        lacking("triton", "the interpreter of Triton before 3.8 does not run with NumPy 2.4")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: "-".join(map(str, CASES[number].values())))
def test_the_kernels_compute_the_convolution_and_its_gradients(interpreted: dict[str, Any], number: int) -> None:
    tolerance = ROUNDING[CASES[number]["dtype"]]
    errors = interpreted["errors"][number]
    assert errors["output"] < tolerance
    assert errors["input"] < tolerance
    assert errors["weight"] < 1e-5  # of any type: not rounded to the input's on the way


def test_a_compiler_can_trace_the_operators(interpreted: dict[str, Any]) -> None:
    assert interpreted["compiled"]


def test_the_package_imports_without_triton() -> None:
    program = (
        "import sys; sys.modules['triton'] = None\n"
        "import torch\n"
        "from torch._subclasses.fake_tensor import FakeTensorMode\n"
        "from dubaug.encoders.fast.depthwise_gpu import is_supported\n"
        "with FakeTensorMode():\n"
        "    input, weight = (torch.empty(s, device='cuda') for s in [(2, 6, 4, 9, 9), (6, 1, 3, 3, 3)])\n"
        "assert not is_supported(input, weight, (1, 1, 1))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_is_supported_is_said() -> None:
    _triton()

    def answer(
        size: tuple[int, ...] = (2, 6, 4, 9, 9),
        weight: tuple[int, ...] = (6, 1, 3, 3, 3),
        stride: tuple[int, ...] = ONE,
        dtype: torch.dtype = torch.bfloat16,
        device: str = "cuda",
    ) -> bool:
        with FakeTensorMode():  # tensors without contents need no GPU
            return is_supported(
                torch.empty(size, dtype=dtype, device=device), torch.empty(weight, device="cuda"), stride
            )

    assert answer()
    assert answer(stride=TWO, dtype=torch.float32)
    assert not answer(stride=(2, 1, 1))
    assert not answer(dtype=torch.float64)
    assert not answer(device="cpu")
    assert not answer(weight=(6, 1, 3, 2, 3))
    assert not answer(weight=(6, 6, 3, 3, 3))
    assert not answer(weight=(6, 1, 3, 3, 5))
    assert not answer(size=(0, 6, 4, 9, 9))
    with pytest.raises(ValueError, match="stride = \\(2, 1, 1\\)"):
        depthwise_conv3d(torch.zeros(2, 6, 4, 9, 9), torch.zeros(6, 1, 3, 3, 3), (2, 1, 1))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))


def _compile(kernel: str, layer: tuple[Any, ...], architecture: int, dtype: str = "bfloat16", **known: int) -> bytes:
    """Return a kernel's machine code, compiled as for its launch, with the arguments in `known` as constants."""
    triton = _triton()
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from dubaug.encoders.fast import depthwise_kernels

    if triton.knobs.runtime.interpret:
        lacking("triton", "TRITON_INTERPRET is set: kernels are not compiled")
    _, side, size, stride = layer
    constants = launch_constants((side, side), size, stride, of_input=kernel == "input_gradient")
    warps = constants.pop("num_warps")
    function = getattr(depthwise_kernels, kernel)
    large = f"*{NAMES[dtype]}"
    pointers = {"weight": "*fp32", "partial": "*fp32", "gradient": large, "input": large, "output": large}
    constants |= known
    signature = {name: "constexpr" if name in constants else pointers.get(name, "i32") for name in function.arg_names}
    aligned = [number for number, name in enumerate(function.arg_names) if name in pointers]
    source = ASTSource(function, signature, constants, {(number,): [["tt.divisibility", 16]] for number in aligned})
    compiled = triton.compile(source, target=GPUTarget("cuda", architecture, 32), options={"num_warps": warps})
    code: bytes = compiled.asm["cubin"]
    return code


def _resources(code: bytes, folder: Path) -> dict[str, int]:
    """Return the registers of a thread and its bytes of stack and local memory, as NVIDIA's tool reads them."""
    import triton

    tool = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
    if not tool.is_file():
        lacking("triton", f"Triton came without {tool}")
    (folder / "kernel.cubin").write_bytes(code)
    said = subprocess.run(
        [tool, "-res-usage", folder / "kernel.cubin"], capture_output=True, text=True, check=True
    ).stdout
    return {name: int(number) for name, number in re.findall(r"\b(REG|STACK|LOCAL):(\d+)", said)}


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("number", "architecture"), COMPILED)
def test_the_kernels_compile_without_spilling(kernel: str, number: int, architecture: int, tmp_path: Path) -> None:
    used = _resources(_compile(kernel, LAYERS[number], architecture), tmp_path)
    assert used["STACK"] == used["LOCAL"] == 0
    assert 0 < used["REG"] <= 128


@pytest.mark.slow
@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize(("kernel", "dtype"), zip(KERNELS, ["float16", "float32", "float32"], strict=True))
def test_the_kernels_compile_for_other_types(kernel: str, dtype: str, tmp_path: Path) -> None:
    used = _resources(_compile(kernel, LAYERS[1], 80, dtype), tmp_path)
    assert used["STACK"] == used["LOCAL"] == 0


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_kernels_compile_for_one_clip_of_one_frame(kernel: str) -> None:
    assert _compile(kernel, (1, 9, CUBE, TWO), 80, batch=1, channels=1, frames=1)


gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: the kernels cannot run")


@pytest.fixture
def exact() -> Iterator[None]:
    """Let PyTorch's own convolutions be of float32, not of TF32."""
    with torch.backends.cudnn.flags(enabled=False):
        yield


def _gpu_case(
    layer: tuple[Any, ...], dtype: torch.dtype, batch: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, tuple[int, ...]]:
    """Return an input, weights, a gradient of the result and a stride."""
    channels, side, kernel, stride = layer
    generator = torch.Generator("cuda").manual_seed(0)
    out = -(-side // stride[1])
    input = torch.randn(batch, channels, 16, side, side, device="cuda", generator=generator).to(dtype)
    weight = torch.randn(channels, 1, *kernel, device="cuda", generator=generator)
    gradient = torch.randn(batch, channels, 16, out, out, device="cuda", generator=generator).to(dtype)
    return input.requires_grad_(), weight.requires_grad_(), gradient, stride


@gpu
@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: "-".join(map(str, layer)))
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_on_a_gpu_results_are_pytorchs_and_the_same_twice(layer: tuple[Any, ...], dtype: torch.dtype) -> None:
    input, weight, gradient, stride = _gpu_case(layer, dtype, batch=4)
    assert is_supported(input, weight, stride)
    twice = []
    for _ in range(2):
        output = depthwise_conv3d(input, weight, stride)
        twice.append((output.detach(), *torch.autograd.grad(output, (input, weight), gradient)))
    assert all(torch.equal(first, second) for first, second in zip(*twice, strict=True))

    if dtype == torch.bfloat16:  # as autocast has it
        assert torch.equal(depthwise_conv3d(input, weight.detach().to(dtype).float(), stride), twice[0][0])

    input_32, weight_32 = input.detach().float().requires_grad_(), weight.detach().to(dtype).float().requires_grad_()
    padding = [size // 2 for size in weight.shape[2:]]
    stock = F.conv3d(input_32, weight_32, None, stride, padding, 1, len(weight))
    wanted = (stock.detach(), *torch.autograd.grad(stock, (input_32, weight_32), gradient.float()))
    rtol, atol = (2**-7, 1e-3) if dtype == torch.bfloat16 else (1e-4, 1e-4)
    for got, value in zip(twice[0][:2], wanted[:2], strict=True):
        assert got.dtype == dtype
        torch.testing.assert_close(got.float(), value, rtol=rtol, atol=atol)
    assert twice[0][2].dtype == torch.float32
    scale = wanted[2].abs().max().item()
    torch.testing.assert_close(twice[0][2], wanted[2], rtol=0, atol=1e-4 * scale)


@gpu
def test_on_a_gpu_tensors_of_more_than_two_to_the_31_values_are_reached() -> None:
    if torch.cuda.mem_get_info()[0] < 24 << 30:
        lacking("gpu", "less than 24 GiB of the GPU's memory are free")
    input = torch.empty(44, 54, 8, 340, 340, device="cuda", dtype=torch.bfloat16)
    assert input.numel() > 2**31
    input[:-1].zero_()
    input[-1].normal_()
    weight = torch.randn(54, 1, *CUBE, device="cuda", requires_grad=True)
    whole = depthwise_conv3d(input, weight, ONE)
    last = input[-1:].clone().requires_grad_()
    alone = depthwise_conv3d(last, weight, ONE)
    assert torch.equal(whole[-1:], alone)
    (of_weight,) = torch.autograd.grad(whole, weight, whole.detach())
    (of_weight_alone,) = torch.autograd.grad(alone, weight, alone.detach())
    torch.testing.assert_close(of_weight, of_weight_alone, rtol=1e-3, atol=1e-3 * of_weight_alone.abs().max().item())
