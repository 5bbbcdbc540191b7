"""Faster forms of layers give what PyTorch's own give, gradients too, and keep names and parameters."""

import copy

import pytest
import torch
from torch import nn

from dubaug.encoders.fast.convolutions import (
    DepthwiseConv3d,
    FlatConv3d,
    PointwiseConv3d,
    QuickConv3d,
    use_fast_convolutions,
)


@pytest.mark.parametrize("kernel", [(3, 3, 3), (5, 1, 1), (1, 3, 5)])
@pytest.mark.parametrize("stride", [(1, 1, 1), (1, 2, 2), (2, 1, 3)])
@pytest.mark.parametrize("size", [(8, 20, 20), (4, 5, 3), (3, 2, 7), (1, 1, 1)])
@pytest.mark.parametrize("last", [True, False], ids=["channels last", "contiguous"])
def test_a_depthwise_convolution_and_its_gradients_are_pytorchs(
    kernel: tuple[int, int, int], stride: tuple[int, int, int], size: tuple[int, int, int], last: bool
) -> None:
    """In float32: in others it is PyTorch's own. (The form for GPUs has tests of its own.)"""
    torch.manual_seed(0)
    padding = tuple((length - 1) // 2 for length in kernel)
    layer = nn.Conv3d(6, 6, kernel, stride=stride, padding=padding, groups=6, bias=False)
    _assert_like_stock(layer, DepthwiseConv3d, (3, 6, *size), last=last, dtype=torch.float32, atol=1e-4)


@pytest.mark.parametrize("stride", [(1, 1, 1), (1, 2, 2), (2, 1, 3)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("size", [(3, 5, 4), (1, 1, 1)])
@pytest.mark.parametrize("last", [True, False], ids=["channels last", "contiguous"])
def test_a_matrix_product_is_a_convolution_of_one_place(
    stride: tuple[int, int, int], bias: bool, size: tuple[int, int, int], last: bool
) -> None:
    _assert_like_stock(nn.Conv3d(5, 7, 1, stride=stride, bias=bias), PointwiseConv3d, (3, 5, *size), last=last)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [((3, 1, 3), (1, 1, 2), (1, 0, 1)), ((9, 1, 1), (1, 1, 3), (4, 0, 0)), ((3, 1, 1), (2, 1, 1), (1, 0, 0))],
)
@pytest.mark.parametrize("last", [True, False], ids=["channels last", "contiguous"])
def test_a_convolution_in_the_plane_is_pytorchs(
    kernel: tuple[int, int, int], stride: tuple[int, int, int], padding: tuple[int, int, int], last: bool
) -> None:
    layer = nn.Conv3d(4, 6, kernel, stride=stride, padding=padding, bias=False)
    _assert_like_stock(layer, FlatConv3d, (2, 4, 11, 1, 10), last=last, flat=True)


def _assert_like_stock(
    layer: nn.Conv3d,
    kind: type[QuickConv3d],
    shape: tuple[int, ...],
    *,
    last: bool,
    flat: bool = False,
    dtype: torch.dtype = torch.float64,
    atol: float = 1e-10,
) -> None:
    """Compare results and all gradients of each form, but a GPU's, with those of PyTorch's layer."""
    layout = torch.channels_last_3d if last else torch.contiguous_format
    layer = layer.to(dtype)
    quick = copy.deepcopy(layer)
    use_fast_convolutions(nn.Sequential(quick), flat=flat)
    assert type(quick) is kind
    for form in (form for form in kind.forms if form != "triton"):
        quick.form = form
        values = []
        for net in (layer, quick):
            net.zero_grad()
            generator = torch.Generator().manual_seed(1)
            input = torch.randn(shape, generator=generator, dtype=dtype).to(memory_format=layout)
            output = net(input.requires_grad_())
            output.backward(torch.randn(output.shape, generator=generator, dtype=dtype))
            values.append([output, input.grad, *(parameter.grad for parameter in net.parameters())])
        for one, other in zip(*values, strict=True):
            torch.testing.assert_close(one, other, rtol=atol, atol=atol)


def test_layers_keep_their_parameters_and_names() -> None:
    net = nn.Sequential(
        nn.Conv3d(2, 8, 1),
        nn.Sequential(nn.Conv3d(8, 8, 3, padding=1, groups=8, bias=False)),
        nn.Conv3d(8, 8, 3, groups=8, bias=False),
        nn.Conv3d(8, 8, 3, padding=1, groups=4, bias=False),
    )
    before = dict(net.named_parameters())
    use_fast_convolutions(net)
    assert [type(layer) for layer in (net[0], net[1][0], net[2], net[3])] == [
        PointwiseConv3d,
        DepthwiseConv3d,
        nn.Conv3d,
        nn.Conv3d,
    ]
    after = dict(net.named_parameters())
    assert list(after) == list(before)
    assert all(after[name] is parameter for name, parameter in before.items())


def test_other_types_and_frozen_inputs_pass() -> None:
    layer = nn.Sequential(nn.Conv3d(4, 4, 3, padding=1, groups=4, bias=False)).double()
    use_fast_convolutions(layer)
    video = torch.randn(1, 4, 3, 5, 5, dtype=torch.float64)
    assert layer(video).dtype == torch.float64
    layer = layer.float()
    layer(video.float()).sum().backward()  # the input asks for no gradient
    assert layer[0].weight.grad is not None
    with torch.inference_mode():
        assert layer(video.float()).shape == video.shape
