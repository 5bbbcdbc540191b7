"""HEAR (https://hearbenchmark.com): its scene tasks, by heareval's predictor and search."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dubaug.settings import BelowOne, LearningRate, Settings, between, require
from dubaug.suites.suite import Protocol, Suite


@dataclass(frozen=True, kw_only=True)
class HearProbe(Settings):
    """heareval 2021.1.3's predictor and search."""

    hidden: Annotated[int, between(1, 65_536)]
    """Units of a hidden layer."""
    dropout: BelowOne
    hidden_layers: Annotated[tuple[Annotated[int, between(0, 16)], ...], Field(min_length=1, max_length=100)]
    """The grid: this many layers, each with"""
    learning_rates: Annotated[tuple[LearningRate, ...], Field(min_length=1, max_length=100)]
    """each of these, and"""
    initialisations: Annotated[
        tuple[Literal["xavier_uniform", "xavier_normal"], ...], Field(min_length=1, max_length=100)
    ]
    """each of these."""
    grid_points: Annotated[int, between(1, 10_000)]
    """How many points of the shuffled grid are tried."""
    batch_size: Annotated[int, between(2, 1_000_000)]
    max_epochs: Annotated[int, between(1, 100_000)]
    validate_every: Annotated[int, between(1, 100_000)]
    """Epochs."""
    patience: Annotated[int, between(1, 100_000)]
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
