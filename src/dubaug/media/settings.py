"""How films are cut into clips, and how their sound becomes spectrograms."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from dubaug.settings import Positive, PositiveInt, Settings

SampleRate = Annotated[int, Field(strict=True, ge=8000)]
CHANNELS = 2
"""All sound is read, kept and separated in stereo; encoders of one channel mix it down themselves."""


@dataclass(frozen=True, kw_only=True)
class Clips(Settings):
    """How a title is cut (§3.2): consecutive clips without overlap, frames spread evenly."""

    duration_s: Positive
    frames: PositiveInt
    """Frames a clip."""
    frame_height: Annotated[int, Field(strict=True, ge=16)]
    """Stored frames' height in pixels; the width follows the picture's aspect ratio."""
    jpeg_quality: Annotated[int, Field(strict=True, ge=1, le=100)]
    sample_rate_hz: SampleRate
    batches: PositiveInt
    """Jobs that the selected titles are dealt to."""


@dataclass(frozen=True, kw_only=True)
class Mel(Settings):
    """The log-mel spectrogram (§3.2): Hann window of `n_fft` samples, `center=False`, natural log of power."""

    n_fft: Annotated[int, Field(strict=True, ge=16)]
    """Samples of a window."""
    hop_length: PositiveInt
    """Samples from one frame to the next."""
    n_mels: PositiveInt
    """Mel bins."""
    floor: Positive
    """Power is clamped to this before the logarithm."""

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
