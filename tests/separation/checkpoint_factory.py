"""Checkpoints as Demucs writes them, of networks small enough for tests."""

import json
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from demucs.demucs import Demucs
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs
from demucs.states import get_state, save_with_checksum
from safetensors.torch import save_file

COMMON: dict[str, Any] = {"sources": ["drums", "other", "vocals"], "channels": 8, "samplerate": 8000}
ARGUMENTS: dict[type, dict[str, Any]] = {
    HDemucs: {**COMMON, "depth": 2, "hybrid": False, "nfft": 512, "segment": 2},
    Demucs: {**COMMON, "depth": 2, "segment": 2.0, "dconv_mode": 1},
    HTDemucs: {
        **COMMON, "depth": 2, "nfft": 512, "t_layers": 1, "t_heads": 2, "segment": Fraction(39, 20),
        "bottom_channels": 8,
    },
}  # fmt: skip


def make_network(kind: type = HDemucs, seed: int = 0, **arguments: Any) -> Any:
    torch.manual_seed(seed)
    return kind(**{**ARGUMENTS[kind], **arguments}).eval()


def package(network: Any, *, half: bool = True, quantizer: Any = None) -> dict[str, Any]:
    """What `demucs.states.serialize_model` returns (that needs OmegaConf for the training's arguments)."""
    args, kwargs = network._init_args_kwargs
    state = get_state(network, quantizer, half)
    training = {"epochs": 360, "lr": 3e-4, "dset": {"sources": ["drums", "other", "vocals"]}, "misc": None}
    return {"klass": type(network), "args": args, "kwargs": kwargs, "state": state, "training_args": training}


def write_th(folder: Path, signature: str, content: Any) -> Path:
    """`<signature>-<checksum>.th`, by Demucs's own function."""
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.iterdir())
    save_with_checksum(content, folder / f"{signature}.th")
    (file,) = set(folder.iterdir()) - before
    return file


class Evil:
    """Unpickled in the ordinary way, it writes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


def write_hugging_face(file: Path, network: Any, *, quantizer: Any = None) -> None:
    """A file as on Demucs's Hugging Face pages: the state's tensors flat, its structure as JSON in the header."""
    content = package(network, half=False, quantizer=quantizer)
    tensors: dict[str, torch.Tensor] = {}

    def flat(node: Any) -> Any:
        if isinstance(node, torch.Tensor):
            name = f"tensor_{len(tensors)}"
            tensors[name] = node.contiguous().clone()
            return {"_tensor": name}
        if isinstance(node, dict):
            return {"_dict": [[key, flat(value)] for key, value in node.items()]}
        if isinstance(node, list):
            return {"_list": [flat(value) for value in node]}
        if isinstance(node, tuple):
            return {"_tuple": [flat(value) for value in node]}
        if isinstance(node, type):
            return {"_class": f"{node.__module__}.{node.__qualname__}"}
        return node

    def fraction(value: Fraction) -> dict[str, Any]:
        return {"_type": "fraction", "numerator": value.numerator, "denominator": value.denominator}

    header = {
        "klass": f"{type(network).__module__}.{type(network).__qualname__}",
        "args": json.dumps(content["args"]),
        "kwargs": json.dumps(content["kwargs"], default=fraction),
    }
    if quantizer is None:
        tensors = {name: tensor.contiguous() for name, tensor in content["state"].items()}
    else:
        header["structure"] = json.dumps(flat(content["state"]))
    save_file(tensors, file, header)
