from dataclasses import replace

import pytest
import torch
from pydantic_core import PydanticCustomError
from pytorchvideo.models.resnet import create_acoustic_resnet

from dubaug.config import Mel
from dubaug.encoders.encoder import Encoder
from dubaug.encoders.paper import PAPER_AUDIO


@pytest.mark.slow
def test_the_papers_is_pytorchvideos(paper_experiment):
    encoder = Encoder(paper_experiment.encoders, "audio", paper_experiment.window_of("efj")).eval()
    assert sum(weight.numel() for weight in encoder.parameters()) == 34_025_984
    assert encoder.clip_shape == (2, 280, 96)
    stock = create_acoustic_resnet(input_channel=2, model_num_class=1024).eval()
    stock.load_state_dict(encoder.net.state_dict())
    mel = torch.randn(2, 2, 280, 96)
    with torch.inference_mode():
        result = encoder(mel)
        torch.testing.assert_close(result, stock(((mel + 7.03) / 4.66)[:, :, :, None]), rtol=1e-4, atol=1e-6)
    assert result.shape == (2, 1024)


def test_the_papers_settings_are_the_scales(paper_experiment):
    assert paper_experiment.encoders.audio == PAPER_AUDIO


def window(tiny, frames, bins):
    mel = Mel(n_fft=512, hop_length=100, n_mels=bins, floor=1e-10)
    return replace(tiny.window_of("efj"), mel=mel, sample_rate_hz=512 + 100 * (frames - 1), duration_s=1.0)


@pytest.mark.parametrize(("frames", "bins"), [(25, 25), (93, 48)])
def test_the_smallest_spectrograms_that_are_allowed_pass(tiny, frames, bins):
    allowed = window(tiny, frames, bins)
    tiny.encoders.audio.check(allowed)
    encoder = Encoder(tiny.encoders, "audio", allowed).eval()
    assert encoder.clip_shape == (2, frames, bins)
    assert encoder(torch.zeros(1, *encoder.clip_shape)).shape == (1, 16)


@pytest.mark.parametrize(("frames", "bins", "key"), [(24, 25, "mel.hop_length"), (25, 24, "mel.n_mels")])
def test_one_that_is_too_small_is_named(tiny, frames, bins, key):
    with pytest.raises(PydanticCustomError, match=r"at least 25.* the Acoustic ResNet50") as raised:
        tiny.encoders.audio.check(window(tiny, frames, bins))
    assert raised.value.context["key"] == key
