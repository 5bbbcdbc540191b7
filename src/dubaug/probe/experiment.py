"""What a result depends on, as hashes. Light: the Snakefile imports it."""

from dubaug.config import Experiment
from dubaug.digests import digest
from dubaug.downstream.experiment import downstream_digest
from dubaug.pretrain.experiment import pretraining_digest

PROTOCOL_VERSION = 2
"""Raise it when a change of the code changes the results of the same weights: everything is then probed anew.

What changes the weights is `dubaug.pretrain.experiment.PRETRAINING_VERSION`'s.
"""


def result_digest(experiment: Experiment, variant: str, seed: int, suite: str) -> str:
    """Return the hash of what a variant's results on a suite depend on: its weights and the probe.

    The list of tasks is not in it: another task changes no other hash. What each task adds is in `task_digest`.
    """
    return digest(PROTOCOL_VERSION, pretraining_digest(experiment, variant, seed), suite, experiment.probe[suite])


def task_digest(experiment: Experiment, variant: str, seed: int, task: str) -> str:
    """Return the hash of what one task's result depends on: weights, probe, data, features, modality."""
    chosen = experiment.tasks[task]
    features = downstream_digest(experiment, task, variant=variant)
    return digest(result_digest(experiment, variant, seed, chosen.suite), features, chosen.modality)
