"""Separation models of this project's own: `<name>.safetensors` beside `<name>.json`, nothing pickled.

The JSON holds the class and its constructor's arguments, the checksum of the weights, and how they came about. The
weights may be stored in half precision; the model computes in single precision.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dubaug.errors import DubaugError
from dubaug.files import atomic_path, read_json, sha256_of, write_json

if TYPE_CHECKING:
    from demucs.hdemucs import HDemucs

CLASS = "HDemucs"
"""The one class of Demucs that such a file may name: `demucs.hdemucs.HDemucs`."""


def is_local_model(folder: Path, name: str) -> bool:
    """Return whether `folder` holds a model of that name in this format."""
    return (folder / f"{name}.json").is_file()


def load_local_model(folder: Path, name: str) -> "HDemucs":
    """Return the model in evaluation mode. Raises `DubaugError` if its files are missing, damaged or not a model."""
    from demucs.hdemucs import HDemucs
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    description, weights = folder / f"{name}.json", folder / f"{name}.safetensors"
    if not weights.is_file():
        raise DubaugError(f"the separation model {description} has no weights: there is no {weights.name} beside it")
    try:
        value = read_json(description)
        if value["class"] != CLASS:
            raise DubaugError(f"{description}: class is {value['class']!r}; only {CLASS!r} can be read")
        arguments, checksum = dict(value["arguments"]), value["sha256"]
    except (KeyError, TypeError, ValueError) as error:
        raise DubaugError(f"{description} describes no separation model ({error!r}): copy it again") from error
    if sha256_of(weights) != checksum:
        raise DubaugError(f"{weights} is damaged or of another version than {description.name}: copy both again")
    try:
        model: HDemucs = HDemucs(**arguments)
        model.load_state_dict({key: tensor.float() for key, tensor in load_file(weights).items()})
    except (SafetensorError, RuntimeError, TypeError, AssertionError) as error:
        raise DubaugError(f"{weights} does not fit the model in {description.name}: {error}") from error
    return model.eval()


def save_local_model(
    model: "HDemucs", arguments: Mapping[str, Any], folder: Path, name: str, *, about: Mapping[str, Any]
) -> None:
    """Write `model`, made by `HDemucs(**arguments)`, in half precision; `about` tells where it comes from."""
    import torch
    from safetensors.torch import save_file

    weights = folder / f"{name}.safetensors"
    state = {key: tensor.detach().to("cpu", torch.float16).contiguous() for key, tensor in model.state_dict().items()}
    with atomic_path(weights) as temporary:
        save_file(state, temporary)
    description = {"class": CLASS, "arguments": dict(arguments), "sha256": sha256_of(weights), "about": dict(about)}
    write_json(folder / f"{name}.json", description)
