"""The user's catalogue: a CSV with one film a row."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dubaug.corpus.tracks import Track, parse_tracks
from dubaug.errors import DubaugError
from dubaug.languages import language_of, tag_or_none

REQUIRED = ("title_id", "path")
OPTIONAL = ("original_language", "year", "genres", "minutes", "tracks")
_TITLE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Film:
    """One row: where the film is, and what its owner says of it."""

    title_id: str
    path: Path
    original_language: str = ""
    year: str = ""
    genres: str = ""
    tracks: tuple[Track, ...] = ()
    """Those that the column `tracks` names."""


def read_catalogue(path: Path, *, climbing_paths: bool = False) -> tuple[Film, ...]:
    """Return the films of a catalogue, paths resolved against its folder.

    Raises `DubaugError`, with row numbers, for missing columns, no rows, bad or repeated ids, paths that climb out of
    the catalogue's folder (`..`) unless `climbing_paths`, malformed `tracks`, or text that is not UTF-8. Absolute
    paths are fine: who writes one means it, while `..` comes to mean another place when a catalogue is moved.
    """
    if not path.is_file():
        raise DubaugError(f"no catalogue at {path}: config key `corpus.catalogue` names it")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DubaugError(
            f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8, for instance with "
            f"`iconv -f latin1 -t utf-8 {path.name}`"
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = [column.strip() for column in reader.fieldnames or ()]
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise DubaugError(
            f"{path} has no column `{missing[0]}`; its first line has: {', '.join(columns) or 'nothing'}. It should "
            f"have {','.join(REQUIRED)} and may have {','.join(OPTIONAL)} (separated by commas)"
        )
    reader.fieldnames = columns
    films: list[Film] = []
    faults: list[str] = []
    lines: dict[str, int] = {}
    for row in reader:
        try:
            film = _film(row, path.parent, climbing_paths)
            if film.title_id in lines:
                raise DubaugError(f"title_id {film.title_id!r} is already on line {lines[film.title_id]}")
            lines[film.title_id] = reader.line_num
            films.append(film)
        except DubaugError as error:
            faults.append(f"line {reader.line_num}: {error}")
    if faults:
        more = [f"... and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise DubaugError(f"{path} has faults:\n  " + "\n  ".join([*faults[:_SHOWN], *more]))
    if not films:
        raise DubaugError(f"{path} has no rows: add a line for each film")
    return tuple(films)


def _film(row: dict[str, str | None], folder: Path, climbing: bool) -> Film:
    values = {key: (value or "").strip() for key, value in row.items() if isinstance(value, str | None) and key}
    if not _TITLE_ID.fullmatch(values["title_id"]):
        raise DubaugError(
            f"title_id {values['title_id']!r}: ids are letters, digits, `.`, `_` and `-`, and do not begin with a dot"
        )
    if not values["path"]:
        raise DubaugError(f"title {values['title_id']} has no path")
    return Film(
        title_id=values["title_id"],
        path=_inside(folder, values["path"], climbing),
        original_language=language_of(tag_or_none(values.get("original_language")) or ""),
        year=values.get("year", ""),
        genres=values.get("genres", ""),
        tracks=parse_tracks(values.get("tracks", ""), lambda path: _inside(folder, path, climbing)),
    )


def _inside(folder: Path, path: str, climbing: bool) -> Path:
    if ".." in PurePosixPath(path).parts and not climbing:
        raise DubaugError(
            f"path {path!r} climbs out of the catalogue's folder: move the film there, give its absolute path, or set "
            "config key `ingest.climbing_paths` to true"
        )
    return folder / path
