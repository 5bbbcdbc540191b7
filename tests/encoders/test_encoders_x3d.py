import pytest
import torch
from pytorchvideo.models.x3d import create_x3d

from dubaug.encoders.encoder import Encoder
from dubaug.encoders.paper import PAPER_VIDEO


@pytest.mark.slow
def test_the_papers_is_pytorchvideos(paper_experiment):
    encoder = Encoder(paper_experiment.encoders, "video", paper_experiment.window_of("efj")).eval()
    assert sum(weight.numel() for weight in encoder.parameters()) == 5_072_850
    stock = create_x3d(input_clip_length=16, input_crop_size=224, model_num_class=1024, head_activation=None).eval()
    stock.load_state_dict(encoder.net.state_dict())
    video = torch.rand(1, *encoder.clip_shape)
    with torch.inference_mode():
        result = encoder(video)
        torch.testing.assert_close(result, stock((video - 0.45) / 0.225), rtol=1e-4, atol=1e-6)
    assert result.shape == (1, 1024)


def test_the_papers_settings_are_the_scales(paper_experiment):
    assert paper_experiment.encoders.video == PAPER_VIDEO


def test_small_ones_take_what_they_say_and_have_embeddings_of_some_scale(tiny):
    encoder = Encoder(tiny.encoders, "video", tiny.window_of("efj"))
    assert encoder.clip_shape == (3, 2, 32, 32)
    embedding = encoder(torch.rand(4, *encoder.clip_shape))
    assert embedding.shape == (4, 16)
    assert embedding.std() > 0.1
