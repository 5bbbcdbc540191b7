"""The fastest form that computes the same is taken, for each size by itself."""

import time

import pytest
import torch
from torch import nn

from dubaug.encoders.fast.convolutions import DepthwiseConv3d, FlatConv3d, PointwiseConv3d, use_fast_convolutions
from dubaug.encoders.fast.tuning import tune


def _network() -> nn.Sequential:
    depthwise = nn.Conv3d(8, 8, 3, padding=1, groups=8, bias=False)
    net = nn.Sequential(nn.Conv3d(3, 8, 1), depthwise, nn.ReLU(), nn.Conv3d(8, 8, 1), nn.Conv3d(8, 8, 1))
    use_fast_convolutions(net)
    return net


def _slow(self: nn.Module, input: torch.Tensor) -> torch.Tensor:
    time.sleep(0.1)  # far more than a busy machine adds
    return nn.Conv3d.forward(self, input)


@pytest.mark.parametrize("slow", ["product", "stock"])
def test_the_faster_form_is_taken(monkeypatch: pytest.MonkeyPatch, slow: str) -> None:
    monkeypatch.setattr(PointwiseConv3d, slow, _slow)
    net = _network()
    choices = tune(net, lambda: net(torch.randn(2, 3, 2, 4, 4)))
    assert [layer.form for layer in net if isinstance(layer, PointwiseConv3d)] == [
        {"product": "stock", "stock": "product"}[slow]
    ] * 3
    assert [(choice.layer, choice.layers) for choice in choices] == [
        ("PointwiseConv3d", 1),
        ("DepthwiseConv3d", 1),
        ("PointwiseConv3d", 2),
    ]
    assert all(set(choice.seconds) == {"product", "stock"} for choice in choices[::2])


def test_a_form_that_fails_or_computes_something_else_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: nn.Module, input: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("not on this device")

    def wrong(self: nn.Module, input: torch.Tensor) -> torch.Tensor:
        return 1.1 * nn.Conv3d.forward(self, input)

    monkeypatch.setattr(PointwiseConv3d, "product", fails)
    monkeypatch.setattr(DepthwiseConv3d, "turned", wrong)
    net = _network()
    choices = tune(net, lambda: net(torch.randn(2, 3, 2, 4, 4)))
    assert {choice.form for choice in choices} == {"stock"}
    assert [tuple(choice.seconds) for choice in choices] == [("stock",)] * 3
    assert choices[0].failed == {"product": "RuntimeError: not on this device"}
    assert choices[1].failed["turned"] == "computes something else"
    assert choices[1].failed["triton"].startswith("RuntimeError: no Triton kernel for torch.float32 on cpu")
    assert "turned: computes something else" in str(choices[1])


def test_weights_statistics_and_gradients_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    net = _network()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    tune(net, lambda: net(torch.randn(2, 3, 2, 4, 4)))
    assert all(torch.equal(net.state_dict()[name], value) for name, value in before.items())
    assert all(parameter.grad is None for parameter in net.parameters())


def test_layers_are_timed_in_the_precision_they_are_used_in(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()

    def noted(self: nn.Module, input: torch.Tensor) -> torch.Tensor:
        result = nn.Conv3d.forward(self, input)
        seen.add(result.dtype)
        return result

    monkeypatch.setattr(FlatConv3d, "plane", noted)
    net = nn.Sequential(nn.Conv3d(2, 4, (3, 1, 1), padding=(1, 0, 0)))
    use_fast_convolutions(net, flat=True)

    def forward() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            net(torch.randn(2, 2, 5, 1, 4))

    tune(net, forward)
    assert seen == {torch.bfloat16}
