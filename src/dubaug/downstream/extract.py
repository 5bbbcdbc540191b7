"""One recording, decoded once, to the windows that every checkpoint embeds.

Shape suffixes: W window, C channel, S sample, T time frame, F mel bin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dubaug.corpus.truncation import may_go_on, require_whole
from dubaug.downstream.experiment import FeatureSettings
from dubaug.downstream.model import Item
from dubaug.downstream.windows import window_starts_s
from dubaug.errors import MediaError
from dubaug.media import jpeg
from dubaug.media.audio import own_rate_hz, read_audio
from dubaug.media.mel import log_mel
from dubaug.media.settings import CHANNELS
from dubaug.media.video import read_windows, scaled_size, upright_size, video_duration_s

WINDOWS_AT_ONCE = 8
"""Spectrograms made together: bounds the memory that a long recording takes."""


@dataclass(frozen=True, kw_only=True)
class ItemFeatures:
    """The windows of one item."""

    starts_s: tuple[float, ...]
    """Within the item."""
    mels: dict[str, np.ndarray]
    """Track (its sample rate) to float16 (W, C, T, F); empty for items without sound."""
    frames: list[list[bytes]] | None
    """JPEGs of each window; None for items without a picture."""
    remarks: tuple[str, ...] = ()
    """What people should know of the recording; ends a sentence that begins with how many there are."""


def extract(item: Item, settings: FeatureSettings) -> ItemFeatures:
    """Return the item's windows; with sound and picture, the shorter of the two decides how many there are.

    Sound shorter than a window is padded with zeros, a picture with its last frame. Raises `MediaError` if a file
    cannot be read, holds nothing, or holds samples that are not finite.
    """
    waveforms_CS = {rate_hz: _waveform(item, rate_hz) for rate_hz in settings.sample_rates_hz if item.audio}
    durations_s = [waveform_CS.shape[1] / rate_hz for rate_hz, waveform_CS in waveforms_CS.items()]
    if item.video:
        durations_s.append(_picture_s(item, item.video))
    starts_s = window_starts_s(min(durations_s), window_s=settings.window_s)
    frames = _frames(item, item.video, starts_s, settings) if item.video else None
    return ItemFeatures(
        starts_s=starts_s,
        mels={
            str(rate_hz): _mels(waveform_CS, rate_hz, starts_s, settings)
            for rate_hz, waveform_CS in waveforms_CS.items()
        },
        frames=frames,
        remarks=tuple(_remarks(item, waveforms_CS, frames)),
    )


def _remarks(item: Item, waveforms_CS: Mapping[int, torch.Tensor], frames: list[list[bytes]] | None) -> list[str]:
    remarks = []
    if waveforms_CS and not any(waveform_CS.any() for waveform_CS in waveforms_CS.values()):
        remarks.append("are digital silence")
    if frames and len({picture for window in frames for picture in window}) == 1:
        remarks.append("show one picture that never changes")
    rate_hz = own_rate_hz(item.audio) if item.audio and item.stated_hz else None
    if rate_hz not in (None, item.stated_hz):
        remarks.append(f"have {rate_hz} Hz where their folder says {item.stated_hz} Hz, and were resampled")
    if any(may_go_on(file) for file in (item.audio, item.video) if file):
        remarks.append("are Ogg without the page that ends it: whether they are whole cannot be told")
    return remarks


def _waveform(item: Item, rate_hz: int) -> torch.Tensor:
    """Return the item's part of its sound, float32 (2, S)."""
    assert item.audio is not None
    waveform_CS = read_audio(item.audio, sample_rate_hz=rate_hz)
    first = round(item.start_s * rate_hz)
    stop = None if item.duration_s is None else first + round(item.duration_s * rate_hz)
    part_CS = waveform_CS[:, first:stop]
    if part_CS.shape[1] == 0:
        raise MediaError(f"{item.audio.name} holds no sound at {item.start_s:.2f} s", "copy the file again")
    return part_CS


def _mels(
    waveform_CS: torch.Tensor, rate_hz: int, starts_s: tuple[float, ...], settings: FeatureSettings
) -> np.ndarray:
    n_samples = round(settings.window_s * rate_hz)
    mono = torch.equal(waveform_CS[0], waveform_CS[1])  # most data sets are: half the work
    channels_CS = waveform_CS[:1] if mono else waveform_CS
    windows_WCS = torch.zeros(len(starts_s), len(channels_CS), n_samples)
    for window_CS, start_s in zip(windows_WCS, starts_s, strict=True):
        first = round(start_s * rate_hz)
        piece_CS = channels_CS[:, first : first + n_samples]
        window_CS[:, : piece_CS.shape[1]] = piece_CS
    parts = [
        log_mel(part_WCS, sample_rate_hz=rate_hz, mel=settings.mel).half().numpy()
        for part_WCS in windows_WCS.split(WINDOWS_AT_ONCE)
    ]
    mels_WCTF = np.concatenate(parts)
    if not np.isfinite(mels_WCTF).all():  # the samples are
        raise MediaError("the sound holds samples too large for their power to be finite", "convert the file again")
    return mels_WCTF.repeat(CHANNELS, axis=1) if mono else mels_WCTF


def _picture_s(item: Item, video: Path) -> float:
    """Return how long the item's part of its picture is."""
    require_whole(video)
    left_s = video_duration_s(video) - item.start_s
    if left_s <= 0:
        raise MediaError(f"{video.name} holds no picture at {item.start_s:.2f} s", "copy the file again")
    return left_s if item.duration_s is None else min(left_s, item.duration_s)


def _frames(item: Item, video: Path, starts_s: tuple[float, ...], settings: FeatureSettings) -> list[list[bytes]]:
    windows = read_windows(
        video,
        starts_s=[item.start_s + start_s for start_s in starts_s],
        duration_s=settings.window_s,
        frames=settings.frames,
        height=_height(video, settings.square),
    )
    return [jpeg.encode(_middle(frames, settings.square), settings.jpeg_quality) for frames in windows]


def _height(video: Path, short_side: int) -> int:
    """Return the least height at which neither side of the picture is below `short_side` pixels."""
    width, height = upright_size(video)
    target = max(short_side, int(short_side * height / width))
    while scaled_size(width, height, 1.0, target)[0] < short_side:  # widths are rounded to even numbers
        target += 1
    return target


def _middle(frames_THWC: np.ndarray, square: int) -> np.ndarray:
    """Return the square in the middle of every frame."""
    top, left = (frames_THWC.shape[1] - square) // 2, (frames_THWC.shape[2] - square) // 2
    return frames_THWC[:, top : top + square, left : left + square]
