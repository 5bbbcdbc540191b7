"""Gradient checkpointing: a network's blocks keep their inputs alone and are passed again for the gradients."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from dubaug.pretrain.batchnorm import statistics_left_alone


def passed_through(blocks: Iterable[nn.Module], input: torch.Tensor, *, recompute: bool) -> torch.Tensor:
    """Return what the blocks, one after the other, make of `input`.

    With `recompute`, all but the last (the head, small and with dropout) are passed again when their gradients are
    wanted: the same numbers for less memory and about a third more time. BatchNorm notes a batch's statistics once.
    """
    *body, head = blocks
    for block in body:
        input = _kept_small(block, input) if recompute and torch.is_grad_enabled() else block(input)
    result: torch.Tensor = head(input)
    return result


def _kept_small(block: nn.Module, input: torch.Tensor) -> torch.Tensor:
    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), statistics_left_alone(block)

    result: torch.Tensor = checkpoint(block, input, use_reentrant=False, preserve_rng_state=False, context_fn=contexts)
    return result
