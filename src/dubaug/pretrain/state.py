"""The training state: what a continued run needs to end with the same weights as one that was never stopped.

Randomness is not part of it: batches, views and dropout are seeded by epoch, clip and step.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from dubaug.errors import DubaugError
from dubaug.files import atomic_path

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True, kw_only=True)
class Progressed:
    """How far a run is: steps done, and seconds spent on them."""

    step: int = 0
    seconds: float = 0.0


def save_state(path: Path, model: nn.Module, optimizer: torch.optim.AdamW, progressed: Progressed) -> None:
    """Write weights, buffers and AdamW's moments to `path` atomically."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        moments = optimizer.state.get(parameter, {})
        tensors.update({f"optimizer.{name}.{moment}": tensor for moment, tensor in moments.items()})
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        save_file(plain, temporary, metadata={"progressed": json.dumps(asdict(progressed))})


def load_state(path: Path, model: nn.Module, optimizer: torch.optim.AdamW) -> Progressed:
    """Put the state in `path` into `model` and `optimizer`; return how far it was. Raises `DubaugError`."""
    try:
        with safe_open(path, framework="pt") as file:
            progressed = Progressed(**json.loads(file.metadata()["progressed"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        weights = {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")}
        model.load_state_dict(weights)
        groups = optimizer.state_dict()["param_groups"]
        moments = {
            number: {moment: _like(parameter, tensors[f"optimizer.{name}.{moment}"]) for moment in _MOMENTS}
            for number, (name, parameter) in enumerate(model.named_parameters())
            if f"optimizer.{name}.step" in tensors
        }
        optimizer.load_state_dict({"state": moments, "param_groups": groups})
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DubaugError(f"{path} cannot be continued from ({error}): delete {path.parent} to start afresh") from error
    return progressed


def _like(parameter: torch.Tensor, moment: torch.Tensor) -> torch.Tensor:
    """Return the moment in its parameter's memory layout, which the fused optimizer takes for granted."""
    return torch.empty_like(parameter).copy_(moment) if moment.shape == parameter.shape else moment
