"""`config.json`: what a reader without dubaug needs in order to build the networks and to feed them."""

from typing import Any

import torch

from dubaug.encoders.settings import Family, Part
from dubaug.export.network import Network
from dubaug.media.settings import CHANNELS
from dubaug.media.video import frame_times
from dubaug.pretrain.checkpoint import EncoderSpec

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
        "audio": {**_made(network, "audio"), **_sound(spec), **_network_input(spec, "audio")},
        "video": _video(network) if "video" in network.weights else None,
    }


def _made(network: Network, part: Part) -> dict[str, Any]:
    """Return what the network is; `architecture` is null for one that dubaug alone can make."""
    stock, family = network.stock.get(part), getattr(network.spec.encoders, part)
    return {
        "family": family.family,
        "architecture": stock and stock.function,
        "arguments": stock and dict(stock.arguments),
        "weights_prefix": f"{part}.net.",
        "parameters": network.weights[part],
    }


def _network_input(spec: EncoderSpec, part: Part) -> dict[str, Any]:
    """Return what the network is fed with, once sound is a log-mel and pictures are numbers."""
    family: Family = getattr(spec.encoders, part)
    return {
        "normalisation": {"mean": family.mean, "std": family.std},
        "input_shape": list(family.network_input(torch.zeros(1, *family.input_shape(spec))).shape[1:]),
        "input_axes": list(family.input_axes),
    }


def _sound(spec: EncoderSpec) -> dict[str, Any]:
    """Return how sound becomes a log-mel; `mel_spectrogram` is torchaudio's `MelSpectrogram`'s arguments."""
    mel, mono = spec.mel, spec.encoders.audio.channels == 1
    return {
        "sample_rate_hz": spec.sample_rate_hz,
        "channels": CHANNELS,
        "mixed_down": "to the mean of both channels' powers" if mono else None,
        "samples": spec.samples,
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
    }


def _video(network: Network) -> dict[str, Any]:
    """Return the video network and what it takes."""
    spec = network.spec
    return {
        **_made(network, "video"),
        "frames": spec.frames,
        "frame_times_s": [round(time_s, 6) for time_s in frame_times(0.0, spec.duration_s, spec.frames)],
        # What pictures are scaled to before the central crop; null for an untrained network: any size will do.
        "short_side_px": network.configuration.get("augmentation", {}).get("height_min"),
        "crop_px": spec.encoders.video.crop,
        "colours": "RGB",
        "range": [0.0, 1.0],
        **_network_input(spec, "video"),
    }
