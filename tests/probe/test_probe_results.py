"""What a result file must hold, and how several seeds become one."""

import copy
import json

import pytest

from dubaug.cli import main
from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json
from dubaug.probe import predictions
from dubaug.probe.aggregate import aggregate, write_joined
from dubaug.probe.results import (
    finite,
    mean_and_std,
    over_folds,
    parse,
    read_result,
    sweep_of,
    with_sweeps,
    write_result,
    write_swept,
)
from dubaug.probe.sampling import interval_of
from prediction_factory import make_predictions


def task_entry(folds, **changes):
    mean, std = mean_and_std(folds)
    return {
        "metric": "top1_acc", "mean": mean, "std": std, "n_folds": len(folds), "folds": folds,
        "hyperparameters": {"hidden_layers": 1, "learning_rate": 1e-3, "initialisation": "xavier_normal"},
        "n_train": 30, "n_test": 10, "seconds": 1.5, "experiment": "0123456789abcdef", "git_commit": None,
        **changes,
    }  # fmt: skip


def make_result(seed=0, **tasks):
    return {
        "suite": "hear", "variant": "efj", "epoch": 6, "in_sweep": False, "seed": seed, "experiment": f"{seed:016x}",
        "checkpoint_sha256": f"{seed:064x}", "git_commit": None,
        "tasks": tasks or {"esc50": task_entry([0.5, 0.7]), "fsd50k": task_entry([0.25], metric="mAP")},
    }  # fmt: skip


def test_good_result_survives_the_disk(tmp_path):
    path = tmp_path / "hear.json"
    write_result(path, make_result())
    assert read_json(path) == make_result()
    result = read_result(path)
    assert (result.suite, result.seed, result.networks, result.in_sweep) == ("hear", 0, {0: "0" * 64}, False)
    task = result.tasks["esc50"]
    assert (task.metric, task.mean, task.folds, task.n_absent, task.interval) == ("top1_acc", 0.6, (0.5, 0.7), 0, None)
    assert task.members == (task,)


def joined_of(*results):
    """Return what `aggregate` makes of results; it is a result itself."""
    joined = aggregate({f"result {place}": parse(result) for place, result in enumerate(results)})
    parse(joined)
    return joined


def metric_of(result, name="mAP"):
    folds = {"top1_acc": [0.5, 0.7], "mAP": [0.4, 0.6]}
    metrics = result["tasks"]["esc50"].setdefault("metrics", {key: over_folds(its) for key, its in folds.items()})
    return metrics[name]


BAD = {
    "no suite": (lambda r: r.pop("suite"), "suite: field required"),
    "unknown key": (lambda r: r.update(colour=1), "colour"),
    "bad hash": (lambda r: r.update(checkpoint_sha256="abc"), "checkpoint_sha256"),
    "bad experiment": (lambda r: r.update(experiment=7), "experiment"),
    "no network": (lambda r: r.update(seed=None), "seed: got None, expected null where seeds are joined"),
    "no tasks": (lambda r: r.update(tasks={}), "tasks"),
    "no mean": (lambda r: r["tasks"]["esc50"].pop("mean"), "tasks.esc50.mean: field required"),
    "text score": (lambda r: r["tasks"]["esc50"].update(mean="0.6"), "tasks.esc50.mean"),
    "wrong mean": (
        lambda r: r["tasks"]["esc50"].update(mean=0.61),
        "tasks.esc50.mean: got 0.61, expected the folds' mean, which is 0.6",
    ),
    "wrong std": (lambda r: r["tasks"]["esc50"].update(std=0.1), "the folds' deviation"),
    "std of one": (lambda r: r["tasks"]["fsd50k"].update(std=0.0), "tasks.fsd50k.std: got 0.0"),
    "wrong folds": (
        lambda r: r["tasks"]["esc50"].update(n_folds=3),
        "tasks.esc50.folds: got [0.5, 0.7], expected one of each fold, n_folds is 3",
    ),
    "wrong metric's mean": (lambda r: metric_of(r).update(mean=0.3), "tasks.esc50.metrics.mAP.mean: got 0.3"),
    "wrong metric's std": (lambda r: metric_of(r).update(std=None), "tasks.esc50.metrics.mAP.std: got None"),
    "a mean of nothing": (lambda r: metric_of(r).update(folds=[0.4, None]), "expected the folds' mean, which is None"),
    "fewer of a metric": (
        lambda r: metric_of(r).update(over_folds([0.4])),
        "metrics.mAP: got [0.4], expected one of each fold",
    ),
    "two primary scores": (
        lambda r: metric_of(r, "top1_acc").update(over_folds([0.7, 0.5])),
        "metrics.top1_acc.folds: got [0.7, 0.5]",
    ),
    "fewer epochs": (lambda r: r["tasks"]["esc50"].update(epochs=[3]), "epochs: got [3], expected one of each fold"),
    "typo in task": (
        lambda r: r["tasks"]["esc50"].update(best_epoch=[1]),
        "tasks.esc50.best_epoch: got [1], unexpected",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_result_is_refused(tmp_path, name):
    spoil, message = BAD[name]
    result = copy.deepcopy(make_result())
    spoil(result)
    with pytest.raises(DubaugError, match=r"hear\.json") as caught:
        write_result(tmp_path / "hear.json", result)
    assert message in str(caught.value)
    assert not (tmp_path / "hear.json").exists()


def test_damaged_file_is_named(tmp_path):
    path = tmp_path / "hear.json"
    path.write_text('{"suite": ')
    with pytest.raises(DubaugError, match=r"hear\.json is no result of this version \(Expecting value"):
        read_result(path)
    write_json(path, {**make_result(), "variant": None})
    with pytest.raises(
        DubaugError, match=r"hear\.json is no result of this version \(variant: got None, input should be .* string"
    ):
        read_result(path)


def test_aggregate_by_hand():
    first = make_result(0, esc50=task_entry([0.5, 0.7], seconds=1.0))
    second = make_result(1, esc50=task_entry([0.6, 1.0], seconds=2.0))
    second["tasks"]["esc50"]["hyperparameters"] = {"hidden_layers": 2, "learning_rate": 1e-3}
    joined = joined_of(second, first)
    entry = joined["tasks"]["esc50"]
    assert entry["folds"] == pytest.approx([0.55, 0.85])
    assert entry["mean"] == pytest.approx(0.7)
    assert entry["std"] == pytest.approx(0.3 / 2**0.5)
    assert entry["std_seeds"] == pytest.approx(0.2 / 2**0.5)
    assert entry["n_folds"] == 2
    assert entry["seconds"] == 3.0
    assert entry["hyperparameters"] == {"learning_rate": 1e-3}
    assert [(one["seed"], one["mean"]) for one in entry["seeds"]] == [(0, pytest.approx(0.6)), (1, pytest.approx(0.8))]
    assert entry["seeds"][1]["hyperparameters"]["hidden_layers"] == 2
    assert (joined["seed"], joined["checkpoint_sha256"]) == (None, None)
    assert [one["checkpoint_sha256"] for one in joined["seeds"]] == [f"{0:064x}", f"{1:064x}"]


def test_aggregate_joins_every_metric(tmp_path):
    def with_metrics(top1, d_prime):
        metrics = {"top1_acc": over_folds(top1), "d_prime": over_folds(d_prime)}
        extra = {"metrics": metrics, "chosen_by": "top1_acc", "epochs": [9, 12], "best_epochs": [3, 12]}
        return task_entry(top1, **extra)

    first = make_result(0, esc50=with_metrics([0.5, 0.7], [1.0, None]))
    second = make_result(1, esc50=with_metrics([0.6, 1.0], [2.0, 3.0]))
    joined = joined_of(first, second)
    entry = joined["tasks"]["esc50"]
    assert entry["metrics"]["top1_acc"] == over_folds(entry["folds"])
    assert entry["metrics"]["d_prime"] == {"mean": None, "std": None, "folds": [1.5, None]}
    assert entry["chosen_by"] == "top1_acc"
    assert entry["seeds"][1]["metrics"] == second["tasks"]["esc50"]["metrics"]
    assert entry["seeds"][0]["epochs"] == [9, 12]
    entry["seeds"][1]["metrics"]["d_prime"]["std"] = 0.1
    with pytest.raises(DubaugError, match=r"tasks\.esc50\.seeds\.1\.metrics\.d_prime\.std: got 0\.1"):
        write_result(tmp_path / "hear.json", joined)


def test_aggregate_knows_of_items_that_were_absent():
    first, second = (make_result(seed, vggsound=task_entry([0.5], n_absent=7)) for seed in range(2))
    assert joined_of(first, second)["tasks"]["vggsound"]["n_absent"] == 7
    with pytest.raises(DubaugError, match=r"tasks\.vggsound\.n_absent is 7 and 0"):
        joined_of(first, make_result(1, vggsound=task_entry([0.5])))


def test_aggregate_of_one_fold_has_no_std_but_one_over_seeds():
    results = [make_result(seed, fsd50k=task_entry([0.2 + 0.1 * seed])) for seed in range(3)]
    entry = joined_of(*results)["tasks"]["fsd50k"]
    assert entry["std"] is None
    assert entry["std_seeds"] == pytest.approx(0.1)
    assert entry["mean"] == pytest.approx(0.3)


def test_aggregate_of_one_seed_is_that_seed(tmp_path):
    (path,), out = write_seeds(tmp_path, seeds=(4,)), tmp_path / "hear.json"
    write_joined([path], out)
    own, joined = (read_json(one)["tasks"]["esc50"] for one in (path, out))
    kept = set(own) - {"predictions", "experiment"}
    assert {key: joined[key] for key in kept} == {key: own[key] for key in kept}
    assert (joined["std_seeds"], len(joined["seeds"])) == (None, 1)
    (member,) = predictions_of(out)
    assert member.scores() == own["folds"]
    assert joined["interval"] == interval_of([member])


def predictions_of(path):
    """Return the predictions of each network that a result joins."""
    return [predictions.load_of(path, "esc50", one) for one in read_result(path).tasks["esc50"].members]


def write_swept_seeds(folder, epochs=(2, 6)):
    """Write results of two seeds, each with a sweep, and join them; return the joined result's path."""
    for epoch in epochs:
        for path in write_seeds(folder, below=f"epoch{epoch:02d}"):
            write_result(path, {**read_json(path), "epoch": epoch, "in_sweep": True})
    finals = write_seeds(folder)
    for path in finals:
        points = {epoch: path.parent / f"epoch{epoch:02d}/hear.json" for epoch in epochs}
        write_swept(path, read_json(path), points)
    write_joined(finals, folder / "hear.json")
    return folder / "hear.json"


def test_aggregate_joins_the_sweeps_points_beside_the_result_that_names_them(tmp_path):
    out = write_swept_seeds(tmp_path)
    points = sweep_of(out, read_result(out))
    assert points == {epoch: tmp_path / f"epoch{epoch:02d}/hear.json" for epoch in (2, 6)}
    point = read_json(points[2])
    assert (point["epoch"], point["in_sweep"], [one["seed"] for one in point["seeds"]]) == (2, True, [0, 1])
    one = point["tasks"]["esc50"]["seeds"][1]
    assert one["predictions"]["path"] == "../seed1/epoch02/predictions/esc50.arrow"
    assert predictions_of(points[2])[1].scores() == one["folds"]
    assert with_sweeps([out, points[2]]) == [out, points[2], points[6]]
    assert points[2].stat().st_mtime_ns >= out.stat().st_mtime_ns, "Snakemake takes it as made from the result"


def test_sweeps_that_do_not_belong_together_are_refused(tmp_path):
    out = write_swept_seeds(tmp_path)
    finals = [tmp_path / f"seed{seed}/hear.json" for seed in (0, 1)]
    result = read_json(finals[1])
    write_result(finals[1], {**result, "sweep": result["sweep"][1:]})
    with pytest.raises(DubaugError, match=r"the sweeps of .* are of different epochs"):
        write_joined(finals, out)
    (tmp_path / "epoch02/hear.json").unlink()
    with pytest.raises(
        DubaugError, match=r"epoch02/hear\.json is missing or has changed since .*hear\.json was written"
    ):
        with_sweeps([out])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: r.update(variant="av"), "variant is 'efj' and 'av'"),
        (lambda r: r.update(epoch=4), "epoch is 6 and 4"),
        (lambda r: r.update(in_sweep=True), "in_sweep is False and True"),
        (lambda r: r.update(seed=0), "two results are of one seed"),
        (lambda r: r["tasks"].pop("fsd50k"), "only one of them has fsd50k"),
        (lambda r: r["tasks"]["esc50"].update(n_test=11), r"tasks\.esc50\.n_test is 10 and 11"),
    ],
)
def test_aggregate_refuses_what_does_not_belong_together(spoil, message):
    other = make_result(1)
    spoil(other)
    with pytest.raises(DubaugError, match=message):
        joined_of(make_result(0), other)


def write_seeds(folder, seeds=(0, 1), below="", **changes):
    """Write results of seeds with their predictions, as `dubaug probe` does; return their paths."""
    paths = []
    for seed in seeds:
        answers = make_predictions(fold_sizes=(30, 20), seed=seed + 10, task="esc50", **{"variant": "efj", **changes})
        home = folder / f"seed{seed}" / below
        digest = predictions.save(home / "predictions" / "esc50.arrow", answers)
        evidence = {"path": "predictions/esc50.arrow", "sha256": digest}
        entry = task_entry(answers.scores(), predictions=evidence, interval=interval_of([answers]))
        paths.append(home / "hear.json")
        write_result(paths[-1], {**make_result(seed, esc50=entry), "variant": answers.about.variant})
    return paths


def test_aggregate_command(tmp_path, capsys):
    paths = write_seeds(tmp_path)
    out = tmp_path / "hear.json"
    assert main(["aggregate", "--results", *map(str, paths), "--out", str(out)]) == 0
    assert [one["seed"] for one in read_json(out)["seeds"]] == [0, 1]
    assert main(["aggregate", "--results", str(out), str(paths[0]), "--out", str(out)]) == 1
    assert "joins several seeds already" in capsys.readouterr().err


def test_aggregate_has_intervals_over_seeds_and_items(tmp_path):
    paths = write_seeds(tmp_path, seeds=(2, 0))
    out = tmp_path / "hear.json"
    assert main(["aggregate", "--results", *map(str, paths), "--out", str(out)]) == 0
    entry = read_json(out)["tasks"]["esc50"]
    members = predictions_of(out)
    assert [one["predictions"]["path"] for one in entry["seeds"]] == [
        "seed0/predictions/esc50.arrow",
        "seed2/predictions/esc50.arrow",
    ]
    assert entry["interval"] == interval_of(members)
    assert entry["interval"]["over"] == ["seeds", "items"]
    for one, member in zip(entry["seeds"], members, strict=True):
        assert one["folds"] == member.scores()
        assert one["interval"] == interval_of([member])


def test_aggregate_refuses_predictions_that_are_not_the_ones(tmp_path, capsys):
    paths = write_seeds(tmp_path)
    command = ["aggregate", "--results", *map(str, paths), "--out", str(tmp_path / "hear.json")]
    arrow = paths[1].parent / "predictions" / "esc50.arrow"
    predictions.save(arrow, make_predictions(fold_sizes=(30, 20), seed=99, task="esc50"))
    assert main(command) == 1
    assert "seed1/predictions/esc50.arrow is not what" in capsys.readouterr().err
    arrow.unlink()
    assert main(command) == 1
    assert "seed1/predictions/esc50.arrow holds no predictions" in capsys.readouterr().err
    write_result(paths[1], make_result(1, esc50=task_entry(read_json(paths[1])["tasks"]["esc50"]["folds"])))
    assert main(command) == 1
    assert "task esc50 has no predictions" in capsys.readouterr().err
    assert not (tmp_path / "hear.json").exists()


def test_aggregate_refuses_results_without_intervals(tmp_path, capsys):
    paths = write_seeds(tmp_path)
    result = read_json(paths[0])
    del result["tasks"]["esc50"]["interval"]
    write_result(paths[0], result)
    assert main(["aggregate", "--results", *map(str, paths), "--out", str(tmp_path / "hear.json")]) == 1
    assert "seed0/hear.json: task esc50 has no interval; its results are of an older" in capsys.readouterr().err
    assert not (tmp_path / "hear.json").exists()


def test_each_seed_says_which_commit_computed_it_and_the_task_where_all_are_one():
    def joined(*commits):
        entries = [task_entry([0.5, 0.7], git_commit=commit) for commit in commits]
        results = [make_result(seed, esc50=entry) for seed, entry in enumerate(entries)]
        return joined_of(*results)["tasks"]["esc50"]

    assert joined("a" * 40, "a" * 40)["git_commit"] == "a" * 40
    differing = joined("a" * 40, "b" * 40)
    assert differing["git_commit"] is None
    assert [one["git_commit"] for one in differing["seeds"]] == ["a" * 40, "b" * 40]


def test_infinities_are_null():
    assert json.dumps([finite(float("inf")), finite(float("nan")), finite(0.5)]) == "[null, null, 0.5]"
