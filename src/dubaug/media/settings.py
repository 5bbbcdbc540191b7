"""How films are cut into clips, and how their sound becomes spectrograms."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import model_validator

from dubaug.settings import Settings, between, require

SampleRate = Annotated[int, between(8000, 192_000)]
CHANNELS = 2
"""All sound is read, kept and separated in stereo; encoders of one channel mix it down themselves."""


@dataclass(frozen=True, kw_only=True)
class Clips(Settings):
    """How a title is cut (§3.2): consecutive clips without overlap, frames spread evenly."""

    duration_s: Annotated[float, between(0.1, 60)]
    frames: Annotated[int, between(1, 1000)]
    """Frames a clip."""
    frame_height: Annotated[int, between(16, 4320)]
    """Stored frames' height in pixels; the width follows the picture's aspect ratio."""
    jpeg_quality: Annotated[int, between(1, 100)]
    sample_rate_hz: SampleRate
    batches: Annotated[int, between(1, 1000)]
    """Jobs that the selected titles are dealt to."""


@dataclass(frozen=True, kw_only=True)
class Mel(Settings):
    """The log-mel spectrogram (§3.2): Hann window of `n_fft` samples, `center=False`, natural log of power."""

    n_fft: Annotated[int, between(16, 65_536)]
    """Samples of a window."""
    hop_length: Annotated[int, between(1, 65_536)]
    """Samples from one frame to the next."""
    n_mels: Annotated[int, between(1, 1024)]
    """Mel bins."""
    floor: Annotated[float, between(1e-30, 1)]
    """Power is clamped to this before the logarithm."""

    @model_validator(mode="after")
    def _check(self) -> "Mel":
        most = f"at most the frequencies of mel.n_fft ({self.n_fft // 2 + 1})"
        require(self.n_mels <= self.n_fft // 2 + 1, "n_mels", self.n_mels, most)
        return self

    def frames(self, n_samples: int) -> int:
        """Return the number of frames that `n_samples` give without padding."""
        return 1 + (n_samples - self.n_fft) // self.hop_length

    def shape(self, n_samples: int) -> tuple[int, int, int]:
        """Return `(C, T, F)` of the stereo spectrogram of `n_samples`."""
        return CHANNELS, self.frames(n_samples), self.n_mels


@dataclass(frozen=True, kw_only=True)
class Window(Settings):
    """What encoders are given at a time: a clip, or a part of a recording as long as one."""

    mel: Mel
    sample_rate_hz: int
    duration_s: float
    frames: int

    @property
    def samples(self) -> int:
        """How many samples it has."""
        return round(self.duration_s * self.sample_rate_hz)
