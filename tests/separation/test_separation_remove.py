"""Speech removal over any length: where the samples are, how segments join, which stems are summed."""

import threading
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from demucs.apply import BagOfModels, apply_model
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs
from separation_networks import RATE_HZ, Scaling, Smoothing

from dubaug.errors import ConfigError, MediaError
from dubaug.seeding import item_rng
from dubaug.separation.models import wrap
from dubaug.separation.remove import Sound, make_remover

HYBRID: dict[str, Any] = {
    "sources": ["drums", "other", "vocals"],
    "channels": 8,
    "depth": 5,
    "samplerate": RATE_HZ,
    "segment": 1,
    "nfft": 1024,
}


def hybrid(seed: int = 0) -> HDemucs:
    """A small Demucs v3, all of its parts: spectrogram and waveform branches, LSTM, local attention."""
    torch.manual_seed(seed)
    network: HDemucs = HDemucs(**HYBRID).eval()
    return network


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
        [streamed] = [list(made) for _, made in remover.remove_all([Sound(key="", pieces=pieces)])]
        streamed_CS = np.concatenate(streamed, axis=1)
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


def together(remover: Any, sounds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All sounds through one call, cut into pieces on the way in."""
    given = [Sound(key=key, pieces=np.array_split(sound_CS, 3, axis=1)) for key, sound_CS in sounds.items()]
    made = {key: np.concatenate(list(pieces), axis=1) for key, pieces in remover.remove_all(given)}
    assert list(made) == list(sounds)
    return made


@pytest.mark.parametrize("batch_size", [2, 3, 8])
@pytest.mark.parametrize("shifts", [0, 2])
def test_batch_mates_change_nothing(settings: Any, batch_size: int, shifts: int) -> None:
    """The same sounds one by one and in batches that run across them, of every length and of equal ones."""
    seconds = [0.4, 2.7, 1.0, 1.0, 3.3, 0.25, 0.25, 0.25, 0.25, 1.9]
    sounds = {f"sound {number}": mixture(length, seed=number) for number, length in enumerate(seconds)}
    model = wrap(hybrid())
    alone = make_remover(model, settings(shifts=shifts, batch_size=1), device="cpu")
    batched = make_remover(model, settings(shifts=shifts, batch_size=batch_size), device="cpu")
    results = together(batched, sounds)
    for key, sound_CS in sounds.items():
        alone_CS = alone.remove(sound_CS, key=key)
        assert np.abs(alone_CS).max() > 0.05
        np.testing.assert_allclose(results[key], alone_CS, atol=2e-5)


def test_batches_run_across_sounds_and_hold_equal_lengths(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network, shapes = Scaling(other=0.5, vocals=0.5), []
    original = network.forward

    def forward(mix_BCS: torch.Tensor) -> torch.Tensor:
        assert mix_BCS.dtype == torch.float32
        assert not torch.is_autocast_enabled("cpu")
        assert torch.is_inference_mode_enabled()
        shapes.append((mix_BCS.shape[0], mix_BCS.shape[-1]))
        return original(mix_BCS)

    monkeypatch.setattr(network, "forward", forward)
    remover = make_remover(wrap(network), settings(batch_size=4, overlap=0.0), device="cpu")
    lengths = [3 * RATE_HZ, 2 * RATE_HZ, 500, 500, 500, 500, 500, 700, 2 * RATE_HZ]
    together(remover, {str(number): np.ones((2, length)) for number, length in enumerate(lengths)})
    assert shapes == [(4, RATE_HZ), (1, RATE_HZ), (4, 500), (1, 500), (1, 700), (2, RATE_HZ)]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("weights", [None, [[1.0, 0.2, 3.0], [0.5, 1.0, 0.0]]])
def test_without_shifts_it_is_apply_model(settings: Any, batch: int, weights: Any) -> None:
    bag = BagOfModels([hybrid(1), hybrid(2)], weights)
    mixtures = [mixture(0.8, seed=seed) for seed in range(batch)]
    remover = make_remover(wrap(bag), settings(batch_size=batch), device="cpu")
    ours = together(remover, {str(number): sound_CS for number, sound_CS in enumerate(mixtures)})
    for number, sound_CS in enumerate(mixtures):
        stems_NCS = apply_model(bag, torch.from_numpy(sound_CS)[None], shifts=0, split=False)[0].numpy()
        np.testing.assert_allclose(ours[str(number)], stems_NCS[0] + stems_NCS[1], atol=2e-5)


def test_shifts_are_a_slow_loop_over_segments_models_and_shifts(settings: Any) -> None:
    networks, shifts, room = [hybrid(1), hybrid(2)], 3, RATE_HZ // 2
    weights = [[1.0, 0.2, 3.0], [0.5, 1.0, 0.0]]
    separation = settings(shifts=shifts, batch_size=4, overlap=0.5)
    remover = make_remover(wrap(BagOfModels(networks, weights)), separation, device="cpu")
    sound_CS = mixture(2.2)
    # Segments begin at 0, 0.5 and 1.0 s; the last, at 1.5 s, reaches back to 1.2 s.
    half, expected_CS, weight_S = RATE_HZ // 2, np.zeros_like(sound_CS), np.zeros(sound_CS.shape[1])
    triangle_S = np.minimum(np.arange(RATE_HZ) + 1, RATE_HZ - np.arange(RATE_HZ)) / half
    for number in range(4):
        begin = number * half
        first = min(begin, sound_CS.shape[1] - RATE_HZ)
        segment_CS = sound_CS[:, first : first + RATE_HZ]
        background_CS = np.zeros_like(segment_CS)
        for stem in (0, 1):
            for member, network in enumerate(networks):
                share = weights[member][stem] / (weights[0][stem] + weights[1][stem])
                for shift in range(shifts):
                    lead = int(item_rng("separation", "film", number, member, shift).integers(room + 1))
                    padded_CS = np.pad(segment_CS, ((0, 0), (lead, room - lead)))
                    with torch.no_grad():
                        stems_NCS = network(torch.from_numpy(padded_CS)[None])[0].numpy()
                    background_CS += share / shifts * stems_NCS[stem][:, lead : lead + RATE_HZ]
        length = min(RATE_HZ, sound_CS.shape[1] - begin)
        expected_CS[:, begin : begin + length] += triangle_S[:length] * background_CS[:, begin - first :]
        weight_S[begin : begin + length] += triangle_S[:length]
    np.testing.assert_allclose(remover.remove(sound_CS, key="film"), expected_CS / weight_S, atol=2e-5)


def test_an_error_ends_its_own_sound_only(settings: Any) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield mixture(2.5)
        raise MediaError("the disk is gone", "copy it again")

    remover = make_remover(wrap(Scaling(other=0.5, vocals=0.5)), settings(batch_size=4), device="cpu")
    good_CS = mixture(1.2, seed=5)
    sounds = [Sound(key=key, pieces=[good_CS] if key != "b" else broken()) for key in "abc"]
    results, errors = {}, {}
    for key, pieces in remover.remove_all(sounds):
        made = []
        try:
            for piece_CS in pieces:
                made.append(piece_CS)
        except MediaError as error:
            errors[key] = error.reason
        results[key] = np.concatenate(made, axis=1)
    assert errors == {"b": "the disk is gone"}
    np.testing.assert_allclose(results["a"], 0.5 * good_CS, atol=1e-6)
    np.testing.assert_allclose(results["c"], 0.5 * good_CS, atol=1e-6)
    np.testing.assert_allclose(results["b"], 0.5 * mixture(2.5), atol=1e-6)


def test_sounds_without_samples_come_back_without_samples(settings: Any) -> None:
    remover = make_remover(wrap(Scaling(other=0.5, vocals=0.5)), settings(batch_size=4), device="cpu")
    empty = np.zeros((2, 0), dtype=np.float32)
    made = remover.remove_all([Sound(key="a", pieces=[]), Sound(key="b", pieces=[empty]), Sound(key="c", pieces=[])])
    assert [(key, list(pieces)) for key, pieces in made] == [("a", []), ("b", []), ("c", [])]
    assert remover.remove(empty, key="").shape == (2, 0)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_an_endless_film_needs_no_more_memory_than_some_batches(settings: Any, batch_size: int) -> None:
    read_s = 0.0

    def film() -> Iterator[np.ndarray]:
        nonlocal read_s
        while True:
            read_s += 0.25
            yield np.zeros((2, RATE_HZ // 4), dtype=np.float32)

    remover = make_remover(wrap(Scaling(other=0.5, vocals=0.5)), settings(batch_size=batch_size), device="cpu")
    sounds, made_s = remover.remove_all([Sound(key="", pieces=film())]), 0.0
    _, pieces = next(sounds)
    for piece_CS in pieces:
        made_s += piece_CS.shape[1] / RATE_HZ
        # What is read ahead, what waits in a batch, and two batches' results; each at most a batch, and two segments.
        assert read_s - made_s <= 4 * batch_size + 2.5
        if made_s > 60:
            break
    sounds.close()


def test_the_next_sound_is_read_while_the_network_computes(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network, read = Scaling(other=0.5, vocals=0.5), threading.Event()
    original = network.forward

    def forward(mix_BCS: torch.Tensor) -> torch.Tensor:
        assert read.wait(60), "nothing was read while the network computed"
        return original(mix_BCS)

    def second() -> Iterator[np.ndarray]:
        read.set()
        yield mixture(0.5)

    monkeypatch.setattr(network, "forward", forward)
    remover = make_remover(wrap(network), settings(batch_size=1), device="cpu")
    sounds = [Sound(key="first", pieces=[mixture(0.5)]), Sound(key="second", pieces=second())]
    assert [key for key, pieces in remover.remove_all(sounds) if list(pieces)] == ["first", "second"]


def test_segments_longer_than_a_transformer_takes_are_refused(settings: Any) -> None:
    model = wrap(Scaling(vocals=1, other=1))
    limited = type(model)(**{**vars(model), "max_segment_s": 7.8})
    with pytest.raises(ConfigError, match=r"separation\.segment_s.*at most 7\.8"):
        make_remover(limited, settings(segment_s=10.0), device="cpu")
    with pytest.raises(ConfigError, match=r"separation\.segment_s.*at most 7\.3.*separation\.shifts"):
        make_remover(limited, settings(segment_s=7.5, shifts=1), device="cpu")


def test_a_transformer_takes_segments_with_shifts_and_short_sounds(settings: Any) -> None:
    torch.manual_seed(0)
    network = HTDemucs(
        sources=["other", "vocals"], channels=8, depth=2, nfft=512, t_layers=1, t_heads=2, samplerate=RATE_HZ,
        segment=Fraction(3, 2), bottom_channels=8,
    ).eval()  # fmt: skip
    remover = make_remover(wrap(network), settings(shifts=1, batch_size=2), device="cpu")
    assert remover.segment_samples == RATE_HZ
    sounds = {"long": mixture(2.3), "short": mixture(0.3, seed=1), "other": mixture(0.3, seed=2)}
    results = together(remover, sounds)
    assert [result_CS.shape for result_CS in results.values()] == [sound_CS.shape for sound_CS in sounds.values()]
    np.testing.assert_allclose(results["other"], remover.remove(sounds["other"], key="other"), atol=2e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here: batches on CUDA are not tried")
def test_a_gpu_gives_what_the_cpu_gives(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    sounds = {str(number): mixture(length, seed=number) for number, length in enumerate([2.7, 0.4, 0.4, 1.9])}
    separation = settings(shifts=1, batch_size=3)
    expected = together(make_remover(wrap(hybrid()), separation, device="cpu"), sounds)
    made = together(make_remover(wrap(hybrid()), separation, device="cuda"), sounds)
    for key, expected_CS in expected.items():
        np.testing.assert_allclose(made[key], expected_CS, atol=1e-4)
