"""The work of `dubaug probe`: one network's checkpoints through one suite's tasks, each task done only once.

A task's result is kept in the work directory with all that it depends on (configuration, checkpoint, features, labels),
so that an interrupted job goes on and another task computes only itself; its predictions lie beside it. All checkpoints
that a task still lacks are embedded one after another and then probed together.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, TypeAlias, cast

import numpy as np
import torch

from dubaug.config import Experiment
from dubaug.downstream.features import TaskFeatures, load_features
from dubaug.downstream.manifest import FeaturesManifest
from dubaug.downstream.model import Dataset
from dubaug.embed.cache import embedding
from dubaug.errors import DubaugError
from dubaug.files import link_or_copy, read_json, sha256_of, write_json
from dubaug.layout import epoch_name
from dubaug.pretrain.checkpoint import TrainedEncoders, load_encoders
from dubaug.pretrain.experiment import pretraining_digest
from dubaug.pretrain.manifest import Manifest
from dubaug.probe import predictions
from dubaug.probe.experiment import result_digest, task_digest
from dubaug.probe.predictions import About, Predictions
from dubaug.probe.problem import Probed, Problem, make_problem
from dubaug.probe.results import finite, mean_and_std, over_folds, write_result, write_swept
from dubaug.probe.sampling import interval_of
from dubaug.progress import Progress, log_line
from dubaug.provenance import git_commit
from dubaug.settings import Settings
from dubaug.suites.registry import SUITES

Predictor: TypeAlias = Callable[[Sequence[Problem], Settings, torch.device], list[Probed]]
"""What `dubaug.suites.suite.Protocol.probe` names."""


def probe_suite(
    experiment: Experiment,
    *,
    suite: str,
    pretraining: Path,
    features: Path,
    work_dir: Path,
    out: Path,
    sweep: Mapping[int, Path],
    device: torch.device,
) -> None:
    """Write the final checkpoint's result to `out`, which names those of the epochs in `sweep`, written to its paths.

    The predictions of each task go to `predictions/<task>.arrow` beside the result that they belong to. Raises
    `DubaugError` if the manifest is of another configuration, lacks an epoch of `sweep`, two results would share a
    folder, or a task cannot be evaluated; tasks that were finished before stay finished.
    """
    outputs = [out, *sweep.values()]
    if len({path.parent for path in outputs}) < len(outputs):
        raise DubaugError("results of several epochs need a folder each: their predictions lie beside them")
    network = read_network(experiment, pretraining)
    kept_epochs = [checkpoint.epoch for checkpoint in network.checkpoints]
    unknown = sorted(set(sweep) - set(kept_epochs))
    if unknown:
        kept = ", ".join(map(str, kept_epochs))
        raise DubaugError(f"{pretraining} has no checkpoint of epoch {unknown[0]}; it has {kept}")
    work = _SuiteWork(experiment, suite, network, work_dir, device)
    epochs = sorted({network.final.epoch, *sweep})
    missing = {
        task: reason
        for task, reason in FeaturesManifest.load(features).missing.items()
        if task in experiment.suites[suite]
    }
    tasks = [task for task in experiment.suites[suite] if task not in missing]
    for task, reason in missing.items():
        log_line(f"left out: {task}: {reason}")
    entries: dict[int, dict[str, Any]] = {epoch: {} for epoch in epochs}
    progress = Progress(f"{network.variant} {suite}", len(tasks), "tasks", every_s=0)
    for task in tasks:
        for epoch, entry in work.task(task, epochs, load_features(features, task)).items():
            entries[epoch][task] = entry
        final = entries[network.final.epoch][task]
        progress.advance(note=f"{task} {final['metric']} {final['mean']:.3f}")
    for epoch, path in [(network.final.epoch, out), *sweep.items()]:
        for task in tasks:
            link_or_copy(work.predictions(task, epoch), path.parent / entries[epoch][task]["predictions"]["path"])
    for epoch, path in sweep.items():
        write_result(path, work.result(epoch, entries[epoch], missing, in_sweep=True))
    final_epoch = network.final.epoch
    write_swept(out, work.result(final_epoch, entries[final_epoch], missing, in_sweep=False), sweep)


def read_network(experiment: Experiment, pretraining: Path) -> Manifest:
    """Return the network of a manifest. Raises `DubaugError` if it cannot be read or is of another configuration."""
    network = Manifest.load(pretraining)
    if network.variant not in experiment.variants:
        raise DubaugError(f"{pretraining}: the configuration has no variant {network.variant!r}")
    if network.experiment != pretraining_digest(experiment, network.variant, network.seed):
        raise DubaugError(
            f"{pretraining} was made by another configuration of {network.variant}: run its pretraining again, or give "
            "the configuration that it was made by"
        )
    if not network.checkpoints:
        raise DubaugError(f"{pretraining} names no checkpoint: run its pretraining again")
    return network


class _SuiteWork:
    """A network on a suite: its tasks' results, from the work directory or computed."""

    def __init__(
        self, experiment: Experiment, suite: str, network: Manifest, work_dir: Path, device: torch.device
    ) -> None:
        self.experiment, self.suite, self.network, self.device = experiment, SUITES[suite], network, device
        self.work_dir = work_dir
        self.weights = {checkpoint.epoch: checkpoint.path for checkpoint in network.checkpoints}
        self._sha256: dict[int, str] = {}
        self._encoders: dict[int, TrainedEncoders] = {}

    def task(self, task: str, epochs: Sequence[int], features: TaskFeatures) -> dict[int, dict[str, Any]]:
        """Return a task's entry for each epoch, computing and keeping those that are not there yet."""
        keys = {epoch: self._key(task, epoch, features) for epoch in epochs}
        entries = {epoch: read_kept(self._kept(task, epoch), keys[epoch]) for epoch in epochs}
        missing = [epoch for epoch in epochs if entries[epoch] is None]
        if missing:
            for epoch, (entry, answers) in zip(missing, self._compute(task, missing, features), strict=True):
                digest = predictions.save(self.predictions(task, epoch), answers)
                entry["interval"] = interval_of([answers])
                entry["predictions"] = {"path": f"predictions/{task}.arrow", "sha256": digest}
                write_json(self._kept(task, epoch), {"key": keys[epoch], "entry": entry})
                entries[epoch] = entry
        return cast(dict[int, dict[str, Any]], entries)

    def result(
        self, epoch: int, entries: Mapping[str, Any], missing: Mapping[str, str], *, in_sweep: bool
    ) -> dict[str, Any]:
        """Return the result file's content for an epoch; `missing` are the tasks without data, and why."""
        return {
            "suite": self.suite.name,
            "variant": self.network.variant,
            "epoch": epoch,
            "in_sweep": in_sweep,
            "seed": self.network.seed,
            "experiment": result_digest(self.experiment, self.network.variant, self.network.seed, self.suite.name),
            "checkpoint_sha256": self._checkpoint_sha256(epoch),
            "git_commit": git_commit(),
            "tasks": dict(entries),
            **({"missing": dict(missing)} if missing else {}),
        }

    def predictions(self, task: str, epoch: int) -> Path:
        """Return where the predictions of a finished task lie in the work directory."""
        return self._kept(task, epoch).with_suffix(".arrow")

    def _kept(self, task: str, epoch: int) -> Path:
        return self.work_dir / epoch_name(epoch) / f"{task}.json"

    def _key(self, task: str, epoch: int, features: TaskFeatures) -> dict[str, str]:
        return {
            "experiment": task_digest(self.experiment, self.network.variant, self.network.seed, task),
            "checkpoint_sha256": self._checkpoint_sha256(epoch),
            "features_sha256": features.sha256,
            "labels_sha256": labels_sha256(features.dataset),
        }

    def _checkpoint_sha256(self, epoch: int) -> str:
        """Return the hash of the file itself: a manifest may be older than its checkpoint."""
        if epoch not in self._sha256:
            path = self.weights[epoch]
            if not path.is_file():
                raise DubaugError(f"the checkpoint {path} is gone: run the pretraining of {self.network.variant} again")
            self._sha256[epoch] = sha256_of(path)
        return self._sha256[epoch]

    def _compute(
        self, task: str, epochs: Sequence[int], features: TaskFeatures
    ) -> list[tuple[dict[str, Any], Predictions]]:
        problems, embed_s, protocol = [], [], self.suite.protocol
        for epoch in epochs:
            start_s = time.monotonic()
            embeddings = self._embed(task, epoch, features)
            embed_s.append(time.monotonic() - start_s)
            problems.append(
                make_problem(task, embeddings, features.dataset, needs_valid=protocol.needs_valid, join=self.suite.join)
            )
        start_s = time.monotonic()
        predictor: Predictor = resolve_name(protocol.probe)
        probed = predictor(problems, self.experiment.probe[self.suite.name], self.device)
        probe_s = (time.monotonic() - start_s) / len(epochs)
        experiment = task_digest(self.experiment, self.network.variant, self.network.seed, task)
        n_absent = len(features.dataset.missing)
        absent = {"n_absent": n_absent} if n_absent else {}
        return [
            (
                {
                    **entry_of(problem, one),
                    **absent,
                    "seconds": round(seconds + probe_s, 3),
                    "experiment": experiment,
                    "git_commit": git_commit(),
                },
                Predictions.of(
                    self._about(task, epoch, features.dataset, one.notes["hyperparameters"]),
                    features.dataset,
                    problem,
                    one.outputs,
                ),
            )
            for epoch, problem, one, seconds in zip(epochs, problems, probed, embed_s, strict=True)
        ]

    def _about(self, task: str, epoch: int, dataset: Dataset, settings: Mapping[str, Any]) -> About:
        return About(
            suite=self.suite.name,
            task=task,
            variant=self.network.variant,
            seed=self.network.seed,
            epoch=epoch,
            checkpoint_sha256=self._checkpoint_sha256(epoch),
            experiment=task_digest(self.experiment, self.network.variant, self.network.seed, task),
            kind=dataset.kind,
            classes=dataset.classes,
            metrics=dataset.metrics,
            hyperparameters=settings,
            grouped_by=dataset.grouped_by,
        )

    def _embed(self, task: str, epoch: int, features: TaskFeatures) -> np.ndarray:
        """Return embeddings (items, dimensions): sound, picture, or both side by side."""
        modality = self.experiment.tasks[task].modality
        if "V" in modality and not self.experiment.variants[self.network.variant].video:
            raise DubaugError(f"task {task} needs video, and {self.network.variant} has been trained without")
        return embedding(
            features,
            lambda: self._load(epoch),
            checkpoint_sha256=self._checkpoint_sha256(epoch),
            modality=modality,
            work_dir=self.work_dir / "embeddings",
            batch=self.experiment.embed_batch,
            device=self.device,
        )

    def _load(self, epoch: int) -> TrainedEncoders:
        if epoch not in self._encoders:
            encoders = load_encoders(self.weights[epoch])
            spec, path = encoders.spec, self.weights[epoch]
            if (spec.variant, spec.epoch) != (self.network.variant, epoch):
                raise DubaugError(
                    f"{path} holds {spec.variant} after epoch {spec.epoch}, not {self.network.variant} after {epoch}: "
                    "run its pretraining again"
                )
            self._encoders[epoch] = encoders
        return self._encoders[epoch]


def read_kept(path: Path, key: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the entry kept at `path` if it was made from what `key` says and its predictions are there, else none."""
    if not path.is_file():
        return None
    try:
        kept = read_json(path)
        entry: dict[str, Any] = kept["entry"]
        if kept["key"] != key:
            return None
        if sha256_of(path.with_suffix(".arrow")) != entry["predictions"]["sha256"]:
            log_line(f"the predictions beside {path} have changed: probing again")
            return None
        return entry
    except (OSError, ValueError, KeyError, TypeError):
        log_line(f"{path} cannot be read, or its predictions are not there: probing again")
        return None


def labels_sha256(dataset: Dataset) -> str:
    """Return the hash of a data set's items, groups, classes, labels, splits and metrics: all but the recordings."""
    described = {
        "items": [[item.id, item.group] for item in dataset.items],
        "splits": [asdict(split) for split in dataset.splits],
        "kind": dataset.kind,
        "classes": dataset.classes,
        "metrics": dataset.metrics,
        "hear": asdict(dataset.hear) if dataset.hear else None,
        **({} if dataset.whole_numbers is None else {"part_of": [item.part_of for item in dataset.items]}),
    }
    text = json.dumps(described, separators=(",", ":")).encode()
    return hashlib.sha256(text + np.ascontiguousarray(dataset.targets).tobytes()).hexdigest()


def entry_of(problem: Problem, probed: Probed) -> dict[str, Any]:
    """Return a result's entry: the scores by fold, sizes (of the first fold), and what the protocol notes.

    Raises `DubaugError` where a training diverged or a score has no value.
    """
    for split, part in zip(problem.splits, probed.outputs, strict=True):
        if not np.isfinite(part).all():
            raise DubaugError(
                f"task {problem.task}, split {split.name}: the probe's training diverged; lower its learning rate "
                "(config keys `probe.*.learning_rate`)"
            )
    scores = [problem.scores(part, split.test) for part, split in zip(probed.outputs, problem.splits, strict=True)]
    folds = [score[problem.metrics[0]] for score in scores]
    for split, score in zip(problem.splits, folds, strict=True):
        if finite(score) is None:
            raise DubaugError(
                f"task {problem.task}, split {split.name}: {problem.metrics[0]} is {score} on the test part, of which "
                "there is no mean: a class is ranked perfectly, or wholly wrong. Put another metric first in the "
                "task's list of metrics (HEAR: `evaluation` in task_metadata.json)"
            )
    mean, std = mean_and_std(folds)
    return {
        "metric": problem.metrics[0],
        "mean": mean,
        "std": std,
        "n_folds": len(folds),
        "folds": folds,
        "n_train": len(problem.splits[0].train),
        "n_test": len(problem.joined(probed.outputs[0], problem.splits[0].test)[0]),
        "metrics": {name: over_folds([finite(score[name]) for score in scores]) for name in problem.metrics},
        **probed.notes,
    }
