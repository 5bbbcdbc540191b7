"""The exported folder: whole or not at all, and recognisable later as one."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from dubaug.errors import DubaugError
from dubaug.export.card import model_card
from dubaug.export.facts import CardSources, gather
from dubaug.export.network import Network, read_network
from dubaug.export.plain import CONFIG, FORMAT, WEIGHTS
from dubaug.files import atomic_folder, read_json, sha256_of, write_json, write_text

CARD, SUMS = "README.md", "SHA256SUMS"
FILES = frozenset({WEIGHTS, CONFIG, CARD, SUMS, ".snakemake_timestamp"})
"""What an export holds, with Snakemake's note in a folder that a rule made."""


@dataclass(frozen=True, kw_only=True)
class ExportSources(CardSources):
    """The files that an export is made of."""

    manifest: Path
    epoch: int | None
    """A kept one; None for the last."""


def export(sources: ExportSources, out: Path, *, force: bool = False) -> Network:
    """Write the folder `out` and return what was exported.

    An empty folder at `out` is filled; with `force` an earlier export there is replaced. Raises `DubaugError` for
    anything else there, and for sources that do not belong together (see `read_network`, `collect_scores`).
    """
    check_place(out, force=force)
    network = read_network(sources.manifest, sources.epoch)
    facts = gather([network], sources)
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
