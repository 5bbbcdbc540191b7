"""Speech removal over any length: where the samples are, how segments join, which stems are summed."""

from typing import Any

import numpy as np
import pytest
import torch
from demucs.apply import apply_model
from separation_networks import RATE_HZ, Scaling, Smoothing

from dubaug.errors import ConfigError
from dubaug.separation.ingest import recut
from dubaug.separation.models import wrap
from dubaug.separation.remove import choose_device, make_remover


@pytest.fixture
def settings(make_experiment: Any) -> Any:
    def make(**keys: Any) -> Any:
        given = {"sample_rate_hz": RATE_HZ, "segment_s": None, "overlap": 0.25, "shifts": 0, **keys}
        return make_experiment(separation=given).separation

    return make


def mixture(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((2, round(seconds * RATE_HZ))).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.01, 0.99, 1.0, 1.0001, 1.75, 2.5, 7.3])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.6])
@pytest.mark.parametrize("shifts", [0, 2])
def test_every_sample_stays_in_its_place(settings: Any, seconds: float, overlap: float, shifts: int) -> None:
    separation = settings(overlap=overlap, shifts=shifts)
    remover = make_remover(wrap(Scaling(drums=0.5, vocals=0.4, bass=0.1)), separation, device="cpu")
    sound_CS = mixture(seconds)
    background_CS = remover.remove(sound_CS, key="title")
    assert background_CS.shape == sound_CS.shape
    np.testing.assert_allclose(background_CS, 0.6 * sound_CS, atol=1e-5)


def test_all_stems_but_the_one_are_summed(settings: Any) -> None:
    network = Scaling(drums=0.3, bass=0.2, other=0.4, vocals=0.1)
    sound_CS = mixture(1.5)
    for stem, kept in {"vocals": 0.9, "drums": 0.7}.items():
        remover = make_remover(wrap(network), settings(stem=stem), device="cpu")
        np.testing.assert_allclose(remover.remove(sound_CS, key=""), kept * sound_CS, atol=1e-5)


def test_pieces_of_any_size_give_the_same(settings: Any) -> None:
    remover = make_remover(wrap(Smoothing(vocals=1, other=1)), settings(), device="cpu")
    sound_CS = mixture(5.3)
    whole_CS = remover.remove(sound_CS, key="")
    for size in (500, 8000, 9999):
        pieces = [sound_CS[:, begin : begin + size] for begin in range(0, sound_CS.shape[1], size)]
        streamed_CS = np.concatenate(list(remover.stream(pieces, key="")), axis=1)
        np.testing.assert_array_equal(streamed_CS, whole_CS)


def test_segments_join_without_a_seam(settings: Any) -> None:
    """Away from the ends of the sound, overlapping segments give what one segment over everything gives."""
    sound_CS = mixture(6.0)
    short = make_remover(wrap(Smoothing(vocals=1, other=1)), settings(), device="cpu")
    long = make_remover(wrap(Smoothing(vocals=1, other=1)), settings(segment_s=6.0), device="cpu")
    difference_CS = np.abs(short.remove(sound_CS, key="") - long.remove(sound_CS, key=""))
    assert difference_CS[:, 20:-20].max() < 0.02  # a segment's very edge weighs 1/4000 to 1/2000 of its middle


def test_it_is_demucs_own_overlap_and_add(settings: Any) -> None:
    network = Smoothing(vocals=1, other=1)
    remover = make_remover(wrap(network), settings(stem="other"), device="cpu")
    sound_CS = mixture(4.0)  # offsets 0, .75 ... 3; Demucs adds one more at 3.75, which ours does not need
    theirs_CS = apply_model(network, torch.from_numpy(sound_CS)[None], shifts=0, overlap=0.25)[0, 0].numpy()
    ours_CS = remover.remove(sound_CS, key="")
    settled = round(3.75 * RATE_HZ)
    np.testing.assert_allclose(ours_CS[:, :settled], theirs_CS[:, :settled], atol=2e-5)


def test_random_shifts_depend_on_the_key_alone(settings: Any) -> None:
    remover = make_remover(wrap(Smoothing(vocals=1, other=1)), settings(shifts=1), device="cpu")
    sound_CS = mixture(1.7)
    first_CS = remover.remove(sound_CS, key="one")
    remover.remove(sound_CS, key="two")
    np.testing.assert_array_equal(remover.remove(sound_CS, key="one"), first_CS)


def test_segments_longer_than_a_transformer_takes_are_refused(settings: Any) -> None:
    model = wrap(Scaling(vocals=1, other=1))
    limited = type(model)(**{**vars(model), "max_segment_s": 7.8})
    with pytest.raises(ConfigError, match=r"separation\.segment_s.*at most 7\.8"):
        make_remover(limited, settings(segment_s=10.0), device="cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_an_error_only_if_demanded() -> None:
    assert choose_device("auto") == "cpu"
    with pytest.raises(ConfigError, match="no usable GPU"):
        choose_device("cuda")


@pytest.mark.parametrize("sizes", [[7], [1, 2, 3, 4, 5], [100], [10, 10], [3, 0, 30, 1]])
def test_recut_is_slicing(sizes: list[int]) -> None:
    sound_CS = mixture(1.0)[:, : sum(sizes)]
    ends = np.cumsum(sizes)
    pieces = [sound_CS[:, end - size : end] for end, size in zip(ends, sizes, strict=True)]
    cuts = list(recut(iter(pieces), 10))
    assert len(cuts) == sum(sizes) // 10
    for number, cut_CS in enumerate(cuts):
        np.testing.assert_array_equal(cut_CS, sound_CS[:, 10 * number : 10 * number + 10])
