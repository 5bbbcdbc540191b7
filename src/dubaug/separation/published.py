"""Demucs's own published models: which files a name means, and where they are got.

A name is a bag of models (`mdx_extra_q`), a single signature, or `hf://[namespace/]name`. What was converted before is
used as it is, without a network. Else, as in `demucs.pretrained.get_model`, Hugging Face's safetensors files come
first, then the pickles on Demucs's own server, whose checksums `demucs/remote/files.txt` lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubaug.errors import ConfigError, DubaugError
from dubaug.progress import log_line
from dubaug.separation import checkpoints
from dubaug.separation.checkpoints import load_checkpoint
from dubaug.yaml_files import read_yaml

HUGGING_FACE = "hf://"


@dataclass(frozen=True, kw_only=True)
class Bag:
    """Models that are averaged, or one by itself."""

    signatures: tuple[str, ...]
    weights: list[list[float]] | None
    """Each model's weight for each stem; None: all the same."""
    segment_s: float | None
    """Overrides the models' own segment."""
    single: bool = False

    def together(self, networks: list[Any]) -> Any:
        """Return the networks of the signatures as one model of Demucs's."""
        from demucs.apply import BagOfModels

        if self.single:
            return networks[0]
        try:
            return BagOfModels(networks, self.weights, self.segment_s)
        except (AssertionError, TypeError) as error:
            raise DubaugError(
                f"the models {', '.join(self.signatures)} are no bag: they must have the same stems, rate and "
                "channels, and `weights` a row for each model with a number for each stem"
            ) from error


def read_bag(file: Path, name: str) -> Bag:
    """Return the bag in Demucs's YAML file; where there is none, `name` is the signature of a single model."""
    if not file.is_file():
        return Bag(signatures=(name,), weights=None, segment_s=None, single=True)
    value = read_yaml(file)
    if not isinstance(value, dict) or not isinstance(value.get("models"), list) or not value["models"]:
        raise DubaugError(f"{file} is no bag of Demucs models: it needs a list `models`")
    signatures = tuple(str(signature) for signature in value["models"])
    return Bag(signatures=signatures, weights=value.get("weights"), segment_s=value.get("segment"))


def bag_file(name: str) -> Path:
    """Return where the list of a published bag's models stands, if there is one of that name."""
    from demucs import pretrained

    return Path(pretrained.REMOTE_ROOT) / f"{name}.yaml"


def published_urls() -> Mapping[str, str]:
    """Return the addresses of Demucs's pickles by signature."""
    from demucs import pretrained

    urls: Mapping[str, str] = pretrained._parse_remote_files(pretrained.REMOTE_ROOT / "files.txt")
    return urls


def published_checksums() -> dict[str, str]:
    """Return the first digits of the pickles' SHA-256, which stand in their names, by signature."""
    return {signature: checkpoints.signed(Path(url))[1] for signature, url in published_urls().items()}


def load_published(name: str) -> Any:
    """Return one of Demucs's published models in evaluation mode; the first use downloads it.

    Raises `ConfigError` if there is none of that name, `DubaugError` if it cannot be downloaded or is not what was
    published.
    """
    from demucs.pretrained import REMOTE_ROOT

    if name.startswith(HUGGING_FACE):
        try:
            return _from_hugging_face(name.removeprefix(HUGGING_FACE))
        except DubaugError:
            raise
        except Exception as error:
            raise _not_downloaded(name, error) from error
    bags = sorted(path.stem for path in REMOTE_ROOT.glob("*.yaml"))
    checksums = published_checksums()
    if name not in bags and name not in checksums:
        raise ConfigError(
            f"config key `separation.model`: got {name!r}, expected one of Demucs's: {', '.join(bags)}; "
            "for a model of your own, name its folder in `separation.repository`"
        )
    bag = read_bag(bag_file(name), name)
    converted = [checkpoints.cached(signature, checksums[signature]) for signature in bag.signatures]
    if all(converted):
        return bag.together([checkpoints.load_exported(file) for file in converted if file is not None])
    if name.endswith("_q"):
        checkpoints.require_diffq(name)
    try:
        return _from_hugging_face(name)
    except DubaugError:
        raise
    except Exception as error:  # the hub's own, its HTTP client's, the network's: too many kinds to name
        log_line(f"Demucs's model {name!r} is not to be had from Hugging Face ({error}); trying Demucs's own server")
    try:
        files = [_downloaded(published_urls()[signature], checksums[signature]) for signature in bag.signatures]
    except OSError as error:
        raise _not_downloaded(name, error) from error
    return bag.together([load_checkpoint(file, published=checksums) for file in files])


def _from_hugging_face(name: str) -> Any:
    """Return a model from its page, `[namespace/]name`."""
    import huggingface_hub
    from demucs.hf import DEFAULT_NAMESPACE, hf_repo_name

    namespace, _, own = name.rpartition("/")
    page = f"{namespace or DEFAULT_NAMESPACE}/{hf_repo_name(own)}"
    bag = read_bag(Path(huggingface_hub.hf_hub_download(page, f"{own}.yaml")), own)
    files = [Path(huggingface_hub.hf_hub_download(page, f"{signature}.safetensors")) for signature in bag.signatures]
    return bag.together([load_checkpoint(file, published={}) for file in files])


def _downloaded(url: str, checksum: str) -> Path:
    """Return a pickle in PyTorch's own cache of downloads, where Demucs puts it too; it may be there already."""
    import torch

    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(file), hash_prefix=checksum, progress=False)
        except RuntimeError as error:
            raise DubaugError(f"what came from {url} is not what was published: {error}") from error
    return file


def _not_downloaded(name: str, error: Exception) -> DubaugError:
    return DubaugError(
        f"the weights of Demucs's model {name!r} could not be downloaded ({error}). Run `dubaug separation-model` "
        "once with the same configuration on a machine with internet and the same home folder, or copy the "
        "model's files into a folder and name that in `separation.repository`"
    )
