"""A step's arithmetic: the same whatever the batch is split into, and whatever saves memory or time."""

import functools
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.batchnorm import SummedBatchNorm
from dubaug.pretrain.compiled import compile_stages
from dubaug.pretrain.data import Batch, ClipSource
from dubaug.pretrain.learner import Learner
from dubaug.pretrain.processes import Processes
from needs import lacking
from several import run_in_several

MakeTiny = Callable[..., Experiment]
ALONE = Processes(rank=0, count=1, device=torch.device("cpu"))
CLIPS = [*(Clip("alpha", row) for row in range(5)), *(Clip("beta", row) for row in range(3))]


def _batch(experiment: Experiment, clips: Path, step: int, part: slice = slice(None)) -> Batch:
    return ClipSource(experiment, "efj", 0, clips, None).read(CLIPS[part], epoch=0, step=step)


def _learner(experiment: Experiment, processes: Processes = ALONE, *, frozen: bool = False) -> Learner:
    """Return a learner in float64 with plain gradient descent: Adam would make much of a rounding error."""
    learner = Learner(experiment, "efj", 0, processes, torch.float64)
    learner.optimizer = torch.optim.SGD(learner.model.parameters(), lr=0.05)
    if frozen:
        for layer in learner.model.modules():
            if isinstance(layer, _BatchNorm):
                layer.eval()
    learner.join()
    return learner


def _three_steps(learner: Learner, batches: list[Batch]) -> dict[str, torch.Tensor]:
    """Return the losses, the last gradients and the weights and statistics after three steps."""
    learner.prepare(batches[0])
    losses = [learner.step(batch, number=number, learning_rate=0.05).loss for number, batch in enumerate(batches)]
    model = learner.model
    gradients = {f"gradient of {name}": p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert len(gradients) == len(list(model.parameters()))
    return {"losses": torch.tensor(losses, dtype=torch.float64), **gradients, **model.state_dict()}


def _assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        told = f"{name}: "
        torch.testing.assert_close(value, other[name], rtol=0, atol=1e-8, msg=lambda said, told=told: told + said)


# --- one process and several


def _one_of_several(rank: int, count: int, experiment: Experiment, clips: Path, frozen: bool, folder: Path) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", GLOO_SOCKET_IFNAME="lo")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=count)
    share = len(CLIPS) // count
    part = slice(rank * share, (rank + 1) * share)
    learner = _learner(experiment, Processes(rank=rank, count=count, device=torch.device("cpu")), frozen=frozen)
    result = _three_steps(learner, [_batch(experiment, clips, step, part) for step in range(3)])
    torch.save(result, folder / f"result{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
@pytest.mark.parametrize(("count", "statistics"), [(2, "frozen"), (4, "summed"), (2, "frozen, in parts")])
def test_one_process_equals_several(
    make_tiny: MakeTiny, tiny_clips: Path, tmp_path: Path, count: int, statistics: str
) -> None:
    frozen, parts = statistics != "summed", 2 if "parts" in statistics else 1
    several = make_tiny(gpus=count, sync_batchnorm=not frozen, micro_batches=parts, negatives="both")
    run_in_several(_one_of_several, count, several, tiny_clips, frozen, tmp_path)
    one = make_tiny(negatives="both")
    expected = _three_steps(_learner(one, frozen=frozen), [_batch(one, tiny_clips, step) for step in range(3)])
    for rank in range(count):
        result = torch.load(tmp_path / f"result{rank}.pt", weights_only=True)
        _assert_equal(result, expected)


def test_summed_statistics_are_for_several_processes_alone(make_tiny: MakeTiny) -> None:
    learner = _learner(make_tiny(sync_batchnorm=True))
    assert not [layer for layer in learner.model.modules() if isinstance(layer, SummedBatchNorm)]


# --- a batch in parts


@pytest.mark.parametrize("parts", [2, 3, 4, 6])
@pytest.mark.parametrize("negatives", ["other_modality", "both"])
def test_a_batch_in_parts_has_the_whole_batchs_loss_and_gradients(
    make_tiny: MakeTiny, tiny_clips: Path, parts: int, negatives: str
) -> None:
    whole, split = make_tiny(negatives=negatives), make_tiny(negatives=negatives, micro_batches=parts)
    batches = [_batch(whole, tiny_clips, step) for step in range(3)]
    _assert_equal(
        _three_steps(_learner(split, frozen=True), batches), _three_steps(_learner(whole, frozen=True), batches)
    )


def test_parts_hold_all_clips_in_order_and_never_one_alone(tiny: Experiment, tiny_clips: Path) -> None:
    batch = _batch(tiny, tiny_clips, 0)
    for count, sizes in ((1, [8]), (3, [2, 3, 3]), (4, [2, 2, 2, 2]), (9, [2, 2, 2, 2])):
        parts = batch.parts(count)
        assert [len(part.names) for part in parts] == sizes
        assert [name for part in parts for name in part.names] == list(batch.names)
        assert batch.frames is not None
        assert torch.equal(torch.cat([part.frames for part in parts if part.frames is not None]), batch.frames)
        assert torch.equal(torch.cat([part.mels["secondary"] for part in parts]), batch.mels["secondary"])
        assert [view for part in parts for view in part.audio_views["primary"]] == list(batch.audio_views["primary"])
        assert [view for part in parts for view in part.video_views] == list(batch.video_views)


def test_each_part_is_noted_once_and_normalised_by_itself(make_tiny: MakeTiny, tiny_clips: Path) -> None:
    learner = _learner(make_tiny(micro_batches=2))
    batch = _batch(learner.experiment, tiny_clips, 0)
    first = next(layer for layer in learner.model.audio.modules() if isinstance(layer, _BatchNorm))
    seen: list[torch.Tensor] = []
    first.register_forward_hook(lambda _layer, args, _result: seen.append(args[0].detach().clone()))
    learner.step(batch, number=0, learning_rate=0.0)
    assert first.num_batches_tracked == 2
    assert len(seen) == 4, "a pass for the projections, one for the gradients"
    expected = nn.BatchNorm3d(first.num_features).double()
    for inputs in seen[2:]:
        expected(inputs)
    torch.testing.assert_close(first.running_mean, expected.running_mean)
    torch.testing.assert_close(first.running_var, expected.running_var)


def test_dropout_is_the_same_in_both_passes(make_tiny: MakeTiny, tiny_clips: Path) -> None:
    experiment = make_tiny(micro_batches=2)
    learner = _learner(replace(experiment, encoders=replace(experiment.encoders, dropout=0.5)))
    seen: list[torch.Tensor] = []
    learner.model.heads["video"].register_forward_hook(lambda _head, args, _result: seen.append(args[0].detach()))
    learner.step(_batch(experiment, tiny_clips, 0), number=0, learning_rate=0.0)
    assert torch.equal(torch.cat(seen[:2]), torch.cat(seen[2:]))
    learner.step(_batch(experiment, tiny_clips, 0), number=1, learning_rate=0.0)
    assert not torch.equal(torch.cat(seen[:2]), torch.cat(seen[4:6]))


# --- recomputed, compiled


def _kept_bytes(learner: Learner, batch: Batch) -> int:
    """Return how many bytes a step keeps for its backward pass, weights not counted."""
    weights = {parameter.data_ptr() for parameter in learner.model.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        learner.step(batch, number=0, learning_rate=0.0)
    return sum(kept.values())


@pytest.mark.parametrize("parts", [1, 2])
def test_recomputing_changes_no_bit(make_tiny: MakeTiny, tiny_clips: Path, parts: int) -> None:
    plain, saving = make_tiny(micro_batches=parts), make_tiny(micro_batches=parts, recompute=True)
    batches = [_batch(plain, tiny_clips, step) for step in range(3)]
    expected, result = _three_steps(_learner(plain), batches), _three_steps(_learner(saving), batches)
    assert all(torch.equal(result[name], value) for name, value in expected.items())


def test_recomputing_and_parts_keep_less(make_tiny: MakeTiny, tiny_clips: Path) -> None:
    batch = _batch(make_tiny(), tiny_clips, 0)
    plain = _kept_bytes(_learner(make_tiny()), batch)
    assert _kept_bytes(_learner(make_tiny(recompute=True)), batch) < 0.4 * plain


@pytest.mark.slow
def test_compiled_stages_are_one_graph_each_and_compute_the_same(
    make_tiny: MakeTiny, tiny_clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All stages, also recomputed, without the minutes that making kernels of them takes.

    Their graphs are run as they stand: other kernels round otherwise, and where a channel of so small a network is the
    same for a whole batch, what BatchNorm makes of it is 0 but for rounding, and so is which way a ReLU lets it pass.
    """
    quick = functools.partial(compile_stages, backend="eager")
    monkeypatch.setattr("dubaug.pretrain.learner.compile_stages", quick)
    plain, compiled = make_tiny(), make_tiny(compile=True, recompute=True)
    batches = [_batch(plain, tiny_clips, step) for step in range(3)]
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    _assert_equal(_three_steps(_learner(compiled), batches), _three_steps(_learner(plain), batches))
    assert not torch._dynamo.utils.counters["graph_break"], "each stage is one graph"
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("part", ["audio", "video"])
def test_kernels_made_of_a_block_compute_the_same(tiny: Experiment, part: str) -> None:
    """By torch.compile's own compiler, with its gradients."""
    if shutil.which("g++") is None:
        lacking("g++", "torch.compile needs a C++ compiler, and there is no g++ here")
    torch._dynamo.reset()
    model = Learner(tiny, "efj", 0, ALONE, torch.float64).model
    encoder, shape = {"audio": (model.audio, (4, 2, 30, 1, 25)), "video": (model.video, (4, 3, 2, 32, 32))}[part]
    assert encoder is not None
    input = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    stem, block = encoder.stages[:2]
    given = stem(input).detach().contiguous(memory_format=torch.channels_last_3d)
    results = []
    for compiled in (False, True):
        if compiled:
            compile_stages([block])
        block.zero_grad()
        output = block(given)
        output.square().mean().backward()
        results.append([output.detach(), *(parameter.grad for parameter in block.parameters())])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-8)


def test_what_cannot_be_compiled_is_an_error_for_people(
    make_tiny: MakeTiny, run_in: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise torch._dynamo.exc.BackendCompilerFailed(nn.Identity(), RuntimeError("no compiler found"), None)

    monkeypatch.setattr("dubaug.pretrain.learner.Learner.step", broken)
    with pytest.raises(DubaugError, match=r"torch\.compile failed.*pretraining\.compile to false"):
        run_in("run", compile=True)


# --- steps that cannot be learned from


def test_a_loss_that_is_no_number_leaves_the_weights(make_tiny: MakeTiny, tiny_clips: Path) -> None:
    learner = _learner(make_tiny(), frozen=True)
    before = {name: value.clone() for name, value in learner.model.state_dict().items()}
    batch = _batch(learner.experiment, tiny_clips, 0)
    batch.mels["primary"][0, 0, 0, 0] = torch.nan
    figures = learner.step(batch, number=0, learning_rate=0.05)
    assert not figures.finite
    assert all(torch.equal(learner.model.state_dict()[name], value) for name, value in before.items())
