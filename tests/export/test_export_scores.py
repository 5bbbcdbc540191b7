from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.export.scores import Identity, OverSeeds, collect_scores
from dubaug.files import read_json
from dubaug.pretrain.manifest import Manifest
from dubaug.probe.aggregate import aggregate
from dubaug.probe.experiment import task_digest
from dubaug.probe.results import Interval, parse, write_result


@pytest.fixture(scope="module")
def identity(results: Path) -> Identity:
    final = Manifest.load(results / "efj/pretraining.json").final
    return Identity(variant="efj", seed=0, epoch=final.epoch, checkpoint_sha256=final.sha256)


@pytest.fixture
def two_seeds(write_scores: Callable[..., Path], tiny: Experiment, tmp_path: Path) -> tuple[Path, Path]:
    """This network's result, and the file that joins it with another seed's."""
    own, other = write_scores(), read_json(write_scores(tasks={"esc50": [0.25, 0.25], "fsd50k": [0.75]}))
    for task, entry in other["tasks"].items():
        entry["experiment"] = task_digest(tiny, "efj", 1, task)
    joined = tmp_path / "joined.json"
    other = {**other, "seed": 1, "checkpoint_sha256": "1" * 64}
    write_result(joined, aggregate({"a": parse(read_json(own)), "b": parse(other)}))
    return own, joined


def test_scores_are_read_with_what_the_configuration_says_of_the_tasks(
    identity: Identity, write_scores: Callable[..., Path], tiny: Experiment
) -> None:
    path = write_scores()
    esc50, fsd50k = collect_scores([path], [identity], experiment=tiny)
    assert (esc50.suite, esc50.task, esc50.label, esc50.generated) == ("hear", "esc50", "ESC-50", True)
    assert (esc50.mean, esc50.n_folds, esc50.n_train, esc50.n_test) == (0.625, 2, 1600, 400)
    assert esc50.std == pytest.approx(0.1767767)
    assert (fsd50k.mean, fsd50k.std, fsd50k.over_seeds) == (0.25, None, None)
    bare, _ = collect_scores([path], [identity], experiment=None)
    assert (bare.label, bare.generated) == ("esc50", None)


def test_another_variants_or_seeds_results_are_refused(identity: Identity, write_scores: Callable[..., Path]) -> None:
    with pytest.raises(DubaugError, match="is of a with seed 0, what is exported is efj with seed 0 after epoch 2"):
        collect_scores([write_scores("a")], [identity], experiment=None)
    with pytest.raises(DubaugError, match="is of efj with seed 3, what is exported"):
        collect_scores([write_scores(seed=3)], [identity], experiment=None)


def test_another_trainings_results_are_refused(identity: Identity, write_scores: Callable[..., Path]) -> None:
    with pytest.raises(DubaugError, match="is of another training of efj with seed 0"):
        collect_scores([write_scores(checkpoint_sha256="f" * 64)], [identity], experiment=None)


def test_other_epochs_are_left_out_aloud(
    identity: Identity, write_scores: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    early = write_scores(epoch=1, tasks={"esc50": [0.1]})
    scores = collect_scores([early, write_scores()], [identity], experiment=None)
    assert [score.mean for score in scores] == [0.625, 0.25]
    assert f"left out: {early} is of epoch 1" in capsys.readouterr().err


def test_a_file_of_several_seeds_gives_this_ones_score_and_theirs_beside_it(
    identity: Identity, two_seeds: tuple[Path, Path], tiny: Experiment
) -> None:
    own, joined = two_seeds
    for paths in ([joined], [own, joined], [joined, own]):
        esc50, fsd50k = collect_scores(paths, [identity], experiment=tiny)
        assert (esc50.mean, fsd50k.mean) == (0.625, 0.25)
        assert esc50.over_seeds == OverSeeds(seeds=2, mean=0.4375, std=pytest.approx(0.2651650))
    other = Identity(variant="efj", seed=2, epoch=2, checkpoint_sha256="2" * 64)
    with pytest.raises(DubaugError, match="is of efj with seed 0, 1, what is exported is efj with seed 2"):
        collect_scores([joined], [other], experiment=None)


def test_the_networks_own_interval_is_read_wherever_it_stands(
    identity: Identity, two_seeds: tuple[Path, Path], write_scores: Callable[..., Path]
) -> None:
    own, joined = two_seeds
    interval = {"level": 0.95, "over": ["items"], "units": 10, "grouped_by": None}
    typed = partial(Interval, level=0.95, over=("items",), units=10, grouped_by=None)
    one, both = read_json(own), read_json(joined)
    both["tasks"]["esc50"]["seeds"][0]["interval"] = {**interval, "low": 0.5, "high": None}
    both["tasks"]["esc50"]["interval"] = {**interval, "low": 0.125, "high": 0.75, "over": ["seeds", "items"]}
    write_result(joined, both)
    for paths in ([joined], [own, joined], [joined, own]):
        esc50, fsd50k = collect_scores(paths, [identity], experiment=None)
        assert (esc50.interval, fsd50k.interval) == (typed(low=0.5, high=None), None)
    one["tasks"]["fsd50k"]["interval"] = {**interval, "low": 0.125, "high": 0.5}
    write_result(own, one)
    assert [score.interval for score in collect_scores([own], [identity], experiment=None)] == [
        None,
        typed(low=0.125, high=0.5),
    ]


def test_the_same_file_twice_counts_once_and_two_that_differ_are_refused(
    identity: Identity, write_scores: Callable[..., Path]
) -> None:
    path = write_scores()
    assert len(collect_scores([path, path], [identity], experiment=None)) == 2
    with pytest.raises(DubaugError, match=r"another file has esc50 with 0\.625, this one with 0\.5"):
        collect_scores([path, write_scores(tasks={"esc50": [0.5, 0.5]})], [identity], experiment=None)


def test_results_of_another_configuration_are_refused(
    identity: Identity, write_scores: Callable[..., Path], make_experiment: Callable[..., Experiment]
) -> None:
    with pytest.raises(DubaugError, match="esc50 was computed with another configuration"):
        collect_scores([write_scores()], [identity], experiment=make_experiment())
