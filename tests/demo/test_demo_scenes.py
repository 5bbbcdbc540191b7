import itertools

import numpy as np
import pytest

from dubaug.demo import scenes
from dubaug.demo.music import make_theme, play
from dubaug.demo.plans import EVENTS, make_plan
from dubaug.demo.sounds import equalised, tone
from dubaug.demo.stage import Stage
from dubaug.seeding import item_rng

RATE_HZ = 16000
STRUCK = ("bell", "clock", "drum", "footsteps", "hammer", "phone", "dog")
"""Kinds whose sound starts sharply at each event."""


def plan_of(kind, *keys, seconds=2.0):
    return make_plan(kind, seconds=seconds, rng=item_rng("test", kind, *keys))


def log_bands(sound_CS):
    """Mean and deviation over time of the log energy in 24 bands: what a simple listener has."""
    power = np.abs(np.fft.rfft(sound_CS.mean(0)[: len(sound_CS[0]) // 512 * 512].reshape(-1, 512))) ** 2
    edges = np.unique(np.geomspace(1, 257, 25).astype(int))
    bands = np.log(np.stack([power[:, a:b].mean(1) for a, b in itertools.pairwise(edges)]) + 1e-9)
    return np.concatenate([bands.mean(1), bands.std(1)])


def nearest_centroid_accuracy(features, kinds, train):
    features = (features - features[train].mean(0)) / (features[train].std(0) + 1e-9)
    names = np.unique(kinds)
    centroids = np.stack([features[train & (kinds == name)].mean(0) for name in names])
    distance = ((features[~train, None] - centroids) ** 2).sum(-1)
    return np.mean(names[distance.argmin(1)] == kinds[~train])


def test_every_kind_is_both_seen_and_heard():
    assert len(set(scenes.KINDS)) == len(scenes.KINDS) >= 12
    assert sorted(scenes._PICTURES) == sorted(scenes.KINDS)
    assert set(EVENTS) <= set(scenes.KINDS)


@pytest.mark.parametrize("kind", scenes.KINDS)
def test_sound_has_the_promised_form_and_is_not_silent(kind):
    sound_CS = scenes.sound(kind, seconds=1.3, sample_rate_hz=RATE_HZ, rng=item_rng("form", kind))
    assert sound_CS.dtype == np.float32
    assert sound_CS.shape == (2, round(1.3 * RATE_HZ))
    assert np.isfinite(sound_CS).all()
    assert 0.3 < np.abs(sound_CS).max() <= 0.9
    assert np.abs(sound_CS.mean()) < 0.02


@pytest.mark.parametrize("kind", scenes.KINDS)
def test_picture_has_the_promised_form_and_moves(kind):
    frames_THWC = scenes.picture_of(plan_of(kind, "form", seconds=3.0), fps=8, height=45, width=81)
    assert frames_THWC.dtype == np.uint8
    assert frames_THWC.shape == (24, 45, 81, 3)
    assert np.abs(np.diff(frames_THWC.astype(int), axis=0)).max() > 20
    assert frames_THWC[0].std() > 5


@pytest.mark.parametrize("kind", ["rain", "bell", "crowd"])
def test_equal_generators_give_equal_scenes_and_other_ones_others(kind):
    def render(seed):
        plan = plan_of(kind, seed, seconds=0.5)
        return scenes.picture_of(plan, fps=4, height=36, width=64), scenes.sound_of(plan, sample_rate_hz=RATE_HZ)

    for once, again, other in zip(render(1), render(1), render(2), strict=True):
        np.testing.assert_array_equal(once, again)
        assert not np.array_equal(once, other)


@pytest.mark.parametrize("kind", STRUCK)
def test_what_is_struck_is_heard_at_each_event(kind):
    plan = plan_of(kind, seconds=4.0)
    mono = np.diff(scenes.sound_of(plan, sample_rate_hz=RATE_HZ).mean(0))
    events = [time for time in plan.events_s if 0.1 < time < 3.9]
    assert events
    for time in events:
        at, span = round(time * RATE_HZ), round(0.05 * RATE_HZ)
        before, after = np.square(mono[at - span : at - 16]).mean(), np.square(mono[at : at + span]).mean()
        assert after > 1.5 * before, f"nothing starts at {time} s"


def test_the_bell_turns_round_when_it_strikes():
    plan = plan_of("bell", seconds=6.0)
    stage = Stage(plan, 36, 64)
    places = [stage.swing(time) for time in plan.events_s]
    np.testing.assert_allclose(np.abs(places), 1.0, atol=1e-6)
    assert all(a * b < 0 for a, b in itertools.pairwise(places))
    halfway = [(a + b) / 2 for a, b in zip(plan.events_s[:-1], plan.events_s[1:], strict=True)]
    np.testing.assert_allclose([stage.swing(time) for time in halfway], 0.0, atol=1e-6)


def test_lightning_is_seen_when_thunder_is_heard():
    plan = plan_of("thunder", seconds=6.0)
    fps = 20
    brightness = scenes.picture_of(plan, fps=fps, height=36, width=64).mean((1, 2, 3))
    dark = np.median(brightness)
    for time in plan.events_s:
        assert brightness[int(np.ceil(time * fps + 1e-9))] > dark + 15


def test_a_hammer_falls_before_the_stroke_and_lies_on_the_iron_at_it():
    stage = Stage(plan_of("hammer", seconds=4.0), 36, 64)
    for time in stage.plan.events_s[1:]:
        assert stage.raised(time) == pytest.approx(0.0, abs=1e-9)
        assert stage.raised(time - 0.15) > 0.5


def test_one_kind_sounds_and_looks_alike_and_unlike_the_others():
    sounds, sights, kinds = [], [], []
    for kind in scenes.KINDS:
        for number in range(8):
            plan = make_plan(kind, seconds=2.0, rng=item_rng(number, kind))
            light = scenes.picture_of(plan, fps=4, height=18, width=32).astype(np.float32) / 255
            sounds.append(log_bands(scenes.sound_of(plan, sample_rate_hz=RATE_HZ)))
            sights.append(np.concatenate([light.mean(0).ravel(), np.abs(np.diff(light, axis=0)).mean(0).ravel()]))
            kinds.append(kind)
    train = np.arange(len(kinds)) % 8 < 5
    heard_right = nearest_centroid_accuracy(np.array(sounds), np.array(kinds), train)
    seen_right = nearest_centroid_accuracy(np.array(sights), np.array(kinds), train)
    # Chance is 1/18. Far above it a kind can be told; well below 1 its scenes still differ.
    assert 0.5 < heard_right < 0.98
    assert 0.4 < seen_right < 0.98


def test_music_keeps_the_theme_and_changes_the_tune():
    theme = make_theme(item_rng("theme"))
    one, two = (play(theme, seconds=2.0, sample_rate_hz=RATE_HZ, rng=item_rng(number)) for number in (1, 2))
    assert one.shape == two.shape == (2, 2 * RATE_HZ)
    assert not np.array_equal(one, two)
    assert np.abs(one).max() == pytest.approx(0.9, abs=0.01)


def test_tone_against_the_sum_of_sines():
    frequency = np.linspace(200, 300, 2000)
    phase = 2 * np.pi * np.cumsum(frequency) / RATE_HZ
    slow = sum(a * np.sin(k * phase) for k, a in ((1, 1.0), (2, 0.5), (3, 0.25)))
    np.testing.assert_allclose(tone(frequency, RATE_HZ, [1.0, 0.5, 0.25]), slow, atol=2e-4)
    assert not tone(np.full(100, 9000.0), RATE_HZ, [1.0]).any(), "nothing above the Nyquist frequency"


def test_equalised_has_the_wanted_slope():
    noise = np.random.default_rng(0).standard_normal((2, 1 << 16)).astype(np.float32)
    power = np.abs(np.fft.rfft(equalised(noise, RATE_HZ, [(100, 0), (1000, -20)]))) ** 2
    frequencies = np.fft.rfftfreq(1 << 16, 1 / RATE_HZ)

    def level_db(low, high):
        return 10 * np.log10(power[:, (frequencies > low) & (frequencies < high)].mean())

    assert level_db(90, 110) - level_db(950, 1050) == pytest.approx(20, abs=1)
    assert level_db(2000, 4000) - level_db(950, 1050) == pytest.approx(0, abs=1)
