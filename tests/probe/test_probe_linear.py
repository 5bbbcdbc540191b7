"""The linear probes against plain torch modules, optimisers and schedules."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from dubaug.config import HaresProbe, VisualProbe
from dubaug.errors import DubaugError
from dubaug.probe.linear import Schedule, batch_stream, evaluate, hares_schedule, visual_schedule
from dubaug.probe.run import probe_problems
from dubaug.seeding import item_rng

CPU = torch.device("cpu")


def plain_linear(problem, split, protocol):
    """Train one linear layer by torch's optimiser and scheduler on the same batches."""
    hares = isinstance(protocol, HaresProbe)
    items = problem.splits[split].train
    schedule = (hares_schedule if hares else visual_schedule)(protocol, len(items))
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
        if problem.kind == "multilabel":
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
@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "multihead"])
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
    assert visual_schedule(VisualProbe(epochs=200, learning_rate=0.2, momentum=0, batch_size=1024), 1500).steps == 293
    assert visual_schedule(VisualProbe(epochs=200, learning_rate=0.2, momentum=0, batch_size=1024), 100).steps == 200


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
    with np.errstate(all="ignore"), pytest.raises(DubaugError, match="task toy, split fold00: the probe's training"):
        probe_problems([make_task(dtype=np.float32)], protocol, CPU)


def test_entry_of_linear_probe(make_task):
    protocol = PROTOCOLS[0]
    problem = make_task()
    [probed] = probe_problems([problem], protocol, CPU)
    entry = probed.entry
    expected = [
        problem.scores(plain_linear(problem, split, protocol), part.test)["top1_acc"]
        for split, part in enumerate(problem.splits)
    ]
    assert entry["folds"] == pytest.approx(expected)
    assert entry["std"] == pytest.approx(np.std(expected, ddof=1))
    assert (entry["n_train"], entry["n_test"], entry["n_folds"]) == (19, 20, 3)
