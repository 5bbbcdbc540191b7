"""The training state: what a continued run needs to end with the same weights as one that was never stopped.

Randomness is not part of it: batches, views and dropout are seeded by epoch, clip and step.

A state is one safetensors file whose name holds its step and the beginning of its SHA-256: safetensors notices a file
cut short, but not a byte changed. The two newest are kept, so that a damaged one costs time and not the run.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from dubaug.errors import DubaugError
from dubaug.files import sha256_of, write_bytes

STATES_KEPT = 2
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
_NAME = re.compile(r"step(\d+)-([0-9a-f]{16})\.safetensors")


@dataclass(frozen=True, kw_only=True)
class Progressed:
    """How far a run is."""

    step: int = 0
    """Steps done."""
    seconds: float = 0.0
    """Time spent on them."""
    kept: dict[int, str] = field(default_factory=dict)
    """The epochs whose weights are kept, with the SHA-256 of their files."""


def save_state(folder: Path, model: nn.Module, optimizer: torch.optim.AdamW, progressed: Progressed) -> Path:
    """Write weights, buffers and AdamW's moments to a file in `folder`, atomically; remove all but the two newest.

    Returns the file. Raises `DubaugError` if there is no room, or if a weight is no finite number: what is there stays.
    """
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        moments = optimizer.state.get(parameter, {})
        tensors.update({f"optimizer.{name}.{moment}": tensor for moment, tensor in moments.items()})
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    if wrong := [name for name, tensor in plain.items() if not torch.isfinite(tensor).all()]:
        raise DubaugError(
            f"after step {progressed.step - 1} {len(wrong)} of {len(plain)} tensors hold NaN or infinity ({wrong[0]}): "
            f"nothing was saved, the states before are in {folder}. Lower pretraining.learning_rate"
        )
    data = safetensors.torch.save(plain, metadata={"progressed": json.dumps(asdict(progressed))})
    path = folder / f"step{progressed.step:09d}-{hashlib.sha256(data).hexdigest()[:16]}.safetensors"
    write_bytes(path, data)
    for _, _, old in _states(folder)[STATES_KEPT:]:
        old.unlink(missing_ok=True)
    return path


def newest_state(folder: Path, log_line: Callable[[str], None]) -> Progressed:
    """Return how far the newest undamaged state in `folder` is, at step 0 if there is none.

    A damaged one is said and removed, because a run that has gone back would take it for the newest again.
    """
    for _, sha256, path in _states(folder):
        with suppress(OSError):
            if sha256_of(path).startswith(sha256):
                with safe_open(path, framework="pt") as file:
                    return _progressed(file.metadata())
        log_line(
            f"{path} is damaged (its bytes are not those that were written): removed, going back to the state before"
        )
        path.unlink(missing_ok=True)
    return Progressed()


def load_state(folder: Path, step: int, model: nn.Module, optimizer: torch.optim.AdamW) -> Progressed:
    """Put the state of `step` into `model` and `optimizer`; return how far it was. Raises `DubaugError`."""
    path = next((path for its, _, path in _states(folder) if its == step), folder / f"step{step:09d}")
    try:
        with safe_open(path, framework="pt") as file:
            progressed = _progressed(file.metadata())
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        weights = {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")}
        model.load_state_dict(weights)
        groups = optimizer.state_dict()["param_groups"]
        names = {parameter: name for name, parameter in model.named_parameters()}
        moments = {
            number: {moment: _like(parameter, tensors[f"optimizer.{name}.{moment}"]) for moment in _MOMENTS}
            for number, parameter in enumerate(chain(*(group["params"] for group in optimizer.param_groups)))
            if f"optimizer.{(name := names[parameter])}.step" in tensors
        }
        optimizer.load_state_dict({"state": moments, "param_groups": groups})
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DubaugError(
            f"{path} cannot be continued from ({error}): delete {folder.parent} to start afresh"
        ) from error
    return progressed


def forget_states(folder: Path) -> None:
    """Remove all states, to begin anew."""
    for _, _, path in _states(folder):
        path.unlink()


def _progressed(metadata: Mapping[str, str]) -> Progressed:
    values = json.loads(metadata["progressed"])
    return Progressed(**{**values, "kept": {int(epoch): sha for epoch, sha in values["kept"].items()}})


def _states(folder: Path) -> list[tuple[int, str, Path]]:
    """Return the states in `folder`, the newest first: step, beginning of the SHA-256, file."""
    named = ((_NAME.fullmatch(path.name), path) for path in folder.glob("step*"))
    return sorted(((int(name[1]), name[2], path) for name, path in named if name), reverse=True)


def _like(parameter: torch.Tensor, moment: torch.Tensor) -> torch.Tensor:
    """Return the moment in its parameter's memory layout, which the fused optimizer takes for granted."""
    return torch.empty_like(parameter).copy_(moment) if moment.shape == parameter.shape else moment
