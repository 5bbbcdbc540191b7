"""The repository's own configuration, at either scale."""

from pathlib import Path

import yaml

from dubaug.config import Experiment, resolve

REPOSITORY = Path(__file__).parents[1]


def experiment_at(scale: str) -> Experiment:
    """Return the experiment that config.yaml describes, at the scale `demo` or `paper`."""
    user = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    return resolve({**user, "scale": scale}, REPOSITORY / "workflow")
