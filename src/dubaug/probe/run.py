"""The work of `dubaug probe`: one network's checkpoints through one suite's tasks, each task done only once.

A task's result is kept in the work directory with all that it depends on (configuration, checkpoint, features, labels),
so that an interrupted job goes on and another task computes only itself; its predictions lie beside it. All checkpoints
that a task still lacks are embedded one after another and then probed together.
"""

import time
from collections.abc import Callable, Mapping, Sequence
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
from dubaug.files import link_or_copy
from dubaug.probe.entry import entry_of
from dubaug.probe.experiment import result_digest, task_digest
from dubaug.probe.kept import KeptTasks, labels_sha256
from dubaug.probe.network import ProbedNetwork
from dubaug.probe.predictions import About, Predictions
from dubaug.probe.problem import Probed, Problem, make_problem
from dubaug.probe.results import write_swept
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
    network = ProbedNetwork(experiment, pretraining)
    unknown = sorted(set(sweep) - set(network.epochs))
    if unknown:
        kept = ", ".join(map(str, network.epochs))
        raise DubaugError(f"{pretraining} has no checkpoint of epoch {unknown[0]}; it has {kept}")
    work = _SuiteWork(experiment, suite, network, work_dir, device)
    epochs = sorted({network.final_epoch, *sweep})
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
        last = entries[network.final_epoch][task]
        progress.advance(note=f"{task} {last['metric']} {last['mean']:.3f}")
    for epoch, path in [*sweep.items(), (network.final_epoch, out)]:
        for task, entry in entries[epoch].items():
            link_or_copy(work.kept.predictions(task, epoch), path.parent / entry["predictions"]["path"])
        in_sweep = path != out
        write_swept(path, work.result(epoch, entries[epoch], missing, in_sweep=in_sweep), {} if in_sweep else sweep)


class _SuiteWork:
    """A network on a suite: its tasks' results, from the work directory or computed."""

    def __init__(
        self, experiment: Experiment, suite: str, network: ProbedNetwork, work_dir: Path, device: torch.device
    ) -> None:
        self.experiment, self.suite, self.network, self.device = experiment, SUITES[suite], network, device
        self.work_dir, self.kept = work_dir, KeptTasks(work_dir)

    def task(self, task: str, epochs: Sequence[int], features: TaskFeatures) -> dict[int, dict[str, Any]]:
        """Return a task's entry for each epoch, computing and keeping those that are not there yet."""
        keys = {epoch: self._key(task, epoch, features) for epoch in epochs}
        entries = {epoch: self.kept.read(task, epoch, keys[epoch]) for epoch in epochs}
        missing = [epoch for epoch in epochs if entries[epoch] is None]
        if missing:
            for epoch, (entry, answers) in zip(missing, self._compute(task, missing, features), strict=True):
                entries[epoch] = self.kept.write(task, epoch, keys[epoch], entry, answers)
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
            "checkpoint_sha256": self.network.sha256(epoch),
            "git_commit": git_commit(),
            "tasks": dict(entries),
            **({"missing": dict(missing)} if missing else {}),
        }

    def _key(self, task: str, epoch: int, features: TaskFeatures) -> dict[str, str]:
        return {
            "experiment": task_digest(self.experiment, self.network.variant, self.network.seed, task),
            "checkpoint_sha256": self.network.sha256(epoch),
            "features_sha256": features.sha256,
            "labels_sha256": labels_sha256(features.dataset),
        }

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
        n_absent = len(features.dataset.missing)
        absent = {"n_absent": n_absent} if n_absent else {}
        found = []
        for epoch, problem, one, seconds in zip(epochs, problems, probed, embed_s, strict=True):
            about = self._about(task, epoch, features.dataset, one.notes["hyperparameters"])
            answers = Predictions.of(about, features.dataset, problem, one.outputs)
            entry = {**entry_of(problem, one), **absent, "seconds": round(seconds + probe_s, 3)}
            entry |= {"experiment": about.experiment, "git_commit": git_commit(), "interval": interval_of([answers])}
            found.append((entry, answers))
        return found

    def _about(self, task: str, epoch: int, dataset: Dataset, settings: Mapping[str, Any]) -> About:
        return About(
            suite=self.suite.name,
            task=task,
            variant=self.network.variant,
            seed=self.network.seed,
            epoch=epoch,
            checkpoint_sha256=self.network.sha256(epoch),
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
            lambda: self.network.encoders(epoch),
            checkpoint_sha256=self.network.sha256(epoch),
            modality=modality,
            work_dir=self.work_dir / "embeddings",
            batch=self.experiment.embed_batch,
            device=self.device,
        )
