"""A corpus of a few seconds' work, and the sizes of networks to match."""

from pathlib import Path
from typing import Any

import numpy as np

from dubaug.config import Experiment
from dubaug.files import sha256_of
from dubaug.media.jpeg import encode
from dubaug.shards.format import ShardWriter
from dubaug.shards.index import ClipIndex, ShardEntry

TINY: dict[str, Any] = {
    "device": "cpu",
    "tracking": {"live": False},
    "clips": {"duration_s": 1.0, "frames": 2, "frame_height": 36, "sample_rate_hz": 16000},
    "mel": {"n_fft": 1024, "hop_length": 512, "n_mels": 25},
    "separation": {"sample_rate_hz": 16000},
    "encoders": {
        "embedding_dim": 16,
        "video": {"crop": 32, "width_factor": 1.0, "depth_factor": 1.0, "stem_width": 8, "head_width": 16},
        "audio": {"depth": 50, "stem_width": 2},
        "projection_hidden": 16,
        "projection_dim": 8,
    },
    "augmentation": {"height_min": 32, "height_max": 40},
    "pretraining": {
        "epochs": 2,
        "checkpoints": [1, 2],
        "clips_per_gpu": 6,
        "clips_per_title": 3,
        "loader_workers": 0,
        "precision": "fp32",
    },
}
TITLES = {"alpha": 7, "beta": 5, "gamma": 2}


def write_tiny_corpus(folder: Path, experiment: Experiment, tracks: tuple[str, ...], *, frames: bool = True) -> Path:
    """Write the shards of `TITLES` and their index; the picture's colour and the sound's pitch go together."""
    clips, mel = experiment.clips, experiment.mel
    shape = (2, mel.frames(round(clips.duration_s * clips.sample_rate_hz)), mel.n_mels)
    entries = []
    for title, count in TITLES.items():
        rng = np.random.default_rng(len(title) + count)
        path = folder / f"{title}.arrow"
        height, width = clips.frame_height, 64 if title == "alpha" else 48
        with ShardWriter(path, metadata={}, mel_shapes=dict.fromkeys(tracks, shape), with_frames=frames) as shard:
            for index in range(count):
                kind = index % 3
                picture = rng.integers(0, 120, (clips.frames, height, width, 3), dtype=np.uint8)
                picture[..., kind] += 120
                mels = {track: rng.normal(-8.0, 1.0, shape) for track in tracks}
                for mel_CTF in mels.values():
                    mel_CTF[:, :, 8 * kind : 8 * kind + 6] += 6.0
                jpeg = encode(picture, 90) if frames else None
                shard.add(item=title, index=index, start_s=float(index), frames_jpeg=jpeg, mels=mels)
        entries.append(ShardEntry(title_id=title, path=path, clips=count, sha256=sha256_of(path)))
    index = ClipIndex(shards=tuple(entries), tracks=tracks, sample_rate_hz=clips.sample_rate_hz)
    index.save(folder / "clips.json")
    return folder / "clips.json"
