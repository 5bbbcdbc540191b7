import subprocess
import sys
from dataclasses import replace

import pytest

from dubaug.pretrain.experiment import differences, pretraining_digest, pretraining_parts


def digest(experiment, variant="efj", seed=0):
    return pretraining_digest(experiment, variant, seed)


def test_what_the_weights_depend_on_changes_the_hash(tiny):
    changes = [
        replace(tiny, pretraining=replace(tiny.pretraining, temperature=0.2)),
        replace(tiny, pretraining=replace(tiny.pretraining, micro_batches=2)),
        replace(tiny, mel=replace(tiny.mel, n_mels=40)),
        replace(tiny, clips=replace(tiny.clips, jpeg_quality=80)),
        replace(tiny, augmentation=replace(tiny.augmentation, mask_probability=0.1)),
        replace(tiny, corpus=replace(tiny.corpus, secondary=("es", "fr"))),
        replace(tiny, encoders=replace(tiny.encoders, dropout=0.5)),
        replace(tiny, demo=replace(tiny.demo, seed=1)),
    ]
    assert len({digest(tiny), digest(tiny, seed=1), *map(digest, changes)}) == len(changes) + 2


def test_nothing_else_changes_it(tiny):
    changes = [
        replace(tiny, pretraining=replace(tiny.pretraining, loader_workers=5)),
        replace(tiny, pretraining=replace(tiny.pretraining, recompute=True, compile=True)),
        replace(tiny, pretraining=replace(tiny.pretraining, checkpoints=(2,))),
        replace(tiny, clips=replace(tiny.clips, batches=9)),
        replace(tiny, variants={**tiny.variants, "efj": replace(tiny.variants["efj"], label="other")}),
        replace(tiny, results_dir="elsewhere", tasks={}, suites={}, seeds=(0, 1)),
        replace(tiny, separation=replace(tiny.separation, model="other")),
    ]
    assert {digest(tiny), *map(digest, changes)} == {digest(tiny)}


@pytest.mark.parametrize("variant", ["a", "a_efj", "rp"])
def test_pictures_do_not_matter_to_what_does_not_see(tiny, variant):
    darker = replace(
        tiny, clips=replace(tiny.clips, jpeg_quality=50), augmentation=replace(tiny.augmentation, height_max=50)
    )
    assert digest(darker, variant) == digest(tiny, variant)
    assert digest(darker, "av") != digest(tiny, "av")


def test_separation_matters_to_the_separated_variant_alone(tiny):
    other = replace(tiny, separation=replace(tiny.separation, model="other"))
    assert digest(other, "sep") != digest(tiny, "sep")
    faster = replace(tiny, separation=replace(tiny.separation, batch_size=5))
    assert digest(faster, "sep") == digest(tiny, "sep")


def test_an_override_of_epochs_counts_for_its_own_variant(tiny):
    longer = {**tiny.variants, "efj": replace(tiny.variants["efj"], epochs=20, checkpoints=(20,))}
    changed = replace(tiny, variants=longer)
    assert digest(changed) != digest(tiny)
    assert digest(changed, "av") == digest(tiny, "av")


def test_the_version_of_the_code_that_trains_is_part_of_it(tiny, monkeypatch):
    before = {name: digest(tiny, name) for name in ("efj", "rp")}
    monkeypatch.setattr("dubaug.pretrain.experiment.PRETRAINING_VERSION", 1000)
    assert all(digest(tiny, name) != old for name, old in before.items())


def test_where_the_catalogue_lies_does_not_matter(make_experiment):
    one, other = (make_experiment(corpus={"catalogue": f"{folder}/catalogue.csv"}) for folder in ("films", "moved"))
    assert digest(one) == digest(other)


def test_films_of_ones_own_do_not_depend_on_the_generator(make_experiment):
    one, other = (make_experiment(corpus={"catalogue": "films/catalogue.csv"}, demo={"seed": seed}) for seed in (1, 2))
    assert digest(one) == digest(other)


def test_differences_name_keys_and_values(tiny):
    new = replace(tiny, pretraining=replace(tiny.pretraining, learning_rate=0.5))
    lines = differences(pretraining_parts(tiny, "efj", 0), pretraining_parts(new, "efj", 0))
    assert lines == ["pretraining.learning_rate: 0.001 -> 0.5"]


def test_the_hash_needs_no_torch():
    code = "import sys, dubaug.pretrain.experiment; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_weight_within_the_modality_matters_where_there_are_pictures_and_two_sounds(tiny):
    other = replace(tiny, pretraining=replace(tiny.pretraining, within_modal_weight=0.5))
    assert digest(other) != digest(tiny)
    for variant in ("a", "a_efj", "sep", "rp"):
        assert digest(other, variant) == digest(tiny, variant)


def test_what_a_run_starts_from_counts_with_all_that_it_depends_on(tiny):
    second = {**tiny.variants, "efj": replace(tiny.variants["efj"], start_from="av")}
    staged = replace(tiny, variants=second)
    longer = {**second, "av": replace(second["av"], epochs=20, checkpoints=(20,))}
    assert len({digest(tiny), digest(staged), digest(replace(staged, variants=longer))}) == 3
    assert digest(staged, "av") == digest(tiny, "av")
