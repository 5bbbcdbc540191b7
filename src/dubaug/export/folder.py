"""The exported folder: whole or not at all, and recognisable later as one."""

import importlib.metadata
import platform
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import dubaug
from dubaug.config import Experiment, load
from dubaug.errors import DubaugError
from dubaug.export.card import CardFacts, model_card
from dubaug.export.corpus import summarise_films, summarise_rejects
from dubaug.export.network import Network, read_network
from dubaug.export.plain import FORMAT, WEIGHTS, plain_config
from dubaug.export.scores import Identity, TaskScore, collect_scores
from dubaug.files import atomic_folder, read_json, sha256_of, write_json, write_text
from dubaug.pretrain.experiment import pretraining_digest
from dubaug.probe.results import git_commit

CONFIG, CARD, SUMS = "config.json", "README.md", "SHA256SUMS"
FILES = frozenset({WEIGHTS, CONFIG, CARD, SUMS, ".snakemake_timestamp"})
"""What an export holds, with Snakemake's note in a folder that a rule made."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The files that an export is made of."""

    manifest: Path
    epoch: int | None
    """A kept one; None for the last."""
    scores: Sequence[Path] = ()
    """Result files; the manifest itself among them is passed over (`results/efj/*.json`)."""
    titles: Path | None = None
    """The corpus's titles.csv."""
    rejected: Sequence[Path] = ()
    """Reject lists."""
    config: Path | None = None
    """The results' configuration, for labels and for which tasks are generated."""
    licence: str | None = None


def export(sources: Sources, out: Path, *, force: bool = False) -> Network:
    """Write the folder `out` and return what was exported.

    An empty folder at `out` is filled; with `force` an earlier export there is replaced. Raises `DubaugError` for
    anything else there, and for sources that do not belong together (see `read_network`, `collect_scores`).
    """
    check_place(out, force=force)
    licence = licence_of(sources.licence)
    network = read_network(sources.manifest, sources.epoch)
    experiment = None if sources.config is None else configuration_of(sources.config, network)
    facts = CardFacts(
        network=network,
        config=plain_config(network),
        label=None if experiment is None else experiment.variants[network.name].label,
        licence=licence,
        films=None if sources.titles is None or network.untrained else summarise_films(sources.titles, network.titles),
        left_out=summarise_rejects(sources.rejected) if sources.rejected else None,
        scores=_scores(sources, network, experiment),
        versions=package_versions(network),
    )
    with atomic_folder(out) as folder:
        shutil.copyfile(network.checkpoint.path, folder / WEIGHTS)
        if sha256_of(folder / WEIGHTS) != network.checkpoint.sha256:
            raise DubaugError(f"{network.checkpoint.path} changed while it was copied: run the export again")
        write_json(folder / CONFIG, facts.config)
        write_text(folder / CARD, model_card(facts))
        # The card is not in it: whoever publishes the folder edits the card.
        sums = "".join(f"{sha256_of(folder / name)}  {name}\n" for name in (WEIGHTS, CONFIG))
        write_text(folder / SUMS, sums)
    return network


def check_place(out: Path, *, force: bool) -> None:
    """Raise `DubaugError` if something is at `out` that an export must not replace."""
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir():
        raise DubaugError(f"--out {out} is a file: give the name of a folder")
    there = {path.name for path in out.iterdir()}
    if not there:
        return
    if not _is_export(out):
        raise DubaugError(f"--out {out} holds other files and was left alone: give the name of a new folder")
    if foreign := sorted(there - FILES):
        raise DubaugError(f"--out {out} is an earlier export with other files in it, such as {foreign[0]}: move them")
    if not force:
        raise DubaugError(f"--out {out} is an earlier export: give --force to replace it, with its {CARD} as it is now")


def _is_export(folder: Path) -> bool:
    try:
        return bool(read_json(folder / CONFIG)["format"] == FORMAT)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def configuration_of(path: Path, network: Network) -> Experiment:
    """Return the configuration, if it is the one that the network was trained with. Raises `DubaugError` if not."""
    experiment, spec = load(path), network.spec
    known = spec.variant in experiment.variants
    if not known or pretraining_digest(experiment, spec.variant, spec.seed) != network.manifest.experiment:
        raise DubaugError(
            f"{path} is another configuration than the one that {spec.variant} was trained with: give that one, or "
            "leave --config out (the card then has the tasks' bare names)"
        )
    return experiment


def _scores(sources: Sources, network: Network, experiment: Experiment | None) -> tuple[TaskScore, ...]:
    spec = network.spec
    identity = Identity(
        variant=spec.variant, seed=spec.seed, epoch=spec.epoch, checkpoint_sha256=network.checkpoint.sha256
    )
    results = [path for path in sources.scores if path.resolve() != sources.manifest.resolve()]
    return collect_scores(results, identity, experiment=experiment)


def licence_of(text: str | None, flag: str = "--license") -> str | None:
    """Return a licence as Hugging Face has it, in lower case. Raises `DubaugError` for other text."""
    if text is None or re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", text.lower()):
        return None if text is None else text.lower()
    raise DubaugError(
        f"{flag} {text!r}: give an identifier as Hugging Face has them, such as apache-2.0, cc-by-nc-4.0 or other"
    )


def package_versions(network: Network) -> dict[str, str]:
    """Return the versions of what makes the network and exports it, dubaug's with its checkout's commit, if any."""
    commit = git_commit(Path(dubaug.__file__).parent)
    own = dubaug.__version__ if commit is None else f"{dubaug.__version__} (commit {commit[:12]})"
    names = ("torch", "torchaudio", *network.packages, "safetensors")
    packages = {package: importlib.metadata.version(package) for package in names}
    return {"dubaug": own, **packages, "Python": platform.python_version()}
