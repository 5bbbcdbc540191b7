"""Shards of made-up clips at a configuration's sizes: JPEGs as large as films', log-mels of noise."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from dubaug.config import Experiment
from dubaug.files import sha256_of
from dubaug.media.jpeg import encode
from dubaug.pretrain.batches import Clip
from dubaug.shards.format import ShardWriter
from dubaug.shards.index import ClipIndex, ShardEntry

ASPECT = 16 / 9
TITLES = 4


def make_corpus(folder: Path, experiment: Experiment, *, clips_per_title: int) -> Path:
    """Write `TITLES` shards with all tracks and return their index."""
    clips, mel = experiment.clips, experiment.mel
    tracks = experiment.corpus.tracks
    shape = (2, mel.frames(round(clips.duration_s * clips.sample_rate_hz)), mel.n_mels)
    entries = []
    for number in range(TITLES):
        rng = np.random.default_rng(number)
        title = f"title{number}"
        path = folder / f"{title}.arrow"
        with ShardWriter(path, metadata={}, mel_shapes=dict.fromkeys(tracks, shape), with_frames=True) as shard:
            for index in range(clips_per_title):
                frames_jpeg = encode(pictures(rng, clips.frames, clips.frame_height), clips.jpeg_quality)
                mels = {track: rng.normal(-7.0, 4.6, shape).astype(np.float32) for track in tracks}
                shard.add(item=title, index=index, start_s=clips.duration_s * index, frames_jpeg=frames_jpeg, mels=mels)
        entries.append(ShardEntry(title_id=title, path=path, clips=clips_per_title, sha256=sha256_of(path)))
    index = ClipIndex(shards=tuple(entries), tracks=tuple(tracks), sample_rate_hz=clips.sample_rate_hz)
    index.save(folder / "clips.json")
    return folder / "clips.json"


def orders(experiment: Experiment, clips_per_title: int, batches: int) -> list[list[Clip]]:
    """Return batches of clips drawn from all titles."""
    rng = np.random.default_rng(0)
    size = experiment.pretraining.clips_per_gpu
    return [
        [Clip(f"title{rng.integers(TITLES)}", int(rng.integers(clips_per_title))) for _ in range(size)]
        for _ in range(batches)
    ]


def pictures(rng: np.random.Generator, frames: int, height: int) -> np.ndarray:
    """Return uint8 `(T, H, W, 3)`: soft shapes that move, edges, and a little grain, as a film has."""
    width = round(height * ASPECT)
    coarse = torch.from_numpy(rng.normal(0.5, 0.35, (1, 3, 9, 18)).astype(np.float32))
    shapes = F.interpolate(coarse, (height, width + 4 * frames), mode="bicubic", align_corners=False)[0]
    shapes = torch.where(shapes > 0.6, shapes * 0.6 + 0.3, shapes)
    moved = torch.stack([shapes[:, :, 4 * frame : 4 * frame + width] for frame in range(frames)])
    grain = torch.from_numpy(rng.normal(0.0, 0.006, (frames, 1, height, width)).astype(np.float32))
    return ((moved + grain).clamp(0, 1) * 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
