"""`config.json`: what a reader without dubaug needs in order to build the networks and to feed them."""

from typing import Any

from dubaug.config import Mel
from dubaug.export.network import Network
from dubaug.media.video import frame_times
from dubaug.pretrain.checkpoint import EncoderSpec
from dubaug.pretrain.encoders import (
    LOGMEL_MEAN,
    LOGMEL_STD,
    PIXEL_MEAN,
    PIXEL_STD,
    audio_arguments,
    video_arguments,
)

FORMAT, FORMAT_VERSION = "dubaug-encoders", 1
CONFIG, WEIGHTS = "config.json", "encoders.safetensors"


def plain_config(network: Network) -> dict[str, Any]:
    """Return the content of `config.json`: plain JSON values, units in the names, `video` null without video."""
    spec = network.spec
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "variant": spec.variant,
        "seed": spec.seed,
        "epoch": spec.epoch,
        "experiment": spec.experiment,
        "weights": {"file": WEIGHTS, "sha256": network.checkpoint.sha256},
        "embedding_dim": spec.encoders.embedding_dim,
        "window_s": spec.duration_s,
        "audio": {
            "architecture": "pytorchvideo.models.resnet.create_acoustic_resnet",
            "arguments": audio_arguments(spec.encoders),
            "weights_prefix": "audio.net.",
            "parameters": network.weights["audio"],
            **_audio_input(spec, spec.mel),
        },
        "video": _video(network) if "video" in network.weights else None,
    }


def _audio_input(spec: EncoderSpec, mel: Mel) -> dict[str, Any]:
    """Return what the audio network takes; `mel_spectrogram` is torchaudio's `MelSpectrogram`'s arguments."""
    samples = round(spec.duration_s * spec.sample_rate_hz)
    return {
        "sample_rate_hz": spec.sample_rate_hz,
        "channels": 2,
        "samples": samples,
        "mel_spectrogram": {
            "sample_rate": spec.sample_rate_hz,
            "n_fft": mel.n_fft,
            "hop_length": mel.hop_length,
            "n_mels": mel.n_mels,
            "f_min": 0.0,
            "f_max": spec.sample_rate_hz / 2,
            "power": 2.0,
            "center": False,
            "norm": None,
            "mel_scale": "htk",
        },
        "floor": mel.floor,
        "logarithm": "natural",
        "normalisation": {"mean": LOGMEL_MEAN, "std": LOGMEL_STD},
        "input_shape": [2, mel.frames(samples), 1, mel.n_mels],
        "input_axes": ["channel", "time", "(always 1)", "mel bin"],
    }


def _video(network: Network) -> dict[str, Any]:
    """Return the video network and what it takes."""
    spec = network.spec
    crop = spec.encoders.video.crop
    return {
        "architecture": "pytorchvideo.models.x3d.create_x3d",
        "arguments": video_arguments(spec.encoders, frames=spec.frames),
        "weights_prefix": "video.net.",
        "parameters": network.weights["video"],
        "frames": spec.frames,
        "frame_times_s": [round(time_s, 6) for time_s in frame_times(0.0, spec.duration_s, spec.frames)],
        "short_side_px": short_side_px(network),
        "crop_px": crop,
        "colours": "RGB",
        "range": [0.0, 1.0],
        "normalisation": {"mean": PIXEL_MEAN, "std": PIXEL_STD},
        "input_shape": [3, spec.frames, crop, crop],
        "input_axes": ["channel", "time", "row", "column"],
    }


def short_side_px(network: Network) -> int | None:
    """Return the size that pictures are scaled to before the central crop; None for an untrained network: any."""
    size: int | None = network.configuration.get("augmentation", {}).get("height_min")
    return size
