"""The workflow in a folder of its own, as a clone has it, without results."""

import shutil
from pathlib import Path

PARTS = ["Snakefile", "config.yaml", "workflow", "profiles", "slurm", "envs"]


def copy_workflow(repository: Path, folder: Path) -> Path:
    """Copy what snakemake reads into `folder`, which is made; return it."""
    folder.mkdir(parents=True)
    for part in PARTS:
        source = repository / part
        if source.is_dir():
            shutil.copytree(source, folder / part)
        else:
            shutil.copy(source, folder / part)
    return folder
