"""What of the configuration is other than in the paper, setting by setting."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubaug.config import Experiment
from dubaug.tables.footer import other_sizes


@dataclass(frozen=True, kw_only=True)
class OtherSetting:
    """One key of the configuration with two values."""

    key: str
    here: str
    paper: str


def other_settings(experiment: Experiment, paper_scale: Path | None) -> tuple[OtherSetting, ...] | None:
    """Return the settings that differ from workflow/config/paper.yaml, as in the tables' footers.

    None where that file is not there to compare with.
    """
    if paper_scale is None or not paper_scale.is_file():
        return None
    return tuple(
        OtherSetting(key=key, here=_shown(value), paper=_shown(published))
        for key, value, published in other_sizes(experiment, paper_scale)
    )


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return {True: "yes", False: "no", None: "none"}[value] if value is None or isinstance(value, bool) else str(value)
