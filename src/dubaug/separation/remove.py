"""Speech taken out of any number of sounds of any length: segments in batches through a Demucs model, all stems summed
but one.

Sounds follow each other, and so do their segments: a batch is a run of segments of equal length, whichever sounds they
are of. Nothing is padded to fill it, since Demucs's models normalise each segment by its own mean and deviation. So
memory depends on the batch and on nothing else, and who wants full batches of short sounds gives those of equal length
one after the other. The next sound is read, in a thread, while the network computes.

Shape suffixes: B batch, N stem, C channel (2), S sample.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
import torch

from dubaug.config import Separation
from dubaug.errors import ConfigError, DubaugError, MediaError
from dubaug.media.settings import CHANNELS
from dubaug.seeding import item_rng
from dubaug.separation.ahead import ahead
from dubaug.separation.models import StemModel
from dubaug.separation.segments import Segment, cut, join

T = TypeVar("T")

MAX_SHIFT_S = 0.5
"""As in `demucs.apply.apply_model`."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Sound:
    """A sound that is to lose its speech."""

    key: str
    """Its name: random shifts depend on it, and on nothing else."""
    pieces: Iterable[np.ndarray]
    """float32 `(2, any)`, laid end to end, at the model's rate. A `MediaError` ends the sound and nothing else."""


@dataclass(frozen=True, kw_only=True)
class _End:
    """No more of a sound, because of an error or not."""

    error: MediaError | None


_Cut = tuple[Sound, Segment | _End]
_Estimate = tuple[Sound, tuple[Segment, np.ndarray] | _End]


@dataclass(frozen=True, kw_only=True)
class Remover:
    """Takes a stem out of stereo sound at the model's rate; see `dubaug.separation.segments` for how sound is cut.

    Other than in `demucs.apply.apply_model`, the sound's level is not normalised over its whole length (all Demucs
    models normalise each segment by themselves), and with `shifts` each segment is moved by itself: it gets up to half
    a second of silence before it, the rest of it after it, as often as `shifts` says and for each model of a bag anew,
    and the estimates, moved back, are averaged.
    """

    model: StemModel
    separation: Separation
    segment_samples: int
    device: str

    @property
    def stride_samples(self) -> int:
        """Samples from one segment's beginning to the next one's."""
        return max(int((1 - self.separation.overlap) * self.segment_samples), 1)

    def remove(self, mixture_CS: np.ndarray, *, key: str) -> np.ndarray:
        """Return one sound without the stem, float32 `(2, S)`, sample for sample where it was."""
        nothing_CS = np.zeros((CHANNELS, 0), dtype=np.float32)
        sounds = self.remove_all([Sound(key=key, pieces=[mixture_CS])])
        [background_CS] = [np.concatenate([nothing_CS, *pieces], axis=1) for _, pieces in sounds]
        return background_CS

    def remove_all(self, sounds: Iterable[Sound]) -> Iterator[tuple[str, Iterator[np.ndarray]]]:
        """Yield each sound's key with its pieces without the stem, float32 `(2, any)`, together as long as it was.

        A sound's pieces must be taken before the next sound is asked for. Its `MediaError` is raised by its pieces,
        after those that could be made. Sounds are read ahead by at most a batch. Raises `DubaugError` if the device's
        memory does not suffice.
        """
        limit = self.separation.batch_size * self.segment_samples
        with closing(ahead(_laid_out(sounds), limit=limit, weight=_samples)) as pieces:
            for sound, estimates in groupby(self._estimated(self._cut(pieces)), key=itemgetter(0)):
                yield sound.key, self._joined(item for _, item in estimates)

    def _cut(self, pieces: Iterator[tuple[Sound, np.ndarray | _End]]) -> Iterator[_Cut]:
        """Yield each sound's segments and its end."""
        for sound, items in groupby(pieces, key=itemgetter(0)):
            ends: list[_End] = []
            samples = _until_end((item for _, item in items), ends)
            for segment in cut(samples, segment=self.segment_samples, stride=self.stride_samples):
                yield sound, segment
            yield sound, ends[0]

    def _estimated(self, cuts: Iterator[_Cut]) -> Iterator[_Estimate]:
        """Yield each segment with its estimate; a GPU has the next batch before the results of the last are taken."""
        launched: tuple[list[_Cut], torch.Tensor] | None = None
        for batch in self._batches(cuts):
            following = batch, self._background(batch)
            if launched is not None:
                yield from _landed(*launched)
            launched = following
        if launched is not None:
            yield from _landed(*launched)

    def _batches(self, cuts: Iterator[_Cut]) -> Iterator[list[_Cut]]:
        """Yield runs of at most `batch_size` segments of equal length, and the ends of sounds on the way."""
        batch: list[_Cut] = []
        segments, length = 0, 0
        for sound, item in cuts:
            if isinstance(item, Segment):
                if segments and item.samples.shape[1] != length:
                    yield batch
                    batch, segments = [], 0
                segments, length = segments + 1, item.samples.shape[1]
            batch.append((sound, item))
            if segments == self.separation.batch_size:
                yield batch
                batch, segments = [], 0
        if batch:
            yield batch

    def _joined(self, items: Iterator[tuple[Segment, np.ndarray] | _End]) -> Iterator[np.ndarray]:
        ends: list[_End] = []
        estimates = _until_end(items, ends)
        yield from join(estimates, segment=self.segment_samples, stride=self.stride_samples)
        if ends[0].error is not None:
            raise ends[0].error

    def _background(self, batch: Sequence[_Cut]) -> torch.Tensor:
        """Return the batch's segments without the stem, `(B, 2, S)`, on the device; a GPU may still be at it."""
        named = [(sound.key, item) for sound, item in batch if isinstance(item, Segment)]
        if not named:
            return torch.zeros(0)
        mixture_BCS = torch.from_numpy(np.stack([segment.samples for _, segment in named])).to(self.device)
        kept = [number for number, source in enumerate(self.model.sources) if source != self.separation.stem]
        try:
            with torch.inference_mode():
                background_BCS = torch.zeros_like(mixture_BCS)
                for number, (network, weights_N) in enumerate(self.model.members()):
                    stems_BNCS = self._stems(network, mixture_BCS, named, number)
                    weights_1N11 = torch.tensor(weights_N, device=self.device)[None, :, None, None]
                    background_BCS += (stems_BNCS * weights_1N11)[:, kept].sum(dim=1)
                return background_BCS
        except torch.OutOfMemoryError as error:
            raise DubaugError(
                f"the GPU's memory does not suffice for {len(named)} segments of {mixture_BCS.shape[-1]} samples: set "
                "a smaller `separation.batch_size`, or `separation.segment_s` if that is 1 already"
            ) from error

    def _stems(
        self, network: Any, mixture_BCS: torch.Tensor, named: Sequence[tuple[str, Segment]], member: int
    ) -> torch.Tensor:
        """Return one network's stems, averaged over the random shifts, `(B, N, 2, S)`."""
        if not self.separation.shifts:
            return self._through(network, mixture_BCS)
        length, room = mixture_BCS.shape[-1], self._max_shift
        total_BNCS: torch.Tensor | float = 0.0
        for shift in range(self.separation.shifts):
            leads = [
                int(item_rng("separation", key, segment.number, member, shift).integers(room + 1))
                for key, segment in named
            ]
            moved_BCS = mixture_BCS.new_zeros(*mixture_BCS.shape[:-1], length + room)
            for row, lead in enumerate(leads):
                moved_BCS[row, :, lead : lead + length] = mixture_BCS[row]
            stems_BNCS = self._through(network, moved_BCS)
            rows = [stems_BNCS[row, :, :, lead : lead + length] for row, lead in enumerate(leads)]
            total_BNCS = total_BNCS + torch.stack(rows)
        assert isinstance(total_BNCS, torch.Tensor)
        return total_BNCS / self.separation.shifts

    def _through(self, network: Any, mixture_BCS: torch.Tensor) -> torch.Tensor:
        """Return the network's stems; Demucs pads the segment where the architecture asks for it."""
        from demucs.apply import apply_model

        return apply_model(network, mixture_BCS, split=False, shifts=0, device=self.device)

    @property
    def _max_shift(self) -> int:
        return int(MAX_SHIFT_S * self.model.sample_rate_hz)


def make_remover(model: StemModel, separation: Separation, *, device: str) -> Remover:
    """Return the remover that the configuration describes. Raises `ConfigError` if the model cannot work that way."""
    longest_s = model.max_segment_s - (MAX_SHIFT_S if separation.shifts else 0.0)
    segment_s = separation.segment_s or min(model.segment_s, longest_s)
    if segment_s > longest_s:
        raise ConfigError(
            f"config key `separation.segment_s`: got {segment_s}, expected at most {longest_s:.3f}: "
            f"{separation.model!r} was trained on {model.max_segment_s:.3f} s, of which random shifts "
            f"(`separation.shifts`) need {model.max_segment_s - longest_s:g} s"
        )
    segment = max(int(segment_s * model.sample_rate_hz), 1)
    model.network.to(device)
    return Remover(model=model, separation=separation, segment_samples=segment, device=device)


def _laid_out(sounds: Iterable[Sound]) -> Generator[tuple[Sound, np.ndarray | _End], None, None]:
    """Yield the pieces of all sounds, and each sound's end."""
    for sound in sounds:
        error = None
        try:
            for piece_CS in sound.pieces:
                yield sound, piece_CS
        except MediaError as raised:
            error = raised
        yield sound, _End(error=error)


def _samples(item: tuple[Sound, np.ndarray | _End]) -> int:
    return 0 if isinstance(item[1], _End) else item[1].shape[1]


def _until_end(items: Iterable[T | _End], ends: list[_End]) -> Iterator[T]:
    """Yield the items before the end, and put that into `ends`."""
    for item in items:
        if isinstance(item, _End):
            ends.append(item)
        else:
            yield item


def _landed(batch: Sequence[_Cut], background_BCS: torch.Tensor) -> Iterator[_Estimate]:
    """Yield a batch's items with their results, once these are there."""
    rows = iter(background_BCS.cpu().numpy())
    for sound, item in batch:
        yield sound, (item, next(rows)) if isinstance(item, Segment) else item
