"""torch.compile for the networks' stages: fused kernels for what lies between convolutions."""

from collections.abc import Iterable

import torch
from torch import nn

from dubaug.errors import DubaugError

FORMS = 64
"""How many forms of one stage's code may be compiled: sizes, training or not, statistics noted or not."""


def compile_stages(stages: Iterable[nn.Module], *, backend: str = "inductor") -> None:
    """Have the stages compiled when they are first called, each by itself; names of weights stay as they are."""
    torch._dynamo.config.recompile_limit = max(FORMS, torch._dynamo.config.recompile_limit)
    for stage in stages:
        stage.compile(dynamic=False, backend=backend)


def not_compiled(error: BaseException) -> DubaugError | None:
    """Return what to tell people if `error` is about compilation."""
    if not isinstance(error, torch._dynamo.exc.TorchDynamoException):
        return None
    reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return DubaugError(
        f"torch.compile failed: {reason}. Set pretraining.compile to false (slower, the same results), or mend the "
        "compiler: it needs Triton and a C++ compiler"
    )
