"""HEAR's protocol as FACTS.md section 3 has it, from a task's folder, one probe after another.

Torch's own modules, autograd and `torch.optim.Adam`; scikit-learn's grid and scores; nothing of `dubaug` but the seeds
of the initial weights. It is slow and obvious, and for double precision: rounding then decides nothing.
"""

import copy
import csv
import json
import random
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import norm
from sklearn.metrics import accuracy_score, average_precision_score, roc_auc_score
from sklearn.model_selection import ParameterGrid
from torch import nn

from dubaug.seeding import item_seed

INITIALISATIONS = {"xavier_uniform": nn.init.xavier_uniform_, "xavier_normal": nn.init.xavier_normal_}


@dataclass
class Fold:
    """A trained probe at its best validation, and its answers to the test part."""

    epochs: int
    best_epoch: int
    valid: float
    files: list[str]
    probabilities: np.ndarray
    scores: dict[str, float]


@dataclass
class Answer:
    """All that the protocol gives for a task."""

    tried: list[tuple[dict[str, Any], float]]
    best: dict[str, Any]
    folds: list[Fold]
    scores: dict[str, tuple[list[float | None], float | None, float | None]]
    """By metric: the folds (None for infinities), their mean and their deviation."""


class Task:
    """A folder in HEAR's layout, with an embedding for each file."""

    def __init__(self, folder: Path, embeddings: dict[str, np.ndarray]) -> None:
        self.metadata = json.loads((folder / "task_metadata.json").read_text())
        self.labels = {name: json.loads((folder / f"{name}.json").read_text()) for name in self.metadata["splits"]}
        with (folder / "labelvocabulary.csv").open() as lines:
            self.places = {row["label"]: int(row["idx"]) for row in csv.DictReader(lines)}
        self.embeddings = embeddings
        self.multilabel = self.metadata["prediction_type"] == "multilabel"
        self.scores = self.metadata["evaluation"]
        shuffler = random.Random(0)
        self.shuffled = {}
        for name in self.metadata["splits"]:  # as the embeddings are written: one generator for all lists
            self.shuffled[name] = list(self.labels[name])
            shuffler.shuffle(self.shuffled[name])

    def splits(self) -> list[dict[str, list[str]]]:
        if self.metadata["split_mode"] == "trainvaltest":
            return [{part: [part] for part in ("train", "valid", "test")}]
        folds = sorted(self.metadata["splits"])
        splits = []
        for number, test in enumerate(folds):
            valid = folds[(number + 1) % len(folds)]
            splits.append({"test": [test], "valid": [valid], "train": [f for f in folds if f not in (test, valid)]})
        return splits

    def data(self, lists: list[str]) -> tuple[list[str], torch.Tensor, torch.Tensor]:
        files = [file for name in lists for file in self.shuffled[name]]
        truth = np.zeros((len(files), len(self.places)))
        for row, file in enumerate(files):
            labels = next(its[file] for its in self.labels.values() if file in its)
            truth[row, [self.places[str(label)] for label in labels]] = 1
        x = np.stack([self.embeddings[file] for file in files])
        return files, torch.tensor(x, dtype=torch.float64), torch.tensor(truth)

    def confs(self, protocol: dict[str, list[Any]], grid_points: int) -> list[dict[str, Any]]:
        own = self.metadata.get("evaluation_params", {}).get("task_specific_param_grid", {})
        confs = list(ParameterGrid({**protocol, **own}))
        random.seed(42)
        random.shuffle(confs)
        return confs[:grid_points]


def build(inputs: int, outputs: int, conf: dict[str, Any], seed: int) -> nn.Sequential:
    generator = torch.Generator().manual_seed(seed)
    modules: list[nn.Module] = []
    width, before = inputs, "linear"
    for layer in range(conf["hidden_layers"] + 1):
        last = layer == conf["hidden_layers"]
        linear = nn.Linear(width, outputs if last else conf["hidden_dim"])
        gain = nn.init.calculate_gain(before)
        INITIALISATIONS[conf["initialization"]](linear.weight, gain=gain, generator=generator)
        nn.init.uniform_(linear.bias, -1 / width**0.5, 1 / width**0.5, generator=generator)  # torch's default
        modules.append(linear)
        if not last:
            modules += [nn.BatchNorm1d(conf["hidden_dim"]), nn.Dropout(conf["dropout"]), nn.ReLU()]
            width, before = conf["hidden_dim"], "relu"
    return nn.Sequential(*modules).double()


def score(name: str, probabilities: np.ndarray, truth: np.ndarray) -> float:
    found, wanted = probabilities.argmax(axis=1), truth.argmax(axis=1)
    if name in ("top1_acc", "pitch_acc"):
        return float(accuracy_score(wanted, found))
    if name == "chroma_acc":
        return float(accuracy_score(wanted % 12, found % 12))
    if name == "mAP":
        return float(average_precision_score(truth, probabilities, average="macro"))
    if name == "aucroc":
        return float(roc_auc_score(truth, probabilities, average="macro"))
    assert name == "d_prime"
    return float(np.mean(norm.ppf(roc_auc_score(truth, probabilities, average=None)) * np.sqrt(2)))


def train(task: Task, name: str, number: int, split: dict[str, list[str]], conf: dict[str, Any]) -> Fold:
    """Train one probe, the way `heareval` does but for a last batch of one item, which joins the one before."""
    _, x, y = task.data(split["train"])
    loss_of = nn.BCEWithLogitsLoss() if task.multilabel else nn.CrossEntropyLoss()
    activation = nn.Sigmoid() if task.multilabel else nn.Softmax(dim=1)
    keys = f"{conf['hidden_layers']}/{conf['lr']!r}/{conf['initialization']}"
    model = build(x.shape[1], y.shape[1], conf, item_seed("probe", name, number, keys, "init"))
    adam = torch.optim.Adam(model.parameters(), lr=conf["lr"])
    by_score = task.metadata.get("use_scoring_for_early_stopping", True)
    best, best_epoch, best_state, waited = None, 0, None, 0
    for epoch in range(1, conf["max_epochs"] + 1):
        model.train()
        first = 0
        while first < len(x):
            last = first + conf["batch_size"]
            last = len(x) if len(x) - last <= 1 else last
            adam.zero_grad()
            target = y[first:last] if task.multilabel else y[first:last].argmax(dim=1)
            loss_of(model(x[first:last]), target).backward()
            adam.step()
            first = last
        if epoch % conf["check_val_every_n_epoch"]:
            continue
        model.eval()
        _, valid_x, valid_y = task.data(split["valid"])
        with torch.no_grad():
            logits = model(valid_x)
        if by_score:
            value = score(task.scores[0], activation(logits).numpy(), valid_y.numpy())
        else:
            value = -loss_of(logits, valid_y if task.multilabel else valid_y.argmax(dim=1)).item()
        if best is None or value > best:
            best, best_epoch, best_state, waited = value, epoch, copy.deepcopy(model.state_dict()), 0
        else:
            waited += 1
            if waited == conf["patience"]:
                break
    model.load_state_dict(best_state)
    model.eval()
    files, test_x, test_y = task.data(split["test"])
    with torch.no_grad():
        probabilities = activation(model(test_x)).numpy()
    scores = {metric: score(metric, probabilities, test_y.numpy()) for metric in task.scores}
    return Fold(epoch, best_epoch, best, files, probabilities, scores)


def plain_protocol(
    folder: Path, embeddings: dict[str, np.ndarray], name: str, protocol: dict[str, list[Any]], grid_points: int
) -> Answer:
    """Return what the protocol gives for the task in a folder; `protocol` is heareval's grid."""
    task = Task(folder, embeddings)
    splits = task.splits()
    tried = [(conf, train(task, name, 0, splits[0], conf)) for conf in task.confs(protocol, grid_points)]
    best, first = sorted(tried, key=lambda pair: pair[1].valid, reverse=True)[0]
    folds = [first, *(train(task, name, number, split, best) for number, split in enumerate(splits[1:], start=1))]
    return Answer(
        tried=[(conf, fold.valid) for conf, fold in tried],
        best=best,
        folds=folds,
        scores={metric: over_folds([fold.scores[metric] for fold in folds]) for metric in task.scores},
    )


def over_folds(scores: list[float]) -> tuple[list[float | None], float | None, float | None]:
    if not np.isfinite(scores).all():
        return [value if np.isfinite(value) else None for value in scores], None, None
    return list(scores), statistics.fmean(scores), statistics.stdev(scores) if len(scores) > 1 else None
