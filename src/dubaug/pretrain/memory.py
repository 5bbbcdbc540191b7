"""How much memory training takes, and what to lower where it does not suffice."""

import resource
import sys

import torch

from dubaug.config import Experiment
from dubaug.errors import DubaugError

_UNIT = 1 if sys.platform == "darwin" else 1024
"""What `ru_maxrss` counts, in bytes."""


def peak_memory_gib(device: torch.device) -> float:
    """Return the most memory that tensors took on `device` so far; on the CPU, that the process took (resident)."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT / 2**30


def out_of_memory(error: BaseException, experiment: Experiment, variant: str) -> DubaugError | None:
    """Return what to tell people if `error` says that memory did not suffice: the keys to lower, and their values."""
    text = str(error)
    if not (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or (isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text))
    ):
        return None
    pretraining, encoders = experiment.pretraining, experiment.encoders
    keys = [f"pretraining.clips_per_gpu (now {pretraining.clips_per_gpu})"]
    if experiment.variants[variant].video:
        keys += [f"encoders.video.crop ({encoders.video.crop})", f"clips.frames ({experiment.clips.frames})"]
    remedies = [
        *(["pretraining.recompute to true"] if not pretraining.recompute else []),
        *(["pretraining.precision to bf16"] if pretraining.precision == "fp32" else []),
        f"pretraining.micro_batches to {2 * pretraining.micro_batches}",
    ]
    reason = text.splitlines()[0] if text else type(error).__name__
    return DubaugError(
        f"out of memory: {reason}. Set {' or '.join(remedies)}, lower {', '.join(keys)}, or use a device with more "
        f"memory (docs/pretraining.md says what each does); if it is the main memory that is short, lower "
        f"pretraining.loader_workers ({pretraining.loader_workers}). More pretraining.gpus keep the whole batch at "
        "fewer clips a GPU"
    )
