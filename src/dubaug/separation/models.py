"""The Demucs model that the configuration names, wherever it comes from.

`separation.repository` null: one of Demucs's own (`mdx_extra_q`, the paper's), by `demucs.pretrained.get_model`, which
downloads the weights once and checks them. A folder: a model of this project's format (`dubaug.separation.local`), or
Demucs's bag `<name>.yaml` with `<signature>.safetensors` as on its Hugging Face pages, or what Demucs's own local
repository reads (`<signature>-<checksum>.th`, with or without a bag). Only the last is pickled: Demucs loads it after
comparing the checksum in the file's name, so put there only files from a source that you trust.
"""

import hashlib
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubaug.config import Separation
from dubaug.errors import ConfigError, DubaugError
from dubaug.separation.local import is_local_model, load_local_model

CHANNELS = 2
DEFAULT_SEGMENT_S = 10.0
"""For a model that does not say how long its segments should be."""

_EXPORTED = frozenset({"demucs.hdemucs.HDemucs", "demucs.htdemucs.HTDemucs", "demucs.demucs.Demucs"})


@dataclass(frozen=True, kw_only=True)
class StemModel:
    """A network that splits stereo sound into stems: `(B, 2, S)` to `(B, len(sources), 2, S)`."""

    network: Any
    sources: tuple[str, ...]
    sample_rate_hz: int
    segment_s: float
    """How long the pieces are that it is given, unless the configuration says otherwise."""
    max_segment_s: float
    """Longer pieces than this it cannot take (infinite for most)."""

    def fingerprint(self) -> str:
        """Return a 16-digit hash of the weights and of how they are combined."""
        hasher = hashlib.sha256(json.dumps([self.sources, getattr(self.network, "weights", None)]).encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            hasher.update(name.encode())
            hasher.update(tensor.detach().cpu().contiguous().reshape(-1).numpy().data)
        return hasher.hexdigest()[:16]


def load_model(separation: Separation) -> StemModel:
    """Return the model that `separation` names, on the CPU, in evaluation mode.

    Raises `DubaugError` if it is unknown, cannot be downloaded, needs a package that is not installed, or does not fit
    `separation.stem` and `separation.sample_rate_hz`.
    """
    network = _published(separation.model) if separation.repository is None else _from_folder(separation)
    model = wrap(network)
    where = f"the separation model {separation.model!r}"
    if model.sample_rate_hz != separation.sample_rate_hz:
        raise ConfigError(
            f"config key `separation.sample_rate_hz`: got {separation.sample_rate_hz}, expected {model.sample_rate_hz},"
            f" the rate of {where}"
        )
    if separation.stem not in model.sources or len(model.sources) < 2:
        raise ConfigError(
            f"config key `separation.stem`: got {separation.stem!r}, expected a stem of {where}: "
            + ", ".join(model.sources)
        )
    return model


def wrap(network: Any) -> StemModel:
    """Return a network of Demucs's (or one like them) with its properties. Raises `DubaugError` if it is not stereo."""
    if network.audio_channels != CHANNELS:
        raise DubaugError(f"the separation model takes {network.audio_channels} channels; it must take {CHANNELS}")
    members = list(getattr(network, "models", [network]))  # a bag's, or itself
    own_s = [float(member.segment) for member in members if getattr(member, "segment", None)]
    return StemModel(
        network=network.eval(),
        sources=tuple(network.sources),
        sample_rate_hz=int(network.samplerate),
        segment_s=min(own_s, default=DEFAULT_SEGMENT_S),
        max_segment_s=float(getattr(network, "max_allowed_segment", _longest(members))),
    )


def _longest(members: Sequence[Any]) -> float:
    from demucs.htdemucs import HTDemucs

    limited = [float(member.segment) for member in members if isinstance(member, HTDemucs)]
    return min(limited, default=float("inf"))


def _published(name: str) -> Any:
    """Return one of Demucs's published models; the first use downloads it."""
    from demucs.pretrained import REMOTE_ROOT, _parse_remote_files, get_model
    from demucs.repo import ModelLoadingError

    bags = sorted(path.stem for path in REMOTE_ROOT.glob("*.yaml"))
    if not name.startswith("hf://") and name not in bags and name not in _parse_remote_files(REMOTE_ROOT / "files.txt"):
        raise ConfigError(
            f"config key `separation.model`: got {name!r}, expected one of Demucs's: {', '.join(bags)}; "
            "for a model of your own, name its folder in `separation.repository`"
        )
    if name.endswith("_q"):
        _require_diffq(name)
    try:
        return get_model(name)
    except (OSError, ModelLoadingError) as error:
        raise DubaugError(
            f"the weights of Demucs's model {name!r} could not be downloaded ({error}). Run `dubaug separation-model` "
            "once with the same configuration on a machine with internet and the same home folder, or copy the "
            "model's files into a folder and name that in `separation.repository`"
        ) from error
    except (ImportError, SystemExit) as error:
        raise _not_loaded(name, error) from error


def _from_folder(separation: Separation) -> Any:
    assert separation.repository is not None
    folder, name = Path(separation.repository), separation.model
    if not folder.is_dir():
        raise ConfigError(
            f"config key `separation.repository`: got {separation.repository!r}, which is no folder (relative paths "
            f"start in {Path.cwd()}); null takes Demucs's published models"
        )
    if is_local_model(folder, name):
        return load_local_model(folder, name)
    bag = folder / f"{name}.yaml"
    if bag.is_file() or (folder / f"{name}.safetensors").is_file():
        signatures, weights, segment = _read_bag(bag, name)
        files = [folder / f"{signature}.safetensors" for signature in signatures]
        if all(file.is_file() for file in files):
            return _exported_bag(name, files, weights, segment)
    return _pickled(folder, name)


def _read_bag(bag: Path, name: str) -> tuple[list[str], Any, float | None]:
    import yaml

    if not bag.is_file():
        return [name], None, None
    value = yaml.safe_load(bag.read_text(encoding="utf-8"))
    if not isinstance(value, dict) or not isinstance(value.get("models"), list):
        raise DubaugError(f"{bag} is no bag of Demucs models: it needs a list `models`")
    return [str(signature) for signature in value["models"]], value.get("weights"), value.get("segment")


def _exported_bag(name: str, files: Sequence[Path], weights: Any, segment: float | None) -> Any:
    """Return a bag of models in the format of Demucs's Hugging Face pages."""
    from demucs.apply import BagOfModels
    from demucs.hf import load_safetensors_model
    from safetensors import SafetensorError, safe_open

    models = []
    for file in files:
        try:
            with safe_open(str(file), framework="pt") as opened:
                metadata = opened.metadata() or {}
            if metadata.get("klass") not in _EXPORTED:  # the loader would call whatever stands there
                raise DubaugError(f"{file} holds no Demucs model: its class is {metadata.get('klass')!r}")
            if "structure" in metadata:
                _require_diffq(name)
            models.append(load_safetensors_model(file))
        except (SafetensorError, RuntimeError, KeyError, ValueError) as error:
            raise DubaugError(f"{file} holds no Demucs model that can be read ({error}): copy it again") from error
    return BagOfModels(models, weights, segment)


def _pickled(folder: Path, name: str) -> Any:
    """Return a model from Demucs's own local repository."""
    from demucs.pretrained import get_model
    from demucs.repo import ModelLoadingError

    try:
        return get_model(name, folder)
    except ModelLoadingError as error:
        there = sorted({path.name for path in folder.iterdir() if path.suffix in {".th", ".yaml", ".safetensors"}})
        raise DubaugError(
            f"config keys `separation.model`, `separation.repository`: no model {name!r} in {folder} ({error}); "
            f"it holds {', '.join(there) or 'no models'}. Expected {name}.json with {name}.safetensors, or {name}.yaml "
            "with the models that it lists, or a file named by Demucs's signature and checksum"
        ) from error
    except (ImportError, SystemExit) as error:
        raise _not_loaded(name, error) from error


def _require_diffq(name: str) -> None:
    if importlib.util.find_spec("diffq") is None:
        raise DubaugError(
            f"Demucs's quantised model {name!r} needs the package diffq, which is not installed: "
            "pip install dubaug[separation] (it compiles C sources); or set `separation.model: mdx_extra`, the same "
            "models unquantised"
        )


def _not_loaded(name: str, error: BaseException) -> DubaugError:
    """Return what to raise where Demucs gives up; it exits the whole program where diffq is missing."""
    _require_diffq(name)
    return DubaugError(f"Demucs could not load the model {name!r}: {error}")
