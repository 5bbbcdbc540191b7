"""HEAR's probes on a GPU: side by side as alone, and as good as on a CPU."""

import numpy as np
import pytest
import torch

from dubaug.probe.dropout import Draws
from dubaug.probe.hear import evaluate, settings
from dubaug.probe.jobs import Job
from dubaug.probe.together import train_together

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU; torch sees none here")

GPU = torch.device("cuda", 0)


def test_together_equals_alone(make_task, small_protocol):
    problems = [make_task(seed=seed, spread=1.5) for seed in range(3)]
    jobs = [
        Job(problem=problem, split=split, setting=setting)
        for problem in problems
        for split in range(2)
        for setting in settings(small_protocol)
    ]
    together = train_together(jobs, GPU)
    for job, outcome in zip(jobs, together, strict=True):
        [alone] = train_together([job], GPU)
        assert (alone.epochs, alone.best_epoch) == (outcome.epochs, outcome.best_epoch)
        np.testing.assert_allclose(alone.probabilities, outcome.probabilities, rtol=1e-5, atol=1e-6)


def test_scores_are_as_on_a_cpu(make_task, small_protocol):
    """The draws of dropout differ, so only what is learnt can be compared."""
    problem = make_task(fold_sizes=(60, 60, 60), spread=0.3)
    means = []
    for device in (GPU, torch.device("cpu")):
        [result] = evaluate([problem], small_protocol, device)
        scores = [
            problem.scores(outcome.probabilities, split.test)["top1_acc"]
            for outcome, split in zip(result.folds, problem.splits, strict=True)
        ]
        means.append(np.mean(scores))
    assert abs(means[0] - means[1]) < 0.1


def test_dropout_is_drawn_by_probe_and_met():
    first, again, other = (torch.empty(501, 403, device=GPU) for _ in range(3))
    Draws(("a", 1), GPU).fill(first, 0.1)
    Draws(("a", 1), GPU).fill(again, 0.1)
    Draws(("a", 2), GPU).fill(other, 0.1)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert abs(first.mean().item() - 0.9) < 4 * (0.09 / first.numel()) ** 0.5
    assert set(first.unique().tolist()) == {0.0, 1.0}
