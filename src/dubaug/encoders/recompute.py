"""Gradient checkpointing: a network's stages keep their inputs alone and are passed again for the gradients."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def passed_through(stages: Iterable[nn.Module], input: torch.Tensor, *, recompute: bool) -> torch.Tensor:
    """Return what the stages, one after the other, make of `input`.

    With `recompute`, all but the last (the head, which is small) are passed again when their gradients are wanted: the
    same numbers, with the same dropout, for less memory and about a third more time. BatchNorm notes a batch's
    statistics once.
    """
    *body, head = stages
    for stage in body:
        input = _kept_small(stage, input) if recompute and torch.is_grad_enabled() else stage(input)
    result: torch.Tensor = head(input)
    return result


def _kept_small(stage: nn.Module, input: torch.Tensor) -> torch.Tensor:
    result: torch.Tensor = checkpoint(
        stage, input, use_reentrant=False, context_fn=lambda: (nullcontext(), statistics_left_alone(stage))
    )
    return result


@contextmanager
def statistics_left_alone(model: nn.Module) -> Iterator[None]:
    """Undo at the end what the BatchNorms of `model` noted meanwhile.

    For a pass that is made again: noting a batch twice would weigh it more.
    """
    buffers = [buffer for layer in model.modules() if isinstance(layer, _BatchNorm) for buffer in layer.buffers()]
    before = [buffer.clone() for buffer in buffers]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)
