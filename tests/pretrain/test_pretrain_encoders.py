import pytest
import torch
from pytorchvideo.models.resnet import create_acoustic_resnet
from pytorchvideo.models.x3d import create_x3d

from dubaug.config import Mel
from dubaug.errors import ConfigError
from dubaug.pretrain.encoders import build_audio_encoder, build_video_encoder, check_mel_size
from dubaug.pretrain.heads import ContrastiveModel, views_of


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.slow
def test_the_papers_video_encoder(paper_experiment):
    encoder = build_video_encoder(paper_experiment.encoders, frames=16).eval()
    assert parameters(encoder) == 5_072_850
    stock = create_x3d(input_clip_length=16, input_crop_size=224, model_num_class=1024, head_activation=None).eval()
    stock.load_state_dict(encoder.net.state_dict())
    video = torch.rand(1, 3, 16, 224, 224)
    with torch.inference_mode():
        result = encoder(video)
        torch.testing.assert_close(result, stock((video - 0.45) / 0.225), rtol=1e-4, atol=1e-6)
    assert result.shape == (1, 1024)


@pytest.mark.slow
def test_the_papers_audio_encoder(paper_experiment):
    encoder = build_audio_encoder(paper_experiment.encoders).eval()
    assert parameters(encoder) == 34_025_984
    stock = create_acoustic_resnet(input_channel=2, model_num_class=1024).eval()
    stock.load_state_dict(encoder.net.state_dict())
    frames = paper_experiment.mel.frames(144000)
    mel = torch.randn(2, 2, frames, 96)
    assert frames == 280
    with torch.inference_mode():
        result = encoder(mel)
        torch.testing.assert_close(result, stock(((mel + 7.03) / 4.66)[:, :, :, None]), rtol=1e-4, atol=1e-6)
    assert result.shape == (2, 1024)


@pytest.mark.parametrize("part", ["audio", "video"])
def test_on_a_cpu_channels_stay_last_from_the_first_layer_to_the_last(tiny, part):
    """A layer that loses the layout costs a third of a step. (For batches below 16 torch itself goes other ways.)"""
    model = ContrastiveModel(tiny.encoders, views=("video", "primary"), frames=2, seed=0)
    encoder, inputs = {
        "audio": (model.audio, torch.randn(16, 2, 40, 30)),
        "video": (model.video, torch.rand(16, 3, 2, 32, 32)),
    }[part]
    encoder.lay_out_weights()
    lost = []

    def look(layer, inputs, output):
        if output.dim() == 5 and not output.is_contiguous(memory_format=torch.channels_last_3d):
            lost.append(layer)

    for layer in encoder.blocks[:-1].modules():
        layer.register_forward_hook(look)
    encoder(inputs)
    assert not lost, "each but the head, whose last layer is a linear one"


def test_a_spectrogram_or_crop_too_small_is_named(tiny):
    check_mel_size(tiny.mel, 25)
    with pytest.raises(ConfigError, match="24 frames x 25 bins"):
        check_mel_size(tiny.mel, 24)
    with pytest.raises(ConfigError, match="mel"):
        check_mel_size(Mel(n_fft=512, hop_length=128, n_mels=24, floor=1e-10), 100)


@pytest.mark.parametrize(("frames", "bins"), [(25, 25), (93, 48)])
def test_the_smallest_spectrograms_that_are_allowed_pass(tiny, frames, bins):
    assert build_audio_encoder(tiny.encoders).eval()(torch.zeros(1, 2, frames, bins)).shape == (1, 16)


@pytest.mark.parametrize(
    ("variant", "views"),
    [
        ("efj", ("video", "primary", "secondary")),
        ("av", ("video", "primary", "secondary")),
        ("sep", ("video", "primary")),
        ("a", ("primary", "secondary")),
        ("a_efj", ("primary", "secondary")),
    ],
)
def test_a_variant_has_the_views_and_heads_it_contrasts(tiny, variant, views):
    assert views_of(tiny.variants[variant]) == views
    model = ContrastiveModel(tiny.encoders, views=views, frames=2, seed=0)
    assert set(model.heads) == set(views)
    assert (model.video is not None) == ("video" in views)
    weights = [head[0].weight for head in model.heads.values()]
    assert not any(torch.equal(weights[0], other) for other in weights[1:])


def test_initial_weights_depend_on_the_seed_and_not_on_the_other_parts(tiny):
    full = ContrastiveModel(tiny.encoders, views=("video", "primary", "secondary"), frames=2, seed=3).state_dict()
    sound = ContrastiveModel(tiny.encoders, views=("primary", "secondary"), frames=2, seed=3).state_dict()
    other = ContrastiveModel(tiny.encoders, views=("primary", "secondary"), frames=2, seed=4).state_dict()
    assert all(torch.equal(full[name], tensor) for name, tensor in sound.items())
    assert any(not torch.equal(other[name], tensor) for name, tensor in sound.items())


def test_the_audio_encoder_sees_both_tracks_in_one_batch(tiny):
    model = ContrastiveModel(tiny.encoders, views=("primary", "secondary"), frames=2, seed=0).train()
    sizes = []
    model.audio.register_forward_pre_hook(lambda _module, inputs: sizes.append(len(inputs[0])))
    mel = torch.randn(3, 2, 30, 25)
    model(None, {"primary": mel, "secondary": mel})
    assert sizes == [6]
