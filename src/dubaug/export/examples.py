"""How the exported encoders are loaded, as code for the model card; the tests run it."""

from collections.abc import Mapping

from dubaug.encoders.settings import Stock

WITHOUT_DUBAUG = """\
import json
from pathlib import Path

import torch
import torchaudio
{imports}
from safetensors.torch import load_file

folder = Path(".")  # this folder
config = json.loads((folder / "config.json").read_text())
weights = load_file(folder / "encoders.safetensors")


def network(part, create):
    prefix = config[part]["weights_prefix"]
    net = create(**config[part]["arguments"])
    net.load_state_dict({{name.removeprefix(prefix): w for name, w in weights.items() if name.startswith(prefix)}})
    return net.eval()


audio_net = network("audio", {create})
to_mel = torchaudio.transforms.MelSpectrogram(**config["audio"]["mel_spectrogram"])


@torch.inference_mode()
def embed_audio(sound):  # (batch, 2, samples): stereo at the sample rate, -1..1
    norm = config["audio"]["normalisation"]
    log_mel = to_mel(sound).clamp_min(config["audio"]["floor"]){mixed}.log().transpose(2, 3)
    return audio_net(((log_mel - norm["mean"]) / norm["std"]).reshape(len(sound), *config["audio"]["input_shape"]))


{video}sound = torch.zeros(1, 2, config["audio"]["samples"])  # your sound here
print(embed_audio(sound).shape)
"""

WITHOUT_DUBAUG_VIDEO = """\
video_net = network("video", {create})


@torch.inference_mode()
def embed_video(picture):  # (batch, 3, frames, rows, columns): RGB, 0..1
    norm = config["video"]["normalisation"]
    return video_net(((picture - norm["mean"]) / norm["std"]).reshape(len(picture), *config["video"]["input_shape"]))


"""

WITHOUT_DUBAUG_VIDEO_USE = """\
picture = torch.zeros(1, *config["video"]["input_shape"])  # your frames here
print(embed_video(picture).shape)
"""

DUBAUG = """\
from pathlib import Path

import torch
from dubaug.media.mel import log_mel
from dubaug.pretrain.checkpoint import load_encoders

encoders = load_encoders(Path("encoders.safetensors"))
spec = encoders.spec
sound = torch.zeros(1, 2, spec.samples)  # or dubaug.media.audio.read_audio(...)[None]
with torch.inference_mode():
    print(encoders.audio(log_mel(sound, sample_rate_hz=spec.sample_rate_hz, mel=spec.mel)).shape)
"""

DUBAUG_VIDEO = """\
    picture = torch.zeros(1, *encoders.video.clip_shape)  # RGB, 0..1
    print(encoders.video(picture).shape)
"""


def without_dubaug(stock: Mapping[str, Stock], *, mono: bool) -> str:
    """Return the code that needs no dubaug: torch, torchaudio, safetensors, and the packages that make the networks.

    `stock` has them by part, `audio` and perhaps `video`; `mono`: the one for sound takes one channel.
    """
    made = {part: network.function.rpartition(".") for part, network in stock.items()}
    imports = sorted(f"from {module} import {name}" for module, _, name in made.values())
    video = WITHOUT_DUBAUG_VIDEO.format(create=made["video"][2]) if "video" in made else ""
    mixed = ".mean(1, keepdim=True)" if mono else ""
    code = WITHOUT_DUBAUG.format(imports="\n".join(imports), create=made["audio"][2], mixed=mixed, video=video)
    return code + (WITHOUT_DUBAUG_VIDEO_USE if video else "")


def with_dubaug(*, video: bool) -> str:
    """Return the code for who has dubaug."""
    return DUBAUG + (DUBAUG_VIDEO if video else "")
