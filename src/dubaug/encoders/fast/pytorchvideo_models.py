"""pytorchvideo's networks with quicker layers and a last layer that suits embeddings."""

import functools
import warnings

import torch
from torch import nn

from dubaug.encoders.fast.convolutions import use_fast_convolutions
from dubaug.encoders.settings import Stock

with warnings.catch_warnings():  # of torch.jit.script being deprecated: nothing that a user could change
    warnings.simplefilter("ignore", FutureWarning)
    from pytorchvideo.layers.convolutions import ConvReduce3D
    from pytorchvideo.layers.swish import Swish
    from pytorchvideo.models.resnet import SeparableBottleneckBlock


def quick(stock: Stock, *, flat: bool = False) -> nn.Module:
    """Return pytorchvideo's network, with its names of weights. `flat`: what passes through it has a height of 1."""
    net = stock.build()
    _keep_scale(net)
    for parent in list(net.modules()):
        for name, child in parent.named_children():
            if isinstance(child, Swish):
                setattr(parent, name, nn.SiLU())
        if type(parent) is ConvReduce3D and parent.reduction_method == "sum":
            parent.__class__ = AddedConvolutions
        if type(parent) is SeparableBottleneckBlock and parent.reduce_method == "sum":
            parent.__class__ = AddedBottleneck
    for layer in net.modules():
        if isinstance(layer, nn.AvgPool3d | nn.Conv3d):
            _with_plain_sizes(layer)
    use_fast_convolutions(net, flat=flat)
    return net


def _keep_scale(net: nn.Module) -> None:
    """Draw the last linear layer so that embeddings have the scale of the features that it is given.

    pytorchvideo draws it for logits (standard deviation 0.01), which leaves narrow networks with embeddings near 0:
    slow to train, and a handicap for untrained ones under probes that do not normalise. For 2048 features it is 0.022.
    """
    (weight,) = (parameter for name, parameter in net.named_parameters() if name.endswith(".proj.weight"))
    nn.init.normal_(weight, std=weight.shape[1] ** -0.5)


def _with_plain_sizes(layer: nn.Module) -> None:
    """Make integers of sizes that pytorchvideo computed with NumPy: torch.compile takes those for tensors."""
    for name in ("kernel_size", "stride", "padding"):
        sizes = getattr(layer, name)
        if isinstance(sizes, tuple | list):
            setattr(layer, name, tuple(int(size) for size in sizes))


class AddedConvolutions(ConvReduce3D):  # type: ignore[misc] # pytorchvideo says no types
    """Convolutions of the same input, added; pytorchvideo stacks and sums them, which also loses the layout."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the sum of what the convolutions make of `input`."""
        added: torch.Tensor = functools.reduce(torch.add, (layer(input) for layer in self.convs))
        return added


class AddedBottleneck(SeparableBottleneckBlock):  # type: ignore[misc]
    """A bottleneck whose parallel convolutions are added in the same way."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the block's result for `input`, `(B, C, T, H, W)`."""
        for layer in (self.conv_a, self.norm_a, self.act_a):
            input = input if layer is None else layer(input)
        branches = []
        for layers in zip(self.conv_b, self.norm_b, self.act_b, strict=True):
            branch = input
            for layer in layers:
                branch = branch if layer is None else layer(branch)
            branches.append(branch)
        result: torch.Tensor = self.conv_c(functools.reduce(torch.add, branches))
        if self.norm_c is not None:
            result = self.norm_c(result)
        return result
