"""The Demucs model that the configuration names, wherever it comes from.

`separation.repository` null: one of Demucs's own (`mdx_extra_q`, the paper's), downloaded once
(`dubaug.separation.published`). A folder: a model of this project's format (`dubaug.separation.local`), or Demucs's bag
`<name>.yaml` with the models that it lists, or one model; each a `<signature>.safetensors` as on Demucs's Hugging Face
pages (or `<signature>-<sha256>.safetensors`, as converted pickles are named), or a `<signature>-<checksum>.th`; of
Demucs's own bags the models alone suffice. Pickles are checked and converted before they are used
(`dubaug.separation.checkpoints`).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubaug.config import Separation
from dubaug.errors import ConfigError, DubaugError
from dubaug.media.settings import CHANNELS
from dubaug.separation.checkpoints import load_checkpoint, signed
from dubaug.separation.local import is_local_model, load_local_model
from dubaug.separation.published import bag_file, load_published, published_checksums, read_bag

DEFAULT_SEGMENT_S = 10.0
"""For a model that does not say how long its segments should be."""


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

    def members(self) -> list[tuple[Any, list[float]]]:
        """Return the networks that are averaged, each with its share in each of the stems."""
        weights_MN = getattr(self.network, "weights", [[1.0] * len(self.sources)])
        totals_N = [sum(column) for column in zip(*weights_MN, strict=True)]
        shares_MN = [[weight / total for weight, total in zip(row, totals_N, strict=True)] for row in weights_MN]
        return list(zip(_members(self.network), shares_MN, strict=True))

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
    network = load_published(separation.model) if separation.repository is None else _from_folder(separation)
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
    members = _members(network)
    own_s = [float(member.segment) for member in members if getattr(member, "segment", None)]
    return StemModel(
        network=network.eval(),
        sources=tuple(network.sources),
        sample_rate_hz=int(network.samplerate),
        segment_s=min(own_s, default=DEFAULT_SEGMENT_S),
        max_segment_s=float(getattr(network, "max_allowed_segment", _longest(members))),
    )


def _members(network: Any) -> list[Any]:
    """Return a bag's networks, or the one."""
    return list(getattr(network, "models", [network]))


def _longest(members: Sequence[Any]) -> float:
    from demucs.htdemucs import HTDemucs

    limited = [float(member.segment) for member in members if isinstance(member, HTDemucs)]
    return min(limited, default=float("inf"))


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
    bag = read_bag(folder / f"{name}.yaml", name)
    if bag.single and not _files_of(folder, name):
        bag = read_bag(bag_file(name), name)  # one of Demucs's bags, of which the folder has the models alone
    published = published_checksums()
    files = [_file_of(folder, signature, name) for signature in bag.signatures]
    return bag.together([load_checkpoint(file, published=published) for file in files])


def _file_of(folder: Path, signature: str, name: str) -> Path:
    """Return the file of a model in a folder. Raises `DubaugError` if there is not exactly one."""
    found = _files_of(folder, signature)
    if len(found) > 1:
        raise DubaugError(
            f"{folder} has several models {signature!r}: {', '.join(path.name for path in found)}; keep one"
        )
    if not found:
        there = sorted({path.name for path in folder.iterdir() if path.suffix in {".th", ".yaml", ".safetensors"}})
        raise DubaugError(
            f"config keys `separation.model`, `separation.repository`: no model {signature!r} in {folder}; it holds "
            f"{', '.join(there) or 'no models'}. Expected {name}.json with {name}.safetensors, or {name}.yaml with the "
            f"models that it lists, or {signature}.safetensors, or {signature}-<checksum>.th as Demucs names its files"
        )
    return found[0]


def _files_of(folder: Path, signature: str) -> list[Path]:
    """Return the files of that name, with a checksum or without; pickles only where there is nothing else."""
    named = sorted(path for path in folder.iterdir() if signature in (path.stem, signed(path)[0]))
    plain = [path for path in named if path.suffix == ".safetensors"]
    return plain or [path for path in named if path.suffix == ".th"]
