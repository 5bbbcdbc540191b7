"""Which form of each convolution is fastest on this device at these sizes: measured before the first step on a GPU."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from dubaug.encoders.fast.convolutions import QuickConv3d

RUNS = 5
AGREEMENT = 0.02
"""How much a form may differ from PyTorch's, as a share of the result's norm: bfloat16 rounds by 0.004."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One kind of layer at one size, and what its forms took."""

    layer: str
    shape: tuple[int, ...]
    seconds: dict[str, float]
    """Forward and backward; a form that failed or computed something else is not here."""
    failed: dict[str, str]
    """Why the others are not."""
    layers: int
    """How many layers of the network are so."""

    @property
    def form(self) -> str:
        """The fastest."""
        return min(self.seconds, key=lambda form: self.seconds[form])

    def __str__(self) -> str:
        times = ", ".join(f"{form} {1e3 * took_s:.3f} ms" for form, took_s in self.seconds.items())
        failed = "".join(f"; {form}: {reason}" for form, reason in self.failed.items())
        return f"{self.layers} x {self.layer} of {'x'.join(map(str, self.shape))}: {self.form} ({times}{failed})"


def forms(network: nn.Module) -> list[int]:
    """Return the form of each `QuickConv3d` as its number among the layer's forms."""
    return [layer.forms.index(layer.form) for layer in _layers(network)]


def take_forms(network: nn.Module, numbers: Sequence[int]) -> None:
    """Give each `QuickConv3d` the form of its number, as `forms` has them."""
    for layer, number in zip(_layers(network), numbers, strict=True):
        layer.form = layer.forms[number]


def _layers(network: nn.Module) -> list[QuickConv3d]:
    return [layer for layer in network.modules() if isinstance(layer, QuickConv3d)]


def tune(network: nn.Module, forward: Callable[[], object]) -> list[Choice]:
    """Set the form of each `QuickConv3d` of `network` to the fastest; `forward` passes a batch of the usual size.

    Each form is timed in the precision that `forward` gives its layer, forward and backward.
    """
    layers = _layers(network)
    inputs: dict[QuickConv3d, tuple[torch.Tensor, bool]] = {}

    def note(layer: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(layer, QuickConv3d)
        (input,) = arguments
        # Its size and layout alone: all inputs at once are as much memory as training takes.
        inputs[layer] = (input.to("meta"), torch.is_autocast_enabled(input.device.type))

    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    for layer in layers:
        layer.form = "stock"
    try:
        with torch.no_grad():
            forward()
    finally:
        for hook in hooks:
            hook.remove()
    alike: dict[tuple[object, ...], list[QuickConv3d]] = {}
    for layer, (input, _) in inputs.items():
        sizes = (type(layer), layer.kernel_size, layer.stride, tuple(layer.weight.shape))
        alike.setdefault((*sizes, input.shape, input.stride(), input.dtype), []).append(layer)
    choices = []
    for group in alike.values():
        first = group[0]
        input, half = inputs[first]
        seconds, failed = _timed(first, torch.randn_like(input, device=first.weight.device), half)
        choice = Choice(
            layer=type(first).__name__, shape=tuple(input.shape), seconds=seconds, failed=failed, layers=len(group)
        )
        choices.append(choice)
        for layer in group:
            layer.form = choice.form
    return choices


def _timed(layer: QuickConv3d, input: torch.Tensor, half: bool) -> tuple[dict[str, float], dict[str, str]]:
    """Return the seconds of each form that computes what PyTorch's does, and what is wrong with the others.

    The layer is left in the form that was tried last.
    """
    expected = None
    seconds: dict[str, float] = {}
    failed: dict[str, str] = {}
    for form in sorted(layer.forms, key=lambda form: form != "stock"):
        layer.form = form
        try:
            result, spent_s = _run(layer, input, half)
        except Exception as error:  # whatever a form lacks on this device: PyTorch's own is there
            if form == "stock":
                raise
            failed[form] = f"{type(error).__name__}: {error}".splitlines()[0]
            continue
        expected = result if expected is None else expected
        if all(_agree(one, other) for one, other in zip(result, expected, strict=True)):
            seconds[form] = spent_s
        else:
            failed[form] = "computes something else"
    return seconds, failed


def _agree(one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool((one - other).float().norm() <= AGREEMENT * other.float().norm() + 1e-6)


def _run(layer: QuickConv3d, input: torch.Tensor, half: bool) -> tuple[list[torch.Tensor], float]:
    """Return the layer's result and gradients, and the least seconds of some runs after one to warm up."""
    device = input.device
    input = input.detach().requires_grad_()
    least_s = float("inf")
    for run in range(1 + RUNS):
        wait_for(device)
        start_s = time.perf_counter()
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
            output = layer(input)
        gradients = torch.autograd.grad(output, (input, *layer.parameters()), torch.ones_like(output))
        wait_for(device)
        if run:
            least_s = min(least_s, time.perf_counter() - start_s)
    return [output.detach(), *gradients], least_s


def wait_for(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
