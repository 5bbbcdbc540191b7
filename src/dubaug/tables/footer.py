"""What a reader must know of a table: what it was made from, and every setting that is other than in the paper."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dubaug.config import Experiment, to_mapping
from dubaug.corpus.titles import read_titles
from dubaug.words import listed, plural
from dubaug.yaml_files import read_yaml

PAPER_TITLES, PAPER_HOURS = 748, 1300
"""The paper's corpus (§3.1), to measure others by."""
SECTIONS = ("clips", "mel", "separation", "encoders", "augmentation", "pretraining", "probe")
NOT_SIZES = (
    "clips.batches",
    "pretraining.loader_workers",
    "separation.repository",
    "separation.batch_size",
)


def run_footer(experiment: Experiment, paper_scale: Path, titles: Path | None = None) -> tuple[str, ...]:
    """Return the footer's lines: what was run on, and each setting that differs from the paper's, with both values.

    `paper_scale` is workflow/config/paper.yaml; `titles` lists the films (titles.csv), where it is there.
    """
    sizes = other_sizes(experiment, paper_scale)
    differences = [f"{key} {_show(value)} ({_show(published)})" for key, value, published in sizes]
    other = f"Other than in the paper (its value in brackets): {'; '.join(differences)}." if differences else ""
    return tuple(filter(None, [_made_from(experiment, titles), other]))


def _made_from(experiment: Experiment, titles: Path | None) -> str:
    """Return which films and data sets were used, and what that means for the numbers; nothing if nobody can say."""
    labels = [experiment.task_label(task) for task in experiment.generated_tasks]
    miniatures = f"generated miniatures of {'the data sets' if experiment.all_generated else listed(labels)}"
    if experiment.generates_films:
        assert experiment.demo is not None
        films = experiment.demo.films
        minutes = films.titles * films.scenes_per_title * films.scene_s / 60
        made = f"{'Demo: ' * experiment.all_generated}{films.titles} generated films ({minutes:.0f} min)"
        made += f" and {miniatures}" if labels else "; no data set is generated"
        return f"{made}. These numbers show that the workflow runs; they are not the paper's."
    corpus = _corpus(titles) if titles is not None and titles.is_file() else ""
    if not labels:
        return corpus
    return (
        f"{corpus or 'Films of the catalogue.'} {miniatures[0].upper()}{miniatures[1:]}: "
        "these scores show that the workflow runs; they do not compare with published ones."
    )


def _corpus(titles: Path) -> str:
    """Return how many films there are and how long they are, beside the paper's."""
    films = read_titles(titles)
    hours = sum(film.minutes for film in films) / 60
    length = f"{hours:,.1f} h" if hours >= 1 else f"{60 * hours:.0f} min"
    return f"{plural(len(films), 'film')}, {length} (the paper: {PAPER_TITLES}, about {PAPER_HOURS:,} h)."


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
