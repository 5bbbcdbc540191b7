"""What a good researcher would write in an afternoon: the peer of bench_pretrain.py.

Stock pytorchvideo models in eager mode, torchvision's augmentation in the loader's workers, AdamW as PyTorch ships it,
cross entropy over the batch's similarities. The same clips from the same shards, the same sizes, the same loss.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
import torchaudio.transforms as audio_transforms
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms import v2

from dubaug.config import Experiment
from dubaug.encoders.encoder import build_arguments
from dubaug.encoders.settings import PARTS, Part
from dubaug.shards.format import ShardReader


class StockModel(nn.Module):
    """The encoders as their published packages make them, a projection head a view."""

    def __init__(self, experiment: Experiment, views: Sequence[str]) -> None:
        super().__init__()
        self.audio, self.video = (_stock(experiment, part) for part in PARTS)
        self.as_input = experiment.encoders.audio.network_input
        self.heads = nn.ModuleDict({view: _head(experiment) for view in views})

    def forward(self, video: torch.Tensor, mels: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return each view's projection; both tracks go through the audio encoder in one batch."""
        names = list(mels)
        embedded = self.audio(self.as_input(torch.cat([mels[name] for name in names]))).chunk(len(names))
        views = {**dict(zip(names, embedded, strict=True)), "video": self.video(video)}
        return {name: self.heads[name](embedding) for name, embedding in views.items()}


def _stock(experiment: Experiment, part: Part) -> nn.Module:
    arguments = build_arguments(experiment.encoders, part, experiment.window_of("efj"))
    stock = getattr(experiment.encoders, part).stock(**arguments)
    assert stock is not None, f"nobody else makes encoders.{part}.family: there is nothing to compare with"
    return stock.build()


def _head(experiment: Experiment) -> nn.Module:
    encoders = experiment.encoders
    return nn.Sequential(
        nn.Linear(encoders.embedding_dim, encoders.projection_hidden, bias=False),
        nn.BatchNorm1d(encoders.projection_hidden),
        nn.ReLU(),
        nn.Linear(encoders.projection_hidden, encoders.projection_dim),
    )


class StockClips(Dataset):
    """Clips decoded and augmented one by one, as a loader's worker does."""

    def __init__(self, experiment: Experiment, shards: Sequence[Path], clips: Sequence[tuple[int, int, str]]) -> None:
        self.readers, self.clips = [ShardReader(shard) for shard in shards], clips
        self.primary = experiment.corpus.primary
        video, self.sound = experiment.encoders.video, experiment.encoders.audio
        self.heights = (experiment.augmentation.height_min, experiment.augmentation.height_max)
        augmentation = experiment.augmentation
        self.after = v2.Compose(
            [
                v2.RandomCrop(video.crop),
                v2.RandAugment(augmentation.randaugment_layers, augmentation.randaugment_magnitude),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize([video.mean] * 3, [video.std] * 3),
            ]
        )
        frames = experiment.mel.frames(round(experiment.clips.duration_s * experiment.clips.sample_rate_hz))
        bins = experiment.mel.n_mels
        self.masks = [
            audio_transforms.TimeMasking(max(1, int(frames * augmentation.time_mask_max))),
            audio_transforms.FrequencyMasking(max(1, int(bins * augmentation.frequency_mask_max))),
        ]
        self.mask_probability = augmentation.mask_probability

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        shard, row, secondary = self.clips[number]
        reader = self.readers[shard]
        jpegs = [torch.frombuffer(bytearray(jpeg), dtype=torch.uint8) for jpeg in reader.frames_jpeg(row)]
        frames_TCHW = torch.stack(decode_jpeg(jpegs, mode=ImageReadMode.RGB))
        height = random.randint(*self.heights)
        scaled = v2.functional.resize(
            frames_TCHW, [height, round(frames_TCHW.shape[-1] * height / frames_TCHW.shape[-2])]
        )
        video_CTHW = self.after(scaled).transpose(0, 1)
        return video_CTHW, self._mel(reader, row, self.primary), self._mel(reader, row, secondary)

    def _mel(self, reader: ShardReader, row: int, track: str) -> torch.Tensor:
        mel_CFT = torch.from_numpy(reader.mel(row, track).copy()).float().transpose(1, 2)
        for mask in self.masks:
            if random.random() < self.mask_probability:
                mel_CFT = mask(mel_CFT)
        return (mel_CFT.transpose(1, 2) - self.sound.mean) / self.sound.std


class StockTrainer:
    """Model, optimizer, step."""

    def __init__(self, experiment: Experiment, device: torch.device, *, half: bool) -> None:
        self.device, self.half = device, half
        self.temperature = experiment.pretraining.temperature
        self.model = StockModel(experiment, ("video", "primary", "secondary")).to(device).train()
        settings = experiment.pretraining
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, betas=settings.betas, weight_decay=settings.weight_decay
        )

    def step(self, video: torch.Tensor, primary: torch.Tensor, secondary: torch.Tensor) -> float:
        """Learn from a batch on the device; return the loss, as a log would show it."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half):
            views = self.model(video, {"primary": primary, "secondary": secondary})
        views = {name: F.normalize(view.float(), dim=1) for name, view in views.items()}
        loss = sum(self._contrast(views["video"], views[name]) for name in ("primary", "secondary"))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def _contrast(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        logits = one @ other.T / self.temperature
        labels = torch.arange(len(one), device=one.device)
        return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def stock_batches(
    experiment: Experiment,
    shards: Sequence[Path],
    clips: Sequence[tuple[int, int, str]],
    *,
    device: torch.device,
    workers: int,
) -> Iterator[tuple[torch.Tensor, ...]]:
    """Yield batches `(video_BCTHW, primary_BCTF, secondary_BCTF)` on the device, read ahead by worker processes."""
    loader = DataLoader(
        StockClips(experiment, shards, clips),
        batch_size=experiment.pretraining.clips_per_gpu,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        drop_last=True,
    )
    for batch in loader:
        yield tuple(part.to(device, non_blocking=True) for part in batch)
