"""Measurements that are kept from run to run: a small JSON for each title, with the hash of what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from dubaug.alignment.measure import Measurement
from dubaug.config import Alignment
from dubaug.corpus.titles import Title
from dubaug.digests import digest
from dubaug.files import read_json, write_json
from dubaug.tracks import TrackName

VERSION = 1
"""Of the estimator: a change of what it finds makes it another."""

_JUDGING = ("policy", "identical_max", "silence_max")
"""Settings that decide what becomes of a measurement, and change nothing in it."""


def kept(
    title: Title, folder: Path, *, names: Sequence[TrackName], settings: Alignment
) -> Mapping[TrackName, Measurement] | None:
    """Return an earlier run's measurements by track, if it measured the same tracks by the same settings."""
    path = _path(title, folder)
    if not path.is_file() or not all(source.is_file() for source in title.sources(names)):
        return None
    noted = read_json(path)
    if noted["measured"] != _measured(title, names, settings):
        return None
    return {TrackName(name): Measurement(**values) for name, values in noted["dubs"].items()}


def note(
    title: Title,
    folder: Path,
    measurements: Mapping[TrackName, Measurement],
    *,
    names: Sequence[TrackName],
    settings: Alignment,
) -> None:
    """Write a title's measurements."""
    content = {
        "measured": _measured(title, names, settings),
        "dubs": {name: asdict(measurement) for name, measurement in measurements.items()},
    }
    write_json(_path(title, folder), content)


def _measured(title: Title, names: Sequence[TrackName], settings: Alignment) -> str:
    """Return the hash of everything that measurements depend on."""
    used = {key: value for key, value in asdict(settings).items() if key not in _JUDGING}
    return digest(VERSION, used, list(names), title.minutes, *title.state(names))


def _path(title: Title, folder: Path) -> Path:
    return folder / f"{title.title_id}.json"
