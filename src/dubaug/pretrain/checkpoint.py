"""Trained encoders as files: safetensors, with all that is needed to use them in the metadata. Nothing is unpickled."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import safetensors.torch
import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open

from dubaug.config import Encoders, Mel
from dubaug.errors import DubaugError
from dubaug.files import write_bytes
from dubaug.pretrain.encoders import AudioEncoder, VideoEncoder, build_audio_encoder, build_video_encoder
from dubaug.settings import Settings

METADATA_KEY = "dubaug"


@dataclass(frozen=True, kw_only=True)
class EncoderSpec(Settings):
    """What the encoders are and what they take."""

    variant: str
    seed: int
    epoch: int
    """Epochs trained; 0 for untrained weights."""
    experiment: str
    """`pretraining_digest` of the configuration that made them."""
    encoders: Encoders
    mel: Mel
    sample_rate_hz: int
    duration_s: float
    frames: int


@dataclass(frozen=True, kw_only=True)
class TrainedEncoders:
    """Encoders in evaluation mode, float32, on the CPU. `video` is None for a variant without video."""

    audio: AudioEncoder
    video: VideoEncoder | None
    spec: EncoderSpec


def save_encoders(path: Path, *, audio: AudioEncoder, video: VideoEncoder | None, spec: EncoderSpec) -> None:
    """Write the encoders to `path` atomically; equal weights and spec give equal bytes.

    Raises `DubaugError` if there is no room.
    """
    modules = {"audio": audio} if video is None else {"audio": audio, "video": video}
    tensors = {
        f"{part}.{name}": tensor.detach().cpu().contiguous()
        for part, module in modules.items()
        for name, tensor in module.state_dict().items()
    }
    metadata = {METADATA_KEY: json.dumps(asdict(spec), sort_keys=True)}
    write_bytes(path, safetensors.torch.save(tensors, metadata=metadata))


def load_encoders(path: Path) -> TrainedEncoders:
    """Return the encoders in `path`, as `save_encoders` wrote it. Raises `DubaugError` if it is no such file."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})[METADATA_KEY])
            spec = TypeAdapter(EncoderSpec).validate_python(metadata)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        with torch.random.fork_rng(devices=[]):
            audio = build_audio_encoder(spec.encoders)
            seen = any(name.startswith("video.") for name in tensors)
            video = build_video_encoder(spec.encoders, frames=spec.frames) if seen else None
        audio.load_state_dict(_part(tensors, "audio."))
        if video is not None:
            video.load_state_dict(_part(tensors, "video."))
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise DubaugError(f"{path} is no checkpoint of this version ({reason}): run its pretraining again") from error
    return TrainedEncoders(
        audio=audio.eval().requires_grad_(False),
        video=None if video is None else video.eval().requires_grad_(False),
        spec=spec,
    )


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
