"""How speech is removed."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from dubaug.media.settings import SampleRate
from dubaug.settings import Place, Settings, Text, between


@dataclass(frozen=True, kw_only=True)
class Separation(Settings):
    """Speech removal for `sep` and Table D6 (§3.4, Appendix D): Demucs, all stems but `stem` summed."""

    model: Text
    """Name of a Demucs model, or of one in `repository`."""
    repository: Place | None
    """Folder with local Demucs models; null takes Demucs's own published ones (downloaded)."""
    stem: Text
    """The stem that is speech."""
    sample_rate_hz: SampleRate
    """Of the separated sound."""
    segment_s: Annotated[float, between(0.1, 600)] | None
    """Sound that the network takes at once; null is the model's own length."""
    overlap: Annotated[float, between(0, 0.95)]
    """Share of a segment that the next one covers too."""
    shifts: Annotated[int, between(0, 100)]
    """Random shifts that the result is averaged over."""
    batch_size: Annotated[int, between(1, 4096)]
    """Segments that go through the network at once: for speed, the result is the same up to float noise."""

    def result_settings(self) -> dict[str, Any]:
        """Return what separated sound depends on: everything but the batch size."""
        return {key: value for key, value in asdict(self).items() if key != "batch_size"}

    def provenance(self, weights: str) -> dict[str, Any]:
        """Return what is noted beside separated sound: the same, with the weights' hash for the folder they lie in."""
        settings = self.result_settings()
        del settings["repository"]
        return {**settings, "weights": weights}
