"""What a step says about its batch's projections, beside the loss (`loss`): how near pairs are, how spread all are.

Shape suffixes: B batch, P projection.
"""

import torch
import torch.nn.functional as F


def alignment(one_BP: torch.Tensor, other_BP: torch.Tensor) -> torch.Tensor:
    """Return the mean squared distance of normalised pairs (Wang & Isola 2020, alpha 2): 0 to 4, lower is nearer."""
    distance_BP = F.normalize(one_BP.detach().float(), dim=1) - F.normalize(other_BP.detach().float(), dim=1)
    return distance_BP.square().sum(dim=1).mean()


def uniformity(one_BP: torch.Tensor, other_BP: torch.Tensor) -> torch.Tensor:
    """Return the mean over both views of log E exp(-2 |x - y|^2) over normalised items x, y of a view.

    From Wang & Isola 2020 (t 2): 0 where all items are the same, -4 where they are spread over a sphere of many
    dimensions. Each view needs 2 rows.
    """
    distances = [torch.pdist(F.normalize(view_BP.detach().float(), dim=1)) for view_BP in (one_BP, other_BP)]
    return torch.stack([each.square().mul(-2).exp().mean().log() for each in distances]).mean()
