"""The HEAR protocol against a plain sequential loop over torch modules, and what it does on data with known answers."""

import dataclasses
import random
from statistics import NormalDist

import numpy as np
import pytest
import torch
from sklearn.model_selection import ParameterGrid
from torch import nn

from dubaug.downstream.model import HearTask
from dubaug.errors import DubaugError
from dubaug.probe.dropout import dropout_bits, dropout_threshold
from dubaug.probe.hear import evaluate, settings
from dubaug.probe.jobs import GridPoint, Job, TrainedProbe, batch_bounds, job_keys, training_order
from dubaug.probe.together import train_together
from dubaug.seeding import item_rng, item_seed
from dubaug.suites.hear import HearProbe

CPU = torch.device("cpu")


class PlainDropout(nn.Module):
    """Dropout whose masks come from the probe's own generator, as the protocol under test draws them."""

    def __init__(self, rng, rate):
        super().__init__()
        self.rng, self.rate = rng, rate

    def forward(self, x):
        if not self.training or self.rate == 0:
            return x
        keep = dropout_bits(self.rng, *x.shape) >= dropout_threshold(self.rate)
        return x * torch.from_numpy(keep).to(x.dtype) / (1 - self.rate)


def plain_probe(job):
    """Build the predictor as heareval describes it, from torch's own modules."""
    generator = torch.Generator().manual_seed(item_seed(*job_keys(job), "init"))
    rng = item_rng(*job_keys(job), "dropout")
    point, protocol = job.setting.point, job.setting.protocol
    initialise = getattr(nn.init, point.initialisation + "_")
    modules, width, gain = [], job.problem.embeddings.shape[1], "linear"
    for outputs in [protocol.hidden] * point.hidden_layers + [job.problem.truth.shape[1]]:
        linear = nn.Linear(width, outputs)
        initialise(linear.weight, gain=nn.init.calculate_gain(gain), generator=generator)
        nn.init.uniform_(linear.bias, -(width**-0.5), width**-0.5, generator=generator)
        modules += [linear, nn.BatchNorm1d(outputs), PlainDropout(rng, protocol.dropout), nn.ReLU()]
        width, gain = outputs, "relu"
    return nn.Sequential(*modules[:-3]).double()


def plain_outputs(model, problem, items):
    model.eval()
    with torch.no_grad():
        logits = model(torch.from_numpy(problem.embeddings[list(items)]))
    if problem.kind == "multilabel":
        return torch.sigmoid(logits).numpy()
    return torch.cat([part.softmax(1) for part in logits.split(problem.heads, dim=1)], dim=1).numpy()


def plain_loss(problem, logits, truth):
    if problem.kind == "multilabel":
        return nn.functional.binary_cross_entropy_with_logits(logits, truth)
    parts = zip(logits.split(problem.heads, dim=1), truth.split(problem.heads, dim=1), strict=True)
    return sum(nn.functional.cross_entropy(part, goal.argmax(dim=1)) for part, goal in parts)


def plain_train(job):
    """One probe by itself: the protocol as a slow and obvious loop."""
    problem, split, protocol = job.problem, job.problem.splits[job.split], job.setting.protocol
    model = plain_probe(job)
    optimiser = torch.optim.Adam(model.parameters(), lr=job.setting.point.learning_rate)
    order = training_order(problem, job.split)
    best, best_state, best_epoch, waited = -1.0, None, 0, 0
    for epoch in range(1, protocol.max_epochs + 1):
        model.train()
        for start, end in batch_bounds(len(order), protocol.batch_size):
            x, y = (torch.from_numpy(part[order[start:end]]) for part in (problem.embeddings, problem.truth))
            optimiser.zero_grad()
            plain_loss(problem, model(x), y).backward()
            optimiser.step()
        if epoch % protocol.validate_every == 0:
            valid = list(split.valid)
            score = problem.primary(plain_outputs(model, problem, valid), valid)
            if score > best:
                best, best_epoch, waited = score, epoch, 0
                best_state = {key: value.clone() for key, value in model.state_dict().items()}
            else:
                waited += 1
            if waited >= protocol.patience:
                break
    model.load_state_dict(best_state)
    return TrainedProbe(
        valid_score=best,
        best_epoch=best_epoch,
        epochs=epoch,
        probabilities=plain_outputs(model, problem, split.test),
    )


def assert_same(ours, plain):
    assert ours.best_epoch == plain.best_epoch
    assert ours.epochs == plain.epochs
    assert ours.valid_score == pytest.approx(plain.valid_score, abs=1e-12)
    # Adam divides by the gradient's own size, which turns the last bits of sums into the seventh decimal
    np.testing.assert_allclose(ours.probabilities, plain.probabilities, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "multihead"])
def test_together_equals_one_by_one(make_task, small_protocol, kind):
    metrics = ("mAP",) if kind == "multilabel" else ("top1_acc",)
    problems = [make_task(kind=kind, seed=seed, spread=2.0, metrics=metrics) for seed in range(4)]
    jobs = [
        Job(problem=problem, split=split, setting=setting)
        for problem in problems
        for split in range(2)
        for setting in settings(small_protocol)[:3]
    ]
    ours = train_together(jobs, CPU)
    plain = [plain_train(job) for job in jobs]
    for one, other in zip(ours, plain, strict=True):
        assert_same(one, other)
    assert len({outcome.epochs for outcome in ours}) > 2, "patience should end these probes at different times"


def test_whole_protocol_equals_plain_loop(make_task, small_protocol):
    problem = make_task(spread=1.5, fold_sizes=(13, 17, 12, 15))
    [result] = evaluate([problem], small_protocol, CPU)
    tried = [(setting, plain_train(Job(problem=problem, split=0, setting=setting)))
             for setting in settings(small_protocol)]  # fmt: skip
    winner = max(tried, key=lambda pair: pair[1].valid_score)[0]
    assert result.best == winner
    assert [score for _, score in result.grid] == pytest.approx([outcome.valid_score for _, outcome in tried])
    for split, outcome in enumerate(result.folds):
        assert_same(outcome, plain_train(Job(problem=problem, split=split, setting=winner)))


def test_single_precision_alone_and_together_agree(make_task, small_protocol):
    problems = [make_task(seed=seed, dtype=np.float32, spread=1.5) for seed in range(4)]
    setting = settings(small_protocol)[0]
    jobs = [Job(problem=problem, split=split, setting=setting) for problem in problems for split in range(3)]
    together = train_together(jobs, CPU)
    for job, outcome in zip(jobs, together, strict=True):
        [alone] = train_together([job], CPU)
        assert alone.best_epoch == outcome.best_epoch
        np.testing.assert_allclose(alone.probabilities, outcome.probabilities, atol=1e-4)


def test_a_group_too_large_is_trained_by_problem(make_task, small_protocol, monkeypatch):
    problems = [make_task(seed=seed) for seed in range(2)]
    jobs = [Job(problem=p, split=0, setting=setting) for p in problems for setting in settings(small_protocol)]
    together = train_together(jobs, CPU)
    monkeypatch.setattr("dubaug.probe.jobs.GATHERED_LIMIT_BYTES", 0)
    for one, other in zip(train_together(jobs, CPU), together, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-9)


@pytest.fixture
def threads():
    """Let a test set torch's threads; set them back."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_groups_side_by_side_are_as_one_after_another(make_task, small_protocol, monkeypatch, threads):
    monkeypatch.setattr("dubaug.probe.jobs.CACHE_BYTES", 0)  # each probe is a group
    problems = [make_task(seed=seed, spread=0.4) for seed in range(3)]
    threads(1)
    one_by_one = evaluate(problems, small_protocol, CPU)
    threads(3)
    side_by_side = evaluate(problems, small_protocol, CPU)
    assert torch.get_num_threads() == 3
    for one, other in zip(one_by_one, side_by_side, strict=True):
        assert one.best == other.best
        assert [score for _, score in one.grid] == pytest.approx([score for _, score in other.grid])
        for fold, its in zip(one.folds, other.folds, strict=True):
            assert (fold.epochs, fold.best_epoch) == (its.epochs, its.best_epoch)
            np.testing.assert_allclose(fold.probabilities, its.probabilities, atol=1e-9)


def test_an_error_in_one_group_ends_the_others(make_task, small_protocol, monkeypatch, threads):
    monkeypatch.setattr("dubaug.probe.jobs.CACHE_BYTES", 0)
    threads(2)
    endless = dataclasses.replace(small_protocol, max_epochs=10**9, patience=10**9)
    jobs = [
        Job(problem=make_task(fold_sizes=sizes, spread=9.0), split=0, setting=settings(endless)[0])
        for sizes in ((20, 20, 20), (8, 8, 1))
    ]
    with pytest.raises(DubaugError, match="one training item"):
        train_together(jobs, CPU)
    assert torch.get_num_threads() == 2


def test_grid_is_hearevals():
    protocol = HearProbe(
        hidden=1024, dropout=0.1, hidden_layers=(1, 2), learning_rates=(3.2e-3, 1e-3, 3.2e-4, 1e-4),
        initialisations=("xavier_uniform", "xavier_normal"), grid_points=8, batch_size=1024, max_epochs=500,
        validate_every=3, patience=20,
    )  # fmt: skip
    expected = list(
        ParameterGrid(
            {
                "lr": [3.2e-3, 1e-3, 3.2e-4, 1e-4],
                "hidden_layers": [1, 2],
                "initialization": ["xavier_uniform", "xavier_normal"],
                "dropout": [0.1],
                "max_epochs": [500],
            }
        )
    )
    random.seed(42)
    random.shuffle(expected)
    points = [setting.point for setting in settings(protocol)]
    assert [(p.hidden_layers, p.learning_rate, p.initialisation) for p in points] == [
        (p["hidden_layers"], p["lr"], p["initialization"]) for p in expected[:8]
    ]
    assert points[0] == GridPoint(hidden_layers=1, learning_rate=1e-4, initialisation="xavier_normal")


def test_first_of_equal_settings_wins(make_task, small_protocol):
    protocol = dataclasses.replace(small_protocol, batch_size=1024, max_epochs=150, patience=50)
    problem = make_task(spread=0.01)
    [result] = evaluate([problem], protocol, CPU)
    tried = [(setting, plain_train(Job(problem=problem, split=0, setting=setting)))
             for setting in settings(protocol)]  # fmt: skip
    perfect = [setting for setting, outcome in tried if outcome.valid_score == 1.0]
    assert len(perfect) > 1
    assert result.best == perfect[0]


def test_a_perfect_score_ends_probe_and_search_and_changes_nothing(make_task, small_protocol):
    """What is left out could not have mattered: outcomes are those of the plain loop, its number of epochs too."""
    protocol = dataclasses.replace(small_protocol, batch_size=1024, max_epochs=120, patience=30)
    problems = [make_task(spread=spread) for spread in (0.01, 0.6)]
    results = evaluate(problems, protocol, CPU)
    for problem, result in zip(problems, results, strict=True):
        tried = [plain_train(Job(problem=problem, split=0, setting=setting)) for setting, _ in result.grid]
        scores = [outcome.valid_score for outcome in tried]
        end = scores.index(1.0) if 1.0 in scores else len(scores)
        expected = [score if place <= end else None for place, score in enumerate(scores)]
        assert [score for _, score in result.grid] == pytest.approx(expected)
        best = max(range(len(scores)), key=scores.__getitem__)
        assert result.best == result.grid[best][0]
        for split, outcome in enumerate(result.folds):
            assert_same(outcome, plain_train(Job(problem=problem, split=split, setting=result.best)))
    assert results[0].grid[-1][1] is None
    assert results[1].grid[-1][1] is not None


def test_separable_classes_are_learnt_and_random_labels_are_not(make_task, small_protocol):
    protocol = dataclasses.replace(small_protocol, batch_size=1024, max_epochs=200, patience=10)
    sizes = (60, 60, 60)
    easy = make_task(fold_sizes=sizes, spread=0.05)
    hopeless = make_task(fold_sizes=sizes, spread=0.05, shuffled_labels=True)
    for problem, low, high in ((easy, 0.98, 1.0), (hopeless, 0.1, 0.45)):
        [result] = evaluate([problem], protocol, CPU)
        scores = [
            problem.scores(outcome.probabilities, split.test)["top1_acc"]
            for outcome, split in zip(result.folds, problem.splits, strict=True)
        ]
        assert low <= np.mean(scores) <= high


def test_patience_counts_validations(make_task, small_protocol, monkeypatch):
    scores = iter([0.2, 0.5, 0.5, 0.4, 0.3, 0.9])
    monkeypatch.setattr("dubaug.metrics.metric.Metric.score", lambda *_: next(scores))
    setting = settings(small_protocol)[0]
    [outcome] = train_together([Job(problem=make_task(), split=0, setting=setting)], CPU)
    assert (outcome.best_epoch, outcome.epochs, outcome.valid_score) == (6, 15, 0.5)


def test_last_batch_of_one_joins_the_one_before():
    assert batch_bounds(19, 9) == [(0, 9), (9, 19)]
    assert batch_bounds(20, 9) == [(0, 9), (9, 18), (18, 20)]
    assert batch_bounds(18, 9) == [(0, 9), (9, 18)]
    assert batch_bounds(1, 9) == [(0, 1)]


def test_training_goes_through_the_tasks_own_order(make_task):
    problem = make_task(fold_sizes=(10, 10, 10, 10))
    own = dataclasses.replace(problem, hear=HearTask(order=tuple(range(39, -1, -1))))
    assert list(training_order(own, 0)) == list(range(39, 19, -1))
    assert list(training_order(own, 2)) == list(range(19, -1, -1))


def test_data_sets_without_an_order_are_shuffled_once(make_task):
    problem = make_task(fold_sizes=(10, 10, 10, 10))
    order = list(training_order(problem, 0))
    assert sorted(order) == list(range(20, 40))
    assert order != sorted(order)
    assert [item for item in order if item >= 30] == [item for item in training_order(problem, 1) if item >= 30]


def test_dropout_rate():
    keep = dropout_bits(item_rng("x"), 501, 403) >= dropout_threshold(0.1)
    assert keep.shape == (501, 403)
    deviation = (0.1 * 0.9 / keep.size) ** 0.5
    assert abs(1 - keep.mean() - 0.1) < NormalDist().inv_cdf(0.9999) * deviation


def test_two_runs_give_the_same_bytes(make_task, small_protocol):
    first, second = (evaluate([make_task(dtype=np.float32)], small_protocol, CPU)[0] for _ in range(2))
    for one, other in zip(first.folds, second.folds, strict=True):
        assert one.probabilities.tobytes() == other.probabilities.tobytes()


def test_too_few_epochs_or_items_are_named(make_task, small_protocol):
    with pytest.raises(DubaugError, match=r"probe\.hear\.max_epochs"):
        evaluate([make_task()], dataclasses.replace(small_protocol, max_epochs=2), CPU)
    with pytest.raises(DubaugError, match="task toy, split fold00: one training item"):
        evaluate([make_task(fold_sizes=(8, 8, 1))], small_protocol, CPU)
