"""Whether the results' folder is the workflow's own: what is in it is replaced, and read as results."""

import os
from pathlib import Path

from dubaug.config.model import Experiment
from dubaug.errors import ConfigError
from dubaug.layout import FOLDERS

HEADER = "# The configuration of these results, complete. Written by the workflow; edit config.yaml instead.\n"
"""How the configuration begins that stands in a folder of results."""


def check_results_dir(experiment: Experiment, workflow_dir: Path) -> None:
    """Raise `ConfigError` if the folder holds the working directory, the workflow, or files that are no results."""
    folder = Path(os.path.normpath(Path.cwd() / experiment.results_dir))
    workflow_dir = workflow_dir.resolve()
    for what, other in (("working directory", Path.cwd()), ("workflow", workflow_dir.parent)):
        if other.is_relative_to(folder):
            _refuse(experiment, f"a folder of its own; this one holds the {what}")
    if any(folder.is_relative_to(own) for own in (workflow_dir, workflow_dir.with_name("src"))):
        _refuse(experiment, "a folder of its own; this one is for the workflow's files")
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        _refuse(experiment, f"a folder; {there} is a file")
    if not os.access(there, os.W_OK | os.X_OK):
        _refuse(experiment, f"a place that can be written to; {there} cannot")
    if there == folder:
        names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
        if names and not names & {*FOLDERS, *experiment.variants} and not _is_ours(folder / "config.yaml"):
            some = ", ".join(sorted(names)[:3])
            _refuse(experiment, f"a folder of its own; this one holds other files ({some})")


def _is_ours(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(HEADER.encode())


def _refuse(experiment: Experiment, expected: str) -> None:
    raise ConfigError(f"config key `results_dir`: got {experiment.results_dir!r}, expected {expected}")
