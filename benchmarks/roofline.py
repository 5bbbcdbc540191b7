"""How far a training step is from what the device could do: FLOPs and bytes block by block, ceilings measured.

FLOPs: two a multiplication of a convolution or linear layer, thrice (forward, gradient of the input, of the weights).
Bytes: what must move if everything between convolutions were fused into them. Forward: a convolution reads its input
and writes its output. Backward: BatchNorm's sums read the output and its gradient; then the convolution reads both
again and its input, and writes the input's gradient. Weights are not counted (a step of AdamW is, once).
A block's bound is the sum over its layers of the larger of FLOPs and bytes over the device's ceilings.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from dubaug.config import Experiment
from dubaug.encoders.fast.tuning import wait_for
from dubaug.encoders.settings import PARTS
from dubaug.progress import log_line

ADAMW_BYTES = 7 * 4
"""Read: weight, gradient, two moments; written: weight and moments."""


def roofline(
    experiment: Experiment, ours: Any, clips: list[Any], keep: Callable[..., dict[str, Any]]
) -> dict[str, Any]:
    """Measure ceilings and blocks, keep and return the comparison. `ours` steps without torch.compile."""
    learner, device = ours.learner, ours.device
    half = experiment.pretraining.precision == "bf16"
    dtype = torch.bfloat16 if half else torch.float32
    batch = next(ours.batches([clips]))
    learner.prepare(batch)
    for _ in range(2):
        ours.step(batch)
    ceilings = {"flops_s": _product_flops_s(device, dtype), "bytes_s": _copy_bytes_s(device)}
    blocks = _blocks(learner.model)
    work = work_of(learner.model, *learner._inputs(batch), dtype)
    measured_s = _times(learner, batch, blocks)
    rows, bound_s = [], 0.0
    for name, layers in work.items():
        block_s = sum(max(flops / ceilings["flops_s"], bytes_ / ceilings["bytes_s"]) for flops, bytes_ in layers)
        bound_s += block_s
        flops, bytes_ = (sum(column) for column in zip(*layers, strict=True))
        rows.append(
            {
                "block": name,
                "gflop": flops / 1e9,
                "gbyte": bytes_ / 1e9,
                "bound_ms": 1e3 * block_s,
                "measured_ms": 1e3 * measured_s[name],
                "share_of_bound": block_s / measured_s[name],
            }
        )
        log_line(
            " ".join(
                f"{key} {value:.3g}" if isinstance(value, float) else f"{value:20s}" for key, value in rows[-1].items()
            )
        )
    parameters = sum(parameter.numel() for parameter in learner.model.parameters())
    bound_s += parameters * ADAMW_BYTES / ceilings["bytes_s"]
    start_s, steps = _now(device), 5
    for _ in range(steps):
        ours.step(batch)
    step_s = (_now(device) - start_s) / steps
    size = len(batch.names)
    return keep(
        "pretrain_roofline",
        ratio=bound_s / step_s,
        ours=1e3 * step_s,
        peer=1e3 * bound_s,
        unit="ms a step; the peer is the bound; measured without torch.compile",
        ceilings={"tflop_s": ceilings["flops_s"] / 1e12, "gbyte_s": ceilings["bytes_s"] / 1e9, "dtype": str(dtype)},
        gflop_a_clip=sum(row["gflop"] for row in rows) / size,
        gbyte_a_clip=sum(row["gbyte"] for row in rows) / size,
        blocks=rows,
        clips=size,
        threads=torch.get_num_threads(),
    )


def _blocks(model: nn.Module) -> dict[str, nn.Module]:
    encoders = {part: encoder for part in PARTS if (encoder := getattr(model, part)) is not None}
    return {f"{part}.{number}": stage for part, its in encoders.items() for number, stage in enumerate(its.stages)}


def work_of(
    model: nn.Module, video_BCTHW: torch.Tensor, mels_BCTF: dict[str, torch.Tensor], dtype: torch.dtype
) -> dict[str, list[tuple[float, float]]]:
    """Return each block's layers as (FLOPs, bytes) of forward and backward; on the meta device nothing is computed."""
    work: dict[str, list[tuple[float, float]]] = defaultdict(list)
    hooks = []
    for name, block in _blocks(model).items():
        for layer in block.modules():
            if isinstance(layer, nn.Conv3d | nn.Linear):

                def count(
                    layer: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor, name: str = name
                ) -> None:
                    taps = layer.weight[0].numel()
                    read, written = inputs[0].numel(), output.numel()
                    moved = (read + written) + (2 * written + 2 * written + read + read)
                    work[name].append((3 * 2.0 * written * taps, float(moved * dtype.itemsize)))

                hooks.append(layer.register_forward_hook(count))
    with torch.no_grad():
        model(video_BCTHW, mels_BCTF)
    for hook in hooks:
        hook.remove()
    return work


def _times(learner: Any, batch: Any, blocks: dict[str, nn.Module]) -> dict[str, float]:
    """Return each block's seconds, forward and backward, on the blocks' own inputs; the best of three."""
    inputs: dict[str, torch.Tensor] = {}
    hooks = [
        block.register_forward_pre_hook(lambda _, arguments, name=name: inputs.update({name: arguments[0]}))
        for name, block in blocks.items()
    ]
    with torch.no_grad():
        learner._projections(learner._inputs(batch), 0, 0, learner.model)
    for hook in hooks:
        hook.remove()
    half = learner.settings.precision == "bf16"
    seconds = {}
    for name, block in blocks.items():
        least_s = float("inf")
        for _ in range(4):
            given = inputs[name].detach().requires_grad_(not name.endswith(".0"))
            start_s = _now(given.device)
            with torch.autocast(given.device.type, dtype=torch.bfloat16, enabled=half):
                output = block(given)
            output.backward(torch.ones_like(output))
            least_s = min(least_s, _now(given.device) - start_s)
        seconds[name] = least_s
        learner.optimizer.zero_grad(set_to_none=True)
    return seconds


def _product_flops_s(device: torch.device, dtype: torch.dtype) -> float:
    """Return the FLOPs a second of a large matrix product."""
    size = 8192 if device.type == "cuda" else 2048
    one, other = torch.randn(2, size, size, device=device).to(dtype)
    return 2.0 * size**3 / _least_s(lambda: one @ other, device)


def _copy_bytes_s(device: torch.device) -> float:
    """Return the bytes a second, read and written, of a copy larger than any cache."""
    source = torch.zeros(2**30 if device.type == "cuda" else 2**27, device=device)
    target = torch.empty_like(source)
    return 2.0 * source.nbytes / _least_s(lambda: target.copy_(source), device)


def _least_s(work: Callable[[], object], device: torch.device) -> float:
    least_s = float("inf")
    for _ in range(8):
        start_s = _now(device)
        work()
        least_s = min(least_s, _now(device) - start_s)
    return least_s


def _now(device: torch.device) -> float:
    wait_for(device)
    return time.perf_counter()
