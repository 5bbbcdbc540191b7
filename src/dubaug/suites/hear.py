"""HEAR (https://hearbenchmark.com): its scene tasks, by heareval's predictor and search."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dubaug.settings import BelowOne, Count, Positive, PositiveInt, Settings, require
from dubaug.suites.suite import Protocol, Suite


@dataclass(frozen=True, kw_only=True)
class HearProbe(Settings):
    """heareval 2021.1.3's predictor and search."""

    hidden: PositiveInt
    """Units of a hidden layer."""
    dropout: BelowOne
    hidden_layers: Annotated[tuple[Count, ...], Field(min_length=1)]
    """The grid: this many layers, each with"""
    learning_rates: Annotated[tuple[Positive, ...], Field(min_length=1)]
    """each of these, and"""
    initialisations: Annotated[tuple[Literal["xavier_uniform", "xavier_normal"], ...], Field(min_length=1)]
    """each of these."""
    grid_points: PositiveInt
    """How many points of the shuffled grid are tried."""
    batch_size: Annotated[int, Field(strict=True, ge=2)]
    max_epochs: PositiveInt
    validate_every: PositiveInt
    """Epochs."""
    patience: PositiveInt
    """Validations without improvement before a run stops."""

    @model_validator(mode="after")
    def _check(self) -> "HearProbe":
        least = f"at least validate_every ({self.validate_every}), or nothing is ever validated"
        require(self.max_epochs >= self.validate_every, "max_epochs", self.max_epochs, least)
        points = len(self.hidden_layers) * len(self.learning_rates) * len(self.initialisations)
        most = f"at most the grid's size ({points})"
        require(self.grid_points <= points, "grid_points", self.grid_points, most)
        return self


SUITE = Suite(
    name="hear",
    title="HEAR",
    note="an MLP with 1 or 2 hidden layers on the frozen embeddings, chosen by a search (heareval's protocol)",
    protocol=Protocol(settings=HearProbe, probe="dubaug.probe.hear:probe_hear", needs_valid=True),
    swept=True,
    layout="hear",
)
