"""The networks, their training, and the variants that are trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dubaug.encoders.settings import AUDIO_FAMILIES, VIDEO_FAMILIES, AudioFamily, VideoFamily
from dubaug.settings import (
    BelowOne,
    ByFamily,
    Epoch,
    Epochs,
    Flag,
    Fraction,
    Label,
    LearningRate,
    Name,
    Positive,
    Seeds,
    Settings,
    Track,
    Tracks,
    between,
    require,
)

Width = Annotated[int, between(1, 65_536)]
Height = Annotated[int, between(16, 4320)]


@dataclass(frozen=True, kw_only=True)
class Encoders(Settings):
    """Both backbones, their common output width, and the projection heads (§3.3; head sizes are open)."""

    embedding_dim: Width
    dropout: BelowOne
    video: Annotated[VideoFamily, ByFamily(VIDEO_FAMILIES)]
    audio: Annotated[AudioFamily, ByFamily(AUDIO_FAMILIES)]
    projection_hidden: Width
    projection_dim: Width


@dataclass(frozen=True, kw_only=True)
class Augmentation(Settings):
    """Random views (§3.2). Mask widths are open: fractions of the spectrogram's length and height."""

    height_min: Height
    """Pixels that a picture is scaled to before it is cropped, at least."""
    height_max: Height
    """The same, at most."""
    randaugment_layers: Annotated[int, between(0, 16)]
    """Operations a picture."""
    randaugment_magnitude: Annotated[int, between(0, 30)]
    mask_probability: Fraction
    time_mask_max: Fraction
    frequency_mask_max: Fraction

    @model_validator(mode="after")
    def _check(self) -> "Augmentation":
        least = f"at least augmentation.height_min ({self.height_min})"
        require(self.height_max >= self.height_min, "height_max", self.height_max, least)
        return self


@dataclass(frozen=True, kw_only=True)
class Pretraining(Settings):
    """Optimisation (§3.4)."""

    epochs: Epoch
    checkpoints: Epochs
    """Epochs after which weights are kept; the last is `epochs`."""
    gpus: Annotated[int, between(1, 64)]
    """Of one machine."""
    clips_per_gpu: Annotated[int, between(2, 65_536)]
    """A batch is so many on each GPU."""
    clips_per_title: Width
    """Clips of one title that share a batch, each the others' hard negative."""
    fill: Literal["groups", "random"]
    """What fills a batch that is no multiple of `clips_per_title` (open): further groups, or single clips."""
    learning_rate: LearningRate
    weight_decay: Annotated[float, between(0, 10)]
    betas: tuple[BelowOne, BelowOne]
    """Of Adam's running means."""
    warmup_epochs: Annotated[float, between(0, 10_000)]
    """Epochs over which the learning rate rises; then it falls as a cosine."""
    temperature: Annotated[Positive, Field(le=100)]
    negatives: Literal["other_modality", "both"]
    """The denominator of NT-Xent (open): the other view's items, or both views' (2B)."""
    within_modal_weight: Annotated[float, between(0, 1000)]
    """How much the loss between the two sounds of a clip counts beside those between picture and sound (paper: 0)."""
    precision: Literal["fp32", "bf16"]
    sync_batchnorm: Flag
    """Whether batch norm takes its statistics from all GPUs' clips."""
    micro_batches: Width
    """Each process's batch passes the networks in so many parts, for less memory; the loss stays the whole batch's."""
    recompute: Flag
    """Whether activations are computed again in the backward pass instead of kept."""
    compile: Flag
    """Whether torch.compile makes kernels of the networks' stages."""
    loader_workers: Annotated[int, between(0, 256)]
    """Threads a GPU that read clips ahead; 0 reads each batch when it is its turn."""

    @model_validator(mode="after")
    def _check(self) -> "Pretraining":
        require_last("", "pretraining", self.epochs, self.checkpoints)
        clips = f"at most the clips of a batch, clips_per_gpu ({self.clips_per_gpu})"
        require(self.clips_per_title <= self.clips_per_gpu, "clips_per_title", self.clips_per_title, clips)
        require(self.micro_batches <= self.clips_per_gpu, "micro_batches", self.micro_batches, clips)
        epochs = f"at most epochs ({self.epochs})"
        require(self.warmup_epochs <= self.epochs, "warmup_epochs", self.warmup_epochs, epochs)
        return self


@dataclass(frozen=True, kw_only=True)
class Variant(Settings):
    """One model of the paper (§3.4). Variants are data: a new one is a few lines of config.yaml."""

    label: Label
    """As the tables' column heads have it; the variant's own name if it is not given."""
    primary: Track
    """The primary audio; `corpus.primary` if it is not given."""
    secondary: Tracks = ()
    """Tracks taken in turn, one a batch; the primary's own name means the same track augmented again."""
    video: Flag = True
    separated: Flag = False
    """Train on the primary track with speech removed, without secondary audio."""
    untrained: Flag = False
    """Random weights, no training (Appendix D)."""
    epochs: Epoch | None = None
    """Overrides `pretraining.epochs` for this variant (Appendix C's 20-epoch runs)."""
    checkpoints: Epochs | None = None
    """Overrides `pretraining.checkpoints` for this variant."""
    start_from: Name | None = None
    """The variant whose last weights the encoders begin with, of the same seed; null for random ones."""
    seeds: Seeds | None = None
    """Override `seeds` for this variant: random weights cost no training."""

    @property
    def dub_augmented(self) -> bool:
        """Whether any secondary track is another one than the primary."""
        return any(track != self.primary for track in self.secondary)

    @model_validator(mode="after")
    def _check(self) -> "Variant":
        if self.untrained:
            return self
        none = "nothing: a separated variant has no secondary audio (paper §3.4)"
        require(not (self.separated and self.secondary), "secondary", self.secondary, none)
        some = "at least one track, since without video the loss is between two audio views"
        require(self.video or bool(self.secondary), "secondary", self.secondary, some)
        return self


def require_last(key: str, section: str, epochs: int, checkpoints: Sequence[int]) -> None:
    """Raise the error of a validator unless `checkpoints` rise and end with `epochs`.

    `key` is relative to what is checked, `section` the whole path.
    """
    key = f"{key}.checkpoints".lstrip(".")
    last = f"epochs up to the last one, ending with {epochs} ({section}.epochs)"
    require(max(checkpoints) == epochs, key, checkpoints, last)
    require(sorted(checkpoints) == list(checkpoints), key, checkpoints, "epochs in rising order")
