"""What only a GPU can show: its steps agree with the CPU's, in all the forms that it is trained in."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dubaug.config import Experiment
from dubaug.encoders.fast.convolutions import QuickConv3d
from dubaug.errors import Interrupted
from dubaug.files import read_json
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.data import ClipSource
from dubaug.pretrain.learner import Learner
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.processes import Processes
from dubaug.pretrain.train import Run, pretrain

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here: steps on one are not tested"),
]
CLIPS = [*(Clip("alpha", row) for row in range(5)), *(Clip("beta", row) for row in range(3))]


def _losses(
    experiment: Experiment, clips: Path, device: str, dtype: torch.dtype = torch.float32, rate: float = 0.02
) -> list[float]:
    learner = Learner(experiment, "efj", 0, Processes(rank=0, count=1, device=torch.device(device)), dtype)
    learner.optimizer = torch.optim.SGD(learner.model.parameters(), lr=rate)
    learner.join()
    source, losses = ClipSource(experiment, "efj", 0, clips, None), []
    for number in range(3):
        batch = source.read(CLIPS, epoch=0, step=number).to(torch.device(device))
        if not number:
            learner.prepare(batch)
        losses.append(learner.step(batch, number=number, learning_rate=rate).loss)
    return losses


def test_a_gpus_steps_are_the_cpus(make_tiny: Callable[..., Experiment], tiny_clips: Path) -> None:
    """In float64, where only a mistake could make a difference; augmentation is in float32 on both."""
    experiment = make_tiny()
    on_cpu = _losses(experiment, tiny_clips, "cpu", torch.float64)
    assert _losses(experiment, tiny_clips, "cuda", torch.float64) == pytest.approx(on_cpu, rel=1e-3)


@pytest.mark.parametrize(
    "keys",
    [
        {"precision": "bf16"},
        {"precision": "bf16", "compile": True},
        {"precision": "bf16", "compile": True, "recompute": True},
        {"precision": "bf16", "micro_batches": 2},
    ],
    ids=["eager", "compiled", "compiled and recomputed", "in parts"],
)
def test_half_precision_is_near(
    make_tiny: Callable[..., Experiment], tiny_clips: Path, keys: dict[str, object]
) -> None:
    """With weights that stay: so small a network soon goes another way after a rounding error."""
    expected = _losses(make_tiny(micro_batches=keys.get("micro_batches", 1)), tiny_clips, "cuda", rate=0.0)
    assert _losses(make_tiny(**keys), tiny_clips, "cuda", rate=0.0) == pytest.approx(expected, rel=0.1)


def test_each_convolution_gets_a_form_that_was_tried(make_tiny: Callable[..., Experiment], tiny_clips: Path) -> None:
    experiment = make_tiny(precision="bf16")
    learner = Learner(experiment, "efj", 0, Processes(rank=0, count=1, device=torch.device("cuda")))
    batch = ClipSource(experiment, "efj", 0, tiny_clips, None).read(CLIPS, epoch=0, step=0).to(torch.device("cuda"))
    choices = learner.prepare(batch)
    layers = [layer for layer in learner.model.modules() if isinstance(layer, QuickConv3d)]
    assert sum(choice.layers for choice in choices) == len(layers)
    assert all("stock" in choice.seconds for choice in choices)


def test_a_continued_run_sees_the_same_batches(
    make_tiny: Callable[..., Experiment], tiny_clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = replace(make_tiny(), device="cuda")
    seen: dict[str, list[tuple[int, int, tuple[str, ...]]]] = {"whole": [], "parts": []}
    original = ClipSource.read

    def run(name: str, stop_after: int | None = None) -> None:
        def read(self: ClipSource, *arguments: object, **keys: object) -> object:
            batch = original(self, *arguments, **keys)
            seen[name].append((keys["epoch"], keys["step"], batch.names))
            if len(seen[name]) == stop_after:
                os.kill(os.getpid(), signal.SIGUSR1)
            return batch

        monkeypatch.setattr(ClipSource, "read", read)
        out = tmp_path / f"{name}.json"
        job = Run(experiment=experiment, variant="efj", seed=0, work_dir=tmp_path / name, out=out)
        pretrain(job, clips=tiny_clips, separated=None)

    run("whole")
    with pytest.raises(Interrupted):
        run("parts", stop_after=2)
    run("parts")
    assert seen["parts"] == seen["whole"]
    assert Manifest.load(tmp_path / "parts.json").epochs == 2
    assert read_json(tmp_path / "parts.json")["device"].startswith("1 x ")
