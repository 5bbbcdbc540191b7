"""Clips as a person looks at them: stills, and below them each track's log-mel on the same time axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from dubaug.config import Mel
from dubaug.plotting import shorten
from dubaug.shards.format import ShardReader
from dubaug.tracks import TrackName

RANGE_DB = 80.0
"""What lies further below the loudest point of all clips shown is black."""
_DB_PER_NEPER = 10 / math.log(10)
_TICKS_KHZ = (1, 2, 4, 8, 16)
_LETTER_IN = 0.062


@dataclass(frozen=True, kw_only=True)
class MelAxes:
    """Where a mel's frames and bins lie: `dubaug.media.mel` takes no padding, and HTK filters from 0 Hz to half the
    sample rate."""

    duration_s: float
    sample_rate_hz: int
    mel: Mel

    def extent(self, frames: int) -> tuple[float, float, float, float]:
        """Return left and right edge of the mel's frames in seconds, lower and upper edge of its bins in mels."""
        left_s = (self.mel.n_fft - self.mel.hop_length) / 2 / self.sample_rate_hz
        step_mel = self.mels(self.sample_rate_hz / 2) / (self.mel.n_mels + 1)
        right_s = left_s + frames * self.mel.hop_length / self.sample_rate_hz
        return left_s, right_s, step_mel / 2, step_mel * (self.mel.n_mels + 0.5)

    @staticmethod
    def mels(frequency_hz: float) -> float:
        """Return the frequency on HTK's mel scale."""
        return 2595 * math.log10(1 + frequency_hz / 700)


def mel_axes(reader: ShardReader) -> MelAxes | None:
    """Return the axes of a shard's mels; None if its metadata do not say how they were made."""
    metadata = reader.metadata
    try:
        # separated sound has the separation model's rate
        rated = metadata["clips"] if "sample_rate_hz" in metadata["clips"] else metadata["separation"]
        return MelAxes(
            duration_s=float(metadata["clips"]["duration_s"]),
            sample_rate_hz=int(rated["sample_rate_hz"]),
            mel=Mel(**metadata["mel"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


@dataclass(frozen=True, kw_only=True)
class SheetClip:
    """What is shown of one clip. Shape letters: N still, H row, W column; T time frame, F mel bin."""

    title: str
    start_s: float
    stills: np.ndarray
    """uint8 `(N, H, W, 3)`, N may be 0: still k is the frame shown at the centre of the k-th of N equal parts."""
    levels_db: dict[str, np.ndarray]
    """Each track's power, mean over the channels, `(T, F)`."""

    @property
    def begins(self) -> str:
        """Return where the clip begins in its title: `1:02:03` or `0:18`."""
        minutes, seconds = divmod(round(self.start_s), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"

    def caption(self, letters: int) -> str:
        """Return the title, shortened to some letters, and where the clip begins in it."""
        return f"{shorten(self.title, max(4, letters - len(self.begins) - 2))}  {self.begins}"


def power_db(mel_CTF: np.ndarray) -> np.ndarray:
    """Return the channels' mean power in dB, float32 `(T, F)`, of a natural-log mel `(C, T, F)`."""
    power_TF = np.exp(mel_CTF.astype(np.float32)).mean(axis=0)
    level_TF: np.ndarray = _DB_PER_NEPER * np.log(np.maximum(power_TF, np.finfo(np.float32).tiny))
    return level_TF


def read_clip(reader: ShardReader, row: int, *, stills: int) -> SheetClip:
    """Return what is shown of the shard's clip in `row`, with at most `stills` of its frames."""
    frames_NHWC = np.empty((0, 1, 1, 3), dtype=np.uint8)
    if reader.with_frames and stills:
        frames_NHWC = reader.frames(row)
        shown = min(stills, len(frames_NHWC))
        frames_NHWC = frames_NHWC[[math.floor((k + 0.5) * len(frames_NHWC) / shown) for k in range(shown)]]
    return SheetClip(
        title=reader.item(row),
        start_s=reader.start_s(row),
        stills=frames_NHWC,
        levels_db={track: power_db(reader.mel(row, track)) for track in reader.tracks},
    )


@dataclass(frozen=True, kw_only=True)
class SheetLayout:
    """Sizes of a sheet, in inches. Clips stand in columns, `columns` side by side, each with its tracks stacked."""

    width: float
    columns: int
    track_height: float = 0.62
    left: float = 0.52
    right: float = 0.7
    above: float = 0.2
    below: float = 0.37
    gap: float = 0.04
    between: float = 0.12

    @property
    def column_width(self) -> float:
        """Return a clip's width."""
        return (self.width - self.left - self.right - (self.columns - 1) * self.between) / self.columns


def draw(clips: Sequence[SheetClip], axes: MelAxes | None, layout: SheetLayout) -> Figure:
    """Return a figure of the clips, all on one colour scale. The clips have the same tracks."""
    tracks = list(clips[0].levels_db)
    still_height = max((_still_size(clip, layout)[1] for clip in clips), default=0.0)
    stack = len(tracks) * (layout.track_height + layout.gap)
    block = layout.above + (still_height + layout.gap if still_height else 0.0) + stack + layout.below
    height = math.ceil(len(clips) / layout.columns) * block
    used = min(layout.columns, len(clips))
    width = layout.left + used * (layout.column_width + layout.between) - layout.between + layout.right
    loudest = max(float(levels.max()) for clip in clips for levels in clip.levels_db.values())
    norm = Normalize(-RANGE_DB, 0.0)
    figure = plt.figure(figsize=(width, height))

    def place(left: float, top: float, wide: float, high: float) -> Axes:
        """Add axes at a place in inches from the upper left corner."""
        return figure.add_axes((left / width, (height - top - high) / height, wide / width, high / height))

    for number, clip in enumerate(clips):
        row, column = divmod(number, layout.columns)
        left = layout.left + column * (layout.column_width + layout.between)
        top = row * block + layout.above
        caption = clip.caption(int(layout.column_width / _LETTER_IN))
        figure.text(left / width, 1 - (top - 0.06) / height, caption, fontsize=7.5)
        if still_height:
            _draw_stills(place, clip, layout, left, top, still_height)
            top += still_height + layout.gap
        for track in tracks:
            axis = place(left, top, layout.column_width, layout.track_height)
            image = _draw_mel(axis, clip.levels_db[track] - loudest, track, axes, norm)
            axis.tick_params(labelleft=column == 0, bottom=track == tracks[-1], labelbottom=track == tracks[-1])
            if track == tracks[-1]:
                axis.set_xlabel("Time (s)" if axes else "Mel frame", labelpad=1.5)
            top += layout.track_height + layout.gap
        if column == 0:
            middle = top - stack / 2
            what = "Frequency (kHz)" if axes else "Mel bin"
            figure.text(0.11 / width, 1 - middle / height, what, rotation=90, ha="center", va="center")
    scale_height = stack - layout.gap
    top = block - layout.below - layout.gap - scale_height
    scale = place(width - layout.right + 0.1, top, 0.09, scale_height)
    bar = figure.colorbar(image, cax=scale, ticks=np.arange(-RANGE_DB, 1, 20))
    bar.outline.set_visible(False)
    scale.tick_params(length=2, labelsize=7)
    bar.set_label("Power (dB, loudest = 0)", labelpad=4)
    return figure


def _still_size(clip: SheetClip, layout: SheetLayout) -> tuple[float, float]:
    """Return a still's width and height: its share of the column, no higher than three quarters of that."""
    if not len(clip.stills):
        return 0.0, 0.0
    _, height, width, _ = clip.stills.shape
    share = layout.column_width / len(clip.stills)
    high = min((share - layout.gap / 2) * height / width, 0.75 * share)
    return high * width / height, high


def _draw_stills(place: Any, clip: SheetClip, layout: SheetLayout, left: float, top: float, height: float) -> None:
    """Draw each still over the centre of its part of the clip, all standing on one line."""
    wide, high = _still_size(clip, layout)
    for k, still_HWC in enumerate(clip.stills):
        centre = left + (k + 0.5) * layout.column_width / len(clip.stills)
        axis = place(centre - wide / 2, top + height - high, wide, high)
        axis.imshow(still_HWC, aspect="auto", interpolation="antialiased")
        axis.set_axis_off()


def _draw_mel(axis: Axes, levels_TF: np.ndarray, track: str, axes: MelAxes | None, norm: Normalize) -> AxesImage:
    frames, bins = levels_TF.shape
    extent = axes.extent(frames) if axes else (-0.5, frames - 0.5, -0.5, bins - 0.5)
    axis.set_facecolor("black")
    image = axis.imshow(
        levels_TF.T, origin="lower", aspect="auto", cmap="magma", norm=norm, extent=extent, interpolation="nearest"
    )
    if axes:
        axis.set_xlim(0, axes.duration_s)
        axis.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        axis.set_ylim(0, axes.mels(axes.sample_rate_hz / 2))
        shown_khz = [tick for tick in _TICKS_KHZ if tick <= axes.sample_rate_hz / 2000]
        axis.set_yticks([axes.mels(1000 * tick) for tick in shown_khz], [f"{tick:g}" for tick in shown_khz])
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=2, labelsize=6.5, pad=2)
    box = {"boxstyle": "square,pad=0.18", "facecolor": "black", "alpha": 0.55, "linewidth": 0}
    axis.annotate(
        TrackName(track).name,
        (0, 1),
        (3, -3),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="left",
        va="top",
        color="white",
        fontsize=6.5,
        fontweight="bold",
        bbox=box,
    )
    return image
