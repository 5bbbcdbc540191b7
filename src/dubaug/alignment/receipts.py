"""Measurements that are kept from run to run: a small JSON for each title, with the hash of what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from dubaug.alignment.measure import Measurement
from dubaug.config import Alignment, digest
from dubaug.corpus.titles import Title
from dubaug.files import read_json, write_json

VERSION = 1
"""Of the estimator: a change of what it finds makes it another."""

_JUDGING = ("policy", "identical_max", "silence_max")
"""Settings that decide what becomes of a measurement, and change nothing in it."""


def kept(
    title: Title, folder: Path, *, languages: Sequence[str], settings: Alignment
) -> Mapping[str, Measurement] | None:
    """Return an earlier run's measurements by language, if it measured the same tracks by the same settings."""
    path = _path(title, folder)
    if not path.is_file() or not all(source.is_file() for source in title.sources(languages)):
        return None
    noted = read_json(path)
    if noted["measured"] != _measured(title, languages, settings):
        return None
    return {language: Measurement(**values) for language, values in noted["dubs"].items()}


def note(
    title: Title,
    folder: Path,
    measurements: Mapping[str, Measurement],
    *,
    languages: Sequence[str],
    settings: Alignment,
) -> None:
    """Write a title's measurements."""
    content = {
        "measured": _measured(title, languages, settings),
        "dubs": {language: asdict(measurement) for language, measurement in measurements.items()},
    }
    write_json(_path(title, folder), content)


def _measured(title: Title, languages: Sequence[str], settings: Alignment) -> str:
    """Return the hash of everything that measurements depend on."""
    used = {key: value for key, value in asdict(settings).items() if key not in _JUDGING}
    return digest(VERSION, used, list(languages), title.minutes, *title.state(languages))


def _path(title: Title, folder: Path) -> Path:
    return folder / f"{title.title_id}.json"
