"""BatchNorm where a batch is spread over several processes."""

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
        mean_C = summed(input.sum(dim=dims)) / count
        centred = input - mean_C.reshape(shape)
        variance_C = summed(centred.square().sum(dim=dims)) / count
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            with torch.no_grad():
                self.num_batches_tracked += 1
                share = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
                self.running_mean.lerp_(mean_C.to(self.running_mean.dtype), share)
                unbiased_C = variance_C * (count / max(count - 1, 1))
                self.running_var.lerp_(unbiased_C.to(self.running_var.dtype), share)
        result = centred * torch.rsqrt(variance_C + self.eps).reshape(shape)
        if self.weight is not None:
            result = torch.addcmul(self.bias.reshape(shape), result, self.weight.reshape(shape))
        return result
