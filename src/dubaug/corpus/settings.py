"""Which films, and how they are read."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import model_validator

from dubaug.settings import Flag, Place, Settings, Track, Tracks, between, require
from dubaug.tracks import TrackName


@dataclass(frozen=True, kw_only=True)
class Corpus(Settings):
    """Which films, and which tracks of them."""

    catalogue: Place
    """CSV with `title_id,path,...`; paths in it are relative to its folder."""
    primary: Track
    """The primary audio, by its language: `en`."""
    secondary: Tracks
    """The dubs: `es`, `es@synthetic`. A title is pretrained on if it has the primary and all of these."""

    @property
    def tracks(self) -> tuple[TrackName, ...]:
        """The primary track, then the secondary ones."""
        return tuple(map(TrackName, (self.primary, *self.secondary)))

    @model_validator(mode="after")
    def _check(self) -> "Corpus":
        others = f"tracks other than corpus.primary ({self.primary})"
        require(self.primary not in self.secondary, "secondary", self.secondary, others)
        return self


@dataclass(frozen=True, kw_only=True)
class Ingest(Settings):
    """How films are read: what is refused and what is given up. No result depends on it."""

    stall_s: Annotated[float, between(1, 86400)]
    """A film whose decoder gives nothing for this long is rejected and its process is ended."""
    climbing_paths: Flag
    """Whether the catalogue's relative paths may leave its folder (`../films/a.mkv`)."""
