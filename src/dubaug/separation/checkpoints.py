"""Checkpoints of Demucs models that others made, read with care and only once.

Demucs publishes pickles (`<signature>-<checksum>.th`, the checksum the first digits of the file's SHA-256) and
safetensors files with the class's name in their header; the weights of some are quantised. A pickle is opened only
after its checksum was compared, and then by PyTorch's restricted unpickler, which builds tensors, plain values and the
classes named here, and nothing else. Pickled and quantised weights are written once to a folder of the user's cache,
as safetensors with plain weights; from then on only that file is read, and diffq is not needed any more.

The cached files have the format of Demucs's Hugging Face pages (`demucs.hf`), so any of them can be used on another
machine as `<signature>.safetensors` in `separation.repository`.
"""

import importlib.util
import json
import os
import pickle
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from dubaug.errors import DubaugError
from dubaug.files import atomic_path, sha256_of
from dubaug.progress import log_line

CLASSES = ("demucs.hdemucs.HDemucs", "demucs.htdemucs.HTDemucs", "demucs.demucs.Demucs")
QUANTIZERS = ("diffq.diffq.DiffQuantizer", "diffq.uniform.UniformQuantizer")
CHECKSUM_DIGITS = 8
"""How many digits of the SHA-256 stand in the names of Demucs's files."""


def load_checkpoint(file: Path, *, published: Mapping[str, str]) -> Any:
    """Return the network in a `.safetensors` or `.th` file of Demucs's, in evaluation mode.

    `published` are Demucs's own checksums by signature; a file with such a signature must have that checksum. Raises
    `DubaugError` if a pickle is not what its name says, if the file holds anything else than a Demucs model, or if
    it is quantised and diffq is missing at its first use.
    """
    if file.suffix == ".th":
        signature, checksum = _promised(file, published)
        return load_exported(_converted(file, signature, checksum))
    if "structure" in _header(file):
        return load_exported(_converted(file, file.stem, ""))
    return load_exported(file)


def load_exported(file: Path) -> Any:
    """Return the network in a safetensors file with plain weights in the format of Demucs's Hugging Face pages."""
    from demucs.hf import load_safetensors_model
    from safetensors import SafetensorError

    header = _header(file)
    if header.get("klass") not in CLASSES:  # the loader would import and call whatever stands there
        raise DubaugError(f"{file} holds no Demucs model: its class is {header.get('klass')!r}")
    try:
        return load_safetensors_model(file).eval()
    except (SafetensorError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise DubaugError(f"{file} holds no Demucs model that can be read ({error}): copy it again") from error


def signed(file: Path) -> tuple[str, str]:
    """Return the signature and the checksum in a checkpoint's name; the checksum is empty if there is none."""
    match = re.fullmatch(rf"(.+)-([0-9a-f]{{{CHECKSUM_DIGITS},64}})", file.stem)
    return (match[1], match[2]) if match else (file.stem, "")


def cached(signature: str, checksum: str) -> Path | None:
    """Return the converted file of the pickle with that signature and checksum, if it was converted before."""
    found = sorted(cache_folder().glob(f"{signature}-{checksum}*.safetensors"))
    return found[0] if found else None


def cache_folder() -> Path:
    """Return the folder of converted checkpoints: `$XDG_CACHE_HOME/dubaug/separation`, by default in `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dubaug" / "separation"


def require_diffq(what: str) -> None:
    """Raise `DubaugError` if diffq is not installed, which `what` needs."""
    if importlib.util.find_spec("diffq") is None:
        raise DubaugError(
            f"Demucs's quantised model {what} needs the package diffq, which is not installed, to be converted: "
            "pip install dubaug[separation] (it compiles C sources); or set `separation.model: mdx_extra`, the same "
            "models unquantised"
        )


def _promised(file: Path, published: Mapping[str, str]) -> tuple[str, str]:
    """Return a pickle's signature and the checksum that it must have."""
    signature, checksum = signed(file)
    expected = published.get(signature, checksum)
    if not expected:
        actual = sha256_of(file)[:CHECKSUM_DIGITS]
        raise DubaugError(
            f"{file} is pickled, and its name has no checksum to compare it with: if you trust where it comes from, "
            f"rename it to {signature}-{actual}.th"
        )
    return signature, expected


def _converted(file: Path, signature: str, checksum: str) -> Path:
    """Return the converted file of a pickled or quantised one, which is made if it is not there.

    Two processes that make it at once do the same work, and the last one's file stays, whole.
    """
    sha256 = sha256_of(file)
    if not sha256.startswith(checksum):
        raise DubaugError(
            f"{file} is not what was published, or damaged: its SHA-256 begins with {sha256[: len(checksum)]} instead "
            f"of {checksum}. It was not opened; delete it and download it again"
        )
    target = cache_folder() / f"{signature}-{sha256}.safetensors"
    if not target.is_file():
        network, package = _unpickled(file) if file.suffix == ".th" else _dequantised(file)
        header = {
            "klass": f"{type(network).__module__}.{type(network).__qualname__}",
            "args": _encoded(package["args"], file),
            "kwargs": _encoded(package["kwargs"], file),
            "converted_from": file.name,
            "converted_from_sha256": sha256,
        }
        _save(network, header, target)
        log_line(f"converted {file} to {target}")
    return target


def _unpickled(file: Path) -> tuple[Any, Mapping[str, Any]]:
    """Return the network of a pickle, and what stands in it."""
    import torch
    from demucs.hdemucs import HDemucs
    from demucs.states import load_model

    allowed = [*_classes(CLASSES), *_classes(QUANTIZERS), Fraction, (HDemucs, "demucs.wdemucs.WDemucs")]
    try:
        with torch.serialization.safe_globals(allowed):
            package = torch.load(file, map_location="cpu", weights_only=True)
        if package["klass"] not in _classes(CLASSES):
            raise DubaugError(f"{file} holds no Demucs model: its class is {package['klass']!r}")
        if package["state"].get("__quantized"):
            require_diffq(file.name)
        return load_model(package), package
    except pickle.UnpicklingError as error:
        if "diffq" in str(error):
            require_diffq(file.name)
        raise DubaugError(
            f"{file} holds something else than a Demucs model, and was not opened further: {str(error).splitlines()[0]}"
        ) from error
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError, AssertionError, EOFError, OSError) as error:
        raise DubaugError(f"{file} holds no Demucs model that can be read ({error!r})") from error


def _dequantised(file: Path) -> tuple[Any, Mapping[str, Any]]:
    """Return the network of a safetensors file with quantised weights, and its constructor's arguments."""
    from demucs.hf import _decode_json

    header = _header(file)
    named = {header.get("klass"), *_named_classes(json.loads(header["structure"]))}
    if unknown := sorted(map(str, named - {*CLASSES, *QUANTIZERS})):
        raise DubaugError(f"{file} holds no Demucs model: it names the class {unknown[0]!r}")
    require_diffq(file.name)
    arguments = {key: _decode_json(json.loads(header[key])) for key in ("args", "kwargs")}
    return load_exported(file), arguments


def _save(network: Any, header: Mapping[str, str], target: Path) -> None:
    """Write the weights as safetensors, in half precision where that loses nothing."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    state = {}
    for name, tensor in network.state_dict().items():
        half = tensor.to(torch.float16)
        exact = tensor.dtype == torch.float32 and torch.equal(half.to(torch.float32), tensor)
        state[name] = (half if exact else tensor).contiguous().clone()
    try:
        with atomic_path(target) as temporary:
            save_file(state, temporary, dict(header))
    except (OSError, DubaugError, SafetensorError) as error:
        raise DubaugError(
            f"the converted model cannot be kept ({error}): set XDG_CACHE_HOME to a folder that can be written"
        ) from error


def _header(file: Path) -> dict[str, str]:
    """Return the texts in a safetensors file's header. Raises `DubaugError` if it is none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="pt") as opened:
            return dict(opened.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise DubaugError(f"{file} holds no Demucs model that can be read ({error}): copy it again") from error


def _named_classes(node: Any) -> Iterator[str]:
    """Yield the classes that Demucs's description of a nested state would import."""
    if isinstance(node, dict):
        if "_class" in node:
            yield node["_class"]
        for value in node.values():
            yield from _named_classes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named_classes(value)


def _classes(names: tuple[str, ...]) -> list[Any]:
    """Return those classes whose package is installed."""
    pairs = [name.rsplit(".", 1) for name in names]
    return [
        getattr(importlib.import_module(module), name)
        for module, name in pairs
        if importlib.util.find_spec(module.partition(".")[0]) is not None
    ]


def _encoded(arguments: Any, file: Path) -> str:
    """Return a constructor's arguments as JSON, fractions as `demucs.hf` writes them."""

    def fraction(value: Any) -> dict[str, Any]:
        if not isinstance(value, Fraction):
            raise DubaugError(f"{file} holds no Demucs model that can be read: an argument of it is {value!r}")
        return {"_type": "fraction", "numerator": value.numerator, "denominator": value.denominator}

    return json.dumps(arguments, default=fraction)
