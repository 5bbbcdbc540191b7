"""The peer of `bench_probe.py`: HEAR's protocol as a careful person writes it in plain torch, one probe at a time.

Everything lies in memory as tensors before the clock starts, batches are slices, Adam is torch's fused one, validation
runs without gradients, and the best state is a copy of parameters. No DataLoader, no logging, no file.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from dubaug.probe.hear import settings
from dubaug.probe.jobs import GridPoint, Job, batch_bounds, training_order
from dubaug.probe.problem import Problem
from dubaug.suites.hear import HearProbe

_INITIALISATIONS = {"xavier_uniform": nn.init.xavier_uniform_, "xavier_normal": nn.init.xavier_normal_}


def evaluate(problem: Problem, protocol: HearProbe, device: torch.device) -> tuple[list[float], int, int]:
    """Return the test score of each split, and how many epochs and steps all probes ran together."""
    tensors = torch.from_numpy(problem.embeddings).to(device), torch.from_numpy(problem.truth).to(device)
    epochs = steps = 0
    best_score, best_point, scores = -1.0, None, []
    for point in (setting.point for setting in settings(protocol)):
        valid, test, ran = _train(problem, *tensors, 0, point, protocol)
        epochs += ran
        steps += ran * len(batch_bounds(len(problem.splits[0].train), protocol.batch_size))
        if valid > best_score:
            best_score, best_point, scores = valid, point, [test]
    assert best_point is not None
    for split in range(1, len(problem.splits)):
        _, test, ran = _train(problem, *tensors, split, best_point, protocol)
        epochs += ran
        steps += ran * len(batch_bounds(len(problem.splits[split].train), protocol.batch_size))
        scores.append(test)
    return scores, epochs, steps


def repeat(problem: Problem, protocol: HearProbe, device: torch.device, done: Sequence[tuple[Job, int]]) -> list[float]:
    """Train the given probes for the given numbers of epochs, patience or not; return their test scores."""
    tensors = torch.from_numpy(problem.embeddings).to(device), torch.from_numpy(problem.truth).to(device)
    return [
        _train(problem, *tensors, job.split, job.setting.point, replace(protocol, max_epochs=epochs, patience=epochs))[
            1
        ]
        for job, epochs in done
    ]


def _network(inputs: int, outputs: int, point: GridPoint, protocol: HearProbe) -> nn.Sequential:
    layers: list[nn.Module] = []
    width = inputs
    initialise = _INITIALISATIONS[point.initialisation]
    for number in range(point.hidden_layers):
        linear = nn.Linear(width, protocol.hidden)
        initialise(linear.weight, gain=nn.init.calculate_gain("linear" if number == 0 else "relu"))
        layers += [linear, nn.BatchNorm1d(protocol.hidden), nn.Dropout(protocol.dropout), nn.ReLU()]
        width = protocol.hidden
    last = nn.Linear(width, outputs)
    initialise(last.weight, gain=nn.init.calculate_gain("relu" if point.hidden_layers else "linear"))
    return nn.Sequential(*layers, last)


def _train(
    problem: Problem, x: torch.Tensor, y: torch.Tensor, split: int, point: GridPoint, protocol: HearProbe
) -> tuple[float, float, int]:
    """Return the best validation score, the test score there, and the epochs run."""
    torch.manual_seed(split)
    model = _network(x.shape[1], y.shape[1], point, protocol).to(x.device)
    adam = torch.optim.Adam(model.parameters(), lr=point.learning_rate, fused=True)
    parts = problem.splits[split]
    order = torch.from_numpy(training_order(problem, split)).to(x.device)
    train_x, train_y = x[order], y[order]
    if problem.kind == "multilabel":
        loss_of = nn.BCEWithLogitsLoss()
    else:
        loss_of, train_y = nn.CrossEntropyLoss(), train_y.argmax(dim=1)
    valid_x, test_x = x[list(parts.valid)], x[list(parts.test)]
    best, best_state, waited = -1.0, None, 0
    bounds = batch_bounds(len(order), protocol.batch_size)
    for epoch in range(1, protocol.max_epochs + 1):
        for start, end in bounds:
            adam.zero_grad(set_to_none=True)
            loss_of(model(train_x[start:end]), train_y[start:end]).backward()
            adam.step()
        if epoch % protocol.validate_every == 0:
            score = _score(problem, model, valid_x, parts.valid)
            if score > best:
                best, best_state, waited = score, copy.deepcopy(model.state_dict()), 0
            else:
                waited += 1
                if waited >= protocol.patience:
                    break
    assert best_state is not None
    model.load_state_dict(best_state)
    return best, _score(problem, model, test_x, parts.test), epoch


@torch.inference_mode()
def _score(problem: Problem, model: nn.Module, x: torch.Tensor, items: Sequence[int]) -> float:
    model.eval()
    logits = model(x)
    outputs = torch.sigmoid(logits) if problem.kind == "multilabel" else torch.softmax(logits, dim=1)
    model.train()
    return problem.scores(outputs.cpu().numpy(), items)[problem.metrics[0]]
