"""What of the configuration is other than in the paper, setting by setting."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dubaug.config import Experiment, to_mapping
from dubaug.report.footer import NOT_SIZES, SECTIONS


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One key of the configuration with two values."""

    key: str
    here: str
    paper: str


def other_settings(experiment: Experiment, paper_scale: Path | None) -> tuple[Setting, ...] | None:
    """Return the settings that differ from workflow/config/paper.yaml, as in the tables' footers.

    None where that file is not there to compare with.
    """
    if paper_scale is None or not paper_scale.is_file():
        return None
    ours, paper = to_mapping(experiment), yaml.safe_load(paper_scale.read_text(encoding="utf-8"))
    return tuple(
        setting
        for section in SECTIONS
        for setting in _differing(section, ours[section], paper[section])
        if setting.key not in NOT_SIZES
    )


def _differing(key: str, ours: Any, paper: Any) -> Iterator[Setting]:
    if isinstance(ours, Mapping) and isinstance(paper, Mapping):
        for name in ours:
            yield from _differing(f"{key}.{name}", ours[name], paper.get(name))
    elif ours != paper:
        yield Setting(key=key, here=_shown(ours), paper=_shown(paper))


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return {True: "yes", False: "no", None: "none"}[value] if value is None or isinstance(value, bool) else str(value)
