"""Projection heads and the contrastive model (paper §3.3).

Shape suffixes: B batch, C channel, T time, H height, W width, F mel bin, P projection.
"""

from collections.abc import Mapping
from typing import Literal, get_args

import torch
from torch import nn

from dubaug.config import Encoders, Variant, Window
from dubaug.encoders.encoder import Encoder, seed_weights

View = Literal["video", "primary", "secondary"]
VIEWS: tuple[View, ...] = get_args(View)


class ProjectionHead(nn.Sequential):
    """MLP `(B, embedding_dim)` to `(B, projection_dim)` with one hidden layer; the paper leaves it open.

    With BatchNorm after the hidden layer, as in SimCLR's own code: an untrained encoder's embeddings of different clips
    have cosines near 1, and the loss would stand at chance for long. The last bias begins at 0 for the same reason.
    """

    def __init__(self, encoders: Encoders) -> None:
        hidden = nn.Linear(encoders.embedding_dim, encoders.projection_hidden, bias=False)
        last = nn.Linear(encoders.projection_hidden, encoders.projection_dim)
        nn.init.zeros_(last.bias)
        super().__init__(hidden, nn.BatchNorm1d(encoders.projection_hidden), nn.ReLU(), last)


class ContrastiveModel(nn.Module):
    """The encoders and one head a view. The audio encoder is shared by the primary and the secondary track.

    `video` is None for a variant without video; there is no secondary head where there is no secondary track.
    """

    def __init__(self, encoders: Encoders, *, views: tuple[View, ...], window: Window, seed: int) -> None:
        super().__init__()
        seed_weights(seed, "audio")
        self.audio = Encoder(encoders, "audio", window)
        self.video: Encoder | None = None
        if "video" in views:
            seed_weights(seed, "video")
            self.video = Encoder(encoders, "video", window)
        self.heads = nn.ModuleDict()
        for view in views:
            seed_weights(seed, f"head/{view}")
            self.heads[view] = ProjectionHead(encoders)

    def forward(
        self, video_BCTHW: torch.Tensor | None, mels_BCTF: Mapping[View, torch.Tensor]
    ) -> dict[View, torch.Tensor]:
        """Return each view's projection `(B, P)`. All tracks go through the audio encoder in one batch.

        That is one pass for twice the batch, and BatchNorm sees both tracks together: it cannot tell them apart.
        """
        names = list(mels_BCTF)
        embedded = self.audio(torch.cat([mels_BCTF[name] for name in names])).chunk(len(names))
        views: dict[View, torch.Tensor] = dict(zip(names, embedded, strict=True))
        if self.video is not None:
            views["video"] = self.video(video_BCTHW)
        return {name: self.heads[name](embedding_BD) for name, embedding_BD in views.items()}


def views_of(variant: Variant) -> tuple[View, ...]:
    """Return the views that a variant contrasts: `video` unless it has none, `secondary` unless it has no dubs."""
    video: tuple[View, ...] = ("video",) if variant.video else ()
    secondary: tuple[View, ...] = ("secondary",) if variant.secondary else ()
    return (*video, "primary", *secondary)
