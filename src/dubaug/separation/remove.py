"""Speech taken out of sound of any length: overlapping segments through a Demucs model, all stems summed but one.

Shape suffixes: C channel (2), S sample.
"""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from dubaug.config import Separation
from dubaug.errors import ConfigError, DubaugError
from dubaug.seeding import item_seed
from dubaug.separation.models import CHANNELS, StemModel


@dataclass(frozen=True, kw_only=True)
class Remover:
    """Takes `stem` out of stereo sound at the model's rate.

    Segments follow each other as in `demucs.apply.apply_model(split=True)`: each weighs most in its middle, and the
    weighted estimates are averaged where segments overlap. Other than there, memory does not grow with the sound's
    length; the last segment reaches back to be a whole one; and the sound's level is not normalised over its whole
    length (all Demucs models normalise each segment by themselves).
    """

    model: StemModel
    stem: str
    segment_samples: int
    stride_samples: int
    shifts: int
    device: str

    def remove(self, mixture_CS: np.ndarray, *, key: str) -> np.ndarray:
        """Return the sound without the stem, float32 `(2, S)`, sample for sample where it was. See `stream`."""
        pieces = list(self.stream([mixture_CS], key=key))
        return np.concatenate(pieces, axis=1) if pieces else np.zeros((CHANNELS, 0), dtype=np.float32)

    def stream(self, pieces: Iterable[np.ndarray], *, key: str) -> Iterator[np.ndarray]:
        """Yield the sound of `pieces`, float32 `(2, any)` laid end to end, without the stem, in pieces of other sizes.

        All pieces together are as long as those that came in, and how the sound is cut changes nothing. `key` names
        the sound: random shifts (`separation.shifts`) depend on it and on nothing else. Raises `DubaugError` if the
        device's memory does not suffice.
        """
        segment, stride = self.segment_samples, self.stride_samples
        window_S = _window(segment)
        total_CS = np.zeros((CHANNELS, segment), dtype=np.float32)
        weight_S = np.zeros(segment, dtype=np.float32)
        before_CS = waiting_CS = np.zeros((CHANNELS, 0), dtype=np.float32)
        number = 0
        for piece_CS in pieces:
            waiting_CS = np.concatenate([waiting_CS, piece_CS], axis=1)
            while waiting_CS.shape[1] > segment:
                total_CS += window_S * self._background(waiting_CS[:, :segment], key, number)
                weight_S += window_S
                yield total_CS[:, :stride] / weight_S[:stride]
                total_CS, weight_S = _moved(total_CS, stride), _moved(weight_S, stride)
                before_CS = np.concatenate([before_CS, waiting_CS[:, :stride]], axis=1)[:, -segment:]
                waiting_CS = waiting_CS[:, stride:]
                number += 1
        left = waiting_CS.shape[1]
        if left:
            reach_back = min(segment - left, before_CS.shape[1])
            last_CS = np.concatenate([before_CS[:, before_CS.shape[1] - reach_back :], waiting_CS], axis=1)
            estimate_CS = self._background(last_CS, key, number)[:, reach_back:]
            total_CS[:, :left] += window_S[:left] * estimate_CS
            yield total_CS[:, :left] / (weight_S[:left] + window_S[:left])

    def _background(self, segment_CS: np.ndarray, key: str, number: int) -> np.ndarray:
        """Return one segment's stems, all but one, summed."""
        from demucs.apply import apply_model

        mixture_BCS = torch.from_numpy(np.ascontiguousarray(segment_CS, dtype=np.float32))[None]
        try:
            with _python_random(item_seed("separation", key, number)):
                stems_NCS = apply_model(
                    self.model.network, mixture_BCS, split=False, shifts=self.shifts, device=self.device
                )[0]
        except torch.OutOfMemoryError as error:
            raise DubaugError(
                f"the GPU's memory does not suffice for segments of {self.segment_samples} samples: set a smaller "
                "`separation.segment_s`"
            ) from error
        kept = [number for number, source in enumerate(self.model.sources) if source != self.stem]
        background: np.ndarray = stems_NCS[kept].sum(dim=0).cpu().numpy()
        return background


def make_remover(model: StemModel, separation: Separation, *, device: str) -> Remover:
    """Return the remover that the configuration describes. Raises `ConfigError` if the model cannot work that way."""
    segment_s = separation.segment_s or min(model.segment_s, model.max_segment_s)
    if segment_s > model.max_segment_s:
        raise ConfigError(
            f"config key `separation.segment_s`: got {segment_s}, expected at most {model.max_segment_s:.3f}, "
            f"what {separation.model!r} was trained on"
        )
    segment = max(int(segment_s * model.sample_rate_hz), 1)
    model.network.to(device)
    return Remover(
        model=model,
        stem=separation.stem,
        segment_samples=segment,
        stride_samples=max(int((1 - separation.overlap) * segment), 1),
        shifts=separation.shifts,
        device=device,
    )


def choose_device(device: str) -> str:
    """Return `cpu` or `cuda`. Raises `ConfigError` if a GPU is demanded and there is none."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("config key `device`: got 'cuda', but there is no usable GPU here; expected 'cpu' or 'auto'")
    return device


def _window(segment: int) -> np.ndarray:
    """Return the weights of a segment's samples, a triangle with its maximum, 1, in the middle."""
    rising = np.arange(1, segment // 2 + 1)
    falling = np.arange(segment - segment // 2, 0, -1)
    window: np.ndarray = np.concatenate([rising, falling]).astype(np.float32) / np.float32(segment - segment // 2)
    return window


def _moved(values: np.ndarray, by: int) -> np.ndarray:
    """Return `values` moved to the front by `by` samples, zeros at the end."""
    result = np.zeros_like(values)
    result[..., : values.shape[-1] - by] = values[..., by:]
    return result


@contextmanager
def _python_random(seed: int) -> Iterator[None]:
    """Seed Python's own generator, which Demucs draws its shifts from, for a while."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
