"""What a reader must know of a table that was not made at the paper's scale: everything that is smaller."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dubaug.config import Experiment, to_mapping
from dubaug.yaml_files import read_yaml

SECTIONS = ("clips", "mel", "separation", "encoders", "augmentation", "pretraining", "probe")
NOT_SIZES = (
    "clips.batches",
    "pretraining.loader_workers",
    "separation.repository",
    "separation.batch_size",
)


def scale_footer(experiment: Experiment, paper_scale: Path) -> tuple[str, ...]:
    """Return the footer's lines: each setting that differs from the paper's, with both values; nothing at paper scale.

    `paper_scale` is workflow/config/paper.yaml.
    """
    sizes = other_sizes(experiment, paper_scale)
    differences = [f"{key} {_show(value)} ({_show(published)})" for key, value, published in sizes]
    lines = []
    if experiment.demo:
        films = experiment.demo.films
        minutes = films.titles * films.scenes_per_title * films.scene_s / 60
        lines.append(
            f"Demo: {films.titles} generated films ({minutes:.0f} min) and generated miniatures of the data sets. "
            "These numbers show that the workflow runs; they are not the paper's."
        )
    if differences:
        lines.append(f"Other than in the paper (its value in brackets): {'; '.join(differences)}.")
    return tuple(lines)


def other_sizes(experiment: Experiment, paper_scale: Path) -> list[tuple[str, Any, Any]]:
    """Return each setting of size or recipe that differs from the paper's: its key, its value, the paper's.

    Of protocols, those of suites that the paper has.
    """
    ours, paper = to_mapping(experiment), read_yaml(paper_scale)
    ours["probe"] = {suite: its for suite, its in ours["probe"].items() if suite in paper["probe"]}
    found = [entry for section in SECTIONS for entry in _differences(section, ours[section], paper[section])]
    return [entry for entry in found if entry[0] not in NOT_SIZES]


def _differences(prefix: str, ours: Any, paper: Any) -> list[tuple[str, Any, Any]]:
    if isinstance(ours, Mapping) and isinstance(paper, Mapping):
        return [found for key in ours for found in _differences(f"{prefix}.{key}", ours[key], paper.get(key))]
    return [] if ours == paper else [(prefix, ours, paper)]


def _show(value: Any) -> str:
    return "/".join(map(str, value)) if isinstance(value, list) else str(value)
