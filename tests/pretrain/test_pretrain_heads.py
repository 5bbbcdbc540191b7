import pytest
import torch

from dubaug.pretrain.heads import ContrastiveModel, views_of


def make_model(tiny, *views, seed=0):
    return ContrastiveModel(tiny.encoders, views=views, window=tiny.window_of("efj"), seed=seed)


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
    model = make_model(tiny, *views)
    assert set(model.heads) == set(views)
    assert (model.video is not None) == ("video" in views)
    weights = [head[0].weight for head in model.heads.values()]
    assert not any(torch.equal(weights[0], other) for other in weights[1:])


def test_initial_weights_depend_on_the_seed_and_not_on_the_other_parts(tiny):
    full = make_model(tiny, "video", "primary", "secondary", seed=3).state_dict()
    sound = make_model(tiny, "primary", "secondary", seed=3).state_dict()
    other = make_model(tiny, "primary", "secondary", seed=4).state_dict()
    assert all(torch.equal(full[name], tensor) for name, tensor in sound.items())
    assert any(not torch.equal(other[name], tensor) for name, tensor in sound.items())


def test_the_audio_encoder_sees_both_tracks_in_one_batch(tiny):
    model = make_model(tiny, "primary", "secondary").train()
    sizes = []
    model.audio.register_forward_pre_hook(lambda _module, inputs: sizes.append(len(inputs[0])))
    mel = torch.randn(3, 2, 30, 25)
    model(None, {"primary": mel, "secondary": mel})
    assert sizes == [6]
