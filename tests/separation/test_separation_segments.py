"""Sounds cut into segments and joined again."""

import numpy as np
import pytest

from dubaug.separation.segments import cut, join, recut


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(samples).standard_normal((2, samples)).astype(np.float32)


@pytest.mark.parametrize("samples", [1, 99, 100, 101, 174, 175, 176, 1000, 1234])
@pytest.mark.parametrize(("segment", "stride"), [(100, 100), (100, 75), (101, 50), (100, 7), (7, 6)])
def test_joined_again_it_is_the_sound(samples: int, segment: int, stride: int) -> None:
    sound_CS = noise(samples)
    segments = list(cut([sound_CS], segment=segment, stride=stride))
    assert [one.number for one in segments] == list(range(len(segments)))
    assert [one.last for one in segments] == [False] * (len(segments) - 1) + [True]
    assert {one.samples.shape[1] for one in segments} == {min(segment, samples)}
    joined = list(join(((one, one.samples) for one in segments), segment=segment, stride=stride))
    np.testing.assert_allclose(np.concatenate(joined, axis=1), sound_CS, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("size", [1, 33, 100, 250])
def test_the_pieces_that_it_comes_in_change_nothing(size: int) -> None:
    sound_CS = noise(777)
    pieces = [sound_CS[:, begin : begin + size] for begin in range(0, 777, size)]
    whole = list(cut([sound_CS], segment=100, stride=75))
    for one, other in zip(cut(pieces, segment=100, stride=75), whole, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)
        assert (one.number, one.reach_back, one.last) == (other.number, other.reach_back, other.last)


def test_nothing_gives_nothing() -> None:
    assert list(cut([], segment=100, stride=75)) == []
    assert list(cut([np.zeros((2, 0))], segment=100, stride=75)) == []


@pytest.mark.parametrize("sizes", [[7], [1, 2, 3, 4, 5], [100], [10, 10], [3, 0, 30, 1]])
def test_recut_is_slicing(sizes: list[int]) -> None:
    sound_CS = noise(sum(sizes))
    ends = np.cumsum(sizes)
    pieces = [sound_CS[:, end - size : end] for end, size in zip(ends, sizes, strict=True)]
    cuts = list(recut(iter(pieces), 10))
    assert len(cuts) == sum(sizes) // 10
    for number, cut_CS in enumerate(cuts):
        np.testing.assert_array_equal(cut_CS, sound_CS[:, 10 * number : 10 * number + 10])
