import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dubaug.config import Experiment
from dubaug.downstream.experiment import downstream_digest, feature_settings
from dubaug.pretrain.run import Run

MakeExperiment = Callable[..., Experiment]


def digests(experiment: Experiment, **keys: Any) -> dict[str, str]:
    return {name: downstream_digest(experiment, name, **keys) for name in experiment.tasks}


@pytest.mark.parametrize(
    "keys",
    [
        {"embed_batch": 7},
        {"encoders": {"embedding_dim": 64}},
        {"pretraining": {"temperature": 0.2}},
        {"clips": {"batches": 5, "frame_height": 120}},
        {"tasks": {"esc50": {"label": "Another label"}}},
        {
            "tasks": {"esc10": {"suite": "hear", "path": "elsewhere/esc10"}},
            "suites": {"hear": ["esc10", "esc50"]},
        },
    ],
)
def test_what_features_do_not_depend_on(make_experiment: MakeExperiment, keys: dict) -> None:
    before = digests(make_experiment())
    after = digests(make_experiment(**keys))
    assert {name: after[name] for name in before} == before


AUDIO = {"esc50", "fluent_speech_commands", "vggsound", "vggsound_v"}
SILENT = {"hmdb51", "ucf101"}


@pytest.mark.parametrize(
    ("keys", "changed", "unchanged"),
    [
        ({"mel": {"n_mels": 64}}, AUDIO, SILENT),
        ({"clips": {"sample_rate_hz": 32000}}, AUDIO, SILENT),
        ({"clips": {"frames": 4}}, SILENT | {"vggsound", "vggsound_a"}, {"esc50", "tut18"}),
        ({"augmentation": {"height_min": 44}}, SILENT | {"vggsound"}, {"esc50"}),
        ({"clips": {"duration_s": 2.0}}, AUDIO | SILENT, set()),
        ({"separation": {"overlap": 0.5}}, {"fluent_speech_commands_nospeech"}, AUDIO | SILENT),
        ({"separation": {"batch_size": 5}}, set(), {"fluent_speech_commands_nospeech"} | AUDIO | SILENT),
        ({"variants": {"sep": None}}, AUDIO, SILENT),
        ({"tasks": {"esc50": {"path": "elsewhere/esc50"}}}, {"esc50"}, {"fsd50k"}),
        ({"demo": {"items_per_class": 9}}, AUDIO | SILENT, set()),
    ],
)
def test_what_features_depend_on(
    make_experiment: MakeExperiment, keys: dict, changed: set[str], unchanged: set[str]
) -> None:
    before, after = digests(make_experiment()), digests(make_experiment(**keys))
    assert {name for name in changed if before[name] == after[name]} == set()
    assert {name for name in unchanged if before[name] != after[name]} == set()


def test_the_demos_films_are_no_matter_of_the_data_sets(make_experiment: MakeExperiment) -> None:
    films = {"titles": 30, "scenes_per_title": 6, "scene_s": 6.0}
    assert digests(make_experiment(demo={"films": films})) == digests(make_experiment())


def test_a_separated_variant_does_not_change_what_others_depend_on(make_experiment: MakeExperiment) -> None:
    alone = make_experiment(variants={"sep": None})
    assert digests(alone, variant="av") == digests(make_experiment(), variant="av")
    assert downstream_digest(make_experiment(), "esc50", variant="sep") != downstream_digest(alone, "esc50")


def test_tracks(make_experiment: MakeExperiment) -> None:
    experiment = make_experiment()
    assert feature_settings(experiment).sample_rates_hz == (48000, 44100)
    assert feature_settings(experiment, variant="sep").sample_rates_hz == (44100,)
    assert feature_settings(make_experiment(variants={"sep": None})).sample_rates_hz == (48000,)


def test_every_variant_finds_the_rate_that_it_was_trained_at(paper_experiment: Experiment, tmp_path: Path) -> None:
    """`sep` hears 44.1 kHz, of which 3 s are 257 frames; all others 48 kHz and 280."""
    rates_hz = {}
    for variant in paper_experiment.variants:
        run = Run(experiment=paper_experiment, variant=variant, seed=0, work_dir=tmp_path, out=tmp_path / "x.json")
        rates_hz[variant] = run.spec(0).sample_rate_hz
        assert feature_settings(paper_experiment, variant=variant).sample_rates_hz == (rates_hz[variant],)
    assert rates_hz.pop("sep") == 44100
    assert set(rates_hz.values()) == {48000}
    assert [paper_experiment.mel.frames(3 * rate_hz) for rate_hz in (44100, 48000)] == [257, 280]


def test_the_paper_stores_enough_for_its_crop(paper_experiment: Experiment) -> None:
    settings = feature_settings(paper_experiment)
    assert (settings.square, settings.frames, settings.window_s) == (256, 16, 3.0)
    assert settings.square >= paper_experiment.encoders.video.crop


def test_the_module_is_light() -> None:
    code = "import sys, dubaug.downstream.experiment; print({'torch', 'numpy', 'av'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
