"""How the exported encoders are loaded, as code for the model card; the tests run it."""

PYTORCHVIDEO = """\
import json
from pathlib import Path

import torch
import torchaudio
from pytorchvideo.models.resnet import create_acoustic_resnet
{video_import}from safetensors.torch import load_file

folder = Path(".")  # this folder
config = json.loads((folder / "config.json").read_text())
weights = load_file(folder / "encoders.safetensors")


def network(part, create):
    prefix = config[part]["weights_prefix"]
    net = create(**config[part]["arguments"])
    net.load_state_dict({{name.removeprefix(prefix): w for name, w in weights.items() if name.startswith(prefix)}})
    return net.eval()


audio_net = network("audio", create_acoustic_resnet)
to_mel = torchaudio.transforms.MelSpectrogram(**config["audio"]["mel_spectrogram"])


@torch.inference_mode()
def embed_audio(sound):  # (batch, 2, samples): stereo at the sample rate, -1..1
    norm = config["audio"]["normalisation"]
    log_mel = to_mel(sound).clamp_min(config["audio"]["floor"]).log().transpose(2, 3)
    return audio_net(((log_mel - norm["mean"]) / norm["std"]).unsqueeze(3))


{video}sound = torch.zeros(1, 2, config["audio"]["samples"])  # your sound here
print(embed_audio(sound).shape)
"""

PYTORCHVIDEO_VIDEO = """\
video_net = network("video", create_x3d)


@torch.inference_mode()
def embed_video(picture):  # (batch, 3, frames, rows, columns): RGB, 0..1
    norm = config["video"]["normalisation"]
    return video_net((picture - norm["mean"]) / norm["std"])


"""

PYTORCHVIDEO_VIDEO_USE = """\
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
sound = torch.zeros(1, 2, round(spec.duration_s * spec.sample_rate_hz))  # or dubaug.media.audio.read_audio(...)[None]
with torch.inference_mode():
    print(encoders.audio(log_mel(sound, sample_rate_hz=spec.sample_rate_hz, mel=spec.mel)).shape)
"""

DUBAUG_VIDEO = """\
    picture = torch.zeros(1, 3, spec.frames, spec.encoders.video.crop, spec.encoders.video.crop)  # RGB, 0..1
    print(encoders.video(picture).shape)
"""


def with_pytorchvideo(*, video: bool) -> str:
    """Return the code that needs no dubaug: torch, torchaudio, pytorchvideo and safetensors."""
    imported = "from pytorchvideo.models.x3d import create_x3d\n" if video else ""
    code = PYTORCHVIDEO.format(video_import=imported, video=PYTORCHVIDEO_VIDEO if video else "")
    return code + (PYTORCHVIDEO_VIDEO_USE if video else "")


def with_dubaug(*, video: bool) -> str:
    """Return the code for who has dubaug."""
    return DUBAUG + (DUBAUG_VIDEO if video else "")
