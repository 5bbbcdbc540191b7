from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from dubaug.config import Experiment, from_mapping, load, resolve, save, to_mapping
from dubaug.config.resolve import _merge
from dubaug.digests import digest
from dubaug.errors import ConfigError

Make = Callable[..., Experiment]
SHORT = {"secondary": ["es"], "epochs": 4, "checkpoints": [4]}


def test_shipped_configuration_is_the_demo(demo_experiment: Experiment) -> None:
    assert demo_experiment.scale == "demo"
    assert set(demo_experiment.variants) == {"av", "sep", "a", "es", "fr", "ja", "efj", "a_efj", "rp"}


def test_paper_scale_holds_the_papers_values(paper_experiment: Experiment) -> None:
    training = paper_experiment.pretraining
    assert (training.gpus, training.clips_per_gpu, training.clips_per_title) == (4, 26, 12)
    assert (training.learning_rate, training.weight_decay, training.betas) == (1e-3, 0.05, (0.9, 0.999))
    assert (training.epochs, training.checkpoints, training.warmup_epochs) == (10, (2, 4, 6, 8, 10), 0.5)
    assert paper_experiment.mel.frames(3 * 48000) == 280
    assert paper_experiment.mel.frames(3 * 44100) == 257
    assert paper_experiment.device == "cuda"
    published = {name for name in paper_experiment.tasks if not name.endswith(("_a", "_v", "_nospeech"))}
    assert len(published) == 15


def test_separated_sound_is_told_by_its_weights_and_not_by_where_they_lie(demo_experiment: Experiment) -> None:
    separation = demo_experiment.separation
    noted = separation.provenance("abc")
    assert list(noted) == ["model", "stem", "sample_rate_hz", "segment_s", "overlap", "shifts", "weights"], (
        "their order stands in the shards' bytes"
    )
    assert (noted["model"], noted["weights"]) == (separation.model, "abc")
    assert replace(separation, repository="elsewhere", batch_size=99).provenance("abc") == noted
    assert replace(separation, overlap=0.5 * separation.overlap).provenance("abc") != noted


def test_both_scales_know_the_same_tasks_and_suites(demo_experiment: Experiment, paper_experiment: Experiment) -> None:
    assert set(demo_experiment.tasks) == set(paper_experiment.tasks)
    assert demo_experiment.suites == paper_experiment.suites


def test_only_vggsound_may_lack_files(make_experiment: Make) -> None:
    assert {task.absent_files for task in make_experiment().tasks.values()} == {None}
    changed = make_experiment(tasks={"vggsound": {"absent_files": "gone.txt"}})
    assert changed.tasks["vggsound"].absent_files == "gone.txt"
    with pytest.raises(ConfigError, match=r"`tasks\.ucf101\.absent_files`: got 'gone\.txt', expected nothing: only"):
        make_experiment(tasks={"ucf101": {"absent_files": "gone.txt"}})


def test_user_keys_win_over_the_scale(make_experiment: Make) -> None:
    changed = make_experiment(pretraining={"temperature": 0.07})
    assert changed.pretraining.temperature == 0.07
    assert changed.pretraining.epochs == make_experiment().pretraining.epochs


def test_a_section_of_another_family_replaces_the_one_below() -> None:
    below = {"video": {"family": "one", "crop": 40}, "dropout": 0.0}
    assert _merge(below, {"video": {"crop": 48}})["video"] == {"family": "one", "crop": 48}
    other = {"family": "other", "width": 3}
    assert _merge(below, {"video": other}) == {"video": other, "dropout": 0.0}


def test_a_variant_is_removed_by_null_and_added_by_a_line(make_experiment: Make) -> None:
    changed = make_experiment(variants={"fr": None, "es_ja": {"secondary": ["es", "ja"]}})
    assert "fr" not in changed.variants
    added = changed.variants["es_ja"]
    assert (added.label, added.primary, added.secondary, added.video) == ("es_ja", "en", ("es", "ja"), True)
    assert added.dub_augmented
    assert not changed.variants["av"].dub_augmented


def test_a_language_is_added_by_configuration(make_experiment: Make) -> None:
    changed = make_experiment(corpus={"secondary": ["es", "fr", "ja", "de"]}, variants={"de": {"secondary": ["de"]}})
    assert changed.corpus.tracks == ("en", "es", "fr", "ja", "de")
    assert changed.variants["de"].secondary == ("de",)


def test_variants_know_their_suites_and_checkpoints(make_experiment: Make) -> None:
    changed = make_experiment(variants={"av20": {"secondary": ["en"], "epochs": 20, "checkpoints": [5, 10, 15, 20]}})
    assert changed.epochs_of("av20") == 20
    assert changed.checkpoints_of("av20") == (5, 10, 15, 20)
    assert (changed.epochs_of("rp"), changed.checkpoints_of("rp")) == (0, (0,))
    assert changed.suites_of("av") == changed.suites_of("rp") == ("hear", "hares", "visual")
    assert changed.suites_of("a") == ("hear", "hares")


def test_a_variant_may_have_seeds_of_its_own(make_experiment: Make) -> None:
    changed = make_experiment(seeds=[4], variants={"rp": {"label": "RP", "untrained": True, "seeds": [0, 1, 2]}})
    assert (changed.seeds_of("rp"), changed.seeds_of("av")) == ((0, 1, 2), (4,))
    staged = {"secondary": ["es"], "start_from": "av", "seeds": [0, 1]}
    with pytest.raises(ConfigError, match=r"`variants\.staged\.seeds`: got \[0, 1\], expected seeds that av has, too"):
        make_experiment(variants={"staged": staged})
    assert make_experiment(seeds=[0, 1, 2], variants={"staged": staged}).seeds_of("staged") == (0, 1)


@pytest.mark.parametrize(
    ("keys", "key", "value", "advice"),
    [
        ({"pretraining": {"learning_rate": "3e-4"}}, "pretraining.learning_rate", "'3e-4'", "3.0e-4"),
        ({"pretraining": {"learning_rate": -1}}, "pretraining.learning_rate", "-1", "more than 0"),
        ({"pretraining": {"checkpoints": [2, 9]}}, "pretraining.checkpoints", "[2, 9]", "ending with"),
        ({"pretraning": {}}, "pretraning", "", "known here"),
        ({"clips": {"frame": 16}}, "clips.frame", "", "frames"),
        ({"corpus": {"secondary": ["esp"]}}, "corpus.secondary.0", "'esp'", "did you mean es?"),
        ({"corpus": {"secondary": ["en"]}}, "corpus.secondary", "['en']", "other than corpus.primary"),
        ({"variants": {"de": {"secondary": ["de"]}}}, "variants.de.secondary", "'de'", "en, es, fr, ja"),
        ({"variants": {"x": {"video": False}}}, "variants.x.secondary", "[]", "two audio views"),
        ({"variants": {"x": {"separated": True, "secondary": ["es"]}}}, "variants.x.secondary", "['es']", "nothing"),
        ({"suites": {"hear": ["esc51"]}}, "suites.hear", "'esc51'", "tasks.esc51"),
        ({"suites": {"hear": ["tut18"]}}, "tasks.tut18.suite", "'hares'", "hear"),
        ({"tasks": {"mine": {"suite": "visual", "path": "x"}}}, "tasks.mine.layout", "None", "layout"),
        ({"tasks": {"mine": {"suite": "hares", "path": "x", "layout": "tut"}}}, "tasks.mine.layout", "'tut'", "tut18,"),
        ({"mel": {"n_mels": 1024, "n_fft": 1024}}, "mel.n_mels", "1024", "the frequencies of mel.n_fft (513)"),
        ({"pretraining": {"clips_per_title": 17}}, "pretraining.clips_per_title", "17", "clips_per_gpu (16)"),
        ({"pretraining": {"micro_batches": 17}}, "pretraining.micro_batches", "17", "clips_per_gpu (16)"),
        ({"pretraining": {"warmup_epochs": 8.5}}, "pretraining.warmup_epochs", "8.5", "at most epochs (8)"),
        ({"pretraining": {"warmup_epochs": 4.5}, "variants": {"x": SHORT}}, "variants.x.epochs", "4", "at least pretr"),
        ({"pretraining": {"gpus": 1_000_000}}, "pretraining.gpus", "1000000", "at most 64"),
        ({"probe": {"hares": {"warmup_steps": 501}}}, "probe.hares.warmup_steps", "501", "at most steps (500)"),
        ({"alignment": {"tolerance_s": 2, "search_s": 1}}, "alignment.tolerance_s", "2", "at most alignment.search_s"),
        ({"demo": {"films": {"scene_s": 0.4}}}, "demo.films.scene_s", "0.4", "a film of at least a clip (3.0 s)"),
        ({"clips": {"batches": 100_000}}, "clips.batches", "100000", "at most 1000"),
        ({"seeds": [*range(101)]}, "seeds", "[0, 1, ", "no more than 100 entries"),
        ({"tasks": {"esc50": {"modality": "V"}}}, "tasks.esc50.modality", "'V'", "its layout `hear` has"),
        ({"tasks": {"vggsound": {"suite": "hear"}}}, "tasks.vggsound.modality", "'AV'", "its suite `hear` has"),
        ({"tasks": {"hmdb51": {"separated": True}}}, "tasks.hmdb51.separated", "True", "its modality is V"),
        (
            {"tasks": {"a": {"suite": "hear", "path": "x", "label": "ESC-50"}}},
            "tasks.a.label",
            "'ESC-50'",
            "esc50.label",
        ),
        ({"variants": {"es": {"label": "+FR"}}}, "variants.fr.label", "'+FR'", "another one than `variants.es.label`"),
        ({"variants": {"AV": {"secondary": ["es"]}}}, "variants.AV", "'av'", "another one than `variants.av`"),
        ({"variants": {"Corpus": {"secondary": ["es"]}}}, "variants.Corpus", "'Corpus'", "the results' own folders"),
        (
            {"variants": dict.fromkeys(("av", "sep", "a", "es", "fr", "ja", "efj", "a_efj", "rp"))},
            "variants",
            "{}",
            "one",
        ),
        ({"suites": {"hear": [], "hares": [], "visual": []}}, "suites", "{", "at least one task in one suite"),
        ({"suite_modules": ["..:X"]}, "suite_modules.0", "'..:X'", "a module that can be imported"),
        ({"corpus": {"catalogue": "~/films.csv"}}, "corpus.catalogue", "'~/films.csv'", "a whole path: ~ is"),
        ({"tasks": {"esc50": {"path": "a{b}"}}}, "tasks.esc50.path", "'a{b}'", "wildcards to Snakemake"),
        ({"corpus": {"catalogue": "results/c.csv"}}, "results_dir", "'results'", "this one holds corpus.catalogue"),
        ({"results_dir": "data/demo/x"}, "results_dir", "'data/demo/x'", "a folder outside demo.directory"),
        ({"augmentation": {"height_min": 32}}, "augmentation.height_min", "32", "encoders.video.crop"),
        ({"encoders": {"video": {"crop": 24}}}, "encoders.video.crop", "24", "at least 32"),
        ({"mel": {"n_mels": 24}}, "mel.n_mels", "24", "at least 25"),
        ({"mel": {"hop_length": 8192}}, "mel.hop_length", "8192", "at least 25 frames"),
        ({"variants": {"x": {"secondary": ["es"], "epochs": 3}}}, "variants.x.checkpoints", "[", "ending with 3"),
    ],
)
def test_a_bad_value_is_one_message_with_key_value_and_advice(
    make_experiment: Make, keys: dict[str, Any], key: str, value: str, advice: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        make_experiment(**keys)
    message = str(caught.value).splitlines()[0]
    assert f"config key `{key}" in message
    assert value in message
    assert advice in message


def test_the_grid_cannot_have_more_points_tried_than_it_has(make_experiment: Make) -> None:
    hear = to_mapping(make_experiment())["probe"]["hear"]
    with pytest.raises(ConfigError, match="at most the grid's size"):
        make_experiment(probe={"hear": {**hear, "grid_points": 1000}})
    with pytest.raises(ConfigError, match="validate_every"):
        make_experiment(probe={"hear": {**hear, "max_epochs": 2, "validate_every": 3}})


def test_saved_and_loaded_is_equal_and_frozen(demo_experiment: Experiment, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    save(demo_experiment, path)
    before = path.stat().st_mtime_ns
    save(demo_experiment, path)
    assert path.stat().st_mtime_ns == before, "an unchanged configuration must not look new to Snakemake"
    assert load(path) == demo_experiment
    with pytest.raises(FrozenInstanceError):
        demo_experiment.corpus.primary = "de"  # type: ignore[misc]


def test_an_incomplete_resolved_configuration_is_refused(demo_experiment: Experiment, tmp_path: Path) -> None:
    mapping = to_mapping(demo_experiment)
    del mapping["mel"]["floor"]
    with pytest.raises(ConfigError, match="floor"):
        from_mapping(mapping)
    with pytest.raises(ConfigError, match="no resolved configuration"):
        load(tmp_path / "nowhere.yaml")


def test_digest_depends_on_values_alone(demo_experiment: Experiment, make_experiment: Make) -> None:
    assert digest(demo_experiment.mel) == digest(make_experiment().mel)
    assert digest(demo_experiment.mel) != digest(make_experiment(mel={"n_mels": 40}).mel)
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_profiles_choose_the_scale_and_users_keep_it(repository: Path) -> None:
    """`--configfile mine.yaml` beside `--config scale=paper`: both hold (Snakemake merges them before `resolve`)."""
    user = yaml.safe_load((repository / "config.yaml").read_text(encoding="utf-8"))
    merged = resolve({**user, "scale": "paper", "pretraining": {"gpus": 8}}, repository / "workflow")
    assert (merged.scale, merged.pretraining.gpus, merged.pretraining.epochs) == ("paper", 8, 10)


def test_a_variant_may_start_from_anothers_weights(make_experiment: Make) -> None:
    changed = make_experiment(
        variants={
            "efj2": {"secondary": ["es", "fr", "ja"], "start_from": "av"},
            "efj3": {"secondary": ["ja"], "start_from": "efj2"},
            "a2": {"secondary": ["en"], "video": False, "start_from": "av"},
        }
    )
    assert [changed.variants[name].start_from for name in ("efj2", "efj3", "a2", "av")] == ["av", "efj2", "av", None]


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        (
            {"x": {"start_from": "nobody"}},
            r"`variants\.x\.start_from`: got 'nobody', expected a trained variant.*: av, ",
        ),
        ({"x": {"start_from": "x"}}, r"got 'x', expected a trained variant that does not start from this one"),
        ({"x": {"start_from": "y"}, "y": {"start_from": "x"}}, r"`variants\.[xy]\.start_from`: got '[xy]'"),
        ({"x": {"start_from": "a"}}, r"got 'a', expected .*with video"),
        ({"x": {"start_from": "rp"}}, r"got 'rp', expected a trained variant"),
        ({"rp": {"untrained": True, "start_from": "av"}}, r"`variants\.rp\.start_from`: got 'av', expected nothing"),
    ],
)
def test_a_beginning_that_cannot_be_is_an_error(
    make_experiment: Make, variants: dict[str, dict[str, Any]], message: str
) -> None:
    for variant in variants.values():
        if not variant.get("untrained"):
            variant["secondary"] = ["es"]
    with pytest.raises(ConfigError, match=message):
        make_experiment(variants=variants)


@pytest.mark.parametrize(
    "folder",
    ["/", ".", "..", "./", "../..", "a/..", "~", "~/results", " ", "", "results ", "src", "src/x", "workflow", "-x",
     "a*b", "a[b]", "a{b}", 300 * "x", "config.yaml", "config.yaml/x", "a\0b", "a\nb", "a\u2028b", "a\x1bb", "docs"],
)  # fmt: skip
def test_results_have_a_folder_of_their_own(
    make_experiment: Make, repository: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.chdir(repository)
    with pytest.raises(ConfigError) as caught:
        make_experiment(results_dir=folder)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"config key `results_dir`: got {folder!r}, expected "[:100])


def test_a_folder_with_other_files_is_nobodys_results(
    make_experiment: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "mine; $(touch x) 'ü'"
    make_experiment(results_dir=mine.name)
    mine.mkdir()
    (mine / ".gitkeep").touch()
    make_experiment(results_dir=mine.name)
    (mine / "thesis.tex").touch()
    with pytest.raises(ConfigError, match=r"expected a folder of its own; this one holds other files \(thesis\.tex\)"):
        make_experiment(results_dir=mine.name)
    save(make_experiment(), mine / "config.yaml")
    make_experiment(results_dir=mine.name)
    make_experiment(results_dir=str(mine))
