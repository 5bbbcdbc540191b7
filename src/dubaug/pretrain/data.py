"""From shards to batches: clips read and decoded, each view's parameters drawn; the device does the rest (`loader`).

Shape suffixes: B batch, C channel, T time, H height, W width, F mel bin.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.heads import View
from dubaug.pretrain.views import AudioView, VideoView, draw_audio, draw_video
from dubaug.seeding import item_rng
from dubaug.shards.index import ClipIndex


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some clips as they are stored, and how their views are to be made."""

    names: tuple[str, ...]
    """`title:clip`, to name them to people."""
    frames: torch.Tensor | None
    """uint8 `(B, T, H, W, 3)`; clips of different sizes lie in the top left corner."""
    video_views: tuple[VideoView, ...]
    mels: dict[View, torch.Tensor]
    """float16 `(B, C, T, F)`: log-mels of the primary and, where there is one, of the secondary track."""
    audio_views: dict[View, tuple[AudioView, ...]]

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on `device`; the copy overlaps with computation where the memory is pinned."""
        frames = None if self.frames is None else self.frames.to(device, non_blocking=True)
        mels = {name: mel.to(device, non_blocking=True) for name, mel in self.mels.items()}
        return replace(self, frames=frames, mels=mels)

    def used_by(self, stream: torch.cuda.Stream) -> None:
        """Keep the batch's memory on the GPU until `stream` is done with it; it was copied by another stream."""
        for tensor in (self.frames, *self.mels.values()):
            if tensor is not None:
                tensor.record_stream(stream)

    def parts(self, count: int) -> list["Batch"]:
        """Return the batch in `count` parts of nearly equal size, fewer where a part would have less than 2 clips."""
        clips = len(self.names)
        count = max(1, min(count, clips // 2))
        bounds = [clips * number // count for number in range(count + 1)]
        return [self] if count == 1 else [self._part(slice(*ends)) for ends in pairwise(bounds)]

    def _part(self, rows: slice) -> "Batch":
        return Batch(
            names=self.names[rows],
            frames=None if self.frames is None else self.frames[rows],
            video_views=self.video_views[rows],
            mels={view: mel[rows] for view, mel in self.mels.items()},
            audio_views={view: drawn[rows] for view, drawn in self.audio_views.items()},
        )


class Memory:
    """Memory for one batch, used again for the next: fresh pages for 70 MB cost a tenth of what decoding them does."""

    def __init__(self, *, pinned: bool = False) -> None:
        self._pinned = pinned
        self._kept: dict[str, torch.Tensor] = {}

    def empty(self, name: str, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """Return a tensor of any content in the memory kept under `name`, which what was there before then shares."""
        size = math.prod(shape) * dtype.itemsize
        kept = self._kept.get(name)
        if kept is None or len(kept) < size:
            kept = self._kept[name] = torch.empty(size, dtype=torch.uint8, pin_memory=self._pinned)
        return kept[:size].view(dtype).reshape(*shape)


class ClipSource:
    """The clips that a variant trains on. Shards are opened when they are read.

    `separated` is the index of the shards without speech, for a variant that takes its sound from there.
    """

    def __init__(self, experiment: Experiment, variant: str, seed: int, clips: Path, separated: Path | None) -> None:
        self.experiment, self.variant, self.seed = experiment, experiment.variants[variant], seed
        self.window = experiment.window_of(variant)
        self.index = ClipIndex.load(clips)
        self.sound = self.index if separated is None else ClipIndex.load(separated)
        self._listed = counts = {shard.title_id: shard.clips for shard in self.index.shards}
        self._pairs: dict[str, list[tuple[int, int]]] = {}
        if separated is not None:
            self._pairs = self._paired()
            counts = {title: len(self._pairs.get(title, ())) for title in self._listed}
        self.clips_of_title = {title: count for title, count in counts.items() if count}
        self.without_sound = sorted(set(counts) - set(self.clips_of_title))
        """Titles left out because they have no separated sound."""

    @property
    def fingerprint(self) -> dict[str, list[str]]:
        """The content of all shards used, by their hashes."""
        return {
            name: [f"{shard.title_id}:{shard.sha256[:16]}" for shard in index.shards]
            for name, index in (("clips", self.index), ("sound", self.sound))
        }

    def check(self) -> None:
        """Raise `DubaugError` if a shard lacks a track or clips, or is of another rate or shape than configured."""
        clips, window = self.experiment.clips, self.window
        wanted = window.sample_rate_hz
        if self.sound.sample_rate_hz != wanted:
            folder = self.sound.shards[0].path.parent if self.sound.shards else "the index"
            raise DubaugError(
                f"the sound in {folder} was made at {self.sound.sample_rate_hz} Hz, the configuration says {wanted}: "
                "make the shards again"
            )
        shape, remedy = window.mel.shape(window.samples), "delete it and make the shards again"
        for title in self.clips_of_title:
            pictures, sound = self.index.open(title), self.sound.open(title)
            if len(pictures) != (listed := self._listed[title]):
                raise DubaugError(f"{pictures.path} has {len(pictures)} clips, its index {listed}: run dubaug index")
            for track in (self.variant.primary, *self.variant.secondary):
                if track not in sound.tracks:
                    raise DubaugError(
                        f"{sound.path} has no track {track!r} (it has {', '.join(sound.tracks)}): {remedy}"
                    )
                if (stored := sound.mel_shapes[track]) != shape:
                    raise DubaugError(f"{sound.path}: {track!r} is {stored}, the configuration says {shape}: {remedy}")
            if self.variant.video and (not pictures.with_frames or len(pictures.frames_jpeg(0)) != clips.frames):
                raise DubaugError(f"{pictures.path} has not {clips.frames} frames a clip: {remedy}")

    def secondary_at(self, step: int) -> str | None:
        """Return the secondary track of a step: the languages in turn, the same for all processes (paper §3.4)."""
        return self.variant.secondary[step % len(self.variant.secondary)] if self.variant.secondary else None

    def read(self, clips: Sequence[Clip], *, epoch: int, step: int, memory: Memory | None = None) -> Batch:
        """Return the clips' batch, in `memory` if given; random parameters depend on seed, epoch, clip and view alone.

        Several threads may read at once.
        """
        memory = memory or Memory()
        tracks: dict[View, str] = {"primary": self.variant.primary}
        if (secondary := self.secondary_at(step)) is not None:
            tracks["secondary"] = secondary
        keys = [(clip.title_id, self.index.open(clip.title_id).index(self._rows(clip)[0])) for clip in clips]
        frames, video_views = self._read_frames(clips, keys, epoch, memory) if self.variant.video else (None, ())
        augmentation = self.experiment.augmentation
        mels: dict[View, torch.Tensor] = {}
        audio_views: dict[View, tuple[AudioView, ...]] = {}
        for view, track in tracks.items():
            stored = [self.sound.open(clip.title_id).mel(self._rows(clip)[1], track) for clip in clips]
            mels[view] = memory.empty(view, (len(clips), *stored[0].shape), torch.float16)
            mel_BCTF = np.stack(stored, out=mels[view].numpy())
            audio_views[view] = tuple(
                draw_audio(
                    item_rng(self.seed, epoch, *key, view),
                    frames=mel_BCTF.shape[2],
                    bins=mel_BCTF.shape[3],
                    augmentation=augmentation,
                )
                for key in keys
            )
        return Batch(
            names=tuple(f"{title}:{index}" for title, index in keys),
            frames=frames,
            video_views=video_views,
            mels=mels,
            audio_views=audio_views,
        )

    def _paired(self) -> dict[str, list[tuple[int, int]]]:
        """Return the rows of each title's pictures and sound that are the same clip: either may lack damaged ones."""
        with_sound = {shard.title_id for shard in self.sound.shards}
        pairs = {}
        for title in (shard.title_id for shard in self.index.shards if shard.title_id in with_sound):
            sound_row = {index: row for row, index in enumerate(self.sound.open(title).indices())}
            indices = enumerate(self.index.open(title).indices())
            pairs[title] = [(row, sound_row[index]) for row, index in indices if index in sound_row]
        return pairs

    def _rows(self, clip: Clip) -> tuple[int, int]:
        """Return the clip's row in the shard of its pictures, and in that of its sound."""
        return self._pairs[clip.title_id][clip.row] if self._pairs else (clip.row, clip.row)

    def _read_frames(
        self, clips: Sequence[Clip], keys: Sequence[tuple[str, int]], epoch: int, memory: Memory
    ) -> tuple[torch.Tensor, tuple[VideoView, ...]]:
        """Return all clips' frames, padded to the largest picture, and their views."""
        places = [(self.index.open(clip.title_id), self._rows(clip)[0]) for clip in clips]
        sizes = [reader.frame_size(row) for reader, row in places]
        largest = (max(height for height, _ in sizes), max(width for _, width in sizes))
        shape = (len(clips), self.experiment.clips.frames, *largest, 3)
        frames = memory.empty("frames", shape, torch.uint8)
        # Decoded straight into the batch: another copy of all pixels would cost a third as much as decoding.
        padded = frames.numpy()
        if set(sizes) != {largest}:
            padded[:] = 0
        for out, (reader, row), (height, width) in zip(padded, places, sizes, strict=True):
            if (height, width) == largest:
                reader.frames(row, out=out)
            else:
                out[:, :height, :width] = reader.frames(row)
        views = tuple(
            draw_video(
                item_rng(self.seed, epoch, *key, "video"),
                height=height,
                width=width,
                crop=self.experiment.encoders.video.crop,
                augmentation=self.experiment.augmentation,
            )
            for key, (height, width) in zip(keys, sizes, strict=True)
        )
        return frames, views
