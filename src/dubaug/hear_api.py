"""The HEAR common API over our encoders: `hear-validator dubaug.hear_api --model results/efj/seed0/pretraining.json`.

The API is https://hearbenchmark.com/hear-api.html; docs/hear_api.md says how tools are called with this module, and
what becomes of short and long sounds. Shape suffixes: N sound, S sample, B window, T mel frame or timestamp, F mel bin,
D embedding.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from dubaug.config import Encoders, Mel
from dubaug.downstream.windows import window_starts_s
from dubaug.encoders.encoder import Encoder, seed_weights
from dubaug.encoders.paper import PAPER_AUDIO, PAPER_VIDEO
from dubaug.errors import DubaugError
from dubaug.export.plain import CONFIG, FORMAT, FORMAT_VERSION, WEIGHTS
from dubaug.files import read_json, sha256_of
from dubaug.media.mel import log_mel
from dubaug.media.settings import CHANNELS
from dubaug.pretrain.checkpoint import EncoderSpec, load_encoders
from dubaug.pretrain.manifest import Manifest
from dubaug.progress import log_line

__all__ = ["HearModel", "get_scene_embeddings", "get_timestamp_embeddings", "load_model"]

TIMESTAMP_HOP_MS = 50.0
"""The largest that HEAR advises (its tolerance for onsets)."""
WINDOWS_AT_ONCE = 32
"""Windows that pass the network together, at 42 MiB each for the paper's: memory does not grow with the sounds."""
UNTRAINED = EncoderSpec(
    variant="rp",
    seed=0,
    epoch=0,
    experiment="",
    encoders=Encoders(
        embedding_dim=1024,
        dropout=0.0,
        video=PAPER_VIDEO,
        audio=PAPER_AUDIO,
        projection_hidden=1024,
        projection_dim=128,
    ),
    mel=Mel(n_fft=1024, hop_length=512, n_mels=96, floor=1e-10),
    sample_rate_hz=48000,
    duration_s=3.0,
    frames=16,
)
"""What there is without a checkpoint: the paper's `rp`, of seed 0."""


class HearModel(nn.Module):
    """An audio encoder, frozen, with the attributes that HEAR asks for; it computes wherever it is moved to."""

    def __init__(self, audio: Encoder, spec: EncoderSpec) -> None:
        super().__init__()
        self.audio, self.spec = audio, spec
        self.sample_rate = spec.sample_rate_hz
        self.scene_embedding_size = self.timestamp_embedding_size = spec.encoders.embedding_dim
        self.timestamp_hop_ms = TIMESTAMP_HOP_MS
        """May be set to another one; tools that know only the API get this one."""
        self.window_samples = spec.samples
        self.train(False).requires_grad_(False)

    def train(self, mode: bool = True) -> "HearModel":
        """Stay in evaluation mode, whatever a tool asks for: the statistics of BatchNorm are part of the weights."""
        super().train(False)
        return self

    def forward(self, windows_BS: torch.Tensor) -> torch.Tensor:
        """Return embeddings `(B, D)` of mono windows of `window_samples` samples, heard on both channels.

        Raises `DubaugError` if samples are not finite.
        """
        mel_BTF = log_mel(windows_BS, sample_rate_hz=self.spec.sample_rate_hz, mel=self.spec.mel)
        mel_BTF = mel_BTF.half().float()  # as the features of downstream data sets are kept
        if not mel_BTF.isfinite().all():  # cheaper than asking the samples
            raise DubaugError("the audio holds samples that are not finite: convert its file again")
        embedding_BD: torch.Tensor = self.audio(mel_BTF.unsqueeze(1).expand(-1, CHANNELS, -1, -1))
        return embedding_BD.float()


def load_model(model_file_path: str = "") -> HearModel:
    """Return a model, on the GPU if there is one.

    The path is a checkpoint (`.safetensors`), a folder made by `dubaug export`, or a `pretraining.json`, of which the
    last epoch is taken. Without one it is the untrained network of the paper's size, which is said on stderr. Raises
    `DubaugError` for anything else, and for weights whose SHA-256 is not the one noted.
    """
    if model_file_path:
        encoders = load_encoders(_weights(Path(model_file_path)))
        model = HearModel(encoders.audio, encoders.spec)
    else:
        log_line(
            "dubaug.hear_api: no model file was given: this is the untrained network of the paper's size (rp, seed 0). "
            "Its embeddings are those of random weights; give a checkpoint, an exported folder or a pretraining.json"
        )
        model = HearModel(_untrained_encoder(), UNTRAINED)
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def get_scene_embeddings(audio: torch.Tensor, model: HearModel) -> torch.Tensor:
    """Return one embedding a sound, float32 `(N, D)`, on the model's device.

    `audio` is mono, `(N, S)`, at `model.sample_rate`, -1..1. The embedding is the mean over windows placed as for all
    our scores (`dubaug.downstream.windows`): to rounding what `dubaug.embed` makes of the same sound. Raises
    `DubaugError` for audio of another shape, without samples, or with samples that are not finite.
    """
    _check(audio)
    n_samples, window = audio.shape[1], model.window_samples
    starts_s = window_starts_s(n_samples / model.sample_rate, window_s=model.spec.duration_s)
    padded_NS = nn.functional.pad(audio, (0, max(0, window - n_samples)))
    embedded_NBD = _embedded(padded_NS, [round(start_s * model.sample_rate) for start_s in starts_s], model)
    return embedded_NBD.mean(dim=1, dtype=torch.float64).float()


def get_timestamp_embeddings(audio: torch.Tensor, model: HearModel) -> tuple[torch.Tensor, torch.Tensor]:
    """Return embeddings, float32 `(N, T, D)`, and their times in milliseconds, float32 `(N, T)`, on the model's device.

    `audio` is as for `get_scene_embeddings`. Times are 0, `model.timestamp_hop_ms`, twice that and so on, up to the
    sound's length. Each embedding is of one window with its middle at that time; what it has of before the beginning
    and of after the end is silence. Raises `DubaugError` as `get_scene_embeddings` does.
    """
    _check(audio)
    length_ms, hop_ms = 1000 * audio.shape[1] / model.sample_rate, model.timestamp_hop_ms
    times_ms = [number * hop_ms for number in range(int(length_ms / hop_ms + 1e-9) + 1)]
    before = model.window_samples // 2
    padded_NS = nn.functional.pad(audio, (before, model.window_samples - before))
    starts = [round(time_ms / 1000 * model.sample_rate) for time_ms in times_ms]  # each by itself: nothing drifts
    embedded_NTD = _embedded(padded_NS, starts, model)
    times_T = torch.tensor(times_ms, dtype=torch.float32, device=embedded_NTD.device)
    return embedded_NTD, times_T.repeat(len(audio), 1)


def _check(audio: torch.Tensor) -> None:
    if audio.ndim != 2 or not audio.is_floating_point() or audio.shape[1] == 0:
        raise DubaugError(
            f"audio must be mono sounds as floating-point numbers, (sounds, samples), with at least one sample; got "
            f"{audio.dtype} {tuple(audio.shape)}"
        )


@torch.no_grad()
def _embedded(audio_NS: torch.Tensor, starts: Sequence[int], model: HearModel) -> torch.Tensor:
    """Return `(N, len(starts), D)`: the windows that begin at these samples of every sound."""
    device, window = next(model.parameters()).device, model.window_samples
    places = [(sound, start) for sound in range(len(audio_NS)) for start in starts]
    result_BD = torch.empty(len(places), model.scene_embedding_size, device=device)
    for first in range(0, len(places), WINDOWS_AT_ONCE):
        chunk = places[first : first + WINDOWS_AT_ONCE]
        windows_BS = torch.stack([audio_NS[sound, start : start + window] for sound, start in chunk])
        result_BD[first : first + len(chunk)] = model(windows_BS.to(device))
    return result_BD.reshape(len(audio_NS), len(starts), -1)


def _untrained_encoder() -> Encoder:
    with torch.random.fork_rng(devices=[]):
        seed_weights(UNTRAINED.seed, "audio")
        return Encoder(UNTRAINED.encoders, "audio", UNTRAINED)


def _weights(path: Path) -> Path:
    """Return the file of the weights that `path` stands for."""
    if path.is_dir():
        return _exported(path)
    if path.suffix == ".json":
        manifest = Manifest.load(path)
        if not manifest.checkpoints:
            raise DubaugError(f"{path} names no checkpoint: run its pretraining again")
        return _unchanged(manifest.final.path, manifest.final.sha256, path)
    return path


def _exported(folder: Path) -> Path:
    config = folder / CONFIG
    try:
        value = read_json(config)
        known = (value["format"], value["format_version"]) == (FORMAT, FORMAT_VERSION)
        sha256 = value["weights"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DubaugError(
            f"{folder} is no folder made by `dubaug export` ({config.name}: {error!r}): give one, a checkpoint or a "
            "pretraining.json"
        ) from error
    if not known:
        raise DubaugError(f"{config} is of another format than {FORMAT} {FORMAT_VERSION}: export the encoders again")
    return _unchanged(folder / WEIGHTS, sha256, config)


def _unchanged(weights: Path, sha256: str, noted: Path) -> Path:
    if not weights.is_file():
        raise DubaugError(f"{weights}, which {noted} names, is missing: copy it there")
    if sha256_of(weights) != sha256:
        raise DubaugError(f"{weights} is damaged: its SHA-256 is not the one in {noted}. Copy it again")
    return weights
