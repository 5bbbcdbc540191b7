"""BatchNorm where a batch is spread over several processes."""

from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from dubaug.pretrain.processes import Processes, summed


def synchronise(model: nn.Module, processes: Processes) -> None:
    """Have the BatchNorms inside of `model` take their statistics over all processes' batches.

    PyTorch's own on GPUs; `SummedBatchNorm` on CPUs, for which PyTorch has none.
    """
    if processes.count == 1:
        return
    if processes.device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return
    for layer in model.modules():
        if isinstance(layer, _BatchNorm):
            layer.__class__ = SummedBatchNorm


class SummedBatchNorm(_BatchNorm):
    """BatchNorm over the batches of all processes, which must be of equal size; gradients flow through the sums."""

    def _check_input_dim(self, input: torch.Tensor) -> None:
        """Take any number of dimensions after batch and channel."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return `(B, C, ...)` of `(B, C, ...)`, each channel normalised."""
        if not self.training:
            return super().forward(input)
        dims = [0, *range(2, input.dim())]
        shape = (1, -1, *[1] * (input.dim() - 2))
        count = input.numel() // input.shape[1] * dist.get_world_size()
        mean_C = _Summed.apply(input.sum(dim=dims)) / count
        centred = input - mean_C.reshape(shape)
        variance_C = _Summed.apply(centred.square().sum(dim=dims)) / count
        if self.track_running_stats and self.running_mean is not None and self.running_var is not None:
            share = 0.1 if self.momentum is None else self.momentum
            with torch.no_grad():
                self.running_mean.lerp_(mean_C.to(self.running_mean.dtype), share)
                unbiased_C = variance_C * (count / max(count - 1, 1))
                self.running_var.lerp_(unbiased_C.to(self.running_var.dtype), share)
                if self.num_batches_tracked is not None:
                    self.num_batches_tracked += 1
        result = centred * torch.rsqrt(variance_C + self.eps).reshape(shape)
        if self.weight is not None:
            result = torch.addcmul(self.bias.reshape(shape), result, self.weight.reshape(shape))
        return result


class _Summed(torch.autograd.Function):
    """The sum over all processes; backward sums what every process's loss says about it."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        return summed(values)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return summed(gradients[0])
