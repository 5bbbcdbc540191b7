from collections.abc import Callable

import pytest
import torch

from dubaug.config import Experiment
from dubaug.pretrain.memory import out_of_memory, peak_memory_gib


def test_the_process_takes_as_much_as_it_allocated() -> None:
    before = peak_memory_gib(torch.device("cpu"))
    filled = bytearray(b"x") * 400_000_000
    assert peak_memory_gib(torch.device("cpu")) >= before
    assert peak_memory_gib(torch.device("cpu")) > len(filled) / 2**30


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has ...\nmore"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        RuntimeError("CUDA error: out of memory"),
        MemoryError(),
    ],
)
def test_keys_to_lower_are_named_with_their_values(tiny: Experiment, error: Exception) -> None:
    said = str(out_of_memory(error, tiny, "efj"))
    for key in (
        "pretraining.clips_per_gpu (now 6)",
        "encoders.video.crop (32)",
        "clips.frames (2)",
        "pretraining.precision to bf16",
        "pretraining.recompute to true",
        "pretraining.micro_batches to 2",
        "pretraining.loader_workers (0)",
    ):
        assert key in said
    assert "\n" not in said


def test_only_keys_that_matter_are_named(make_tiny: Callable[..., Experiment]) -> None:
    said = str(out_of_memory(MemoryError(), make_tiny(precision="bf16", recompute=True), "a"))
    assert "clips_per_gpu" in said
    assert "crop" not in said
    assert "bf16" not in said
    assert "recompute" not in said


def test_other_errors_are_not_about_memory(tiny: Experiment) -> None:
    assert out_of_memory(RuntimeError("shapes (3, 4) and (5, 6) do not fit"), tiny, "efj") is None
    assert out_of_memory(ValueError("out of memory"), tiny, "efj") is None
