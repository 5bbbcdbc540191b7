"""How dubs are compared with the primary track, and what follows."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dubaug.settings import Distinct, Fraction, Settings, between, require, rule

Rate = Annotated[float, between(0.5, 2)]


@dataclass(frozen=True, kw_only=True)
class Alignment(Settings):
    """How dubs are compared with the primary track before clips are cut, and what follows (open in the paper)."""

    policy: Literal["correct", "keep", "reject"]
    """Dubs that lie elsewhere are moved to where they belong, left as they are, or their titles rejected. What cannot
    be mended (silence, the same track twice, another cut or film) is rejected by `correct` and `reject`."""
    tolerance_s: Annotated[float, between(0.001, 10)]
    """A dub that is nowhere in the film further than this from its place is aligned."""
    search_s: Annotated[float, between(0.1, 600)]
    """How far offsets are looked for."""
    rates: Annotated[
        tuple[Rate, ...],
        Field(min_length=1, max_length=100),
        Distinct,
        rule(lambda rates: 1.0 in rates, "the film's own speed, 1.0, among them"),
    ]
    """Speeds that are tried, as seconds of the dub a second of the film; 0.3 % around each are found too."""
    windows: Annotated[int, between(1, 1000)]
    """Windows compared, spread evenly over a film; short films have fewer and shorter ones."""
    window_s: Annotated[float, between(3, 600)]
    """Length of a window; shorter ones hold too few onsets to tell one place from another."""
    similarity_min: Fraction
    """A dub whose onsets correlate less with the primary's is another film's."""
    agreement_min: Fraction
    """If a smaller share of the windows agrees on one offset and drift, the dub is cut differently."""
    identical_max: Fraction
    """A dub that is the same sound in more than this share of all seconds is the primary track once more."""
    silence_db: Annotated[float, between(-120, -1)]
    """What is softer (root mean square, full scale 0) is silence."""
    silence_max: Fraction
    """A dub that is silent in a larger share of the windows, where the primary is not, is silent."""

    @model_validator(mode="after")
    def _check(self) -> "Alignment":
        found = f"at most alignment.search_s ({self.search_s})"
        require(self.tolerance_s <= self.search_s, "tolerance_s", self.tolerance_s, found)
        return self

    @property
    def speeds(self) -> tuple[float, ...]:
        """Return the speeds at which a dub can be used: all that are tried if dubs are corrected, else the film's."""
        return self.rates if self.policy == "correct" else (1.0,)
