"""The user's catalogue: a CSV with one film a row."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from unicodedata import category

from dubaug.corpus.tracks import Track, parse_tracks
from dubaug.errors import DubaugError
from dubaug.languages import language_of, tag_or_none

REQUIRED = ("title_id", "path")
OPTIONAL = ("original_language", "year", "genres", "minutes", "tracks")
_TITLE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,149}")
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's categories of what ends a line somewhere, or is no text at all."""
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

    Raises `DubaugError`, with line numbers, for missing or doubled columns, quotes that are not closed, no rows, bad
    or repeated ids, paths that climb out of the catalogue's folder (`..`) unless `climbing_paths`, malformed `tracks`,
    or text that is not UTF-8. Absolute paths are fine: who writes one means it, while `..` comes to mean another place
    when a catalogue is moved.
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
    rows = _rows(text, path)
    columns = [column.strip() for column in next(rows, (0, []))[1]]
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise DubaugError(
            f"{path} has no column `{missing[0]}`; its first line has: {', '.join(columns) or 'nothing'}. It should "
            f"have {','.join(REQUIRED)} and may have {','.join(OPTIONAL)} (separated by commas)"
        )
    twice = [column for column in columns if column and columns.count(column) > 1]
    if twice:
        raise DubaugError(f"{path} has the column `{twice[0]}` twice: rename or delete one")
    films: list[Film] = []
    faults: list[str] = []
    lines: dict[str, int] = {}
    for line, cells in rows:
        try:
            film = _film(_named(columns, cells), path.parent, climbing_paths)
            if film.title_id in lines:
                raise DubaugError(f"title_id {film.title_id!r} is already on line {lines[film.title_id]}")
            lines[film.title_id] = line
            films.append(film)
        except DubaugError as error:
            faults.append(f"line {line}: {error}")
    if faults:
        more = [f"... and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise DubaugError(f"{path} has faults:\n  " + "\n  ".join([*faults[:_SHOWN], *more]))
    if not films:
        raise DubaugError(f"{path} has no rows: add a line for each film")
    return tuple(films)


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the number of its first line. Raises `DubaugError`."""
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DubaugError(f'{path}, line {line}: {error}. Is a quote (") not closed, or not doubled?') from error


def _named(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return the cells of a row by column. Raises `DubaugError` for more cells than columns, or lines within a cell."""
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise DubaugError(
            f'{len(cells)} fields, the first line has {len(columns)}: put what has a comma in it in quotes ("...")'
        )
    row = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
    for column in (*REQUIRED, *OPTIONAL):
        broken = next((one for one in row.get(column, "") if one != "\t" and category(one) in _BREAKS), None)
        if broken is not None:
            raise DubaugError(f'column `{column}` has {broken!r} in it: is a quote (") not closed?')
    return {**dict.fromkeys(REQUIRED, ""), **row}


def _film(values: Mapping[str, str], folder: Path, climbing: bool) -> Film:
    if not _TITLE_ID.fullmatch(values["title_id"]):
        raise DubaugError(
            f"title_id {values['title_id'][:80]!r}: ids are letters, digits, `.`, `_` and `-`, at most 150, and do not "
            "begin with a dot"
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
