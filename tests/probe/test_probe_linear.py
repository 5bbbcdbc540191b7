"""The linear probes against plain torch modules, optimisers and schedules."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from dubaug.errors import DubaugError
from dubaug.probe.entry import entry_of
from dubaug.probe.linear import batch_stream, evaluate, probe_linear
from dubaug.seeding import item_rng
from dubaug.suites.hares import HaresProbe
from dubaug.suites.linear import Schedule
from dubaug.suites.visual import VisualProbe

CPU = torch.device("cpu")


def plain_linear(problem, split, protocol):
    """Train one linear layer by torch's optimiser and scheduler on the same batches."""
    hares = isinstance(protocol, HaresProbe)
    items = problem.splits[split].train
    schedule = protocol.schedule(len(items))
    model = nn.Linear(problem.embeddings.shape[1], problem.truth.shape[1]).double()
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    if hares:
        optimiser = torch.optim.Adam(model.parameters(), lr=protocol.learning_rate)
    else:
        optimiser = torch.optim.SGD(model.parameters(), lr=protocol.learning_rate, momentum=protocol.momentum)
    warm, rest = schedule.warmup_steps, schedule.steps - schedule.warmup_steps
    rates = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: (s + 1) / warm if s < warm else (1 + math.cos(math.pi * (s - warm) / rest)) / 2
    )
    stream = batch_stream(items, schedule.batch_size, item_rng("probe", problem.task, split, "batches"))
    for _ in range(schedule.steps):
        index = next(stream)
        x, y = torch.from_numpy(problem.embeddings[index]), torch.from_numpy(problem.truth[index])
        logits = model(x)
        if problem.kind == "regression":
            loss = nn.functional.mse_loss(logits, y)
        elif problem.kind == "multilabel":
            loss = nn.functional.binary_cross_entropy_with_logits(logits, y)
        else:
            parts = zip(logits.split(problem.heads, dim=1), y.split(problem.heads, dim=1), strict=True)
            loss = sum(nn.functional.cross_entropy(part, goal.argmax(dim=1)) for part, goal in parts)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rates.step()
    with torch.no_grad():
        logits = model(torch.from_numpy(problem.embeddings[list(problem.splits[split].test)]))
    if problem.kind == "regression":
        return logits.numpy()
    if problem.kind == "multilabel":
        return torch.sigmoid(logits).numpy()
    return torch.cat([part.softmax(1) for part in logits.split(problem.heads, dim=1)], dim=1).numpy()


PROTOCOLS = [
    HaresProbe(steps=60, warmup_steps=10, learning_rate=1e-2, batch_size=8),
    HaresProbe(steps=20, warmup_steps=0, learning_rate=1e-2, batch_size=64),
    VisualProbe(epochs=9, learning_rate=0.2, momentum=0.9, batch_size=8),
    VisualProbe(epochs=12, learning_rate=0.2, momentum=0.0, batch_size=1024),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "multihead", "regression"])
def test_equals_plain_training(make_task, protocol, kind):
    problem = make_task(kind=kind, fold_sizes=(20, 20, 17))
    for split, outputs in enumerate(evaluate(problem, protocol, CPU)):
        np.testing.assert_allclose(outputs, plain_linear(problem, split, protocol), atol=1e-9)


def test_schedule_by_hand():
    schedule = Schedule(steps=12, warmup_steps=4, learning_rate=1.0, batch_size=1)
    factors = [schedule.factor(step) for step in range(12)]
    assert factors[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert factors[8] == pytest.approx(0.5)
    assert factors[11] == pytest.approx((1 + math.cos(math.pi * 7 / 8)) / 2)
    assert VisualProbe(epochs=200, learning_rate=0.2, momentum=0, batch_size=1024).schedule(1500).steps == 293
    assert VisualProbe(epochs=200, learning_rate=0.2, momentum=0, batch_size=1024).schedule(100).steps == 200


def test_paper_scale_has_the_papers_schedules(paper_experiment):
    """§3.5: Adam, 400k steps, 5k linear warm-up, cosine from 2e-4, batch 64; SGD 0.2, cosine, 200 epochs of 1024."""
    probe = paper_experiment.probe
    assert probe["hares"] == HaresProbe(steps=400_000, warmup_steps=5_000, learning_rate=2e-4, batch_size=64)
    assert probe["visual"] == VisualProbe(epochs=200, learning_rate=0.2, momentum=0.0, batch_size=1024)
    hares = probe["hares"].schedule(6122)  # TUT18
    assert (hares.steps, hares.warmup_steps, hares.learning_rate, hares.batch_size) == (400_000, 5_000, 2e-4, 64)
    at = [hares.factor(step) for step in (0, 2_499, 4_999, 5_000, 202_500, 399_999)]
    assert at == pytest.approx([1 / 5000, 0.5, 1.0, 1.0, 0.5, 0.0], abs=1e-9)
    for items, steps in ((183_730, 35_885), (3_570, 698), (9_537, 1_863)):  # VGGSound, HMDB51, UCF101
        visual = probe["visual"].schedule(items)
        assert (visual.steps, visual.warmup_steps, visual.learning_rate, visual.batch_size) == (steps, 0, 0.2, 1024)
        assert steps - 1 < 200 * items / 1024 <= steps
        assert (visual.factor(0), visual.factor(steps - 1)) == pytest.approx((1.0, 0.0), abs=1e-5)


@pytest.mark.parametrize(("steps", "warmup_steps"), [(400, 5), (57, 1), (30, 29), (40, 0)])
def test_schedule_is_torchs_linear_warmup_and_cosine(steps, warmup_steps):
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps - warmup_steps)
    if warmup_steps > 1:
        warmup = torch.optim.lr_scheduler.LinearLR(
            optimiser, start_factor=1 / warmup_steps, end_factor=1.0, total_iters=warmup_steps - 1
        )
        rates = torch.optim.lr_scheduler.SequentialLR(optimiser, [warmup, cosine], milestones=[warmup_steps])
    else:
        rates = cosine
    ours = Schedule(steps=steps, warmup_steps=warmup_steps, learning_rate=1.0, batch_size=1)
    for step in range(1 if warmup_steps == 1 else 0, steps):  # one step of warm-up is at the peak
        assert ours.factor(step) == pytest.approx(optimiser.param_groups[0]["lr"], abs=1e-9), step
        optimiser.step()
        rates.step()


def test_batches_use_every_item_equally():
    stream = batch_stream(range(10, 20), 4, item_rng("x"))
    drawn = np.concatenate([next(stream) for _ in range(5)])
    assert sorted(drawn[:10]) == sorted(drawn[10:]) == list(range(10, 20))
    assert list(drawn[:10]) != list(drawn[10:])


def test_all_heads_of_separable_commands_are_learnt(make_task):
    problem = make_task(kind="multihead", fold_sizes=(80, 80, 80), dimensions=16, spread=0.02)
    protocol = HaresProbe(steps=1500, warmup_steps=25, learning_rate=1e-2, batch_size=64)
    for outputs, split in zip(evaluate(problem, protocol, CPU), problem.splits, strict=True):
        assert problem.scores(outputs, split.test)["top1_acc"] > 0.98


def test_diverged_training_is_no_score(make_task):
    protocol = VisualProbe(epochs=50, learning_rate=3e38, momentum=0.9, batch_size=1024)
    problem = make_task(dtype=np.float32)
    with np.errstate(all="ignore"):
        [probed] = probe_linear([problem], protocol, CPU)
    with pytest.raises(DubaugError, match="task toy, split fold00: the probe's training"):
        entry_of(problem, probed)


def test_entry_of_linear_probe(make_task):
    protocol = PROTOCOLS[0]
    problem = make_task()
    entry = entry_of(problem, *probe_linear([problem], protocol, CPU))
    expected = [
        problem.scores(plain_linear(problem, split, protocol), part.test)["top1_acc"]
        for split, part in enumerate(problem.splits)
    ]
    assert entry["folds"] == pytest.approx(expected)
    assert entry["std"] == pytest.approx(np.std(expected, ddof=1))
    assert (entry["n_train"], entry["n_test"], entry["n_folds"]) == (19, 20, 3)


def test_a_linear_target_is_learnt_and_lower_is_better(make_task):
    problem = make_task(kind="regression", fold_sizes=(80, 80, 80), spread=0.01)
    protocol = HaresProbe(steps=1500, warmup_steps=25, learning_rate=3e-2, batch_size=64)
    entry = entry_of(problem, *probe_linear([problem], protocol, CPU))
    assert entry["metric"] == "mse"
    assert 0 < entry["mean"] < 0.01 < np.var(problem.truth) / 10
    assert entry["metrics"]["spearman"]["mean"] > 0.99
