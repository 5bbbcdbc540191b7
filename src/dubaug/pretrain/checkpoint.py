"""Trained encoders as files: safetensors, with all that is needed to use them in the metadata. Nothing is unpickled."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open

import dubaug.encoders
from dubaug.config import Encoders, Window
from dubaug.config.messages import Written, explain
from dubaug.encoders.encoder import Encoder
from dubaug.encoders.settings import AUDIO_FAMILIES, PARTS, VIDEO_FAMILIES, Part
from dubaug.errors import DubaugError
from dubaug.files import write_bytes

METADATA_KEY = "dubaug"


@dataclass(frozen=True, kw_only=True)
class EncoderSpec(Window):
    """What the encoders are, and the windows that they take."""

    variant: str
    seed: int
    epoch: int
    """Epochs trained; 0 for untrained weights."""
    experiment: str
    """`pretraining_digest` of the configuration that made them."""
    encoders: Encoders
    dubaug_version: str | None = None
    """Of the code that wrote the weights; None in a checkpoint of a version that did not say."""
    git_commit: str | None = None
    """The same; also None for an installed package."""


@dataclass(frozen=True, kw_only=True)
class TrainedEncoders:
    """Encoders in evaluation mode, float32, on the CPU. `video` is None for a variant without video."""

    audio: Encoder
    video: Encoder | None
    spec: EncoderSpec


def save_encoders(path: Path, *, audio: Encoder, video: Encoder | None, spec: EncoderSpec) -> None:
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


def read_spec(path: Path) -> EncoderSpec:
    """Return the description in a checkpoint, without its weights. Raises `DubaugError` if it is no such file."""
    with _unreadable_named(path), safe_open(path, framework="pt") as file:
        return _spec(file.metadata(), path)


def load_encoders(path: Path) -> TrainedEncoders:
    """Return the encoders in `path`, as `save_encoders` wrote it. Raises `DubaugError` if it is no such file."""
    with _unreadable_named(path):
        with safe_open(path, framework="pt") as file:
            spec = _spec(file.metadata(), path)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        encoders: dict[Part, Encoder] = {}
        for part in PARTS:
            own = {name.removeprefix(f"{part}."): tensor for name, tensor in tensors.items() if name.startswith(part)}
            if own:
                with torch.random.fork_rng(devices=[]):
                    encoders[part] = Encoder(spec.encoders, part, spec).eval().requires_grad_(False)
                encoders[part].load_state_dict(own)
        return TrainedEncoders(audio=encoders["audio"], video=encoders.get("video"), spec=spec)


@contextmanager
def _unreadable_named(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a file that is no checkpoint into a `DubaugError` that says so."""
    try:
        yield
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise DubaugError(f"{path} is no checkpoint of this version ({reason}): run its pretraining again") from error


def _spec(texts: Mapping[str, str] | None, path: Path) -> EncoderSpec:
    """Return the description in a checkpoint's metadata. Raises `DubaugError` if it is of a family that is not here."""
    metadata = json.loads((texts or {})[METADATA_KEY])
    families: dict[str, Mapping[str, Any]] = {"video": VIDEO_FAMILIES, "audio": AUDIO_FAMILIES}
    for part, known in families.items():
        family = metadata["encoders"][part].get("family")
        if family is not None and family not in known:
            raise DubaugError(
                f"{path}: its {part} encoder is of the family {family!r}, which is not here ({', '.join(known)} are): "
                f"copy its file, {family}.py, into {Path(dubaug.encoders.__path__[0])}"
            )
    try:
        return TypeAdapter(EncoderSpec).validate_python(metadata)
    except ValidationError as error:
        raise ValueError(explain(error, Written(metadata, []))) from error
