"""NT-Xent between two views (paper §3.3), over all processes' batches.

Shape suffixes: B this process's batch, G the batch of all processes, P projection.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Literal

import torch
import torch.distributed as dist
import torch.nn.functional as F

from dubaug.pretrain.heads import View
from dubaug.pretrain.processes import summed

Negatives = Literal["other_modality", "both"]


def contrastive_loss(
    views_BP: Mapping[View, torch.Tensor], *, temperature: float, negatives: Negatives, within_modal_weight: float = 0.0
) -> torch.Tensor:
    """Return L(v, ap, as) = sum over the audio views a of (l(v, a) + l(a, v)) / 2, a scalar.

    Without a video view the loss is within the modality, between the two audio views; with one, that term is added
    `within_modal_weight` times (0 in the paper). Each process's value is the mean over its own rows against
    everybody's; averaging the gradients over processes, as DistributedDataParallel does, then gives what one process
    with the whole batch would compute.
    """
    sounds = [view_BP for name, view_BP in views_BP.items() if name != "video"]
    across = [(views_BP["video"], sound_BP) for sound_BP in sounds] if "video" in views_BP else []
    within = list(combinations(sounds, 2))
    weighted = [(1.0, pair) for pair in across or within]
    if across and within_modal_weight:
        weighted += [(within_modal_weight, pair) for pair in within]
    if not weighted:
        raise ValueError(f"a contrastive loss needs two views; got {', '.join(views_BP)}")
    losses = [weight * nt_xent(*pair, temperature=temperature, negatives=negatives) for weight, pair in weighted]
    return torch.stack(losses).sum()


def nt_xent(one_BP: torch.Tensor, other_BP: torch.Tensor, *, temperature: float, negatives: Negatives) -> torch.Tensor:
    """Return (l(one, other) + l(other, one)) / 2, averaged over the rows; row i of one belongs to row i of the other.

    l(x, y) is the cross entropy of finding each x's own y by cosine similarity over `temperature`. The choice is among
    the rows of y (`other_modality`, the paper's text), or among those and the other rows of x (`both`: SimCLR's 2B).
    Half-precision input is computed in float32. Every process must have the same number of rows.
    """
    one_BP, other_BP = _normalised(one_BP), _normalised(other_BP)
    one_GP, other_GP = _gather(one_BP), _gather(other_BP)
    rows = len(one_BP)
    own_B = torch.arange(rows, device=one_BP.device) + _rank() * rows
    return 0.5 * (
        _half(one_BP, one_GP, other_GP, own_B, temperature, negatives)
        + _half(other_BP, other_GP, one_GP, own_B, temperature, negatives)
    )


def retrieval_at_1(one_BP: torch.Tensor, other_BP: torch.Tensor) -> torch.Tensor:
    """Return the share of rows of `one` whose nearest row of `other`, by cosine similarity, is their own."""
    with torch.no_grad():
        similarity_BB = _normalised(one_BP) @ _normalised(other_BP).T
        hits_B = similarity_BB.argmax(dim=1) == torch.arange(len(one_BP), device=one_BP.device)
        return hits_B.float().mean()


def _half(
    x_BP: torch.Tensor,
    x_GP: torch.Tensor,
    y_GP: torch.Tensor,
    own_B: torch.Tensor,
    temperature: float,
    negatives: Negatives,
) -> torch.Tensor:
    """Return l(x, y): the mean cross entropy of x's rows; cross_entropy takes logsumexp, so nothing overflows."""
    logits_BN = x_BP @ y_GP.T / temperature
    if negatives == "both":
        same_BG = x_BP @ x_GP.T / temperature
        same_BG = same_BG.scatter(1, own_B[:, None], float("-inf"))
        logits_BN = torch.cat([logits_BN, same_BG], dim=1)
    return F.cross_entropy(logits_BN, own_B)


def _normalised(views_BP: torch.Tensor) -> torch.Tensor:
    wide = views_BP.float() if views_BP.dtype in (torch.float16, torch.bfloat16) else views_BP
    return F.normalize(wide, dim=1)


def _gather(rows_BP: torch.Tensor) -> torch.Tensor:
    """Return all processes' rows in the order of their ranks, as a sum in which each process has zeros for the others'.

    Gradients flow back to the rows' own processes, from every process's loss. (PyTorch's gathering drops terms.)
    """
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return rows_BP
    before, after = _rank(), dist.get_world_size() - 1 - _rank()
    return summed(F.pad(rows_BP, (0, 0, before * len(rows_BP), after * len(rows_BP))))


def _rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0
